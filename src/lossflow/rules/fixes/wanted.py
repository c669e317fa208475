"""Whether a sum can become a mean for all that comes of it."""

from __future__ import annotations

from lossflow.domain.trace import Applied, LossCall, Place, Trace
from lossflow.rules.fixes import places, reports
from lossflow.rules.fixes.calls import calls_at
from lossflow.rules.scale import Sum, sums


def only_wanted(trace: Trace, found: Sum) -> bool:
    """True when all that comes of the sum is reported to be too large, and no average relies on it.

    A single step has to make all of the growth, and to be chosen in the analysed file.
    """
    if not found.is_of_one_step or not trace.here(found.choice):
        return False
    chosen = found.choice.place
    flagged = [each for each in sums(trace) if any(term.choice.site.place == chosen for term in each.terms)]
    if any(len({term.sum for term in each.terms}) > 1 or each.unfollowed for each in flagged):
        return False
    trained = {training.backward.site.place for each in flagged for training in (each.training, *each.repeats)}
    if any(event.site.place not in trained for event, _, _ in places.losses_through(trace, chosen)):
        return False
    if not reports.stay_right(trace, chosen):
        return False
    calls = {each.terms[0].sum.site.place for each in flagged} | {
        step.site.place
        for event, _, term in places.losses_through(trace, chosen)
        for step in term.trail
        if event.site.place in trained
    }
    return all(place in calls or reports.averages_of(trace, place) for place in _calls(trace, found))


def _calls(trace: Trace, found: Sum) -> list[Place]:
    """Where the criterion is called, or a function of the loss whose reduction is not written at the call.

    The latter may be those of another partial: it isn't known which.
    """
    chosen, loss = found.choice.place, found.terms[0].choice.loss
    applied = [
        event.site.place
        for event in trace.events
        if isinstance(event, Applied) and event.constructed is not None and event.constructed.place == chosen
    ]
    if calls_at(trace, chosen):
        return applied
    return applied + [
        event.site.place
        for event in trace.events
        if isinstance(event, LossCall) and event.loss == loss and _is_told_elsewhere(trace, event)
    ]


def _is_told_elsewhere(trace: Trace, event: LossCall) -> bool:
    match = trace.loss(event.loss)
    given = event.argument(match.row.parameter) if match is not None else None
    return given is not None and given.place == event.site.place
