"""The literals that make a loss sum: in its call, in a constant, in a partial, in a dict that is unpacked.

One that something else reads as well must stay what it is, so all that reads it has to be asked for.
"""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterator

from lossflow.domain.trace import LossCall, Trace
from lossflow.edits.syntax import Syntax
from lossflow.rules.fixes import names, places
from lossflow.rules.fixes.calls import calls_at
from lossflow.rules.scale import SummedTerm


def loss_call(trace: Trace, term: SummedTerm) -> LossCall | None:
    """The call whose reduction sums the term; None where the same call may be one of another loss.

    A partial chooses the reduction of a function, which is called later.
    """
    calls = calls_at(trace, term.choice.site.place) or calls_at(trace, term.sum.site.place)
    return calls[0] if calls and all(call.loss == calls[0].loss for call in calls) else None


def argument(trace: Trace, event: LossCall) -> ast.expr | None:
    """The expression at the place of the reduction; that is the call itself where none is written in it."""
    match = trace.loss(event.loss)
    given = event.argument(match.row.parameter) if match is not None else None
    return places.expression(trace, given.place) if given is not None else None


def reader(trace: Trace, term: SummedTerm) -> ast.expr | None:
    """The expression that gives a loss its reduction: the argument, or the partial or dict that holds it."""
    event = loss_call(trace, term)
    node = argument(trace, event) if event is not None else None
    if event is None or node is None or node is not places.expression(trace, event.site.place):
        return node
    if event.site.place != term.choice.site.place:
        return places.expression(trace, term.choice.site.place)
    if not isinstance(node, ast.Call) or any(isinstance(each, ast.Starred) for each in node.args):
        return None
    unpacked = [keyword.value for keyword in node.keywords if keyword.arg is None]
    if len(unpacked) > 1:
        return None
    return unpacked[0] if unpacked else node.func


def sums(
    syntax: Syntax, node: ast.expr, parameter: str, readers: Collection[ast.expr]
) -> tuple[ast.Constant, ...] | None:
    """Each "sum" that the expression may be, or holds for `parameter`; None where it may be something else.

    None as well where a name on the way is used by anything that is not among `readers`.
    """
    match node:
        case ast.Constant(value="sum"):
            return (node,)
        case ast.IfExp(body=body, orelse=orelse):
            found = [sums(syntax, each, parameter, {*readers, each}) for each in (body, orelse)]
            return None if None in found else tuple(literal for each in found if each for literal in each)
        case ast.Name(id=name):
            value = names.value(syntax, name)
            if value is None or any(use not in readers for use in names.loads(syntax, name)):
                return None
            return sums(syntax, value, parameter, {*readers, value})
        case ast.Dict() | ast.Call():
            held = [value for key, value in _held(node) if key == parameter]
            return sums(syntax, held[0], parameter, {*readers, held[0]}) if len(held) == 1 else None
    return None


def _held(node: ast.Dict | ast.Call) -> Iterator[tuple[object, ast.expr]]:
    """What a dict or a partial holds by name; nothing where another dict, unpacked in it, may say otherwise."""
    if isinstance(node, ast.Dict):
        if None not in node.keys:
            pairs = zip(node.keys, node.values)
            yield from ((key.value, value) for key, value in pairs if isinstance(key, ast.Constant))
    elif isinstance(node.func, (ast.Name, ast.Attribute)):
        function = node.func.id if isinstance(node.func, ast.Name) else node.func.attr
        named = [(keyword.arg, keyword.value) for keyword in node.keywords]
        if function in ("dict", "partial") and all(name for name, _ in named):
            yield from named
