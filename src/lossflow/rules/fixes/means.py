"""The mean in place of a sum over the batch: another method, or another reduction of a loss."""

from __future__ import annotations

import ast

from lossflow.domain.trace import LossCall, StepKind, Trace
from lossflow.domain.values import Const
from lossflow.edits import expressions
from lossflow.edits.strings import respelled
from lossflow.edits.syntax import Syntax
from lossflow.findings import Fix, Safety
from lossflow.rules.arguments import LEGACY, legacy_arguments
from lossflow.rules.fixes import branches, literals, places, wanted
from lossflow.rules.fixes.calls import written_call
from lossflow.rules.reductions import tensors
from lossflow.rules.scale import Sum, SummedTerm, sums
from lossflow.source import Edit


def mean(trace: Trace, syntax: Syntax, found: Sum) -> Fix | None:
    """The reduction that sums, replaced by the mean where it is chosen."""
    if not _is_wanted(trace, found):
        return None
    term = found.terms[0]
    if term.sum.kind is StepKind.REDUCED:
        return None if _beside(trace, syntax, term) else _method(syntax, places.expression(trace, term.sum.site.place))
    return _reduction(trace, syntax, term)


def _beside(trace: Trace, syntax: Syntax, term: SummedTerm) -> tuple[ast.Call, ...]:
    """The sums that other branches have in the place of this one."""
    node = places.expression(trace, term.sum.site.place)
    return () if node is None else branches.summed_beside(trace, syntax, node, term.choice.site.place)


def _is_wanted(trace: Trace, found: Sum) -> bool:
    """True where the mean mends all that the sum does wrong, and does nothing else."""
    if not found.is_one or not wanted.only_wanted(trace, found):
        return False
    # A mean would count what the mask has set to zero.
    return not any(tensor.masked for tensor in tensors(found.training.backward.objective))


def _method(syntax: Syntax, node: ast.expr | None) -> Fix | None:
    """`.sum()` and `torch.sum(...)` with the name `mean`."""
    match node:
        case ast.Call(func=ast.Attribute(attr="sum"), keywords=keywords) if not branches.chosen_by_name(syntax, node):
            if any(keyword.arg == "dtype" for keyword in keywords):
                return None
            edits = expressions.renamed(syntax, node, "mean")
            return Fix(Safety.UNSAFE, f"Replace the sum by `{_called(node)}`.", edits)
    return None


def _called(node: ast.Call) -> str:
    """`torch.mean` for a function of a module, `.mean()` for a method."""
    function = node.func
    if isinstance(function, ast.Attribute) and isinstance(function.value, ast.Name) and function.value.id == "torch":
        return "torch.mean"
    return ".mean()"


# --- the reduction of a loss --------------------------------------------------------------------------------------


def _reduction(trace: Trace, syntax: Syntax, term: SummedTerm) -> Fix | None:
    """`reduction="mean"` for a loss, wherever it is told to sum, and for those in its place in other branches."""
    event = literals.loss_call(trace, term)
    if event is None:
        return None
    averaged = _averaged(trace, syntax, event, literals.reader(trace, term))
    if averaged is None:
        return None
    content, edits = averaged
    for call in _beside(trace, syntax, term):
        found = [each for each in trace.events if isinstance(each, LossCall) and _stands_at(trace, each, call, syntax)]
        also = _averaged(trace, syntax, found[0], literals.argument(trace, found[0])) if found else None
        if also is None:
            return None
        edits += also[1]
    message = f"Write `{content}`, and tune the learning rate again."
    return Fix(Safety.UNSAFE, message, tuple(dict.fromkeys(edits)))


def _stands_at(trace: Trace, event: LossCall, call: ast.Call, syntax: Syntax) -> bool:
    return trace.here(event.site) and trace.span(event.site.place) == syntax.span(call)


def _averaged(
    trace: Trace, syntax: Syntax, event: LossCall, reader: ast.expr | None
) -> tuple[str, tuple[Edit, ...]] | None:
    """What is to be written so that the loss averages, and where; `reader` is what it has its reduction from."""
    match = trace.loss(event.loss)
    # The mean of a divergence divides by its classes too.
    word = "batchmean" if match is not None and match.row.divergence else "mean"
    if match is None or word not in match.row.reductions:
        return None
    parameter = match.row.parameter
    if event.argument(parameter) is None or legacy_arguments(trace, event):
        edits = _given(trace, event, word)
        return None if edits is None else (f'{parameter}="{word}"', edits)
    readers = [] if isinstance(reader, ast.Constant) else _readers(trace)
    found = literals.sums(syntax, reader, parameter, readers) if reader is not None else None
    if found is None:
        return None
    constant = isinstance(reader, ast.Name) and isinstance(syntax.parent(found[0]), (ast.Assign, ast.AnnAssign))
    content = f'{syntax.text(reader)} = "{word}"' if constant and reader is not None else f'{parameter}="{word}"'
    return content, tuple(Edit(syntax.span(each), respelled(syntax, each, word)) for each in found)


def _given(trace: Trace, event: LossCall, word: str) -> tuple[Edit, ...] | None:
    """The reduction given to a loss that sums by its legacy arguments, or by default."""
    call = written_call(trace, event)
    legacy = [bound for name in LEGACY if (bound := event.argument(name)) is not None]
    if call is None or not all(bound.literal for bound in legacy) or event.reduction != Const("sum"):
        return None
    nodes = [call.argument(bound.name) for bound in legacy]
    instead = tuple(node for node in nodes if node is not None)
    return call.given(call.quoted(word), instead=instead) if len(instead) == len(legacy) else None


def _readers(trace: Trace) -> list[ast.expr]:
    """The expressions of all losses that are to become means."""
    means = [found for found in sums(trace) if not found.unfollowed and _is_wanted(trace, found)]
    readers = [literals.reader(trace, found.terms[0]) for found in means]
    return [node for node in readers if node is not None]
