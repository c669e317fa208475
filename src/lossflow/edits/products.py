"""A product or a quotient, in any of its forms, without one of its factors."""

from __future__ import annotations

import ast

from lossflow.edits import expressions
from lossflow.edits.syntax import Syntax
from lossflow.source import Edit, Span

_METHODS = {"mul": ast.Mult, "multiply": ast.Mult, "div": ast.Div, "divide": ast.Div}
_STANDS_ALONE = (ast.Assign, ast.AnnAssign, ast.AugAssign, ast.Return, ast.keyword)
"""What a sum needs no parentheses in."""

Product = ast.expr | ast.AugAssign


def factors(node: Product | None) -> tuple[ast.expr, ...]:
    """The two factors of a product; empty for anything else."""
    operator, operands = _parts(node)
    return operands if operator is ast.Mult else ()


def divisor(node: Product | None) -> ast.expr | None:
    """What a quotient is divided by."""
    operator, operands = _parts(node)
    return operands[1] if operator is ast.Div else None


def is_reciprocal(node: ast.expr) -> bool:
    """True for `1 / n`."""
    match node:
        case ast.BinOp(left=ast.Constant(value=1), op=ast.Div()):
            return True
    return False


def without(syntax: Syntax, node: Product, left_out: ast.expr) -> tuple[Edit, ...] | None:
    """The product without one of its operands: `loss *= n` goes as a whole, as does `loss = loss * n`.

    None where that would leave an empty block.
    """
    (kept,) = (each for each in _parts(node)[1] if each is not left_out)
    parent = syntax.parent(node)
    if isinstance(node, ast.AugAssign):
        line = expressions.without_statement(syntax, node)
    elif isinstance(parent, ast.Assign) and [*map(syntax.text, parent.targets)] == [syntax.text(kept)]:
        line = expressions.without_statement(syntax, parent)
    else:
        return _only(syntax, node, kept)
    return None if line is None else (line,)


def _parts(node: Product | None) -> tuple[type[ast.operator] | None, tuple[ast.expr, ...]]:
    """Multiplication or division, and its two operands."""
    match node:
        case ast.BinOp(left=left, op=(ast.Mult() | ast.Div()) as operator, right=right):
            return type(operator), (left, right)
        case ast.AugAssign(target=left, op=(ast.Mult() | ast.Div()) as operator, value=right):
            return type(operator), (left, right)
        case ast.Call(func=ast.Attribute(value=ast.Name(id="torch"), attr=name), args=[left, right], keywords=[]):
            return _METHODS.get(name), (left, right)
        case ast.Call(func=ast.Attribute(value=left, attr=name), args=[right], keywords=[]):
            return _METHODS.get(name), (left, right)
    return None, ()


def _only(syntax: Syntax, node: ast.expr, kept: ast.expr) -> tuple[Edit, ...]:
    """The edits that leave nothing of a product but one operand, without parentheses that it needs no more."""
    whole, rest = syntax.parenthesised(node), syntax.parenthesised(kept)
    if whole == syntax.span(node) or not expressions.is_primary(kept):
        whole = syntax.span(node)
    if isinstance(syntax.parent(node), _STANDS_ALONE) and isinstance(kept, ast.BinOp) and "\n" not in syntax.text(kept):
        rest = syntax.span(kept)
    edits = (Edit(Span(whole.start, rest.start), ""), Edit(Span(rest.end, whole.end), ""))
    return tuple(edit for edit in edits if edit.span.start < edit.span.end)
