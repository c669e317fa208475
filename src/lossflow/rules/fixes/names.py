"""What the names of a file are bound to, as far as a fix relies on their staying what they are."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from lossflow.edits.syntax import Syntax


def is_imported(syntax: Syntax, name: str) -> bool:
    """True for a name that the file has from imports alone, a star among them."""
    found = list(bindings(syntax, name))
    return all(isinstance(node, ast.alias) for node in found) and bool(found or _has_star(syntax))


def is_constant(syntax: Syntax, name: str) -> bool:
    """True for a name that is imported, or that the module binds once: to a class, or by an assignment."""
    found = list(bindings(syntax, name))
    if is_imported(syntax, name):
        return True
    return len(found) == 1 and (isinstance(found[0], ast.ClassDef) or constant(syntax, name) is not None)


def is_the_function(syntax: Syntax, function: ast.FunctionDef) -> bool:
    """True for a function of the module whose name is bound to nothing else."""
    return syntax.parent(function) is syntax.tree and list(bindings(syntax, function.name)) == [function]


def string(syntax: Syntax, name: str) -> ast.Constant | None:
    """The string literal that the module assigns to a name, which is bound nowhere else."""
    assigned = constant(syntax, name)
    return assigned if isinstance(assigned, ast.Constant) and isinstance(assigned.value, str) else None


def constant(syntax: Syntax, name: str) -> ast.expr | None:
    """What the module assigns to a name that is bound nowhere else."""
    assigned = value(syntax, name)
    statement = syntax.parent(assigned) if assigned is not None else None
    return assigned if statement is not None and syntax.parent(statement) is syntax.tree else None


def value(syntax: Syntax, name: str) -> ast.expr | None:
    """What is assigned to a name of the module or of a function that is bound nowhere else."""
    found = list(bindings(syntax, name))
    if len(found) != 1 or isinstance(syntax.scope(found[0]), ast.ClassDef):
        return None
    match syntax.parent(found[0]):
        case ast.Assign(targets=[_], value=assigned) | ast.AnnAssign(value=assigned):
            return assigned
    return None


def loads(syntax: Syntax, name: str) -> list[ast.Name]:
    """Every use of a name in the file, whatever it is bound to there."""
    return [
        node
        for node in ast.walk(syntax.tree)
        if isinstance(node, ast.Name) and node.id == name and isinstance(node.ctx, ast.Load)
    ]


def bindings(syntax: Syntax, name: str) -> Iterator[ast.AST]:
    """Everything that binds or deletes a name, anywhere in the file."""
    for node in ast.walk(syntax.tree):
        match node:
            case ast.Name(id=bound, ctx=ast.Store() | ast.Del()) if bound == name:
                yield node
            case ast.alias(name=dotted, asname=alias) if (alias or dotted.partition(".")[0]) == name:
                yield node
            case ast.arg(arg=bound) if bound == name:
                yield node
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef() if node.name == name:
                yield node
            case ast.ExceptHandler() | ast.MatchAs() | ast.MatchStar() if node.name == name:
                yield node
            case ast.MatchMapping(rest=bound) if bound == name:
                yield node


def _has_star(syntax: Syntax) -> bool:
    return any(isinstance(node, ast.alias) and node.name == "*" for node in ast.walk(syntax.tree))
