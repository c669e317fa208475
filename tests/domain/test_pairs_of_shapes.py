"""What two shapes make together, exactly: where they meet in an operator, and where branches of the program meet."""

from __future__ import annotations

import pytest

from lossflow.domain.axes import Axes

from .notation import shape

BROADCAST = [
    ("", "B ...", "B ..."),
    ("B", "", "B"),
    ("B 5", "5", "B 5"),
    ("B 1", "B 5", "B 5"),
    ("B", "B 5", "B B"),  # (B,) against (B, B): every example with every other
    ("5 B", "B", "5 B"),
    ("B 5", "4 B 5", "4 B 5"),
    ("B ...", "B ...", "B ..."),
    ("B ...", "B +", "B +"),
    ("B +", "B +", "B +"),
    ("B ...", "B", "B ..."),
    ("B ...", "B 5", "B 5 ..."),
    ("B ...", "B 5 +", "B 5 +"),
    ("B ...", "5", "B ..."),
    ("B +", "5 3", "B +"),
    ("5 3", "B ...?", "B ...?"),
    ("...", "...", "..."),
    ("...", "5", "..."),
    ("...?", "5", "...?"),
    ("B B ...", "B B ...", "B B ..."),
    ("B B", "B ...", "unknown"),
    ("5 B ...", "B ...", "somewhere?"),
    ("somewhere", "5", "somewhere"),
    ("somewhere", "B", "somewhere?"),
    ("somewhere", "somewhere", "somewhere?"),
    ("unknown", "B", "unknown"),
    ("unknown", "...", "unknown"),
    ("unknown", "", "unknown"),
]
JOINED = [
    ("B 5", "B 3", "B 5"),
    ("B", "B 5", "B ..."),
    ("B 5", "B 5 3", "B +"),
    ("B +", "B 5", "B +"),
    ("B +", "B ...", "B ..."),
    ("5 B", "5 B 3", "5 B ..."),
    ("5", "5 3", "+"),
    ("", "5", "..."),
    ("B", "5 B", "somewhere"),
    ("B", "somewhere", "somewhere"),
    ("B", "somewhere?", "somewhere?"),
    ("B", "5", "unknown"),
    ("B", "B B", "unknown"),
    ("B", "unknown", "unknown"),
    ("B?", "B", "B?"),
    ("B?", "B 5", "B ...?"),
]


@pytest.mark.parametrize(("left", "right", "expected"), BROADCAST)
def test_the_shape_of_an_operation(left: str, right: str, expected: str) -> None:
    assert shape(left).broadcast(shape(right)) == shape(right).broadcast(shape(left)) == shape(expected)


@pytest.mark.parametrize(("left", "right", "expected"), JOINED)
def test_the_shape_after_either_branch(left: str, right: str, expected: str) -> None:
    assert shape(left).join(shape(right)) == shape(right).join(shape(left)) == shape(expected)


@pytest.mark.parametrize(
    ("before", "rank", "expected"),
    [
        ("B", 1, "B"),
        ("B 5", 1, "B 5"),
        ("B ...", 1, "B ..."),
        ("B ...", 3, "B 5 3 ..."),
        ("B +", 3, "B 5 3 ..."),
        ("...", 2, "5 3 ..."),
        ("B", 2, None),
        ("", 1, None),
        ("somewhere", 1, None),
        ("unknown", 3, None),
    ],
)
def test_dimensions_that_are_known_to_be_there(before: str, rank: int, expected: str | None) -> None:
    assert shape(before).at_least(rank) == (None if expected is None else shape(expected))


def test_the_notation() -> None:
    assert shape("B 5 ...?") == Axes((True, False), shape("...").tail, certain=False)
    assert shape("somewhere?").certain is False
    assert shape("") == Axes.SCALAR
