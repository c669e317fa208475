"""The fixes of summed objectives, LF101 to LF103: take the mean, or divide by the number of examples.

The mean of one sum would leave it beside the others, so an objective of several is divided as a whole. What is added
to it but has no examples (a penalty on the parameters) must not be divided with it.
"""

from __future__ import annotations

import ast

from lossflow.domain.trace import Applied, Backward, LossCall, Place, Step, StepKind, Trace
from lossflow.domain.training import TrainingStep
from lossflow.edits import expressions
from lossflow.edits.syntax import Syntax
from lossflow.findings import Fix, Safety, SumFix
from lossflow.rules.fixes import places, reports
from lossflow.rules.fixes.batch_size import batch_size
from lossflow.rules.reductions import tensors
from lossflow.rules.scale import Sum, SummedTerm, sums
from lossflow.source import Edit


def fix(trace: Trace, found: Sum, choice: SumFix) -> Fix | None:
    """The change that makes the update independent of the batch size; None where none is sure to."""
    syntax = places.syntax(trace)
    if syntax is None or found.unfollowed:
        return None
    if len(found.terms) > 1:
        return _divided_objective(trace, syntax, found)
    term = found.terms[0]
    if term.sum.kind is StepKind.SCALED:
        return None
    if choice is SumFix.BATCH or term.sum.kind not in (StepKind.COMPUTED, StepKind.REDUCED):
        return _divided_objective(trace, syntax, found) or _divided_term(trace, syntax, found, term)
    return _mean(trace, syntax, found, term)


# --- the mean -----------------------------------------------------------------------------------------------------


def _mean(trace: Trace, syntax: Syntax, found: Sum, term: SummedTerm) -> Fix | None:
    """The reduction that sums, replaced by the mean where it is chosen."""
    if not trace.here(term.choice.site) or not _lifts_to_one(found) or not _only_wanted(trace, found):
        return None
    if any(tensor.masked for tensor in tensors(found.training.backward.objective)):
        return None  # a mean would count what the mask has set to zero
    if term.sum.kind is StepKind.REDUCED:
        return _mean_method(trace, syntax, term.sum.site.place)
    return _mean_argument(trace, syntax, term)


def _lifts_to_one(found: Sum) -> bool:
    """True where the one sum makes all of the growth, so that nothing of it is left with the mean."""
    term = found.terms[0]
    return term.sum.exponent.known == 1 and found.gradient.known == 1


def _mean_method(trace: Trace, syntax: Syntax, place: Place) -> Fix | None:
    """`.sum()` and `torch.sum(...)` with the name `mean`."""
    node = places.expression(trace, place)
    match node:
        case ast.Call(func=ast.Attribute(attr="sum"), keywords=keywords) if not _chosen_by_name(syntax, node):
            if any(keyword.arg == "dtype" for keyword in keywords):
                return None
            return Fix(Safety.UNSAFE, f"Replace the sum by `{_called(syntax, node)}`.", _renamed(syntax, node))
    return None


def _called(syntax: Syntax, node: ast.Call) -> str:
    """`torch.mean` for a function of a module, `.mean()` for a method."""
    function = node.func
    if isinstance(function, ast.Attribute) and isinstance(function.value, ast.Name) and function.value.id == "torch":
        return "torch.mean"
    return ".mean()"


def _renamed(syntax: Syntax, node: ast.Call) -> tuple[Edit, ...]:
    return expressions.renamed(syntax, node, "mean")


def _chosen_by_name(syntax: Syntax, node: ast.expr) -> bool:
    """True in a branch that is taken where "sum" is asked for: there the sum must stay one."""
    for parent in syntax.around(node):
        test = parent.test if isinstance(parent, (ast.If, ast.IfExp)) else None
        subject = parent.subject if isinstance(parent, ast.Match) else None
        if subject is not None or (test is not None and _mentions_string(test)):
            return True
    return False


def _mentions_string(test: ast.expr) -> bool:
    return any(isinstance(each, ast.Constant) and isinstance(each.value, str) for each in ast.walk(test))


def _mean_argument(trace: Trace, syntax: Syntax, term: SummedTerm) -> Fix | None:
    """`reduction="mean"` where the loss is given "sum"."""
    call = _loss_call(trace, term.choice)
    match = trace.loss(call.loss) if call is not None else None
    if call is None or match is None:
        return None
    # The mean of a divergence divides by its classes too.
    mean = "batchmean" if match.row.divergence else "mean"
    given = call.argument(match.row.parameter)
    if given is None or not given.literal or mean not in match.row.reductions or given.place.file != trace.file:
        return None
    node = places.expression(trace, given.place)
    if not isinstance(node, ast.Constant) or node.value != "sum":
        return None
    content = syntax.text(node).replace("sum", mean)
    message = f'Write `{match.row.parameter}="{mean}"`, and tune the learning rate again.'
    return Fix(Safety.UNSAFE, message, expressions.replaced(syntax, node, content))


def _loss_call(trace: Trace, choice: Step) -> LossCall | None:
    """The call at which the reduction of a loss is chosen; None where it is called in more than one way."""
    found = [each for each in trace.events if isinstance(each, LossCall) and each.site.place == choice.site.place]
    return found[0] if found and all(each.loss == found[0].loss for each in found) else None


def _only_wanted(trace: Trace, found: Sum) -> bool:
    """True when all that comes of the sum is reported to be too large, and no average relies on it."""
    chosen = found.choice.place
    flagged = [each for each in sums(trace) if any(term.choice.site.place == chosen for term in each.terms)]
    if any(len(each.terms) > 1 or each.unfollowed for each in flagged):
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
    return all(
        event.site.place in calls or reports.averages_of(trace, event.site.place)
        for event in trace.events
        if isinstance(event, Applied) and event.constructed is not None and event.constructed.place == chosen
    )


# --- the division -------------------------------------------------------------------------------------------------


def _divided_objective(trace: Trace, syntax: Syntax, found: Sum) -> Fix | None:
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


def _divided_term(trace: Trace, syntax: Syntax, found: Sum, term: SummedTerm) -> Fix | None:
    """The one summed term over the number of its examples, where it is summed."""
    if not _lifts_to_one(found) or not trace.here(term.choice.site):
        return None
    return divided_sum(trace, syntax, term.sum)


def divided_sum(trace: Trace, syntax: Syntax, step: Step) -> Fix | None:
    """A sum over the number of its examples, where that is computed and nothing else needs it as it is."""
    node = places.expression(trace, step.site.place)
    if node is None or not trace.here(step.site) or not reports.stay_right(trace, step.site.place):
        return None
    if _chosen_by_name(syntax, node) or _may_be_a_mean(trace, step.site.place):
        return None
    if any(term.exponent.known != 1 for _, _, term in places.losses_through(trace, step.site.place)):
        return None
    divisor = batch_size(trace, syntax, node)
    if divisor is None:
        return None
    message = f"Divide this sum by `{divisor}`."
    return Fix(Safety.UNSAFE, message, expressions.divided(syntax, node, divisor))


def _may_be_a_mean(trace: Trace, place: Place) -> bool:
    """True for a loss that is called with a reduction out of sight, which another caller may choose otherwise."""
    for event in trace.events:
        if isinstance(event, LossCall) and event.site.place == place:
            match = trace.loss(event.loss)
            given = event.argument(match.row.parameter) if match is not None else None
            if given is not None and not given.literal:
                return True
    return False
