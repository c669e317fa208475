"""Torch's own truth table for `size_average` and `reduce`, the arguments that `reduction` replaced."""

from __future__ import annotations


def legacy_reduction(size_average: object, reduce: object) -> str:
    """The reduction that the two stand for, by their truth value, so that a string counts as True; None means True.

    With both None torch doesn't ask this table at all: then the `reduction` argument holds.
    """
    averages = size_average is None or bool(size_average)
    reduces = reduce is None or bool(reduce)
    if not reduces:
        return "none"
    return "mean" if averages else "sum"


def effective_reduction(size_average: object, reduce: object, reduction: str) -> str:
    """The reduction in force where a loss is given all three: either legacy argument overrides `reduction`."""
    if size_average is None and reduce is None:
        return reduction
    return legacy_reduction(size_average, reduce)
