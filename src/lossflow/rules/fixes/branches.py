"""The branches that an expression stands in, and what has to change in the others along with it.

A branch that is not taken with the values at hand is not analysed: what it assigns may be a sum as well.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence

from lossflow.domain.trace import Applied, LossCall, Place, Trace
from lossflow.domain.values import Const
from lossflow.edits import expressions
from lossflow.edits.syntax import Scope, Syntax
from lossflow.rules.fixes import names
from lossflow.rules.reductions import losses_that_leave
from lossflow.source import Edit

_MADE_OF_NUMBERS = frozenset({"zeros", "zeros_like", "new_zeros", "tensor", "float"})
"""Functions that make a loss of nothing, such as `torch.zeros(())`."""
_REDUCING = frozenset({"sum", "mean", "norm"})
"""Methods that make a loss."""
_SUM = Const("sum")


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


def divided_alike(trace: Trace, syntax: Syntax, node: ast.expr, divisor: str) -> tuple[Edit, ...] | None:
    """The edits that divide in the other branches what is divided at `node`; None where it isn't certain what that is.

    What is analysed there has findings of its own.
    """
    edits: list[Edit] = []
    for own, other, value in _other_values(syntax, node):
        if _is_followed(trace, syntax, value) or _is_number(value):
            continue
        call = _same_sum(syntax, node, value)
        if call is None or _assigns([*own, *other], divisor) or not _called(other) <= _called(own):
            return None
        edits += expressions.divided(syntax, call, divisor)
    return tuple(edits)


def summed_beside(trace: Trace, syntax: Syntax, node: ast.expr, choice: Place) -> tuple[ast.Call, ...]:
    """The sums in the other branches that are not those of `choice`, and that no finding of their own tells of.

    Of a loss that is one of two sums only one is followed; the mean of that one alone would leave the other.
    """
    values = [value for _, _, value in _other_values(syntax, node) if not _is_followed(trace, syntax, value)]
    calls = [each for value in values for each in ast.walk(value) if isinstance(each, ast.Call)]
    summing = {trace.span(place) for place in _summing(trace, choice)} if calls else set()
    return tuple(each for each in calls if _is_sum(each) or syntax.span(each) in summing)


def _is_sum(call: ast.Call) -> bool:
    return isinstance(call.func, ast.Attribute) and call.func.attr == "sum"


def _summing(trace: Trace, choice: Place) -> Iterator[Place]:
    """Where the losses are computed in the analysed file whose reduction is a sum."""
    told = {event.site.place for event in trace.events if isinstance(event, LossCall) and event.reduction == _SUM}
    for event in trace.events:
        if isinstance(event, (Applied, LossCall)) and trace.here(event.site):
            chosen = event.constructed.place if isinstance(event, Applied) and event.constructed else event.site.place
            if chosen in told and chosen != choice:
                yield event.site.place


Branch = Sequence[ast.AST]


def _other_values(syntax: Syntax, node: ast.expr) -> Iterator[tuple[Branch, Branch, ast.expr]]:
    """What else the name is assigned that the statement of `node` assigns, after the two branches."""
    statement = syntax.statement(node)
    targets = _targets(syntax, statement)
    inside: ast.AST = node
    for around in syntax.around(node):
        if isinstance(around, Scope):
            return
        if isinstance(around, ast.IfExp) and inside is not around.test:
            other = around.orelse if inside is around.body else around.body
            yield [inside], [other], other
        if isinstance(around, ast.If):
            own, others = (around.body, around.orelse) if inside in around.body else (around.orelse, around.body)
            for each in _walk(others):
                if isinstance(each, ast.Assign) and targets & _targets(syntax, each):
                    yield own, others, each.value
        inside = around


def _targets(syntax: Syntax, statement: ast.AST | None) -> set[str]:
    return {syntax.text(target) for target in statement.targets} if isinstance(statement, ast.Assign) else set()


def _is_followed(trace: Trace, syntax: Syntax, value: ast.expr) -> bool:
    """True where a loss comes by the expression in this analysis."""
    span = syntax.span(value)
    places = {step.site.place for _, tensor in losses_that_leave(trace) for term in tensor.terms for step in term.trail}
    here = [trace.span(place) for place in places if place.file == trace.file]
    return any(span.start <= each.start and each.end <= span.end for each in here)


def _is_number(value: ast.expr) -> bool:
    """True for what has nothing of a batch: a literal, or a tensor of literals."""
    if isinstance(value, ast.Call) and isinstance(value.func, (ast.Name, ast.Attribute)):
        function = value.func.id if isinstance(value.func, ast.Name) else value.func.attr
        return function in _MADE_OF_NUMBERS
    return isinstance(value, ast.Constant)


def _same_sum(syntax: Syntax, node: ast.expr, value: ast.expr) -> ast.Call | None:
    """The one call in `value` of the criterion that is called at `node`, provided that it sums whichever it is."""
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name):
        return None
    name = node.func.id
    calls = [
        each
        for each in ast.walk(value)
        if isinstance(each, ast.Call) and isinstance(each.func, ast.Name) and each.func.id == name
    ]
    criterion = names.value(syntax, name)
    return calls[0] if len(calls) == 1 and criterion is not None and _sums(criterion) else None


def _sums(criterion: ast.expr) -> bool:
    """True for what constructs a criterion with `reduction="sum"`, whatever the condition is."""
    match criterion:
        case ast.IfExp(body=body, orelse=orelse):
            return _sums(body) and _sums(orelse)
        case ast.Call(keywords=keywords):
            return any(
                keyword.arg == "reduction" and isinstance(keyword.value, ast.Constant) and keyword.value.value == "sum"
                for keyword in keywords
            )
    return False


def _assigns(branch: Branch, divisor: str) -> bool:
    """True where a name that the divisor is made of is assigned there."""
    used = {node.id for node in ast.walk(ast.parse(divisor)) if isinstance(node, ast.Name)}
    return any(
        isinstance(node, ast.Name) and node.id in used and not isinstance(node.ctx, ast.Load) for node in _walk(branch)
    )


def _called(branch: Branch) -> set[str]:
    """What may make a loss there: a further term could be a sum, which would stand beside a mean then."""
    calls = [node.func for node in _walk(branch) if isinstance(node, ast.Call)]
    return {each.id for each in calls if isinstance(each, ast.Name)} | {
        each.attr for each in calls if isinstance(each, ast.Attribute) and each.attr in _REDUCING
    }


def _walk(branch: Branch) -> Iterator[ast.AST]:
    for each in branch:
        yield from ast.walk(each)
