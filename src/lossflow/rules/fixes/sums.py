"""The fixes of summed objectives, LF101 to LF103: take the mean, or divide by the number of examples.

The mean of one sum would leave it beside the others, so an objective of several is divided as a whole. What is added
to it but has no examples (a penalty on the parameters) must not be divided with it. What was a mean before it was
multiplied by the batch size is one again without the factor.
"""

from __future__ import annotations

from lossflow.domain.trace import StepKind, Trace
from lossflow.findings import Fix, SumFix
from lossflow.rules.fixes import factors, means, places, quotients
from lossflow.rules.scale import Sum


def fix(trace: Trace, found: Sum, choice: SumFix) -> Fix | None:
    """The change that makes the update independent of the batch size; None where none is sure to."""
    syntax = places.syntax(trace)
    if syntax is None or found.unfollowed:
        return None
    without_factor = factors.fix(trace, syntax, found)
    if without_factor is not None:
        return without_factor
    if len(found.terms) > 1:
        return quotients.divided_objective(trace, syntax, found)
    term = found.terms[0]
    if term.sum.kind is StepKind.SCALED:
        return None
    if choice is SumFix.BATCH or term.sum.kind not in (StepKind.COMPUTED, StepKind.REDUCED):
        return quotients.divided_objective(trace, syntax, found) or quotients.divided_term(trace, syntax, found, term)
    # Where something else relies on the sum, or a mask forbids the mean, the division at backward touches neither.
    return means.mean(trace, syntax, found) or quotients.divided_objective(trace, syntax, found)
