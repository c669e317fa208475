"""Loops: rounds until nothing changes, then one more round in which events are recorded."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import libcst as cst

from lossflow.domain.environment import Heap
from lossflow.domain.exponent import Exponent
from lossflow.domain.trace import Looped
from lossflow.domain.values import Value
from lossflow.interp.engine import outcomes
from lossflow.interp.engine.budget import MAX_ROUNDS
from lossflow.interp.engine.frames import Frame, Loop, Outcome
from lossflow.interp.engine.machine import Machine
from lossflow.interp.objects import iteration, names, truth
from lossflow.interp.syntax import rounds, unrolling


def run_for(machine: Machine, node: cst.For, frame: Frame) -> Outcome:
    """A `for` loop. An empty literal list is taken to be filled elsewhere: the body always counts."""
    iterable = iteration.of_batches(machine, node, machine.evaluate(node.iter, frame))
    items = unrolling.rounds(machine, iterable)
    if items is not None:
        return _unrolled(machine, node, items, frame)
    trips, draws = iteration.trips(machine, iterable), iteration.draws_batches(machine, iterable)
    loop = Loop(id(node), trips, draws, counted=iteration.counts_batches(machine, iterable))

    def one_round() -> Outcome:
        names.assign(machine, node.target, iteration.element(machine, iterable), frame)
        return machine.run([node.body], frame)

    period = rounds.of_range(machine, node.iter, frame)
    looped = Looped(machine.site(node.iter, frame), number=loop.number, batches=loop.batches, period=period)
    machine.record(looped)
    enters = iteration.never_empty(machine, iterable)
    return _run(machine, loop, one_round=one_round, orelse=node.orelse, frame=frame, enters=enters)


def _unrolled(machine: Machine, node: cst.For, items: Sequence[Value], frame: Frame) -> Outcome:
    """One round after the other; what each makes is an object of its own."""
    whole = Outcome(falls=machine.heap)
    for number, item in enumerate(items):
        assert whole.falls is not None
        machine.heap = whole.falls
        machine.loops.append(Loop(id(node), Exponent.ZERO))
        machine.sites.append(number)
        try:
            names.assign(machine, node.target, item, frame)
            one = machine.run([node.body], frame)
        finally:
            machine.sites.pop()
            machine.loops.pop()
        returns = outcomes.join_returns(whole.returns, one.returns)
        breaks = outcomes.join_heaps(whole.breaks, one.breaks)
        whole = Outcome(outcomes.join_heaps(one.falls, one.continues), returns, breaks)
        if whole.falls is None:
            break
    if node.orelse is not None and whole.falls is not None:
        machine.heap = whole.falls
        orelse = machine.run([node.orelse.body], frame)
        whole = Outcome(orelse.falls, outcomes.join_returns(whole.returns, orelse.returns), whole.breaks)
    return Outcome(outcomes.join_heaps(whole.falls, whole.breaks), whole.returns)


def run_while(machine: Machine, node: cst.While, frame: Frame) -> Outcome:
    """A `while` loop; `while True` is left by break alone, but what follows it is analysed all the same."""
    loop = Loop(id(node), Exponent.between(0, 1))

    def one_round() -> Outcome:
        known = truth.truth(machine, machine.evaluate(node.test, frame))
        return Outcome(falls=machine.heap) if known is False else machine.run([node.body], frame)

    return _run(machine, loop, one_round=one_round, orelse=node.orelse, frame=frame)


def _run(
    machine: Machine,
    loop: Loop,
    *,
    one_round: Callable[[], Outcome],
    orelse: cst.Else | None,
    frame: Frame,
    enters: bool = False,
) -> Outcome:
    head, last = _settled(machine, loop, machine.heap, one_round)
    if last is None or not machine.silent:
        # Events are recorded in this round alone; where nothing is recorded, the round that changed nothing will do.
        machine.heap = head.fork()
        machine.loops.append(loop)
        try:
            last = one_round()
        finally:
            machine.loops.pop()
    ends: list[Heap] = [h for h in (last.falls, last.continues) if h is not None]
    after = ends.pop() if enters and ends else head
    for heap in ends:
        after = after.join(heap)
    machine.heap = after
    falls: Heap | None = after
    returns = last.returns
    if orelse is not None:
        outcome = machine.run([orelse.body], frame)
        falls = outcome.falls
        returns = outcomes.join_returns(returns, outcome.returns)
    if last.breaks is not None:
        falls = last.breaks if falls is None else falls.join(last.breaks)
    return Outcome(falls=falls, returns=returns)


def _settled(
    machine: Machine, loop: Loop, before: Heap, one_round: Callable[[], Outcome]
) -> tuple[Heap, Outcome | None]:
    """The heap at the head of the loop once another round changes nothing, and the outcome of that round."""
    head = before
    machine.silent += 1
    machine.loops.append(loop)
    try:
        for number in range(MAX_ROUNDS + 1):
            machine.heap = head.fork()
            outcome: Outcome = one_round()
            after = head
            for heap in (outcome.falls, outcome.continues):
                if heap is not None:
                    after = after.join(heap)
            if after.same(head):
                return head, outcome
            head = after if number < MAX_ROUNDS - 1 else head.widen(after)
    finally:
        machine.loops.pop()
        machine.silent -= 1
    return head, None
