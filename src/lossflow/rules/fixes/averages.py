"""The fix of an average that is off by the batch size, LF401: the number that fits what is added up."""

from __future__ import annotations

import ast

from lossflow.domain.trace import Averaged, Trace
from lossflow.edits import expressions
from lossflow.edits.syntax import Syntax
from lossflow.findings import Fix, Safety
from lossflow.rules.fixes import places

_DRAWS_OTHERWISE = frozenset({"sampler", "batch_sampler", "drop_last"})
"""Arguments with which a DataLoader may yield more or fewer examples than its dataset has."""


def fix(trace: Trace, event: Averaged) -> Fix | None:
    """`len(loader)` for means and `len(loader.dataset)` for sums; a meter's weight is taken out of a sum."""
    syntax = places.syntax(trace)
    if syntax is None or event.division is None or not trace.here(event.site):
        return None
    if event.site != event.division:
        return _of_meter(trace, syntax, event)
    divisor = _divisor(trace, syntax, event)
    match divisor:
        case ast.Call(func=ast.Name(id="len"), args=[ast.Attribute(value=loader, attr="dataset")], keywords=[]):
            wanted = syntax.text(loader) if event.total == 0 and event.divisor == 1 else ""
        case ast.Call(func=ast.Name(id="len"), args=[ast.Name() as loader], keywords=[]):
            sums = event.total == 1 and event.divisor == 0
            wanted = f"{loader.id}.dataset" if sums and _draws_all(syntax, loader.id) else ""
        case _:
            return None
    if not wanted or not isinstance(divisor, ast.Call):
        return None
    message = f"Divide by `len({wanted})`."
    return Fix(Safety.UNSAFE, message, expressions.replaced(syntax, divisor.args[0], wanted))


def _divisor(trace: Trace, syntax: Syntax, event: Averaged) -> ast.expr | None:
    """What the total is divided by, in a division of either form."""
    node = syntax.node(trace.span(event.site.place))
    match node:
        case ast.BinOp(op=ast.Div(), right=right):
            return right
        case ast.AugAssign(op=ast.Div(), value=value):
            return value
    return None


def _draws_all(syntax: Syntax, name: str) -> bool:
    """True for a name that only holds a DataLoader whose batches are all of its dataset."""
    bound = [node for node in ast.walk(syntax.tree) if isinstance(node, ast.Name) and node.id == name]
    stores = [node for node in bound if isinstance(node.ctx, ast.Store)]
    makers = [parent.value for node in stores if isinstance(parent := syntax.parent(node), ast.Assign)]
    return bool(stores) and len(makers) == len(stores) and all(map(_is_plain_loader, makers))


def _is_plain_loader(node: ast.expr) -> bool:
    if not isinstance(node, ast.Call):
        return False
    function = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
    named = {keyword.arg for keyword in node.keywords}
    return function == "DataLoader" and len(node.args) <= 3 and None not in named and not named & _DRAWS_OTHERWISE


def _of_meter(trace: Trace, syntax: Syntax, event: Averaged) -> Fix | None:
    """`meter.update(loss.item() / n, n)` for a sum that the meter weighs by its number of examples."""
    call = places.expression(trace, event.site.place)
    if event.total != 2 or event.divisor != 1 or not isinstance(call, ast.Call):
        return None
    if len(call.args) != 2 or call.keywords or any(isinstance(arg, ast.Starred) for arg in call.args):
        return None
    loss, number = call.args
    text = expressions.as_primary(syntax, number)
    return Fix(Safety.UNSAFE, f"Divide the sum by `{text}`.", expressions.divided(syntax, loss, text))
