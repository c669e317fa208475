"""How elements of a loss are set to zero, as it is written: `loss * mask`, `loss[padding] = 0`, and what that keeps."""

from __future__ import annotations

import ast
from dataclasses import dataclass

from lossflow.catalog.names import means_mask
from lossflow.domain.trace import Applied, LossCall, Place, Trace
from lossflow.edits import expressions
from lossflow.edits.syntax import Syntax
from lossflow.rules.fixes import names, shapes

_PRODUCTS = ("mul", "multiply", "mul_")
_FILLS = ("masked_fill", "masked_fill_")
_ZEROS = ("zeros_like", "new_zeros", "zeros")


@dataclass(frozen=True, slots=True)
class Masking:
    """What masks a loss. `keeps` is true, or 1, for the elements that count: an operand, or (`index`) a subscript."""

    node: ast.expr | ast.AugAssign
    loss: ast.expr | None
    keeps: str
    index: bool = False

    def count(self, shape: str) -> str:
        """The number of elements that count in a tensor of the loss's shape, at least 1.

        A mask of shape (B, 1) counts D times in a loss of shape (B, D); so does a subscript of shape (B,).
        """
        if self.index:
            return f"torch.ones_like({shape})[{self.keeps}].sum().clamp(min=1)"
        return f"{self.keeps}.expand_as({shape}).sum().clamp(min=1)"

    def result(self, syntax: Syntax) -> str | None:
        """The name that the masked loss is given by the statement that masks it."""
        match self.node:
            case ast.AugAssign(target=ast.Name(id=name)) | ast.Subscript(value=ast.Name(id=name)):
                return name
            case ast.Call(func=ast.Attribute(value=ast.Name(id=name), attr=attribute)) if attribute.endswith("_"):
                return name
        match syntax.parent(self.node):
            case ast.Assign(targets=[ast.Name(id=name)]):
                return name
        return None


def masking(trace: Trace, syntax: Syntax, place: Place) -> Masking | None:
    """The masking at a place; None where it isn't clear what is the mask, or where another one comes before it."""
    found = _masking(trace, syntax, syntax.node(trace.span(place)))
    return None if found is None or _is_masked_before(trace, syntax, found) else found


def _is_masked_before(trace: Trace, syntax: Syntax, masked: Masking) -> bool:
    """True for a loss that has its name from another masking: the two keep fewer elements than the second one."""
    if not isinstance(masked.loss, ast.Name):
        return False
    name, here = masked.loss.id, syntax.span(masked.node).start
    before = [
        each
        for each in ast.walk(syntax.scope(masked.node))
        if isinstance(each, (ast.expr, ast.stmt)) and syntax.span(each).end <= here
    ]
    begin = max((syntax.span(each).start for each in before if _begins(syntax, each, masked, name)), default=0)
    found = (
        _masking(trace, syntax, each) for each in before if syntax.span(each).start >= begin and is_made_of_a_mask(each)
    )
    return any(each is not None and each.result(syntax) == name for each in found)


def _begins(syntax: Syntax, node: ast.AST, masked: Masking, name: str) -> bool:
    """True for a statement that gives the name, whenever the loss is masked, what has nothing of its old value."""
    match node:
        case ast.Assign(targets=[ast.Name(id=assigned)], value=value) if assigned == name:
            used = any(isinstance(each, ast.Name) and each.id == name for each in ast.walk(value))
            return not used and syntax.same_block(node, masked.node)
    return False


def _masking(trace: Trace, syntax: Syntax, node: ast.AST | None) -> Masking | None:
    """The masking that is written as `node`."""
    match node:
        case ast.BinOp(left=left, op=ast.Mult(), right=right):
            return _of_both(syntax, node) or _product(trace, syntax, node, (left, right))
        case ast.AugAssign(op=ast.Mult(), target=target, value=value):
            return Masking(node, target, expressions.as_primary(syntax, value))
        case ast.Subscript(value=loss, slice=index, ctx=ast.Store()) if not isinstance(
            index, (ast.Tuple, ast.Slice, ast.Constant)
        ):
            counted = names.is_imported(syntax, "torch")
            return Masking(node, loss, _opposite(syntax, index), index=True) if counted else None
        case ast.Call(func=ast.Attribute(value=owner, attr=name), args=args, keywords=[]):
            return _call(trace, syntax, node, owner, name, args)
    return None


