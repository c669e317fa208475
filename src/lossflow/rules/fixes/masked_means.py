"""The fix of a mean that counts what a mask has set to zero, LF203: the sum over the number of what it keeps.

The mask is expanded to the shape of the loss first: one of shape (B, 1) counts each of its elements once, and a loss of
shape (B, D) has D of them. A masked loss that has no name gets one, on a line of its own.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass

from lossflow.domain.trace import Site, Step, StepKind, Trace
from lossflow.edits import expressions, hoisting
from lossflow.edits.syntax import Syntax
from lossflow.findings import Fix, Safety
from lossflow.rules.fixes import places, reductions, shapes
from lossflow.rules.fixes.masks import Masking, is_made_of_a_mask, masking
from lossflow.source import Edit, Span

SPARE_NAMES = ("losses", "masked_losses", "elementwise")
_MESSAGE = "Divide the sum by the number of elements that the mask keeps, and tune the learning rate again."


@dataclass(frozen=True, slots=True)
class Mean:
    """A mean over all elements of `averaged`, written as `node`."""

    node: ast.expr
    averaged: ast.expr


def fix(trace: Trace, step: Step) -> Fix | None:
    """The masked mean at `step`; None where it isn't clear what is masked, or whether it is."""
    syntax = places.syntax(trace)
    if syntax is None or step.masked is None or not trace.here(step.masked) or not trace.here(step.site):
        return None
    if step.kind is StepKind.COMPUTED:
        return _of_masked_arguments(trace, syntax, step, step.masked)
    mean = mean_at(syntax, places.expression(trace, step.site.place))
    masked = masking(trace, syntax, step.masked.place)
    if mean is None or masked is None or not syntax.same_block(masked.node, mean.node):
        return None  # under an option, the mean counts the masked elements only where they are masked
    edits = _masked_mean(syntax, mean, masked)
    return Fix(Safety.UNSAFE, _MESSAGE, edits) if edits is not None else None


def of_unreduced(trace: Trace, node: ast.expr, masked_at: Site, computed: Step | None) -> Fix | None:
    """The masked mean of a loss that nobody reduces, where it is used."""
    syntax, mean = places.syntax(trace), Mean(node, node)
    if syntax is None or not trace.here(masked_at):
        return None
    if computed is not None and computed.site == masked_at:
        edits = _without_ignored(trace, syntax, mean, computed)
        return (
            Fix(Safety.UNSAFE, 'Write `reduction="mean"`, which counts no ignored targets.', edits) if edits else None
        )
    masked = masking(trace, syntax, masked_at.place)
    if masked is None or not syntax.same_block(masked.node, node):
        return None
    edits = _masked_mean(syntax, mean, masked)
    return Fix(Safety.UNSAFE, "Take the mean of the elements that the mask keeps.", edits) if edits else None


def _of_masked_arguments(trace: Trace, syntax: Syntax, step: Step, masked_at: Site) -> Fix | None:
    """The sum of a loss whose arguments are both masked, over the number of elements that the mask keeps."""
    masked, call = masking(trace, syntax, masked_at.place), reductions.choice(trace, step.site.place)
    loss = places.expression(trace, step.site.place)
    if loss is None or call is None or masked is None or not call.match.row.elementwise:
        return None  # of a value for each example, the mask keeps another number than of elements
    shape = _shape_of_arguments(syntax, loss, masked)
    edits = reductions.given(call, "sum")
    if edits is None or shape is None:
        return None
    return Fix(Safety.UNSAFE, _MESSAGE, (*edits, *expressions.divided(syntax, loss, masked.count(shape))))


def _shape_of_arguments(syntax: Syntax, loss: ast.expr, masked: Masking) -> str | None:
    """The name of an argument of the loss, provided that the same mask has masked the other one, too."""
    if masked.node is loss:
        return masked.loss.id if isinstance(masked.loss, ast.Name) else None
    match loss:
        case ast.Call(args=[ast.Name(id=first), ast.Name() as second, *_]) if first == masked.result(syntax):
            other = shapes.assigned(syntax, second, loss)
            factors = (other.left, other.right) if isinstance(other, ast.BinOp) else ()
            same = masked.keeps in [expressions.as_primary(syntax, each) for each in factors]
            stays = syntax.unchanged(masked.node, loss, of=f"{masked.keeps} {first}")
            return first if same and stays and syntax.same_block(masked.node, loss) else None
    return None


def of_ignored(trace: Trace, step: Step, computed: Step) -> Fix | None:
    """`reduction="mean"` at a loss that leaves targets out, for a mean of its own that counts them."""
    syntax = places.syntax(trace)
    mean = mean_at(syntax, places.expression(trace, step.site.place)) if syntax is not None else None
    edits = _without_ignored(trace, syntax, mean, computed) if syntax is not None and mean is not None else None
    message = 'Write `reduction="mean"`, which counts no ignored targets, and tune the learning rate again.'
    return Fix(Safety.UNSAFE, message, edits) if edits is not None else None


def _without_ignored(trace: Trace, syntax: Syntax, mean: Mean, computed: Step) -> tuple[Edit, ...] | None:
    """The mean taken by the loss, where nothing else uses what it returns; none of its own is left."""
    made, call = places.expression(trace, computed.site.place), reductions.choice(trace, computed.site.place)
    if made is None or call is None or call.event.argument("weight") is not None:
        return None  # the mean of weighted losses divides by the weights
    edits = reductions.given(call, "mean")
    if edits is None or reductions.only_use(syntax, made) is not mean.averaged:
        return None
    return (*edits, *_left_out(syntax, mean))


