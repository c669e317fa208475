"""How the outcomes of statements combine: one after the other, or one or the other."""

from __future__ import annotations

from lossflow.domain.environment import Heap
from lossflow.domain.joins import join
from lossflow.interp.engine.frames import Outcome, Returned


def then(first: Outcome, second: Outcome) -> Outcome:
    """The outcome of one statement after another."""
    return Outcome(
        second.falls,
        join_returns(first.returns, second.returns),
        join_heaps(first.breaks, second.breaks),
        join_heaps(first.continues, second.continues),
    )


def either(first: Outcome, second: Outcome) -> Outcome:
    """The outcome of one branch or the other."""
    return Outcome(
        join_heaps(first.falls, second.falls),
        join_returns(first.returns, second.returns),
        join_heaps(first.breaks, second.breaks),
        join_heaps(first.continues, second.continues),
    )


def join_heaps(left: Heap | None, right: Heap | None) -> Heap | None:
    """The heap after one path or the other; a path that is never taken counts for nothing."""
    if left is None or right is None:
        return left if right is None else right
    return left.join(right)


def join_returns(left: Returned | None, right: Returned | None) -> Returned | None:
    """What one path or the other returns."""
    if left is None or right is None:
        return left if right is None else right
    return Returned(join(left.value, right.value), left.heap.join(right.heap))
