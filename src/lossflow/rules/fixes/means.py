"""The mean in place of a sum over the batch: another method, or another reduction of a loss."""

from __future__ import annotations

import ast

from lossflow.domain.trace import Applied, Place, StepKind, Trace
from lossflow.edits import expressions
from lossflow.edits.strings import respelled
from lossflow.edits.syntax import Syntax
from lossflow.findings import Fix, Safety
from lossflow.rules.fixes import branches, places, reports
from lossflow.rules.fixes.calls import calls_at
from lossflow.rules.reductions import tensors
from lossflow.rules.scale import Sum, SummedTerm, sums


def mean(trace: Trace, syntax: Syntax, found: Sum, term: SummedTerm) -> Fix | None:
    """The reduction that sums, replaced by the mean where it is chosen."""
    if not trace.here(term.choice.site) or not found.is_one or not _only_wanted(trace, found):
        return None
    if any(tensor.masked for tensor in tensors(found.training.backward.objective)):
        return None  # a mean would count what the mask has set to zero
    if term.sum.kind is StepKind.REDUCED:
        return _method(trace, syntax, term.sum.site.place)
    return _argument(trace, syntax, term)


def _method(trace: Trace, syntax: Syntax, place: Place) -> Fix | None:
    """`.sum()` and `torch.sum(...)` with the name `mean`."""
    node = places.expression(trace, place)
    match node:
        case ast.Call(func=ast.Attribute(attr="sum"), keywords=keywords) if not branches.chosen_by_name(syntax, node):
            if any(keyword.arg == "dtype" for keyword in keywords):
                return None
            return Fix(
                Safety.UNSAFE,
                f"Replace the sum by `{_called(syntax, node)}`.",
                expressions.renamed(syntax, node, "mean"),
            )
    return None


def _called(syntax: Syntax, node: ast.Call) -> str:
    """`torch.mean` for a function of a module, `.mean()` for a method."""
    function = node.func
    if isinstance(function, ast.Attribute) and isinstance(function.value, ast.Name) and function.value.id == "torch":
        return "torch.mean"
    return ".mean()"


def _argument(trace: Trace, syntax: Syntax, term: SummedTerm) -> Fix | None:
    """`reduction="mean"` where the loss is given "sum"; None where it is called in more than one way."""
    calls = calls_at(trace, term.choice.site.place)
    match = trace.loss(calls[0].loss) if calls else None
    if match is None or any(call.loss != calls[0].loss for call in calls):
        return None
    # The mean of a divergence divides by its classes too.
    word = "batchmean" if match.row.divergence else "mean"
    given = calls[0].argument(match.row.parameter)
    node = places.expression(trace, given.place) if given is not None and given.literal else None
    if not isinstance(node, ast.Constant) or node.value != "sum" or word not in match.row.reductions:
        return None
    message = f'Write `{match.row.parameter}="{word}"`, and tune the learning rate again.'
    return Fix(Safety.UNSAFE, message, expressions.replaced(syntax, node, respelled(syntax, node, word)))


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
