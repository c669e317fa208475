"""The fix of a mixture, LF105: the one term that is a sum over the batch, divided by its number of examples."""

from __future__ import annotations

from collections.abc import Iterable

from lossflow.domain.trace import StepKind, Trace
from lossflow.domain.values import Term
from lossflow.findings import Fix
from lossflow.rules.fixes import places
from lossflow.rules.fixes.quotients import divided_sum
from lossflow.rules.reductions import raising_step

_SUMS = (StepKind.COMPUTED, StepKind.REDUCED, StepKind.ADDED)


def fix(trace: Trace, terms: Iterable[Term]) -> Fix | None:
    """The division that makes all terms equal; None where there is more to do, or the rest is not known to be means."""
    syntax = places.syntax(trace)
    with_examples = [term for term in terms if not term.batchless]
    sums = [term for term in with_examples if term.exponent.known == 1]
    if syntax is None or len(sums) != 1 or not all(term.exponent.is_zero or term in sums for term in with_examples):
        return None
    step = raising_step(sums[0])
    if step is None or step.kind not in _SUMS or step.exponent.known != 1:
        return None
    return divided_sum(trace, syntax, step)