def _left_out(syntax: Syntax, mean: Mean) -> tuple[Edit, ...]:
    """What is averaged alone, without the mean; `loss = loss.mean()` goes as a whole."""
    parent = syntax.parent(mean.node)
    if isinstance(parent, ast.Assign) and [syntax.text(each) for each in parent.targets] == [
        syntax.text(mean.averaged)
    ]:
        line = expressions.without_statement(syntax, parent)
        if line is not None:
            return (line,)
    whole, kept = syntax.span(mean.node), syntax.parenthesised(mean.averaged)
    edits = (Edit(Span(whole.start, kept.start), ""), Edit(Span(kept.end, whole.end), ""))
    return tuple(edit for edit in edits if edit.span.start < edit.span.end)


def mean_at(syntax: Syntax, node: ast.expr | None) -> Mean | None:
    """The mean over all elements that is written at, or around, a call; means of means of equal size are one."""
    match node:
        case ast.BinOp(left=ast.Call(func=ast.Attribute(value=averaged, attr="sum"), args=[], keywords=[]) as total):
            if isinstance(node.op, ast.Div) and total is node.left and not _is_torch(averaged):
                return _over_its_size(syntax, node, averaged)
        case ast.Call(func=ast.Attribute(value=ast.Name(id="torch"), attr="mean"), args=[averaged, *rest]):
            return _outermost(syntax, node, averaged, partial=bool(rest or node.keywords))
        case ast.Call(func=ast.Attribute(value=averaged, attr="mean"), args=args):
            return _outermost(syntax, node, averaged, partial=bool(args or node.keywords))
    return None


def _over_its_size(syntax: Syntax, node: ast.BinOp, averaged: ast.expr) -> Mean | None:
    """`loss.sum() / loss.numel()`: the size of another tensor may be fewer elements than are added up."""
    match node.right:
        case ast.Call(func=ast.Attribute(value=counted, attr="numel" | "nelement"), args=[], keywords=[]):
            factors = (averaged.left, averaged.right) if isinstance(averaged, ast.BinOp) else ()
            same = syntax.text(counted) in [
                syntax.text(each) for each in (averaged, *factors) if not is_made_of_a_mask(each)
            ]
            return Mean(node, averaged) if same else None
    return None


def _is_torch(node: ast.expr) -> bool:
    return isinstance(node, ast.Name) and node.id == "torch"


def _outermost(syntax: Syntax, node: ast.Call, averaged: ast.expr, *, partial: bool) -> Mean | None:
    """The mean over all elements: of a mean over some dimensions the mean over the others must follow."""
    if not partial:
        return Mean(node, averaged)
    parent = syntax.parent(node)
    around = syntax.parent(parent) if isinstance(parent, ast.Attribute) else parent
    match around:
        case ast.Call(func=ast.Attribute(value=value, attr="mean"), args=[], keywords=[]) if value is node:
            return Mean(around, averaged)
        case ast.Call(func=ast.Attribute(value=ast.Name(id="torch"), attr="mean"), args=[only], keywords=[]):
            return Mean(around, averaged) if only is node else None
    return None


def _masked_mean(syntax: Syntax, mean: Mean, masked: Masking) -> tuple[Edit, ...] | None:
    """The sum of what is averaged, over the number of elements that the mask keeps."""
    shape = _shape(syntax, mean.averaged, masked)
    if shape is not None:
        if not syntax.unchanged(masked.node, mean.node, of=f"{masked.keeps} {shape}"):
            return None
        return expressions.quotient_of(syntax, mean.node, mean.averaged, ".sum()", masked.count(shape))
    if not _is_factor(syntax, masked.node, mean.averaged):
        return None
    name = hoisting.name_for(syntax, mean.averaged, mean.node, SPARE_NAMES)
    before = hoisting.assigned_before(syntax, mean.averaged, name) if name is not None else None
    if name is None or before is None or _uses(masked.keeps, name):
        return None
    return (*before, *expressions.quotient(syntax, mean.node, f"{name}.sum() / {masked.count(name)}"))


def _uses(text: str, name: str) -> bool:
    """True where an expression mentions a name, to which something else is about to be assigned."""
    return any(isinstance(each, ast.Name) and each.id == name for each in ast.walk(ast.parse(text, mode="eval")))


def _shape(syntax: Syntax, averaged: ast.expr, masked: Masking) -> str | None:
    """A name of a tensor in the shape of what is averaged: the masked loss, or the loss before it was masked."""
    named = without_constant(averaged)
    if isinstance(named, ast.Name):
        return named.id if masked.result(syntax) == named.id else None
    if averaged is masked.node and isinstance(masked.loss, ast.Name):
        return masked.loss.id
    return None


def without_constant(node: ast.expr) -> ast.expr:
    """`losses` for `0.5 * losses`."""
    match node:
        case ast.BinOp(left=ast.Constant(), op=ast.Mult(), right=other):
            return other
        case ast.BinOp(left=other, op=ast.Mult() | ast.Div(), right=ast.Constant()):
            return other
    return node


def _is_factor(syntax: Syntax, node: ast.AST, product: ast.expr) -> bool:
    """True where the one is the other, or a factor of it."""
    if node is product:
        return True
    match syntax.parent(node):
        case ast.BinOp(op=ast.Mult() | ast.Div()) as around:
            return _is_factor(syntax, around, product)
    return False
