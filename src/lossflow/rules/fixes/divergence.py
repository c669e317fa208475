"""The fix of LF303: the reduction that makes a divergence of the mean over all elements."""

from __future__ import annotations

import ast

from lossflow.domain.trace import LossCall, Place, Trace
from lossflow.edits.strings import respelled
from lossflow.findings import Fix, Safety
from lossflow.rules.arguments import legacy_arguments
from lossflow.rules.fixes.calls import WrittenCall, calls_at, written_call

_BATCHMEAN = "batchmean"


def fix(trace: Trace, chosen: Place) -> Fix | None:
    """`reduction="batchmean"` where the mean is chosen, or no reduction at all."""
    call = next((written_call(trace, event) for event in calls_at(trace, chosen)), None)
    if call is None or _BATCHMEAN not in call.match.row.reductions or not _is_understood(trace, call.event):
        return None
    content = _content(call)
    edits = call.given(content) if content is not None else None
    if edits is None:
        return None
    message = (
        f'Write `{call.match.row.parameter}="{_BATCHMEAN}"`, and tune the weight of this term again: the loss becomes '
        "as many times larger as an example has elements."
    )
    return Fix(Safety.UNSAFE, message, edits)


def _is_understood(trace: Trace, event: LossCall) -> bool:
    """True where "batchmean" is a word to the loss, and nothing overrides it: LF301 comes first."""
    match = trace.loss(event.loss)
    spelled = match.row.spelled(_BATCHMEAN) if match is not None else None
    return spelled is not None and not legacy_arguments(trace, event)


def _content(call: WrittenCall) -> str | None:
    """What to write; None where the reduction is chosen elsewhere."""
    written = call.argument(call.match.row.parameter)
    if written is None:
        given = call.event.argument(call.match.row.parameter)
        return call.quoted(_BATCHMEAN) if given is None else None
    if isinstance(written, ast.Constant) and written.value == "mean":
        return respelled(call.syntax, written, _BATCHMEAN)
    return None
