"""Which sizes are those of a batch, and how many of its examples a slice leaves."""

from __future__ import annotations

import pytest

from lossflow.domain.exponent import Exponent
from lossflow.domain.tensor_creators import axes_of_sizes
from lossflow.domain.tensor_selections import left_by_slice
from lossflow.domain.values import Number, Unknown, exponent_of

from .notation import B, shape, value


@pytest.mark.parametrize(
    ("lower", "upper", "left"),
    [
        (None, None, "1"),
        (1, None, "1"),
        (-8, None, "0"),
        (None, 8, "0"),
        (2, 8, "0"),
        (None, -1, "1"),
        (2, -1, "1"),
        (-8, -1, "0"),
        (-8, 3, "?"),
        (None, B, "1"),
        (2, B, "1"),
        (-3, B, "?"),
        (B, None, "1"),
        (Unknown("start"), None, "?"),
        (None, Unknown("stop"), "?"),
    ],
)
def test_how_many_examples_a_slice_leaves(lower: object, upper: object, left: str) -> None:
    assert str(left_by_slice(value(lower), value(upper), exponent_of)) == left


LITTLE, MAYBE = Number(Exponent.ZERO), Number(Exponent.between(0, 1))


@pytest.mark.parametrize(
    ("sizes", "made", "drawn", "leaf"),
    [
        ((), "", "", ""),
        ((B,), "B", "B", "B"),
        ((B, 5), "B 5", "B 5", "B 5"),
        ((5, B), "5 B", "5 B", "5 B"),
        ((MAYBE, 5), "B 5", "B 5", "5 5"),
        ((Unknown("n"), 5), "unknown", "unknown", "5 5"),
        ((8, 5), "unknown", "B 5?", "5 5"),
        ((LITTLE, 5), "unknown", "B 5?", "5 5"),
        ((8,), "unknown", "unknown", "5"),
        ((1,), "1", "1", "1"),
        ((1, 5), "1 5", "1 5", "1 5"),
        ((1, Unknown("n")), "unknown", "unknown", "1 5"),
    ],
)
def test_the_first_size_of_what_is_drawn_is_taken_for_that_of_the_batch(
    sizes: tuple[object, ...], made: str, drawn: str, leaf: str
) -> None:
    given = tuple(map(value, sizes))
    assert axes_of_sizes(given, exponent_of) == shape(made)
    assert axes_of_sizes(given, exponent_of, drawn=True) == shape(drawn)
    assert axes_of_sizes(given, exponent_of, leaf=True) == shape(leaf)
