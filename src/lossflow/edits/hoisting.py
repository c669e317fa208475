"""An expression gets a name: it is assigned on a line of its own, before the statement that it is a part of.

Only what the statement evaluates in any case may be evaluated before it.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable

from lossflow.edits.syntax import Syntax
from lossflow.source import Edit, Span

_SIMPLE = (ast.Assign, ast.AnnAssign, ast.AugAssign, ast.Return, ast.Expr)
_UNSURE = (
    ast.IfExp, ast.BoolOp, ast.Lambda, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp, ast.JoinedStr,
    ast.NamedExpr, ast.Await, ast.Yield, ast.YieldFrom,
)  # fmt: skip
"""What evaluates its parts perhaps, several times, or after something else has happened."""


def name_for(syntax: Syntax, node: ast.expr, whole: ast.expr, spares: Iterable[str]) -> str | None:
    """A name that `node` may be assigned to: the target of the statement if `whole` is its value, else a spare one."""
    statement = syntax.parent(whole)
    if isinstance(statement, ast.Assign) and len(statement.targets) == 1:
        target = statement.targets[0]
        if isinstance(target, ast.Name) and not _reads(statement.value, target.id, but=node):
            return target.id
    known = {_named(each) for each in ast.walk(syntax.scope(node))}
    return next((name for name in spares if name not in known), None)


def assigned_before(syntax: Syntax, node: ast.expr, name: str) -> tuple[Edit, ...] | None:
    """The line `name = node` before the statement; None where the statement need not evaluate the node, or shares
    its line with another one.
    """
    statement = syntax.statement(node)
    if not isinstance(statement, _SIMPLE):
        return None
    between = []
    for each in syntax.around(node):
        if each is statement:
            break
        between.append(each)
    if any(isinstance(each, _UNSURE) for each in (*between, *ast.walk(node))):
        return None
    source, start = syntax.source, syntax.span(statement).start
    line = source.offset(source.row(start))
    margin = source.text[line:start]
    if margin.strip():
        return None
    text = syntax.text(node)
    content = f"({text})" if "\n" in text or "\r" in text else text
    return (Edit(Span(start, start), f"{name} = {content}{source.newline}{margin}"),)


def _named(node: ast.AST) -> str:
    """The name that a node of a scope reads, binds or declares."""
    match node:
        case ast.Name(id=name) | ast.arg(arg=name) | ast.FunctionDef(name=name) | ast.ClassDef(name=name):
            return name
        case ast.alias(name=dotted, asname=alias):
            return alias or dotted.partition(".")[0]
    return ""


def _reads(tree: ast.AST, name: str, *, but: ast.AST) -> bool:
    """True when the name is read anywhere but in `but`."""
    if tree is but:
        return False
    if isinstance(tree, ast.Name) and tree.id == name:
        return True
    return any(_reads(child, name, but=but) for child in ast.iter_child_nodes(tree))
