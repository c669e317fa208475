"""The analysis of one file: run it as a program, then whatever the program doesn't call on its own."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace

import libcst as cst

from lossflow.catalog import Catalog
from lossflow.catalog.entry import Framework
from lossflow.domain.environment import Kind, Record
from lossflow.domain.trace import TRAINING, Event, Trace
from lossflow.domain.values import Bound, Class, Function, Ref, Value
from lossflow.errors import NotAnalysed
from lossflow.interp.calls import dispatch
from lossflow.interp.engine import cases
from lossflow.interp.engine.budget import MAX_CASES, MAX_STEPS, MAX_STEPS_OF_CASES, PYTHON_RECURSION, BudgetExceeded
from lossflow.interp.engine.machine import Arguments, Case, Code, Frame, Machine, Unit
from lossflow.interp.engine.places import Places, Spans
from lossflow.interp.engine.shares import Entry, Outline, Shares
from lossflow.interp.objects import functions, modules
from lossflow.interp.syntax import expressions, statements
from lossflow.interp.training import frameworks, returned
from lossflow.source import Source

_TRAINS = re.compile(
    r"backward|\.step\(|training_step|compute_loss|autograd|optim|Trainer|\.fit\(|\b_?(?:train|learn|run|main|fit|solve)\w*\("
)
"""What a file has that takes a loss to an update, or calls what does."""

Resolve = Callable[[str, str], "Source | None"]
"""Gives the file that a dotted name means in an import statement of a file."""


def interpret(source: Source, *, catalog: Catalog, resolve: Resolve | None = None) -> Trace:
    """Everything that the analysis of `source` sees; without `resolve`, imported modules are out of sight.

    Raises NotAnalysed with the reason when the file doesn't parse or nests too deep.
    """
    with _deep_recursion():
        try:
            # A file without a training step only computes what others train with: its imports change nothing in it.
            trains = resolve is not None and _TRAINS.search(source.text) is not None
            return _interpret(source, catalog, resolve if resolve is not None and trains else _out_of_sight)
        except RecursionError:
            raise NotAnalysed("its expressions are nested too deep") from None


@contextmanager
def _deep_recursion() -> Iterator[None]:
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(max(before, PYTHON_RECURSION))
    try:
        yield
    finally:
        sys.setrecursionlimit(before)


def _interpret(source: Source, catalog: Catalog, resolve: Resolve) -> Trace:
    trees = {source.name: (modules.parse(source), Places(source.name))}
    machine = _run(source, catalog, resolve, trees, steps=MAX_STEPS)
    if cases.unsettled(machine.events):
        _run_cases(machine)
    return _trace(machine)


def _run(
    source: Source,
    catalog: Catalog,
    resolve: Resolve,
    trees: dict[str, tuple[cst.Module, Places]],
    *,
    steps: int,
    case: Case | None = None,
    roots: int = 0,
) -> Machine:
    """The machine after it ran the file in at most `steps`; `roots` is the number of entry points of earlier runs."""
    tree, places = trees[source.name]
    unit = Unit(source, tree, places, Ref(0))
    machine = Machine(
        catalog,
        unit,
        evaluate_node=expressions.evaluate,
        run_nodes=statements.run_block,
        call_value=dispatch.call,
        resolve=resolve,
        unseen=Ref(0),
        trees=trees,
        case=case,
        roots=roots,
    )
    unit.globals = machine.allocate(tree, Record(Kind.SCOPE))
    machine.unseen = machine.allocate(machine, Record(Kind.SCOPE))
    machine.units[source.name] = unit
    frame = Frame(unit, unit.globals)
    outline, shares = Outline(source.text), Shares(steps)
    shares.divide({Entry(): outline.trains(Entry()), **outline.apart()})
    if not _entry(machine, shares.limit(Entry(), again=True), Entry(), lambda: _run_body(machine, tree, frame)):
        _entry(machine, shares.limit(Entry()), Entry(), lambda: _define_rest(machine, tree, frame))
    _divide(machine, outline, shares)
    _run_classes(machine, shares, frame)
    _run_functions(machine, shares, frame)
    return machine


def _run_cases(machine: Machine) -> None:
    """Run the file once more for each case of a choice that lost a loss, and note the training steps of that run.

    A case takes about as many steps as the file took without, more where the choice opens a way; one that would get
    fewer is not begun.
    """
    left = MAX_STEPS_OF_CASES
    waiting = sorted(machine.cases, key=lambda each: machine.cases[each])
    for number, case in enumerate(waiting):
        if number >= MAX_CASES or (number and left < machine.steps):
            untried = len(waiting) - number
            machine.note(f"{machine.root.source.name}: {untried} more values that choices may have were not tried")
            return
        run = _run(
            machine.root.source,
            machine.catalog,
            machine.resolve,
            machine.trees,
            steps=max(left // (len(waiting) - number), min(left, 4 * machine.steps), machine.steps),
            case=case,
            roots=machine.roots,
        )
        left -= run.steps
        for note in run.notes:
            machine.note(note)
        machine.roots = run.roots
        machine.units = {**run.units, **machine.units}
        machine.events.extend(event for event in run.events if isinstance(event, TRAINING))


def _out_of_sight(file: str, dotted: str) -> Source | None:
    return None


def _entry(machine: Machine, limit: int, entry: Entry, run: Callable[[], object]) -> bool:
    """Run one entry point; False when it had to stop at the limit, and what it has recorded so far stands."""
    machine.enter_root()
    machine.limit = limit
    before = machine.steps
    try:
        run()
    except BudgetExceeded:
        title = f"`{'.'.join(filter(None, (entry.cls, entry.name)))}`" if entry.name else "the module"
        machine.note(
            f"{machine.root.source.name}: the analysis of {title} stopped after {machine.steps - before} steps"
        )
        machine.silent = 0
        machine.loops.clear()
        machine.guards = ()
        machine.unmasked = False
        machine.stack.clear()
        machine.sites.clear()
        machine.grad_enabled = True
        machine.in_place = False
        return False
    return True


def _run_body(machine: Machine, tree: cst.Module, frame: Frame) -> None:
    outcome = machine.run(tree.body, frame)
    machine.heap = outcome.falls or machine.heap


def _define_rest(machine: Machine, tree: cst.Module, frame: Frame) -> None:
    """The functions and classes that stand behind the statement at which the body of the module had to stop."""
    for statement in tree.body:
        match statement:
            case cst.FunctionDef(name=name) | cst.ClassDef(name=name):
                if machine.get(frame.scope).get(name.value) is None:
                    machine.run([statement], frame)


# --- what the program doesn't call --------------------------------------------------------------------------------


def _divide(machine: Machine, outline: Outline, shares: Shares) -> None:
    """What the body of the module has left over is for what it didn't call."""
    names = {Entry(each.name) for each in machine.functions.values() if _is_entry(machine, each)}
    methods = {Entry(each.name, cls.name) for cls in machine.classes for each in _methods(machine, cls)}
    waiting = sorted(names | methods)
    shares.divide({entry: outline.trains(entry) for entry in waiting}, spent=machine.steps)


