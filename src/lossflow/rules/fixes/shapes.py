"""Whether two expressions surely have the same shape: where one is compared, cast or flattened as the other is."""

from __future__ import annotations

import ast

from lossflow.edits.syntax import Syntax
from lossflow.rules.fixes import names

_CASTS = frozenset(
    {"float", "double", "half", "long", "int", "bool", "to", "type", "type_as", "cuda", "cpu", "detach", "contiguous"}
)
_TESTS = frozenset({"isnan", "isfinite", "logical_not"})
_COMPARISONS = frozenset({"ne", "eq", "gt", "ge", "lt", "le"})
_FLATTENED = frozenset({"view", "reshape"})
_MAX_DEPTH = 8
"""Steps that are followed back from an expression."""


def origin(syntax: Syntax, node: ast.expr, until: ast.expr, depth: int = _MAX_DEPTH) -> str | None:
    """The text of what the shape of `node` comes from, with `.flatten()` where it has one dimension of it.

    None unless that is still what it was at `until`, where the shape is needed.
    """
    source = _unwrapped(syntax, node)
    if source is None and isinstance(node, ast.Name):
        value = assigned(syntax, node, until)
        if value is not None and _unwrapped(syntax, value) is not None:
            source = value
    if depth and source is not None:
        return origin(syntax, source, until, depth - 1)
    flat = _flattened(node)
    if flat is not None:
        inner = origin(syntax, flat, until, depth - 1) if depth else None
        return None if inner is None else f"{inner.removesuffix('.flatten()')}.flatten()"
    if not isinstance(node, (ast.Name, ast.Attribute, ast.Subscript)):
        return None
    text = syntax.text(node)
    return text if syntax.unchanged(node, until, of=text) else None


def assigned(syntax: Syntax, name: ast.Name, until: ast.expr) -> ast.expr | None:
    """What a name holds that its scope assigns to once, to everything it is made of too since then."""
    scope = syntax.scope(name)
    stores = [
        each
        for each in ast.walk(scope)
        if isinstance(each, ast.Name) and each.id == name.id and not isinstance(each.ctx, ast.Load)
    ]
    statement = syntax.parent(stores[0]) if len(stores) == 1 else None
    if not isinstance(statement, ast.Assign) or statement.targets != stores or syntax.scope(statement) is not scope:
        return None
    value = statement.value
    return value if syntax.unchanged(statement, until, of=syntax.text(value)) else None


def without_casts(node: ast.expr) -> ast.expr:
    """`mask` for `mask.float()`."""
    while isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in _CASTS:
        node = node.func.value
    return node


def _unwrapped(syntax: Syntax, node: ast.expr) -> ast.expr | None:
    """The operand of an elementwise operation that has nothing else with a shape."""
    match node:
        case ast.Compare(left=left, ops=[_], comparators=[right]) if _is_number(syntax, right):
            return left
        case ast.UnaryOp(op=ast.Invert(), operand=operand):
            return operand
        case ast.BinOp(left=ast.Constant(), op=ast.Sub(), right=right):
            return right
        case ast.Call(func=ast.Attribute(value=ast.Name(id="torch"), attr=name), args=[only]) if name in _TESTS:
            return only
        case ast.Call(func=ast.Attribute(value=ast.Name(id="torch"), attr=name), args=[left, right]):
            return left if name in _COMPARISONS and _is_number(syntax, right) else None
        case ast.Call(func=ast.Attribute(value=owner, attr=name)) if name in _CASTS | _TESTS:
            return owner
        case ast.Call(func=ast.Attribute(value=owner, attr=name), args=[right]) if name in _COMPARISONS:
            return owner if _is_number(syntax, right) else None
    return None


def _flattened(node: ast.expr) -> ast.expr | None:
    """The tensor that is laid out in one dimension."""
    match node:
        case ast.Call(func=ast.Attribute(value=owner, attr="flatten" | "ravel"), args=[], keywords=[]):
            return owner
        case ast.Call(func=ast.Attribute(value=owner, attr=name), args=[ast.UnaryOp(op=ast.USub(), operand=one)]):
            return owner if name in _FLATTENED and isinstance(one, ast.Constant) and one.value == 1 else None
    return None


def _is_number(syntax: Syntax, node: ast.expr) -> bool:
    """True for a literal number, and for the name of a constant: of the module, or imported in capitals."""
    match node:
        case ast.Constant(value=int() | float()):
            return True
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return _is_number(syntax, operand)
        case ast.Name(id=name):
            number = names.constant(syntax, name)
            return isinstance(number, (ast.Constant, ast.UnaryOp)) or (
                name.isupper() and names.is_imported(syntax, name)
            )
    return False
