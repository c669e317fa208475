"""What to do by hand about a summed loss, in the words of its own code.

Never "divide the learning rate": that is not dividing the loss once there is weight decay, nor once the batch size
varies while momentum carries gradients over.
"""

from __future__ import annotations

from lossflow.domain.trace import Step, StepKind
from lossflow.rules.scale import Sum
from lossflow.rules.wording import loss_name


def remedy(found: Sum) -> str:
    """The change that makes the objective independent of the batch size, as an imperative clause."""
    if len(found.terms) > 1:
        return f"divide the whole objective by the batch size, which keeps the balance of its {len(found.terms)} sums"
    match found.terms[0].sum:
        case Step(kind=StepKind.COMPUTED, loss=loss) if loss:
            return (
                f'give `{loss_name(loss)}` `reduction="mean"` (or divide the loss by the batch size, to keep the sum '
                "over the elements of an example)"
            )
        case Step(kind=StepKind.REDUCED):
            return "use `.mean()` (or divide by the batch size, to keep the sum over the elements of an example)"
        case Step(kind=StepKind.SCALED):
            return "leave the factor out"
        case _:
            return "divide the loss by the number of examples"
