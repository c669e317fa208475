"""The fix of a mask on a reduced loss, LF204: the loss is left unreduced, and its masked sum divided by the mask's.

It is offered where the mask surely has the shape of the unreduced loss, as one that is made of the targets has: a mask
of shape (B, 1) would make a (B, B) of a loss of shape (B,).
"""

from __future__ import annotations

import ast

from lossflow.domain.trace import Step, StepKind, Trace
from lossflow.domain.values import Tensor, Term
from lossflow.edits import expressions
from lossflow.edits.syntax import Syntax
from lossflow.findings import Fix, Safety
from lossflow.rules.fixes import places, reductions, shapes
from lossflow.rules.fixes.masked_means import mean_at, without_constant
from lossflow.source import Edit

_SHAPED_LIKE_TARGETS = frozenset(
    {
        "CrossEntropyLoss", "NLLLoss", "MSELoss", "L1Loss", "SmoothL1Loss", "HuberLoss", "BCELoss", "BCEWithLogitsLoss",
        "PoissonNLLLoss", "SoftMarginLoss", "cross_entropy", "nll_loss", "mse_loss", "l1_loss", "smooth_l1_loss",
        "huber_loss", "binary_cross_entropy", "binary_cross_entropy_with_logits", "poisson_nll_loss",
        "soft_margin_loss",
    }
)  # fmt: skip
"""Losses of torch that have, unreduced, a value for each element of their targets, which are their second argument."""
_REDUCING = (StepKind.COMPUTED, StepKind.REDUCED, StepKind.AVERAGED)


def fix(trace: Trace, tensor: Tensor, step: Step) -> Fix | None:
    """`reduction="none"` at the loss and a masked mean, where nothing else uses the loss; `step` masks it."""
    syntax = places.syntax(trace)
    term = next(each for each in tensor.terms if step in each.trail)
    before = term.trail[: term.trail.index(step)]
    computed = next((each for each in reversed(before) if each.kind in _REDUCING), None)
    if syntax is None or computed is None or computed.kind is not StepKind.COMPUTED or not trace.here(computed.site):
        return None
    made, call = places.expression(trace, computed.site.place), reductions.choice(trace, computed.site.place)
    if made is None or call is None or not trace.here(step.site):
        return None
    mask = _factor_beside(syntax.node(trace.span(step.site.place)), reductions.only_use(syntax, made))
    if mask is None or not _fits(syntax, computed, made, mask):
        return None
    unreduced, mean = reductions.given(call, "none"), _masked_mean(trace, syntax, term, step, mask)
    if unreduced is None or mean is None:
        return None
    message = 'Write `reduction="none"`, take the mean of what the mask keeps, and tune the learning rate again.'
    return Fix(Safety.UNSAFE, message, (*unreduced, *mean))


def _factor_beside(product: ast.AST | None, loss: ast.expr | None) -> ast.expr | None:
    """What the loss is multiplied by."""
    match product:
        case ast.BinOp(left=left, op=ast.Mult(), right=right) if loss in (left, right):
            return right if loss is left else left
        case ast.Call(func=ast.Attribute(value=owner, attr="mul"), args=[factor]) if owner is loss:
            return factor
    return None


def _fits(syntax: Syntax, computed: Step, made: ast.expr, mask: ast.expr) -> bool:
    """True for a mask that has the shape of the targets, and so of the unreduced loss."""
    if computed.loss.rpartition(".")[2] not in _SHAPED_LIKE_TARGETS or not computed.loss.startswith("torch."):
        return False
    match made:
        case ast.Call(args=[_, target, *_]) if not any(isinstance(each, ast.Starred) for each in made.args):
            wanted = shapes.origin(syntax, target, mask)
            return wanted is not None and wanted == shapes.origin(syntax, mask, mask)
    return False


