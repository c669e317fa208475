"""What to do by hand about a summed loss, in the words of its own code.

Never "divide the learning rate": that is not dividing the loss once there is weight decay, nor once the batch size
varies while momentum carries gradients over.
"""

from __future__ import annotations

from lossflow.domain.trace import Step, StepKind, Trace
from lossflow.rules.scale import Sum
from lossflow.rules.wording import called, line, listed


def remedy(trace: Trace, found: Sum) -> str:
    """The change that makes the objective independent of the batch size, as an imperative clause.

    The mean of one sum would leave it beside the others: only the whole of several terms can be divided.
    """
    if found.unfollowed:
        return f"divide the whole objective by the batch size, provided that {_unfollowed(trace, found)} a sum too"
    if len(found.terms) > 1:
        return f"divide the whole objective by the batch size, which keeps the balance of its {len(found.terms)} sums"
    match found.terms[0].sum:
        case Step(kind=StepKind.COMPUTED, loss=loss) if loss:
            name = called(trace, found.choice.place, loss)
            return f'give `{name}` `reduction="mean"`, or divide the loss by the batch size to keep {_ELEMENTS}'
        case Step(kind=StepKind.REDUCED):
            return f"use `.mean()`, or divide by the batch size to keep {_ELEMENTS}"
        case Step(kind=StepKind.SCALED):
            return "leave the factor out"
        case _:
            return "divide the loss by the number of examples"


_ELEMENTS = "the sum over the elements of each example"


def _unfollowed(trace: Trace, found: Sum) -> str:
    """The terms of which nothing is known, as the subject of `a sum too`."""
    lines = list(dict.fromkeys(line(trace, site.place) for site in found.unfollowed if site is not None))
    where = f" ({listed(lines)})" if lines else ""
    if len(found.unfollowed) == 1:
        return f"its other term{where}, which could not be followed, is"
    return f"its other terms{where}, which could not be followed, are each"
