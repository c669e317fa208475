"""What a program leaves uncalled: its functions, and the methods of its classes, are entry points of their own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import libcst as cst

from lossflow.catalog.entry import Framework
from lossflow.domain.environment import Kind
from lossflow.domain.trace import Returned
from lossflow.domain.values import Bound, Class, Function, Ref, Value
from lossflow.interp.calls import dispatch
from lossflow.interp.engine import cases
from lossflow.interp.engine.budget import BudgetExceeded
from lossflow.interp.engine.frames import Arguments, Case, Code, Frame
from lossflow.interp.engine.machine import Machine
from lossflow.interp.engine.shares import Entry, Outline, Shares
from lossflow.interp.objects import functions
from lossflow.interp.training import frameworks, returned


def run(machine: Machine, limit: int, entry: Entry, perform: Callable[[], object]) -> bool:
    """Run one entry point; False when it had to stop at the limit, and what it has recorded so far stands."""
    machine.enter_root()
    machine.limit = limit
    before = machine.steps
    try:
        perform()
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


def divide(machine: Machine, outline: Outline, shares: Shares) -> None:
    """What the body of the module has left over is for what it didn't call."""
    names = {Entry(each.name) for each in machine.functions.values() if _is_entry(machine, each)}
    methods = {Entry(each.name, cls.name) for cls in machine.classes for each in _methods(machine, cls)}
    waiting = sorted(names | methods)
    shares.divide({entry: outline.trains(entry) for entry in waiting}, spent=machine.steps)


def run_functions(machine: Machine, shares: Shares, frame: Frame) -> None:
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
    node = _code(function).node
    call = Call(function, Entry(function.name), limit, frame)
    _run_uncalled(machine, call, lambda: functions.run(machine, function, Arguments(open=True), node, frame))


@dataclass(frozen=True, slots=True)
class Call:
    """A function that is called with unknown arguments, because the program doesn't call it."""

    function: Function
    entry: Entry
    limit: int
    frame: Frame


def _run_uncalled(machine: Machine, call: Call, value: Callable[[], Value]) -> None:
    """Run the function, and once more for each reduction that it tests for where it returns a loss known in part."""
    code = _code(call.function)
    called, events = code.called, len(machine.events)
    before, machine.cases = machine.cases, {}

    def perform() -> None:
        returned.note(machine, value(), call.function, code.node, call.frame)

    run(machine, call.limit, call.entry, perform)
    if cases.unsettled(machine.events[events:]):
        for case in cases.of_reductions(machine.cases):
            _suppose(machine, case, call, perform)
    machine.cases = {**machine.cases, **before}
    code.called = called


def _suppose(machine: Machine, case: Case, call: Call, perform: Callable[[], object]) -> None:
    """Note what the function returns in one case; whatever else it does has been noted before."""
    heap, events, pending, repeats, root = (
        machine.heap.fork(),
        machine.events,
        machine.pending,
        machine.repeats,
        machine.root_number,
    )
    # What calls did before, they did without the supposition.
    machine.case, machine.events, machine.pending, machine.repeats = case, [], {}, {}
    run(machine, call.limit, call.entry, perform)
    found = [replace(event, root=root) for event in machine.events if isinstance(event, Returned)]
    machine.case, machine.heap, machine.pending, machine.repeats = None, heap, pending, repeats
    machine.events, machine.root_number = [*events, *found], root


def _methods(machine: Machine, cls: Class) -> list[Function]:
    """The methods of the class that nobody has called."""
    found = [v for v in machine.get(cls.scope).slots.values() if isinstance(v, Function)]
    return [method for method in found if _is_entry(machine, method)]


def run_classes(machine: Machine, shares: Shares, frame: Frame) -> None:
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
    run(machine, limit, entry, lambda: frameworks.run_step(machine, framework, instance, method, frame))


def _run_method(machine: Machine, cls: Class, method: Function, instance: Ref, limit: int, frame: Frame) -> None:
    receiver = cls if method.kind == "classmethod" else instance
    owned = replace(method, owner=cls)
    bound: Value = method if method.kind == "staticmethod" else Bound(receiver, owned)
    node = _code(method).node
    call = Call(owned, Entry(method.name, cls.name), limit, frame)
    _run_uncalled(machine, call, lambda: machine.call(bound, Arguments(open=True), node, frame))


def _instance(machine: Machine, cls: Class, shares: Shares, frame: Frame) -> Ref | None:
    """An instance that the program made, else one made with unknown arguments."""
    if _made(machine, cls) is None:
        entry = Entry("__init__", cls.name)
        node = _class_node(machine, cls) or frame.unit.tree
        limit = shares.limit(entry)
        run(machine, limit, entry, lambda: dispatch.instantiate(machine, cls, Arguments(open=True), node, frame))
    return _made(machine, cls)


def _made(machine: Machine, cls: Class) -> Ref | None:
    for address, record in machine.heap.items():
        if record.kind is Kind.INSTANCE and record.cls == cls:
            return Ref(address)
    return None


def _class_node(machine: Machine, cls: Class) -> cst.CSTNode | None:
    return machine.root.places.nodes[cls.site.place.number] if cls.site is not None else None
