"""The numbers that fit lists of losses, LF401: a list of batch means has a batch in each of its elements."""

from __future__ import annotations

import ast

from lossflow.edits import expressions
from lossflow.edits.syntax import Scope, Syntax
from lossflow.findings import Fix, Safety
from lossflow.rules.fixes import names, totals


def batches(syntax: Syntax, node: ast.AST) -> str | None:
    """`len(losses)` for `sum(losses)` over something else, `len(loader)` for a sum over its batches."""
    match node:
        case ast.BinOp(left=ast.Call(func=function, args=[summed], keywords=[])) if totals.last_word(function) == "sum":
            if isinstance(summed, ast.Name):
                return f"len({summed.id})"
            if isinstance(summed, ast.GeneratorExp) and len(summed.generators) == 1:
                only = summed.generators[0]
                loader = None if only.ifs or only.is_async else totals.loader(syntax, only)
                return None if loader is None else f"len({syntax.text(loader)})"
    return None


def examples(syntax: Syntax, node: ast.AST, name: str) -> str | None:
    """`len(loader.dataset)` for the length of a list of sums that a loop over the loader fills."""
    match node:
        case ast.BinOp(left=ast.Call(func=function, args=[ast.Name(id=summed)], keywords=[])) if (
            totals.last_word(function) == "sum"
        ):
            return _filled(syntax, node, name) if summed == name else None
    return None


def mean_of_sums(syntax: Syntax, node: ast.AST) -> Fix | None:
    """`np.sum(losses) / len(loader.dataset)` for `np.mean(losses)`; `statistics` has a mean, but no sum."""
    match node:
        case ast.Call(func=ast.Attribute(value=ast.Name(id=module)), args=[ast.Name(id=name)], keywords=[]):
            number = _filled(syntax, node, name)
            total = {"np": "np.sum", "numpy": "numpy.sum", "statistics": "sum"}.get(module)
            known = names.is_imported(syntax, module) and (total != "sum" or not list(names.bindings(syntax, "sum")))
            if number is None or total is None or not known or totals.last_word(node.func) != "mean":
                return None
            content = f"{total}({name}) / {number}"
            return Fix(Safety.UNSAFE, f"Divide the sum by `{number}`.", expressions.quotient(syntax, node, content))
    return None


def _filled(syntax: Syntax, node: ast.AST, name: str) -> str | None:
    """The number of examples of the loader whose loop alone appends to a list, once for each of its batches."""
    scope = syntax.scope(node)
    uses = [each for each in ast.walk(scope) if isinstance(each, ast.Attribute) and _is_name(each.value, name)]
    stores = [
        each
        for each in ast.walk(scope)
        if isinstance(each, ast.Name) and each.id == name and isinstance(each.ctx, ast.Store)
    ]
    statement = syntax.parent(stores[0]) if len(stores) == 1 else None
    if len(uses) != 1 or uses[0].attr != "append" or not isinstance(statement, ast.Assign) or _changes(scope, name):
        return None
    loop = totals.loop_of(syntax, uses[0])
    outer = _outside_of_with(syntax, loop) if loop is not None else None
    empty = isinstance(statement.value, ast.List) and not statement.value.elts
    if loop is None or outer is None or not empty or not syntax.same_block(statement, outer):
        return None
    loader = totals.loader(syntax, loop)
    if not isinstance(loader, ast.Name) or not totals.draws_all(syntax, loader.id):
        return None
    return f"len({loader.id}.dataset)"


def _changes(scope: Scope, name: str) -> bool:
    """True where an element of the list is set or deleted."""
    return any(
        isinstance(each, ast.Subscript) and _is_name(each.value, name) and not isinstance(each.ctx, ast.Load)
        for each in ast.walk(scope)
    )


def _outside_of_with(syntax: Syntax, loop: ast.For) -> ast.stmt:
    """The statement that runs the loop once: itself, or `with torch.no_grad()` around it."""
    statement: ast.stmt = loop
    while isinstance(parent := syntax.parent(statement), ast.With):
        statement = parent
    return statement


def _is_name(node: ast.AST, name: str) -> bool:
    return isinstance(node, ast.Name) and node.id == name
