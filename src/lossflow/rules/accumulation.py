"""Gradient accumulation: backwards whose gradients add up over several batches before an optimizer steps.

A step is rarer than a backward where it is guarded by a test of rounds (`if (i + 1) % k == 0`) that doesn't guard the
backward as well, or where it stands behind an inner loop that draws a new batch in each of its rounds. A loop over
heads, tasks or losses draws none: what adds up there are the terms of one objective.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from lossflow.catalog.names import means_kinds
from lossflow.domain.trace import Backward, Drawn, Event, Looped, OptimizerStep, Period, Trace, ZeroGrad
from lossflow.domain.training import TrainingStep, training_steps


@dataclass(frozen=True, slots=True)
class Accumulation:
    """A backward and the rarer step that its gradients add up to; `period` is the number of batches, if it is written.

    `loop` is the inner loop over these batches, None where a test tells the rounds of one loop apart.
    """

    training: TrainingStep
    step: OptimizerStep
    period: Period | None
    loop: Looped | None = None


def accumulations(trace: Trace) -> Iterator[Accumulation]:
    """Each backward of the trace whose gradients add up over several batches."""
    looped = {event.number: event for event in trace.events if isinstance(event, Looped)}
    drawing = {number for event in trace.events if isinstance(event, Drawn) for number in event.loops}
    inner = {n: loop for n, loop in looped.items() if loop.batches or (n in drawing and _counts_batches(trace, loop))}
    for training in training_steps(trace):
        if not training.steps or training.backward.returned or not training.backward.grad_enabled:
            continue
        found = _accumulation(training, inner)
        if found is not None and not _is_cleared(trace, found):
            yield found


def _counts_batches(trace: Trace, loop: Looped) -> bool:
    """True for `range(k)`, unless k is a number of tasks or the length of something: each of these has its batch."""
    period = loop.period
    return period is not None and not means_kinds(period.name) and "len(" not in trace.text(period.site.place)


def _accumulation(training: TrainingStep, inner: dict[int, Looped]) -> Accumulation | None:
    backward, step = training.backward, training.steps[0]
    for guard in step.guards:
        if guard.rare and guard.period.value != 1 and not _shares(backward, guard.period):
            return Accumulation(training, step, guard.period)
    depth = len(step.loops)
    if backward.loops[:depth] == step.loops:
        for number in backward.loops[depth:]:
            loop = inner.get(number)
            if loop is not None and (loop.period is None or loop.period.value != 1):
                return Accumulation(training, step, loop.period, loop)
    return None


def _shares(backward: Backward, period: Period) -> bool:
    """True when backward waits for the same rounds, as that of a GAN's generator does."""
    return any(guard.rare and guard.period.is_that_of(period) for guard in backward.guards)


def _is_cleared(trace: Trace, found: Accumulation) -> bool:
    """True when gradients are set to zero in every round, so that they never add up."""
    scope = found.step.loops if found.loop is None else found.training.backward.loops
    return any(
        isinstance(event, ZeroGrad)
        and event.root == found.step.root
        and 0 in (event.identity, found.step.optimizer.identity, event.identity - found.step.optimizer.identity)
        and _is_within(event, scope)
        and not any(guard.rare for guard in event.guards)
        for event in trace.events
    )


def _is_within(event: Event, loops: tuple[int, ...]) -> bool:
    return event.loops[: len(loops)] == loops
