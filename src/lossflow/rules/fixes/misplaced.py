"""The fix of LF304: the reduction given by name, in the place of the string that landed elsewhere."""

from __future__ import annotations

import ast

from lossflow.domain.trace import BoundArgument, LossCall, Trace
from lossflow.domain.values import Const
from lossflow.findings import Fix, Safety
from lossflow.rules.arguments import LEGACY
from lossflow.rules.fixes import names, places
from lossflow.rules.fixes.calls import WrittenCall, written_call


def fix(trace: Trace, event: LossCall, bound: BoundArgument, *, meant: str, actual: str | None) -> Fix | None:
    """`reduction="sum"` for `"sum"`; `actual` is the reduction in force today.

    It is None where the code raises, and empty where only another parameter is known to change.
    """
    call, node = written_call(trace, event), places.expression(trace, bound.place)
    if call is None or node is None or node not in call.parameters or not _is_alone(event, bound):
        return None
    content = _content(call, node, meant)
    edits = call.given(content, instead=(node,)) if content is not None else None
    if edits is None:
        return None
    parameter = call.match.row.parameter
    if actual is None or actual == meant:
        return Fix(Safety.SAFE, f'Write `{parameter}="{meant}"`.', edits)
    today = f'which is reduced by "{actual}" today' if actual else f"which has the string for `{bound.name}` today"
    message = f'Write `{parameter}="{meant}"`; that changes the loss, {today}.'
    return Fix(Safety.UNSAFE, message, edits)


def _is_alone(event: LossCall, bound: BoundArgument) -> bool:
    """True unless another argument has a say in the reduction: then it is not clear what was meant."""
    others = (other for name in (*LEGACY, "reduction") if (other := event.argument(name)) not in (None, bound))
    return all(other is not None and other.literal and other.value == Const(None) for other in others)


def _content(call: WrittenCall, node: ast.expr, meant: str) -> str | None:
    """The literal as it should be, or the name of a constant that is right as it is."""
    if isinstance(node, ast.Constant):
        return call.quoted(meant)
    constant = names.string(call.syntax, node.id) if isinstance(node, ast.Name) else None
    return call.syntax.text(node) if constant is not None and constant.value == meant else None
