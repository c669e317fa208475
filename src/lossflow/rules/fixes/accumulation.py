"""The fix of accumulated gradients, LF107: each loss divided by the number of batches that add up."""

from __future__ import annotations

import ast

from lossflow.domain.trace import Backward, Period, Step, Trace
from lossflow.edits import expressions
from lossflow.edits.syntax import Syntax
from lossflow.findings import Fix, Safety
from lossflow.rules.fixes import places
from lossflow.source import Edit


def fix(trace: Trace, backward: Backward, period: Period | None, counter: Step | None) -> Fix | None:
    """The division by the number of batches where it is written in the same function; `counter` divides already."""
    syntax = places.syntax(trace)
    written = places.written(trace, backward)
    number = places.expression(trace, period.site.place) if period is not None else None
    if syntax is None or not written or number is None or _calls(number):
        return None
    if any(syntax.scope(number) is not syntax.scope(node) for node in written):
        return None
    text = expressions.as_primary(syntax, number)
    if counter is not None:
        return _instead(trace, syntax, counter, text)
    edits = tuple(edit for node in written for edit in expressions.divided(syntax, node, text))
    return Fix(Safety.UNSAFE, f"Divide the loss by `{text}`, and tune the learning rate again.", edits)


def _calls(number: ast.expr) -> bool:
    """True where evaluating the number again may do something."""
    return any(isinstance(node, (ast.Call, ast.NamedExpr, ast.Await)) for node in ast.walk(number))


def _instead(trace: Trace, syntax: Syntax, counter: Step, text: str) -> Fix | None:
    """The number of batches in place of the counter that divides."""
    node = places.expression(trace, counter.site.place)
    if not isinstance(node, ast.BinOp) or not isinstance(node.op, ast.Div):
        return None
    span = syntax.parenthesised(node.right)
    return Fix(Safety.UNSAFE, f"Divide by `{text}` instead of the counter.", (Edit(span, text),))
