"""The analysis of one file: run it as a program, then whatever the program doesn't call on its own."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import libcst as cst

from lossflow.catalog import Catalog
from lossflow.domain.environment import Kind, Record
from lossflow.domain.trace import TRAINING, Event, Trace
from lossflow.domain.values import Ref
from lossflow.errors import NotAnalysed
from lossflow.interp import entries
from lossflow.interp.calls import dispatch
from lossflow.interp.engine import cases, loaded
from lossflow.interp.engine.budget import MAX_CASES, MAX_STEPS, MAX_STEPS_OF_CASES
from lossflow.interp.engine.frames import Case, Frame, Unit
from lossflow.interp.engine.machine import Machine
from lossflow.interp.engine.places import Places, Spans
from lossflow.interp.engine.recursion import deep_recursion
from lossflow.interp.engine.shares import Entry, Outline, Shares
from lossflow.interp.objects import modules
from lossflow.interp.syntax import expressions, statements
from lossflow.relevance import trains
from lossflow.source import Source

_COLLECTION = 100_000
"""Objects made between two looks for garbage."""

Resolve = Callable[[str, str], "Source | None"]
"""Gives the file that a dotted name means in an import statement of a file."""


def interpret(source: Source, *, catalog: Catalog, resolve: Resolve | None = None) -> Trace:
    """Everything that the analysis of `source` sees; without `resolve`, imported modules are out of sight.

    Raises NotAnalysed with the reason when the file doesn't parse or nests too deep.
    """
    with deep_recursion(), _rare_collections():
        try:
            return _interpret(source, catalog, resolve if resolve is not None and trains(source) else _out_of_sight)
        except RecursionError:
            raise NotAnalysed("its expressions are nested too deep") from None


@contextmanager
def _rare_collections() -> Iterator[None]:
    """Look for garbage seldom: trees and values have few cycles, and going through them took a fifth of the time."""
    before = gc.get_threshold()
    gc.set_threshold(_COLLECTION, *before[1:])
    try:
        yield
    finally:
        gc.set_threshold(*before)


def _interpret(source: Source, catalog: Catalog, resolve: Resolve) -> Trace:
    trees = {source.name: (modules.parse(source), Places(source.name))}
    machine = _run(source, catalog, resolve, trees, steps=MAX_STEPS)
    if cases.lost(machine.events):
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
    base: Machine | None = None,
) -> Machine:
    """The machine after it ran the file in at most `steps`; `base` is the run that a case is one of."""
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
        roots=base.roots if base is not None else 0,
    )
    if case is not None and base is not None and not loaded.concerns(base, case):
        loaded.adopt(machine, base)
    unit.globals = machine.allocate(tree, Record(Kind.SCOPE))
    machine.unseen = machine.allocate(machine, Record(Kind.SCOPE))
    machine.units[source.name] = unit
    frame = Frame(unit, unit.globals)
    outline, shares = Outline(source.text), Shares(steps)
    shares.divide({Entry(): outline.trains(Entry()), **outline.apart()})
    if not entries.run(machine, shares.limit(Entry(), again=True), Entry(), lambda: _run_body(machine, tree, frame)):
        entries.run(machine, shares.limit(Entry()), Entry(), lambda: _define_rest(machine, tree, frame))
    entries.divide(machine, outline, shares)
    entries.run_classes(machine, shares, frame)
    entries.run_functions(machine, shares, frame)
    return machine


def _run_cases(machine: Machine) -> None:
    """Run the file once more for each case of a choice that lost a loss, and note the training steps of that run.

    A case takes about as many steps as the file took without, more where the choice opens a way; one that would get
    fewer is not begun.
    """
    left = MAX_STEPS_OF_CASES
    lost = cases.lost(machine.events)
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
            base=machine,
        )
        steps = run.steps if loaded.concerns(machine, case) else run.steps + machine.loaded.steps
        left -= steps if lost - cases.lost(run.events) else steps * _weight(machine, run)
        for note in run.notes:
            machine.note(note)
        machine.roots = run.roots
        machine.units = {**run.units, **machine.units}
        machine.events.extend(event for event in run.events if isinstance(event, TRAINING))


def _weight(machine: Machine, run: Machine) -> int:
    """How many times the steps of a case count that settles none of the losses: hardly a choice then lost them.

    Still less is it one where the case doesn't even lead on to code that the file without it didn't come to.
    """
    return 2 if run.steps - run.loaded.steps > machine.steps - machine.loaded.steps else 4


def _out_of_sight(file: str, dotted: str) -> Source | None:
    return None


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


# --- the trace ----------------------------------------------------------------------------------------------------


def _trace(machine: Machine) -> Trace:
    unused = [event for (site, _), event in machine.pending.items() if site not in machine.used]
    events: list[Event] = [*machine.events, *unused]
    sources = {name: unit.source for name, unit in machine.units.items()}
    texts = {name: source.text for name, source in sources.items()}
    spans = Spans({name: (unit.places, unit.tree) for name, unit in machine.units.items()}, texts)
    batches = {place: found for place, found in machine.batches.items() if found is not None}
    return Trace(
        machine.root.source, tuple(events), spans, sources, tuple(machine.notes), machine.catalog.loss, batches
    )