def _run_functions(machine: Machine, shares: Shares, frame: Frame) -> None:
    """Functions that nobody calls, with unknown arguments.

    Which of them call each other is known once all have run: what those did on their own that others call is dropped,
    because a call shows more of it.
    """
    runs: list[tuple[Function, int]] = []
    for function in list(machine.functions.values()):
        limit = shares.limit(Entry(function.name))
        if not _is_entry(machine, function) or not machine.exists(function.scope):
            continue  # what defined it was on a path that was given up
        before = machine.heap.fork()
        _run_alone(machine, function, limit, frame)
        machine.heap = before
        runs.append((function, machine.root_number))
    dropped = {root for function, root in runs if _code(function).called}
    machine.events = [event for event in machine.events if event.root not in dropped]
    machine.pending = {key: event for key, event in machine.pending.items() if event.root not in dropped}


def _is_entry(machine: Machine, function: Function) -> bool:
    code = _code(function)
    return not code.called and code.unit is machine.root and not isinstance(code.node, cst.Lambda)


def _code(function: Function) -> Code:
    assert isinstance(function.code, Code)
    return function.code


def _run_alone(machine: Machine, function: Function, limit: int, frame: Frame) -> None:
    called = _code(function).called
    arguments, node = Arguments(open=True), _code(function).node
    _entry(
        machine,
        limit,
        Entry(function.name),
        lambda: returned.note(machine, functions.run(machine, function, arguments, node, frame), function, node, frame),
    )
    _code(function).called = called


