"""The fix of accumulated gradients, LF107: each loss divided by the number of batches that add up."""

from __future__ import annotations

import ast
from collections.abc import Sequence

from lossflow.domain.trace import Backward, Period, Step, Trace
from lossflow.edits import expressions, products
from lossflow.edits.syntax import Scope, Syntax
from lossflow.findings import Fix, Safety
from lossflow.rules.fixes import names, places
from lossflow.source import Edit


def fix(trace: Trace, backwards: Sequence[Backward], period: Period | None, counter: Step | None) -> Fix | None:
    """The division by the number of batches where the same can be written at the loss; `counter` divides already.

    Each of the backwards of the loss gets it, or none does.
    """
    syntax = places.syntax(trace)
    number = places.expression(trace, period.site.place) if period is not None else None
    if syntax is None or number is None or _calls(number):
        return None
    text = expressions.as_primary(syntax, number)
    if counter is not None:
        node = syntax.node(trace.span(counter.site.place)) if trace.here(counter.site) else None
        return _instead(syntax, node, text) if node is not None and _in_sight(syntax, number, [node]) else None
    every = [places.written(trace, backward) for backward in backwards]
    written = [node for nodes in every for node in nodes]
    if not all(every) or not _in_sight(syntax, number, written):
        return None
    edits = tuple(edit for node in written for edit in expressions.divided(syntax, node, text))
    return Fix(Safety.UNSAFE, f"Divide the loss by `{text}`, and tune the learning rate again.", edits)


def _in_sight(syntax: Syntax, number: ast.expr, nodes: Sequence[ast.AST]) -> bool:
    """True where the names in the number mean the same at all of the nodes."""
    scopes = [syntax.scope(node) for node in nodes]
    here = syntax.scope(number)
    if all(scope is here for scope in scopes):
        return True
    methods = isinstance(syntax.parent(here), ast.ClassDef) and all(
        _owner(syntax, each) == _owner(syntax, here) for each in scopes
    )
    used = [node.id for node in ast.walk(number) if isinstance(node, ast.Name)]
    return all(names.is_constant(syntax, name) or (methods and name == "self") for name in used)


def _owner(syntax: Syntax, scope: Scope) -> tuple[ast.AST | None, bool]:
    """What a function is defined in, and whether it calls its object `self`."""
    arguments = scope.args.args if isinstance(scope, (ast.FunctionDef, ast.AsyncFunctionDef)) else []
    return syntax.parent(scope), bool(arguments) and arguments[0].arg == "self"


def _calls(number: ast.expr) -> bool:
    """True where evaluating the number again may do something."""
    return any(isinstance(node, (ast.Call, ast.NamedExpr, ast.Await)) for node in ast.walk(number))


def _instead(syntax: Syntax, quotient: products.Product, text: str) -> Fix | None:
    """The number of batches in place of the counter that divides."""
    counter = products.divisor(quotient)
    if counter is None:
        return None
    edit = Edit(syntax.parenthesised(counter), text)
    return Fix(Safety.UNSAFE, f"Divide by `{text}` instead of the counter.", (edit,))
