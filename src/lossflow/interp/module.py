"""The analysis of one file: run it as a program, then whatever the program doesn't call on its own."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace

import libcst as cst

from lossflow.catalog import Catalog
from lossflow.domain.environment import Kind, Record
from lossflow.domain.trace import TRAINING, Event, Trace
from lossflow.domain.values import Bound, Class, Function, Ref, Value
from lossflow.errors import NotAnalysed
from lossflow.interp import calls, cases, expressions, frameworks, functions, modules, statements
from lossflow.interp.budget import MAX_CASES, MAX_STEPS, PYTHON_RECURSION, BudgetExceeded
from lossflow.interp.machine import Arguments, Case, Code, Frame, Machine, Unit
from lossflow.interp.places import Places, Spans
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
    machine = _run(source, catalog, resolve, trees)
    if cases.unsettled(machine.events):
        _run_cases(machine)
    return _trace(machine)


def _run(
    source: Source,
    catalog: Catalog,
    resolve: Resolve,
    trees: dict[str, tuple[cst.Module, Places]],
    *,
    case: Case | None = None,
    roots: int = 0,
) -> Machine:
    """The machine after it ran the file; `roots` is the number of entry points of earlier runs."""
    tree, places = trees[source.name]
    unit = Unit(source, tree, places, Ref(0))
    machine = Machine(
        catalog,
        unit,
        evaluate_node=expressions.evaluate,
        run_nodes=statements.run_block,
        call_value=calls.call,
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
    _entry(machine, lambda: _run_body(machine, tree, frame))
    _run_classes(machine, frame)
    _run_functions(machine, frame)
    return machine


def _run_cases(machine: Machine) -> None:
    """Run the file once more for each case of a choice that lost a loss, and note the training steps of that run."""
    steps = 0
    for number, case in enumerate(sorted(machine.cases, key=lambda each: machine.cases[each])):
        if number >= MAX_CASES or steps > MAX_STEPS:
            left = len(machine.cases) - number
            machine.note(f"{machine.root.source.name}: {left} more values that choices may have were not tried")
            return
        run = _run(
            machine.root.source,
            machine.catalog,
            machine.resolve,
            machine.trees,
            case=case,
            roots=machine.roots,
        )
        steps += run.steps
        machine.roots = run.roots
        machine.units = {**run.units, **machine.units}
        machine.events.extend(event for event in run.events if isinstance(event, TRAINING))


def _out_of_sight(file: str, dotted: str) -> Source | None:
    return None


def _entry(machine: Machine, run: Callable[[], object]) -> None:
    """Run one entry point; past the budget, what it has recorded so far stands."""
    machine.enter_root()
    try:
        run()
    except BudgetExceeded:
        machine.note(f"{machine.root.source.name}: the analysis stopped after {MAX_STEPS} steps")
        machine.silent = 0
        machine.loops.clear()
        machine.guards = ()
        machine.stack.clear()
        machine.sites.clear()
        machine.grad_enabled = True


def _run_body(machine: Machine, tree: cst.Module, frame: Frame) -> None:
    outcome = machine.run(tree.body, frame)
    machine.heap = outcome.falls or machine.heap


# --- what the program doesn't call --------------------------------------------------------------------------------


def _run_functions(machine: Machine, frame: Frame) -> None:
    """Functions that nobody calls, with unknown arguments.

    Which of them call each other is known once all have run: what those did on their own that others call is dropped,
    because a call shows more of it.
    """
    runs: list[tuple[Function, int]] = []
    for function in list(machine.functions.values()):
        if not _is_entry(machine, function):
            continue
        before = machine.heap.fork()
        _run_alone(machine, function, frame)
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


def _run_alone(machine: Machine, function: Function, frame: Frame) -> None:
    called = _code(function).called
    _entry(machine, lambda: functions.run(machine, function, Arguments(open=True), _code(function).node, frame))
    _code(function).called = called


def _run_classes(machine: Machine, frame: Frame) -> None:
    """Methods that nobody calls, on an instance of the program's, or on one made with unknown arguments."""
    for cls in list(machine.classes):
        methods = [v for v in machine.get(cls.scope).slots.values() if isinstance(v, Function)]
        waiting = [m for m in methods if _is_entry(machine, m) and m.name != "__init__"]
        framework = frameworks.of(machine, cls)
        if not waiting and framework is None:
            continue
        instance = _instance(machine, cls, frame)
        if instance is None:
            continue
        machine.silent += 1
        for method in waiting:  # attributes that are set outside of __init__
            _run_method(machine, cls, method, instance, frame)
        machine.silent = 0
        for method in waiting:
            if framework is not None and method.name == framework.method:
                frameworks.run_step(machine, framework, instance, replace(method, owner=cls), frame)
                _code(method).called = True
        for method in waiting:
            if not _code(method).called:
                _run_method(machine, cls, method, instance, frame)
                _code(method).called = True


def _run_method(machine: Machine, cls: Class, method: Function, instance: Ref, frame: Frame) -> None:
    called = _code(method).called
    bound: Value = method if method.kind == "staticmethod" else Bound(instance, replace(method, owner=cls))
    _entry(machine, lambda: machine.call(bound, Arguments(open=True), _code(method).node, frame))
    _code(method).called = called


def _instance(machine: Machine, cls: Class, frame: Frame) -> Ref | None:
    """An instance that the program made, else one made with unknown arguments."""
    for address, record in machine.heap.items():
        if record.kind is Kind.INSTANCE and record.cls == cls:
            return Ref(address)
    made: list[Value] = []
    node = frame.unit.tree
    _entry(
        machine,
        lambda: made.append(
            calls.instantiate(machine, cls, Arguments(open=True), _class_node(machine, cls) or node, frame)
        ),
    )
    return made[0] if made and isinstance(made[0], Ref) else None


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
