"""The fix of a mean that counts what a mask has set to zero, LF203: the sum over the number of what it keeps.

The mask is expanded to the shape of the loss first: one of shape (B, 1) counts each of its elements once, and a loss of
shape (B, D) has D of them.
"""

from __future__ import annotations

import ast

from lossflow.catalog.names import means_mask
from lossflow.domain.trace import Step, StepKind, Trace
from lossflow.edits import expressions
from lossflow.edits.syntax import Syntax
from lossflow.findings import Fix, Safety
from lossflow.rules.fixes import places


def fix(trace: Trace, step: Step) -> Fix | None:
    """The masked mean at `step`; None where the mask, or the loss in its own shape, has no name there."""
    syntax = places.syntax(trace)
    mean = places.expression(trace, step.site.place)
    if syntax is None or step.masked is None or not trace.here(step.masked) or step.kind is not StepKind.AVERAGED:
        return None
    averaged = _averaged(mean)
    product = syntax.node(trace.span(step.masked.place))
    mask = _mask(syntax, product)
    shape = _shape(syntax, averaged, product) if averaged is not None else None
    if mean is None or averaged is None or product is None or mask is None or shape is None:
        return None
    if not syntax.same_block(product, mean) or not syntax.unchanged(product, mean, of=f"{mask} {shape}"):
        return None  # under an option, the mean counts the masked elements only where they are masked
    total = f"{expressions.as_primary(syntax, averaged)}.sum()"
    content = f"{total} / {mask}.expand_as({shape}).sum().clamp(min=1)"
    message = "Divide the sum by the number of elements that the mask keeps, and tune the learning rate again."
    return Fix(Safety.UNSAFE, message, expressions.quotient(syntax, mean, content))


def _averaged(mean: ast.expr | None) -> ast.expr | None:
    """What a mean over all elements is taken of."""
    match mean:
        case ast.Call(func=ast.Attribute(value=ast.Name(id="torch"), attr="mean"), args=[averaged], keywords=[]):
            return averaged
        case ast.Call(func=ast.Attribute(value=averaged, attr="mean"), args=[], keywords=[]):
            return averaged
    return None


def _mask(syntax: Syntax, product: ast.AST | None) -> str | None:
    """The mask of a product as an operand; None where it isn't clear which factor that is."""
    match product:
        case ast.BinOp(left=left, op=ast.Mult(), right=right):
            masks = [node for node in (left, right) if _is_mask(node)]
            return expressions.as_primary(syntax, masks[0]) if len(masks) == 1 else None
        case ast.AugAssign(op=ast.Mult(), value=value):
            return expressions.as_primary(syntax, value)
        case ast.Call(func=ast.Attribute(attr="masked_fill"), args=[dropped, ast.Constant(value=0)], keywords=[]):
            return f"(~{expressions.as_primary(syntax, dropped)})"
    return None


def _is_mask(node: ast.expr) -> bool:
    """True for an expression that is made of a mask, or of a comparison."""
    for each in ast.walk(node):
        match each:
            case ast.Name(id=name) | ast.Attribute(attr=name) if means_mask(name) or name in ("ne", "eq"):
                return True
            case ast.Compare():
                return True
    return False


def _shape(syntax: Syntax, averaged: ast.expr, product: ast.AST | None) -> str | None:
    """A name of a tensor in the shape of what is averaged: the masked loss, or the loss before it was masked."""
    if isinstance(averaged, ast.Name):
        parent = syntax.parent(product) if product is not None else None
        match product if isinstance(product, ast.AugAssign) else parent:
            case ast.AugAssign(target=ast.Name(id=name)) | ast.Assign(targets=[ast.Name(id=name)]):
                return name if name == averaged.id else None
    elif averaged is product and isinstance(averaged, ast.BinOp):
        loss = [node for node in (averaged.left, averaged.right) if not _is_mask(node)]
        return loss[0].id if len(loss) == 1 and isinstance(loss[0], ast.Name) else None
    return None
