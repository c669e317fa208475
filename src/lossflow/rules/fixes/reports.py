"""Whether the averages that are reported stay right when a loss is divided by its number of examples."""

from __future__ import annotations

from lossflow.domain.trace import Averaged, Place, Trace
from lossflow.domain.values import Tensor


def averages_of(trace: Trace, place: Place) -> list[Averaged]:
    """The averages of losses that come by a place."""
    return [
        event
        for event in trace.events
        if isinstance(event, Averaged) and isinstance(event.losses, Tensor) and _passes(event.losses, place)
    ]


def stay_right(trace: Trace, place: Place) -> bool:
    """True unless an average would be wrong once the losses at `place` are means instead of sums."""
    return all(event.total - 1 == event.divisor and not event.amended for event in averages_of(trace, place))


def _passes(losses: Tensor, place: Place) -> bool:
    return any(step.site.place == place for term in losses.terms for step in term.trail)
