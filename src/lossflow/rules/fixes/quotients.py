"""A sum over the batch divided by the number of its examples: the whole objective, or the one term that is summed."""

from __future__ import annotations

from lossflow.domain.trace import Backward, LossCall, Place, Step, Trace
from lossflow.domain.training import TrainingStep
from lossflow.edits import expressions
from lossflow.edits.syntax import Syntax
from lossflow.findings import Fix, Safety
from lossflow.rules.fixes import branches, places, reports
from lossflow.rules.fixes.batch_size import batch_size
from lossflow.rules.reductions import tensors
from lossflow.rules.scale import Sum, SummedTerm
from lossflow.source import Edit


def divided_objective(trace: Trace, syntax: Syntax, found: Sum) -> Fix | None:
    """The whole objective over the number of examples, where it goes to backward."""
    edits: dict[Edit, None] = {}
    divisors: list[str] = []
    for training in (found.training, *found.repeats):
        written = places.written(trace, training.backward)
        if not written or not _is_all_sum(trace, training):
            return None
        for node in written:
            divisor = batch_size(trace, syntax, node)
            if divisor is None:
                return None
            divisors.append(divisor)
            edits.update(dict.fromkeys(expressions.divided(syntax, node, divisor)))
    message = f"Divide the objective by `{divisors[0]}`, and tune the learning rate again."
    return Fix(Safety.UNSAFE, message, tuple(edits))


def _is_all_sum(trace: Trace, training: TrainingStep) -> bool:
    """True when each term of all that comes to this backward grows as B; what is supposed in a case is not all."""
    backward = training.backward
    if backward.case:
        return False
    for event in trace.events:
        if isinstance(event, Backward) and event.site.place == backward.site.place:
            for tensor in tensors(event.objective):
                if any(term.batchless or (term.exponent + training.factor).known != 1 for term in tensor.terms):
                    return False
    return True


def divided_term(trace: Trace, syntax: Syntax, found: Sum, term: SummedTerm) -> Fix | None:
    """The one summed term over the number of its examples, where it is summed."""
    if not found.is_one or not trace.here(term.choice.site):
        return None
    return divided_sum(trace, syntax, term.sum)


def divided_sum(trace: Trace, syntax: Syntax, step: Step) -> Fix | None:
    """A sum over the number of its examples, where that is computed and nothing else needs it as it is."""
    node = places.expression(trace, step.site.place)
    if node is None or not trace.here(step.site) or not reports.stay_right(trace, step.site.place):
        return None
    if branches.chosen_by_name(syntax, node) or _may_be_a_mean(trace, step.site.place):
        return None
    if any(term.exponent.known != 1 for _, _, term in places.losses_through(trace, step.site.place)):
        return None
    divisor = batch_size(trace, syntax, node)
    also = branches.divided_alike(trace, syntax, node, divisor) if divisor is not None else None
    if divisor is None or also is None:
        return None
    message = f"Divide this sum by `{divisor}`."
    return Fix(Safety.UNSAFE, message, (*expressions.divided(syntax, node, divisor), *also))


def _may_be_a_mean(trace: Trace, place: Place) -> bool:
    """True for a loss that is called with a reduction out of sight, which another caller may choose otherwise."""
    for event in trace.events:
        if isinstance(event, LossCall) and event.site.place == place:
            match = trace.loss(event.loss)
            given = event.argument(match.row.parameter) if match is not None else None
            if given is not None and not given.literal:
                return True
    return False
