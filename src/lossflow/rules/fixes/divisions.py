"""The fix of a mean that is divided once more, LF109: without the division."""

from __future__ import annotations

import ast

from lossflow.domain.trace import Step, Trace
from lossflow.edits import expressions
from lossflow.edits.syntax import Syntax
from lossflow.findings import Fix, Safety
from lossflow.rules.fixes import places, reports
from lossflow.source import Edit, Span


def fix(trace: Trace, step: Step) -> Fix | None:
    """The division left out, where all that comes of it is divided once too often."""
    syntax = places.syntax(trace)
    place = step.site.place
    node = places.expression(trace, place)
    if syntax is None or node is None or step.exponent.known != -1 or reports.averages_of(trace, place):
        return None
    if any(term.exponent.known != -1 for _, _, term in places.losses_through(trace, place)):
        return None
    divided = _divided(node)
    if divided is None:
        return None
    message = "Leave out the division, and tune the learning rate again."
    return Fix(Safety.UNSAFE, message, _without(syntax, node, divided))


def _without(syntax: Syntax, node: ast.expr, divided: ast.expr) -> tuple[Edit, ...]:
    """The edits that leave only what is divided; `loss = loss / n` goes as a whole where it stands alone."""
    parent = syntax.parent(node)
    if isinstance(parent, ast.Assign) and [syntax.text(target) for target in parent.targets] == [syntax.text(divided)]:
        line = expressions.without_statement(syntax, parent)
        if line is not None:
            return (line,)
    whole, kept = syntax.span(node), syntax.parenthesised(divided)
    edits = (Edit(Span(whole.start, kept.start), ""), Edit(Span(kept.end, whole.end), ""))
    return tuple(edit for edit in edits if edit.span.start < edit.span.end)


def _divided(node: ast.expr) -> ast.expr | None:
    """What is divided by a division of any form."""
    match node:
        case ast.BinOp(left=left, op=ast.Div()):
            return left
        case ast.Call(func=ast.Attribute(value=ast.Name(id="torch"), attr="div"), args=[left, _], keywords=[]):
            return left
        case ast.Call(func=ast.Attribute(value=left, attr="div"), args=[_], keywords=[]):
            return left
    return None
