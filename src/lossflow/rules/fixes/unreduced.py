"""The fix of a per-example loss that goes to backward, LF201 and LF202: its mean."""

from __future__ import annotations

from lossflow.domain.trace import Backward, StepKind, Trace
from lossflow.domain.values import Tensor
from lossflow.edits import expressions
from lossflow.findings import Fix, Safety
from lossflow.rules.fixes import masked_means, places


def fix(trace: Trace, event: Backward, tensor: Tensor) -> Fix | None:
    """The mean where the loss is handed over; that of a masked loss must not count what is masked."""
    syntax = places.syntax(trace)
    written = places.written(trace, event)
    if syntax is None or not written:
        return None
    if tensor.masked is not None:
        computed = tensor.terms[0].last(StepKind.COMPUTED)
        return masked_means.of_unreduced(trace, written[0], tensor.masked, computed) if len(written) == 1 else None
    edits = tuple(edit for node in written for edit in expressions.with_method(syntax, node, ".mean()"))
    return Fix(Safety.SAFE, "Take the mean of the loss, `.mean()`.", edits)
