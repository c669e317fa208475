"""Where the reduction of a loss can be given anew because one place alone uses what the loss returns."""

from __future__ import annotations

import ast

from lossflow.domain.trace import Applied, LossCall, Place, Trace
from lossflow.domain.values import Const
from lossflow.edits.syntax import Syntax
from lossflow.rules.arguments import LEGACY
from lossflow.rules.fixes import names, places
from lossflow.rules.fixes.calls import WrittenCall, written_call
from lossflow.source import Edit


def choice(trace: Trace, place: Place) -> WrittenCall | None:
    """The call that chooses the reduction of the loss that is computed at a place, and of no other one.

    That is the loss's own call where it is a function, else the constructor of a criterion that is called only there.
    """
    events = [each for each in trace.events if each.site.place == place]
    computed = [each for each in events if isinstance(each, LossCall) and not each.constructor]
    applied = [each for each in events if isinstance(each, Applied)]
    if computed and not applied:
        return _free(written_call(trace, computed[0]))
    constructed = applied[0].constructed if applied else None
    if computed or constructed is None or any(each.constructed != constructed for each in applied):
        return None
    if not _is_called_once(trace, place, constructed.place):
        return None
    calls = [each for each in trace.events if isinstance(each, LossCall) and each.site == constructed]
    return _free(written_call(trace, calls[0])) if calls else None


def given(call: WrittenCall, reduction: str) -> tuple[Edit, ...] | None:
    """The call with another reduction; None where the loss has none of that name."""
    return call.given(call.quoted(reduction)) if reduction in call.match.row.reductions else None


def _free(call: WrittenCall | None) -> WrittenCall | None:
    """The call, unless its reduction is given by what is written elsewhere, or in torch's old way."""
    if call is None:
        return None
    parameter = call.match.row.parameter
    bound = call.event.argument(parameter)
    if bound is not None and not isinstance(call.argument(parameter), ast.Constant):
        return None
    old = [call.event.argument(name) for name in LEGACY if name != parameter]
    return call if all(each is None or each.value == Const(None) for each in old) else None


def _is_called_once(trace: Trace, place: Place, constructed: Place) -> bool:
    """True for a criterion that nothing but the call at `place` can reach."""
    syntax, call = places.syntax(trace), places.expression(trace, place)
    made = places.expression(trace, constructed)
    if syntax is None or made is None or not isinstance(call, ast.Call):
        return False
    if any(
        isinstance(each, Applied)
        and each.constructed is not None
        and each.constructed.place == constructed
        and each.site.place != place
        for each in trace.events
    ):
        return False
    if call.func is made:
        return True
    match syntax.parent(made), call.func:
        case ast.Assign(targets=[ast.Name(id=name)]), ast.Name(id=called) if called == name:
            return names.loads(syntax, name) == [call.func] and len(list(names.bindings(syntax, name))) == 1
        case ast.Assign(targets=[ast.Attribute(attr=name)]), ast.Attribute(attr=called) if called == name:
            found = [node for node in ast.walk(syntax.tree) if isinstance(node, ast.Attribute) and node.attr == name]
            return len(found) == 2
    return False


def only_use(syntax: Syntax, made: ast.expr) -> ast.expr | None:
    """The one expression that reads a value: itself, or the only read of the name that it is assigned to."""
    statement = syntax.parent(made)
    if not isinstance(statement, ast.Assign):
        return made
    match statement.targets:
        case [ast.Name(id=name)]:
            reads = _reads(syntax, statement, name)
            return reads[0] if len(reads) == 1 else None
    return None


def _reads(syntax: Syntax, statement: ast.Assign, name: str) -> list[ast.Name]:
    """The reads of a name that may see what the statement assigns to it."""
    named = _named(syntax, statement, name)
    # The next assignment ends what this one began, in the next round of a loop too.
    ends = _next_assignment(syntax, statement, named) is not None
    return later_reads(syntax, statement, name) if ends else [each for each in named if isinstance(each.ctx, ast.Load)]


def later_reads(syntax: Syntax, statement: ast.Assign, name: str) -> list[ast.Name]:
    """The reads of a name between a statement that assigns to it and the next one."""
    named, end = _named(syntax, statement, name), syntax.span(statement).end
    last = _next_assignment(syntax, statement, named)
    reads = [each for each in named if isinstance(each.ctx, ast.Load) and syntax.span(each).start > end]
    return [each for each in reads if last is None or syntax.span(each).start < syntax.span(last).end]


def _named(syntax: Syntax, statement: ast.Assign, name: str) -> list[ast.Name]:
    return [each for each in ast.walk(syntax.scope(statement)) if isinstance(each, ast.Name) and each.id == name]


def _next_assignment(syntax: Syntax, statement: ast.Assign, named: list[ast.Name]) -> ast.Assign | None:
    """The next statement that assigns to the name whenever this one does."""
    stores = [syntax.parent(each) for each in named if not isinstance(each.ctx, ast.Load)]
    again = [
        each
        for each in stores
        if isinstance(each, ast.Assign)
        and syntax.same_block(each, statement)
        and syntax.span(each).start > syntax.span(statement).end
    ]
    return min(again, key=syntax.span, default=None)
