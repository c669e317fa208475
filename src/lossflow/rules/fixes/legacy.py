"""The fix of LF301: the reduction that torch derives from the legacy arguments, in their place."""

from __future__ import annotations

import ast
from collections.abc import Sequence

from lossflow.domain.trace import BoundArgument, LossCall, Trace
from lossflow.domain.values import Const
from lossflow.findings import Fix, Safety
from lossflow.rules.arguments import LEGACY
from lossflow.rules.fixes.calls import WrittenCall, written_call

_OTHERWISE = {"size_average": "sum", "reduce": "none"}
"""What torch makes of a legacy argument that is false."""


def fix(trace: Trace, event: LossCall, given: Sequence[BoundArgument], meant: str | None) -> Fix | None:
    """`reduction="sum"` for `size_average=False`; `meant` is what torch makes of them where all are known."""
    call = written_call(trace, event)
    nodes = [call.argument(bound.name) for bound in given] if call is not None else []
    instead = tuple(node for node in nodes if node is not None)
    if call is None or len(instead) < len(given):
        return None
    legacy = [bound for name in LEGACY if (bound := event.argument(name)) is not None]
    if meant is not None and all(bound.literal for bound in legacy):
        content, message = call.quoted(meant), f'Write `reduction="{meant}"`.'
    elif len(given) == 1 and all(bound in given or _is_left_out(bound) for bound in legacy):
        derived = _derived(call, given[0].name, instead[0])
        if derived is None or event.argument(call.match.row.parameter) is not None:
            return None
        content, message = derived, f"Derive `reduction` from `{call.syntax.text(instead[0])}`, as torch does."
    else:
        return None
    edits = call.given(content, instead=instead)
    return None if edits is None else Fix(Safety.SAFE, message, edits)


def _is_left_out(bound: BoundArgument) -> bool:
    return bound.literal and bound.value == Const(None)


def _derived(call: WrittenCall, name: str, node: ast.expr) -> str | None:
    """Torch's truth table for a value that is known only when the code runs.

    The value is asked for twice, so it must be a name: with None torch falls back to its default, the mean.
    """
    text = call.syntax.text(node)
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        condition = " ".join(text.split())
    elif _is_dotted(node):
        condition = f"{text} is None or {text}"
    else:
        return None
    if "#" in text or "\n" in text:
        return None
    return f"{call.quoted('mean')} if {condition} else {call.quoted(_OTHERWISE[name])}"


def _is_dotted(node: ast.expr) -> bool:
    while isinstance(node, ast.Attribute):
        node = node.value
    return isinstance(node, ast.Name)
