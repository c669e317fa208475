"""What a product of matrices does to the dimensions: one of each side is summed over, the others stay.

The two dimensions that are contracted have one size: where either is known to run over the examples both do, and where
either is known not to, such as that of a matrix of weights, neither does.
"""

from __future__ import annotations

from dataclasses import replace

from lossflow.domain.axes import Axes, Tail


def with_rank(axes: Axes, rank: int) -> Axes:
    """The axes of a tensor that is known to have `rank` dimensions, as what `mm` and `bmm` are given has."""
    if not axes.known or axes.rank is not None or len(axes.dims) > rank:
        return axes
    return replace(axes, dims=axes.dims + (False,) * (rank - len(axes.dims)), tail=Tail.NONE)


def from_end(axes: Axes, place: int) -> bool | None:
    """Whether dimension `-place` runs over the examples; None where that, or whether it is there, is unknown."""
    if axes.reduced:
        return False
    if axes.rank is not None:
        return axes.dims[-place] if place <= axes.rank else None
    least = len(axes.dims) + (axes.tail is Tail.SOME)
    before = all(least - index > place for index, over in enumerate(axes.dims) if over)
    return False if axes.known and before else None


def matrix_product(left: Axes, right: Axes) -> tuple[Axes, int | None]:
    """The axes of `left @ right`, and how many dimensions over examples are summed over (None: unknown).

    A scalar here is a guess that was wrong, since torch has no product of it: nothing is known of its axes.
    """
    left, right = (Axes.UNKNOWN if axes.scalar else axes for axes in (left, right))
    over = _contracted(left, right)
    axes = Axes.UNKNOWN
    if left.rank and right.rank:
        axes = Axes(_shape(left.dims, right.dims))
    elif over and left.batches == right.batches == 1:
        axes = Axes.PLAIN  # all that ran over the examples was summed over
    elif right.reduced:
        axes = _times_weights(left, right)
    elif left.reduced:
        axes = _weights_times(left, right)
    elif over is False and left.known and right.known and left.dims[:1] == right.dims[:1] == (True,):
        return Axes((True,), Tail.SOME, certain=False), 0  # a matrix product for each example
    return replace(axes, certain=axes.certain and left.certain and right.certain), None if over is None else int(over)


def _contracted(left: Axes, right: Axes) -> bool | None:
    """Whether the sum goes over the examples."""
    row = from_end(right, 1 if right.rank == 1 else 2) if right.rank or right.reduced or len(right.dims) > 1 else None
    said = {from_end(left, 1), row} - {None}
    return said.pop() if len(said) == 1 else None


def _shape(left: tuple[bool, ...], right: tuple[bool, ...]) -> tuple[bool, ...]:
    """The shape for known ranks: what stands before the matrices is broadcast."""
    width = max(len(left), len(right), 2) - 2
    stacks = [(False,) * (width - len(dims[:-2])) + dims[:-2] for dims in (left, right)]
    columns = right[-1:] if len(right) > 1 else ()
    return tuple(a or b for a, b in zip(*stacks)) + left[-2:-1] + columns


def _times_weights(left: Axes, right: Axes) -> Axes:
    """A batch times weights, whose sizes are fixed: the batch is not in the last dimension of `left`.

    Where either rank is unknown, weights are taken not to stand above the batch, as (H, D, K) does above (B, D).
    """
    if left.reduced:
        return Axes.PLAIN
    if not left.known:
        return Axes.SOMEWHERE if left.batches == 1 else Axes.UNKNOWN
    if left.rank is not None:
        return Axes.UNKNOWN if left.dims[-1] else Axes(left.dims[:-1], Tail.ANY)
    if right.rank == 2:
        return replace(left, tail=Tail.SOME) if left.dims == left.core else left
    return Axes(left.core, Tail.ANY)


def _weights_times(left: Axes, right: Axes) -> Axes:
    """Weights times a batch: the batch is not in the last dimension but one of `right`, which is summed over."""
    if right.rank is not None and any(right.dims[:-2]) and not right.dims[-1]:
        return Axes(right.dims[:-2], Tail.SOME)
    if right.known and right.rank is None and right.core == (True,):
        return Axes((True,), Tail.SOME)
    return Axes.SOMEWHERE if right.batches == 1 else Axes.UNKNOWN