def _call(
    trace: Trace, syntax: Syntax, node: ast.Call, owner: ast.expr, name: str, args: list[ast.expr]
) -> Masking | None:
    """A method of the loss, or a function of torch."""
    operands = args if isinstance(owner, ast.Name) and owner.id == "torch" else [owner, *args]
    match name, operands:
        case _, [loss, factor] if name in _PRODUCTS:
            return _product(trace, syntax, node, (loss, factor))
        case _, [loss, dropped, zero] if name in _FILLS and _is_zero(zero):
            return Masking(node, loss, _operand(syntax, dropped, opposite=True))
        case "where", [condition, loss, zero] if operands is args and _is_zero(zero):
            return Masking(node, loss, _operand(syntax, condition))
        case "where", [condition, zero, loss] if operands is args and _is_zero(zero):
            return Masking(node, loss, _operand(syntax, condition, opposite=True))
    return None


def _product(trace: Trace, syntax: Syntax, node: ast.expr, factors: tuple[ast.expr, ast.expr]) -> Masking | None:
    """The factor that is a mask by its words, or else the one beside a loss that is computed on the spot."""
    masks = [each for each in factors if is_made_of_a_mask(each)]
    losses = [each for each in factors if _holds_a_loss(trace, syntax, each)]
    if len(masks) != 1 and len(losses) != 1:
        return None
    mask = masks[0] if len(masks) == 1 else next(each for each in factors if each not in losses)
    loss = next(each for each in factors if each is not mask)
    return Masking(node, loss, expressions.as_primary(syntax, mask))


def _of_both(syntax: Syntax, product: ast.BinOp) -> Masking | None:
    """The masking of `loss(prediction * mask, target * mask)`, by the factor that both have."""
    call = syntax.parent(product)
    match call:
        case ast.Call(args=[first, ast.BinOp(op=ast.Mult()) as second, *_]) if first is product:
            factors, others = (product.left, product.right), (second.left, second.right)
            common = [each for each in others if syntax.text(each) in map(syntax.text, factors)]
            if len(common) == 1:
                operands = [each for each in (*others, *factors) if syntax.text(each) != syntax.text(common[0])]
                named = [each for each in operands if isinstance(each, ast.Name)]
                return Masking(call, named[0] if named else None, expressions.as_primary(syntax, common[0]))
    return None


def is_made_of_a_mask(node: ast.AST) -> bool:
    """True for what is made of a mask, or of a comparison."""
    for each in ast.walk(node):
        match each:
            case ast.Name(id=name) | ast.Attribute(attr=name) if means_mask(name) or name in ("ne", "eq"):
                return True
            case ast.Compare():
                return True
    return False


def _holds_a_loss(trace: Trace, syntax: Syntax, node: ast.expr) -> bool:
    """True where a loss of the catalogue is computed in the expression, or for the name of one."""
    value = shapes.assigned(syntax, node, node) if isinstance(node, ast.Name) else None
    spans = {syntax.span(each) for each in ast.walk(value or node) if isinstance(each, ast.Call)}
    return any(
        trace.here(event.site) and trace.span(event.site.place) in spans
        for event in trace.events
        if isinstance(event, (Applied, LossCall))
    )


def _is_zero(node: ast.expr) -> bool:
    """True for 0, and for a tensor of zeros."""
    match node:
        case ast.Constant(value=int() | float() as value):
            return value == 0
        case ast.Call(func=ast.Attribute(attr=name)):
            return name in _ZEROS
    return False


def _operand(syntax: Syntax, condition: ast.expr, *, opposite: bool = False) -> str:
    """The condition, or its opposite, as an operand."""
    if not opposite:
        return expressions.as_primary(syntax, condition)
    text = _opposite(syntax, condition)
    inner = condition.operand if isinstance(condition, ast.UnaryOp) else None
    return expressions.as_primary(syntax, inner) if inner is not None and syntax.text(inner) == text else f"({text})"


def _opposite(syntax: Syntax, condition: ast.expr) -> str:
    """`mask != 0` for `mask == 0`, `mask` for `~mask`, `~mask` for `mask`."""
    match condition:
        case ast.UnaryOp(op=ast.Invert(), operand=operand):
            return syntax.text(operand)
        case ast.Compare(left=left, ops=[ast.Eq() | ast.NotEq() as operator], comparators=[right]):
            symbol = "!=" if isinstance(operator, ast.Eq) else "=="
            return f"{syntax.text(left)} {symbol} {syntax.text(right)}"
    return f"~{expressions.as_primary(syntax, condition)}"
