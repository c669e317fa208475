"""Exponents are intervals: their join is a hull, and their arithmetic is that of the numbers in them."""

from __future__ import annotations

import itertools
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lossflow.domain.exponent import Exponent

from .strategies import exponents, holds, rationals


@st.composite
def members(draw: st.DrawFn) -> tuple[Exponent, Fraction]:
    """An exponent, and a number that it may be."""
    number, other = draw(rationals), draw(exponents())
    return Exponent.of(number).join(other), number


def is_in(number: Fraction, exponent: Exponent) -> bool:
    return holds(exponent, Exponent.of(number))


@given(exponents(), exponents(), exponents())
def test_the_join_is_a_semilattice(a: Exponent, b: Exponent, c: Exponent) -> None:
    assert a.join(a) == a
    assert a.join(b) == b.join(a)
    assert a.join(b).join(c) == a.join(b.join(c))
    assert a.join(Exponent.UNKNOWN) == Exponent.UNKNOWN


@given(exponents(), exponents(), exponents())
def test_the_join_is_the_smallest_interval_that_holds_both(a: Exponent, b: Exponent, c: Exponent) -> None:
    assert holds(a.join(b), a)
    assert holds(a.join(b), b)
    if holds(c, a) and holds(c, b):
        assert holds(c, a.join(b))


@given(exponents(), exponents())
def test_holding_is_an_order(a: Exponent, b: Exponent) -> None:
    assert (a.join(b) == a) == holds(a, b)
    if holds(a, b) and holds(b, a):
        assert a == b


@given(exponents(), st.lists(exponents(), max_size=8))
def test_widening_covers_and_comes_to_rest(first: Exponent, later: list[Exponent]) -> None:
    states = [first]
    for each in later:
        states.append(states[-1].widen(each))
        assert holds(states[-1], states[-2])
        assert holds(states[-1], each)
    # Each of the two ends moves once.
    assert sum(a != b for a, b in itertools.pairwise(states)) <= 2


@given(members(), members(), rationals)
def test_arithmetic_covers_that_of_the_numbers(
    a: tuple[Exponent, Fraction], b: tuple[Exponent, Fraction], k: Fraction
) -> None:
    assert is_in(a[1] + b[1], a[0] + b[0])
    assert is_in(a[1] - b[1], a[0] - b[0])
    assert is_in(-a[1], -a[0])
    assert is_in(a[1] * k, a[0].scaled(k))
    assert is_in(a[1], a[0].join(b[0]))


@given(exponents(), exponents(), exponents())
def test_addition_is_commutative_associative_and_monotone(a: Exponent, b: Exponent, c: Exponent) -> None:
    assert a + b == b + a
    assert (a + b) + c == a + (b + c)
    assert a + Exponent.ZERO == a
    negated = -a
    assert -negated == a
    assert -(a + b) == -a + -b
    assert holds(a.join(b) + c, a + c)


@given(exponents(), rationals, rationals)
def test_powers_multiply(a: Exponent, k: Fraction, m: Fraction) -> None:
    assert a.scaled(k).scaled(m) == a.scaled(k * m)
    assert a.scaled(1) == a
    assert a.scaled(-1) == -a


@given(rationals, rationals)
def test_single_exponents_are_numbers(a: Fraction, b: Fraction) -> None:
    assert (Exponent.of(a) + Exponent.of(b)).known == a + b
    assert (Exponent.of(a) - Exponent.of(b)).known == a - b
    assert Exponent.of(a).is_zero == (a == 0)
    assert Exponent.of(a).apart(Exponent.of(b)) == (a != b)


@given(members(), rationals)
def test_bounds_hold_for_every_number_of_the_interval(a: tuple[Exponent, Fraction], bound: Fraction) -> None:
    exponent, number = a
    if exponent.at_least(bound):
        assert number >= bound
    if exponent.at_most(bound):
        assert number <= bound
    if exponent.known is not None:
        assert number == exponent.known


@given(members(), members())
def test_apart_exponents_share_no_number(a: tuple[Exponent, Fraction], b: tuple[Exponent, Fraction]) -> None:
    assert a[0].apart(b[0]) == b[0].apart(a[0])
    if a[0].apart(b[0]):
        assert a[1] != b[1]
    assert not a[0].apart(a[0].join(b[0]))


def test_an_interval_has_its_ends_the_right_way_round() -> None:
    with pytest.raises(ValueError, match="between 2 and 1"):
        Exponent.between(2, 1)


@pytest.mark.parametrize(
    ("exponent", "text"),
    [
        (Exponent.ONE, "1"),
        (Exponent.of(Fraction(-1, 2)), "-1/2"),
        (Exponent.between(0, 1), "0..1"),
        (Exponent.between(None, 1), "-oo..1"),
        (Exponent.between(0, None), "0..oo"),
        (Exponent.UNKNOWN, "?"),
    ],
)
def test_exponents_are_written_as_ranges(exponent: Exponent, text: str) -> None:
    assert str(exponent) == text
