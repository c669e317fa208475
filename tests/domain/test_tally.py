"""What is counted over the batches of the data: totals, numbers and averages as powers of B and of K."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from lossflow.domain.axes import Axes
from lossflow.domain.environment import Kind, Record, join_records, widen_records
from lossflow.domain.exponent import Exponent
from lossflow.domain.joins import join
from lossflow.domain.tally import Tally
from lossflow.domain.trace import Step, StepKind
from lossflow.domain.values import Const, Number, Tensor, Term, Value, tally_of

from .strategies import joined, site

sites = st.one_of(st.none(), st.builds(site, st.integers(1, 3)))
tallies = st.one_of(
    st.just(Tally.UNKNOWN),
    st.builds(
        Tally,
        st.sampled_from([Fraction(-1), Fraction(0), Fraction(1)]),
        st.integers(0, 1),
        sites,
        sites,
        st.sampled_from([Fraction(0), Fraction(1)]),
    ),
)
counts: st.SearchStrategy[Value] = st.one_of(
    st.builds(Const, st.sampled_from([0, 0.0, 3])),
    st.builds(Number, st.just(Exponent.UNKNOWN), tally=st.one_of(st.none(), tallies)),
)
MEAN, SUM = (Tensor(Axes.SCALAR, (Term(e),), False, loss=True) for e in (Exponent.ZERO, Exponent.ONE))


@given(tallies)
def test_the_join_is_idempotent(a: Tally) -> None:
    assert a.join(a) == a


@given(tallies, tallies)
def test_the_join_is_commutative(a: Tally, b: Tally) -> None:
    assert a.join(b) == b.join(a)


@given(tallies, tallies, tallies)
def test_the_join_is_associative(a: Tally, b: Tally, c: Tally) -> None:
    assert a.join(b).join(c) == a.join(b.join(c))


@given(counts, counts, counts)
def test_numbers_join_with_their_tallies_in_any_order(a: Value, b: Value, c: Value) -> None:
    assert tally_of(joined(a, b, c)) == tally_of(joined(c, b, a)) == tally_of(joined(a, join(c, b)))


@given(tallies, tallies)
def test_what_is_multiplied_and_divided_again_is_what_it_was(a: Tally, b: Tally) -> None:
    back = a.times(b).over(b, site=site(9))
    assert not (a.known and b.known) or back.like(a)


def test_an_average_is_right_where_both_powers_are_gone() -> None:
    means, sums = (tally_of(loss).times(Tally.BATCHES) for loss in (MEAN, SUM))
    at = site(1)
    assert means.over(Tally.BATCHES, site=at).like(Tally.CONSTANT)
    assert sums.over(Tally.EXAMPLES, site=at).like(Tally.CONSTANT)
    assert means.over(Tally.EXAMPLES, site=at).like(Tally(Fraction(-1)))
    assert sums.over(Tally.BATCHES, site=at).like(Tally(Fraction(1)))
    assert not means.times(Tally.UNKNOWN).known


def test_a_total_begins_at_zero_and_nowhere_else() -> None:
    total = Number(Exponent.UNKNOWN, tally=Tally.EXAMPLES)
    assert tally_of(join(Const(0), total)) == Tally.EXAMPLES
    assert not tally_of(join(Const(3), total)).known
    one = SUM.step(Step(StepKind.REDUCED, site(1)))
    several = replace(one, tally=Tally.EXAMPLES)
    assert join(Const(0.0), several) == several
    assert not tally_of(join(one, several)).known


def test_a_list_counts_what_was_added_to_it() -> None:
    empty, filled = Record(Kind.LIST), Record(Kind.LIST, rest=MEAN, length=Tally.BATCHES)
    assert join_records(empty, filled).length == join_records(filled, empty).length == Tally.BATCHES
    other = Record(Kind.LIST, rest=MEAN, length=Tally.EXAMPLES)
    assert join_records(filled, other).length == Tally.UNKNOWN


def test_what_changes_with_every_round_is_unknown() -> None:
    before, after = (
        Record(Kind.SCOPE, {"n": Number(Exponent.ZERO, tally=tally)}) for tally in (Tally.CONSTANT, Tally.BATCHES)
    )
    widened = widen_records(before, after).get("n")
    assert widened is not None
    assert tally_of(widened) == Tally.UNKNOWN
