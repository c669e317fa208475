"""The fix of batch means over counted examples, LF401: each mean times the number that is counted with it."""

from __future__ import annotations

import ast

from lossflow.domain.trace import Averaged, Trace
from lossflow.edits import expressions
from lossflow.edits.syntax import Syntax
from lossflow.findings import Fix, Safety
from lossflow.rules.fixes import totals
from lossflow.rules.fixes.totals import Addition
from lossflow.source import Span

_PURE = frozenset({"size", "numel", "dim"})
"""Methods that can be called again."""


def fix(trace: Trace, syntax: Syntax, event: Averaged, divisor: ast.expr) -> Fix | None:
    """`total += loss.item() * len(labels)` beside `seen += len(labels)`, where nothing but averages uses the total."""
    added, counter = totals.addition(trace, syntax, event), _counter(divisor)
    if added is None or not _is_only_averaged(trace, syntax, added):
        return None
    number = _counted(syntax, added, syntax.text(counter))
    if number is None:
        return None
    text = expressions.as_primary(syntax, number)
    message = f"Multiply each mean by the number of its examples, `{text}`."
    return Fix(Safety.UNSAFE, message, expressions.multiplied(syntax, added.added, text))


def _counter(divisor: ast.expr) -> ast.expr:
    """`seen` for `max(seen, 1)`."""
    match divisor:
        case ast.Call(func=ast.Name(id="max"), args=[number, ast.Constant()] | [ast.Constant(), number], keywords=[]):
            return number
    return divisor


def _counted(syntax: Syntax, added: Addition, counter: str) -> ast.expr | None:
    """What is added to the counter wherever a loss is added to the total, if that can be said there as well."""
    found = [
        each
        for node in ast.walk(syntax.scope(added.statement))
        if (each := totals.added_at(node)) is not None
        if syntax.text(each.total) == counter
    ]
    if len(found) != 1 or not syntax.same_block(found[0].statement, added.statement):
        return None
    number, first, last = found[0].added, *sorted((found[0].statement, added.statement), key=syntax.span)
    if not _is_pure(number) or not _stay(syntax, number, first, last):
        return None
    return number


def _is_pure(number: ast.expr) -> bool:
    """True for what counts something, and can be evaluated twice; a literal counts no examples."""
    for each in ast.walk(number):
        match each:
            case ast.Call(func=ast.Name(id="len")):
                continue
            case ast.Call(func=ast.Attribute(attr=name)) if name in _PURE:
                continue
            case ast.Call() | ast.NamedExpr() | ast.Await():
                return False
    return not isinstance(number, ast.Constant)


def _stay(syntax: Syntax, number: ast.expr, first: ast.stmt, last: ast.stmt) -> bool:
    """True when no name in the number is bound between the two statements."""
    names = {each.id for each in ast.walk(number) if isinstance(each, ast.Name)}
    between = Span(syntax.span(first).start, syntax.span(last).end)
    return not syntax.binds(syntax.scope(first), names, between)


def _is_only_averaged(trace: Trace, syntax: Syntax, added: Addition) -> bool:
    """True when all that reads the total divides it by a number of examples, or reads the average that it became."""
    total = syntax.text(added.total)
    divisions = [
        node
        for event in trace.events
        if isinstance(event, Averaged) and event.division is not None and trace.here(event.division)
        if event.total == 0 and event.divisor == 1 and not event.amended
        if (node := syntax.node(trace.span(event.division.place))) is not None
    ]
    inside = {id(each) for node in (added.statement, *divisions) for each in ast.walk(node)}
    became = [node for node in divisions if isinstance(node, ast.AugAssign) and syntax.text(node.target) == total]
    return not any(
        isinstance(each, (ast.Name, ast.Attribute, ast.Subscript))
        and isinstance(each.ctx, ast.Load)
        and id(each) not in inside
        and syntax.text(each) == total
        and not any(_follows(syntax, each, node) for node in became)
        for each in ast.walk(syntax.scope(added.statement))
    )


def _follows(syntax: Syntax, node: ast.expr, division: ast.AugAssign) -> bool:
    """True for what stands after the division wherever that is run."""
    block = syntax.parent(division)
    return syntax.span(node) > syntax.span(division) and any(each is block for each in syntax.around(node))