def _masked_mean(trace: Trace, syntax: Syntax, term: Term, step: Step, mask: ast.expr) -> tuple[Edit, ...] | None:
    """The edits that make a masked mean of what reduces the product; none where it is one already."""
    later = term.trail[term.trail.index(step) + 1 :]
    again = next((each for each in later if each.kind in (StepKind.REDUCED, StepKind.AVERAGED)), None)
    node = places.expression(trace, again.site.place) if again is not None else None
    if again is None or node is None or not trace.here(again.site):
        return None
    if not _is_of_product(syntax, node, syntax.node(trace.span(step.site.place))):
        return None
    if any(each.kind is StepKind.ADDED for each in later[: later.index(again)]):
        return None  # what is added to the product is not masked, or by the mask of another round
    scaled = [each for each in later if each.kind is StepKind.SCALED]
    if len(scaled) == 1 and again.kind is StepKind.REDUCED and _divides_by_mask(trace, syntax, scaled[0], mask):
        return ()
    if scaled or not syntax.unchanged(mask, node, of=syntax.text(mask)):
        return None
    count = f"{expressions.as_primary(syntax, mask)}.sum().clamp(min=1)"
    mean = mean_at(syntax, node)
    if again.kind is StepKind.AVERAGED and mean is not None:
        return expressions.quotient_of(syntax, mean.node, mean.averaged, ".sum()", count)
    whole = isinstance(node, ast.Call) and not node.keywords and len(node.args) == int(_is_function(node))
    return expressions.divided(syntax, node, count) if again.kind is StepKind.REDUCED and whole else None


def _is_of_product(syntax: Syntax, node: ast.expr, product: ast.AST | None) -> bool:
    """True for a reduction of the product alone, which nothing else reads: as it is, or under a name."""
    match node:
        case ast.Call(func=ast.Attribute(value=ast.Name(id="torch")), args=[operand, *_]):
            reduced = without_constant(operand)
        case ast.Call(func=ast.Attribute(value=operand)):
            reduced = without_constant(operand)
        case _:
            return False
    statement = syntax.statement(product) if product is not None else None
    match reduced, statement:
        case ast.Name(id=name), ast.Assign(targets=[ast.Name(id=assigned)], value=value) if name == assigned:
            return without_constant(value) is product and reductions.later_reads(syntax, statement, name) == [reduced]
    return reduced is product


def _is_function(node: ast.Call) -> bool:
    """True for `torch.sum(x)`."""
    match node.func:
        case ast.Attribute(value=ast.Name(id="torch")):
            return True
    return False


def _divides_by_mask(trace: Trace, syntax: Syntax, step: Step, mask: ast.expr) -> bool:
    """True for a division by the sum of the mask, which may be kept from being zero."""
    node = syntax.node(trace.span(step.site.place)) if trace.here(step.site) else None
    match node:
        case ast.BinOp(op=ast.Div(), right=divisor) | ast.AugAssign(op=ast.Div(), value=divisor):
            return _is_sum_of(syntax, divisor, mask, node)
    return False


def _is_sum_of(syntax: Syntax, node: ast.expr, mask: ast.expr, until: ast.expr | ast.AugAssign) -> bool:
    match node:
        case ast.Call(func=ast.Attribute(value=ast.Name(id="torch"), attr="sum"), args=[summed], keywords=[]):
            return _is_same_mask(syntax, summed, mask)
        case ast.Call(func=ast.Attribute(value=summed, attr="sum"), args=[], keywords=[]):
            return _is_same_mask(syntax, summed, mask)
        case ast.Call(func=ast.Attribute(value=total, attr="clamp" | "clamp_min" | "item" | "float")):
            return _is_sum_of(syntax, total, mask, until)
        case ast.Call(func=ast.Name(id="max"), args=[total, ast.Constant()]):
            return _is_sum_of(syntax, total, mask, until)
        case ast.BinOp(left=total, op=ast.Add(), right=ast.Constant(value=float())):
            return _is_sum_of(syntax, total, mask, until)
        case ast.Name() if isinstance(until, ast.expr):
            value = shapes.assigned(syntax, node, until)
            return value is not None and not isinstance(value, ast.Name) and _is_sum_of(syntax, value, mask, until)
    return False


def _is_same_mask(syntax: Syntax, summed: ast.expr, mask: ast.expr) -> bool:
    return syntax.text(shapes.without_casts(summed)) == syntax.text(shapes.without_casts(mask))