def _methods(machine: Machine, cls: Class) -> list[Function]:
    """The methods of the class that nobody has called."""
    found = [v for v in machine.get(cls.scope).slots.values() if isinstance(v, Function)]
    return [method for method in found if _is_entry(machine, method)]


def _run_classes(machine: Machine, shares: Shares, frame: Frame) -> None:
    """Methods that nobody calls, on an instance of the program's, or on one made with unknown arguments."""
    for cls in list(machine.classes):
        waiting = [method for method in _methods(machine, cls) if method.name != "__init__"]
        framework = frameworks.of(machine, cls)
        if not waiting and framework is None:
            continue
        instance = _instance(machine, cls, shares, frame)
        if instance is None:
            continue
        for method in waiting:  # attributes that are set outside of __init__
            limit = shares.limit(Entry(method.name, cls.name), again=True)
            machine.silent = 1
            _run_method(machine, cls, method, instance, limit, frame)
        machine.silent = 0
        for method in waiting:
            if framework is not None and method.name == framework.method:
                _run_step(machine, framework, replace(method, owner=cls), instance, shares, frame)
                _code(method).called = True
        for method in waiting:
            limit = shares.limit(Entry(method.name, cls.name))
            if not _code(method).called:
                _run_method(machine, cls, method, instance, limit, frame)
                _code(method).called = True


def _run_step(
    machine: Machine, framework: Framework, method: Function, instance: Ref, shares: Shares, frame: Frame
) -> None:
    assert isinstance(method.owner, Class)
    entry = Entry(method.name, method.owner.name)
    limit = shares.limit(entry)
    _entry(machine, limit, entry, lambda: frameworks.run_step(machine, framework, instance, method, frame))


def _run_method(machine: Machine, cls: Class, method: Function, instance: Ref, limit: int, frame: Frame) -> None:
    called = _code(method).called
    receiver = cls if method.kind == "classmethod" else instance
    bound: Value = method if method.kind == "staticmethod" else Bound(receiver, replace(method, owner=cls))
    arguments, node = Arguments(open=True), _code(method).node
    _entry(
        machine,
        limit,
        Entry(method.name, cls.name),
        lambda: returned.note(
            machine, machine.call(bound, arguments, node, frame), replace(method, owner=cls), node, frame
        ),
    )
    _code(method).called = called


def _instance(machine: Machine, cls: Class, shares: Shares, frame: Frame) -> Ref | None:
    """An instance that the program made, else one made with unknown arguments."""
    if _made(machine, cls) is None:
        entry = Entry("__init__", cls.name)
        node = _class_node(machine, cls) or frame.unit.tree
        limit = shares.limit(entry)
        _entry(machine, limit, entry, lambda: dispatch.instantiate(machine, cls, Arguments(open=True), node, frame))
    return _made(machine, cls)


def _made(machine: Machine, cls: Class) -> Ref | None:
    for address, record in machine.heap.items():
        if record.kind is Kind.INSTANCE and record.cls == cls:
            return Ref(address)
    return None


def _class_node(machine: Machine, cls: Class) -> cst.CSTNode | None:
    return machine.root.places.nodes[cls.site.place.number] if cls.site is not None else None


# --- the trace ----------------------------------------------------------------------------------------------------


def _trace(machine: Machine) -> Trace:
    unused = [event for (site, _), event in machine.pending.items() if site not in machine.used]
    events: list[Event] = [*machine.events, *unused]
    sources = {name: unit.source for name, unit in machine.units.items()}
    texts = {name: source.text for name, source in sources.items()}
    spans = Spans({name: (unit.places, unit.tree) for name, unit in machine.units.items()}, texts)
    return Trace(machine.root.source, tuple(events), spans, sources, tuple(machine.notes))
