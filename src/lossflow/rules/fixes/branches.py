"""The branches that an expression stands in, and what else would have to change along with it."""

from __future__ import annotations

import ast

from lossflow.edits.syntax import Syntax


def chosen_by_name(syntax: Syntax, node: ast.expr) -> bool:
    """True in a branch that is taken where "sum" is asked for: there the sum must stay one."""
    for parent in syntax.around(node):
        test = parent.test if isinstance(parent, (ast.If, ast.IfExp)) else None
        subject = parent.subject if isinstance(parent, ast.Match) else None
        if subject is not None or (test is not None and _mentions_string(test)):
            return True
    return False


def _mentions_string(test: ast.expr) -> bool:
    return any(isinstance(each, ast.Constant) and isinstance(each.value, str) for each in ast.walk(test))
