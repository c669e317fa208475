"""Where knowledge ends: every value that is not known says which expression was the first of which that is so.

That is asked only when a user wants to know why nothing is said about a loss; no value depends on it.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import libcst as cst

from lossflow.domain.values import Lost, Tensor, Term, Unknown, Value

if TYPE_CHECKING:
    from lossflow.interp.engine.frames import Frame
    from lossflow.interp.engine.machine import Machine


def of(value: Value) -> Lost | None:
    """Where the value was lost; None for one that is known."""
    match value:
        case Unknown():
            return value.lost
        case Tensor(terms=terms):
            return next((term.lost for term in terms if term.lost is not None), None)
    return None


def traced(machine: Machine, value: Value, within: Lost | None, node: cst.CSTNode, frame: Frame) -> Value:
    """The value of `node`, with where it was lost: `within` one of its parts, or else here.

    An unknown that says why is one whose parts may well be known: `f(x)` of a function that is out of sight.
    """
    match value:
        case Unknown(lost=None):
            here = within if within is not None and not value.why else Lost(machine.site(node, frame), value.why)
            return value.lost_at(here)
        case Tensor(terms=terms) if any(_is_unexplained(term) for term in terms):
            here = within or Lost(machine.site(node, frame))
            return replace(value, terms=tuple(replace(t, lost=here) if _is_unexplained(t) else t for t in terms))
    return value


def _is_unexplained(term: Term) -> bool:
    return term.lost is None and term.exponent.known is None
