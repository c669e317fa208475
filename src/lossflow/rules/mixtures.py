"""Which two terms of an objective grow with different powers of the batch size, and where they are added."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from lossflow.domain.trace import Step, StepKind
from lossflow.domain.values import Term


@dataclass(frozen=True, slots=True)
class Pair:
    """Two terms: `steep` grows faster with the batch than `flat`; they meet at `addition`, as far as that is known."""

    steep: Term
    flat: Term
    addition: Step | None


def mixture(terms: Iterable[Term]) -> Pair | None:
    """The first two terms to meet whose exponents are known and differ; those without examples are no part of it."""
    waiting = [term for term in terms if not term.batchless]
    pairs = [
        (left, right)
        for index, left in enumerate(waiting)
        for right in waiting[index + 1 :]
        if None not in (left.exponent.known, right.exponent.known) and left.exponent != right.exponent
    ]
    if not pairs:
        return None
    left, right = min(pairs, key=_meeting)
    steep, flat = (left, right) if (left.exponent - right.exponent).at_least(0) else (right, left)
    return Pair(steep, flat, _addition(left, right))


def _meeting(pair: tuple[Term, Term]) -> int:
    """How many steps remain after the two are added: the earlier they meet, the more."""
    left, right = pair
    step = _addition(left, right)
    return -(len(left.trail) - left.trail.index(step)) if step else 0


def _addition(left: Term, right: Term) -> Step | None:
    """The step at which two terms were first added."""
    return next((step for step in left.trail if step.kind is StepKind.ADDED and step in right.trail), None)
