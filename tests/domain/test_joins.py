"""The join of two values stands for both, whatever they are and in whatever order they come."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import example, given
from hypothesis import strategies as st

from lossflow.domain.axes import Axes
from lossflow.domain.exponent import Exponent
from lossflow.domain.joins import MAX_ALTERNATIVES, join, merged, one_of
from lossflow.domain.trace import MAX_TRAIL, Step, StepKind
from lossflow.domain.values import (
    MAX_TERMS,
    Const,
    External,
    Number,
    OneOf,
    Tensor,
    Term,
    Tuple,
    Unknown,
    Value,
    alternatives,
    exponent_of,
)

from .strategies import covers, holds, joined, site, starts, tensors, terms, unstarted_values, values

ZEROS = Tensor(Axes.SCALAR, differentiable=False)
LOSS = Tensor(Axes.SCALAR, (Term(Exponent.ONE),), True, loss=True)
PLAIN = Tensor(Axes.SCALAR, (Term(Exponent.of(-3)),), True)


def essence(value: Value) -> Value:
    """The value without what only messages show: trails, terms of their own, names and reasons."""
    match value:
        case Tensor():
            batchless = all(term.batchless for term in value.terms)
            return replace(value, terms=(Term(value.exponent, batchless=batchless),))
        case Tuple(items=items):
            return Tuple(tuple(map(essence, items)))
        case OneOf(values=each):
            return OneOf(tuple(sorted(map(essence, each), key=repr)))
        case Unknown():
            return Unknown()
    return value


@given(values)
def test_the_join_is_idempotent(a: Value) -> None:
    assert join(a, a) == a


@given(values, values)
def test_the_join_is_commutative(a: Value, b: Value) -> None:
    assert essence(join(a, b)) == essence(join(b, a))


@given(unstarted_values, unstarted_values, unstarted_values)
@example(Const(True), PLAIN, Number(Exponent.of(-3)))
@example(Const(0), PLAIN, Const(3))
@example(Const(0), Number(Exponent.ONE), LOSS)
@example(Tuple((Const(0), Const(None))), Tuple((LOSS, Const(None))), Tuple((Const(2), Const(None))))
def test_the_join_is_associative(a: Value, b: Value, c: Value) -> None:
    assert essence(join(join(a, b), c)) == essence(join(a, join(b, c)))


@given(values, values)
@example(LOSS, ZEROS)
@example(Tuple((LOSS, Const(None))), Tuple((ZEROS, Const(None))))
@example(Const(1.0), PLAIN)
def test_the_join_covers_both(a: Value, b: Value) -> None:
    assert covers(join(a, b), a)
    assert covers(join(a, b), b)


@given(values, values)
def test_a_join_that_is_joined_again_stays(a: Value, b: Value) -> None:
    whole = join(a, b)
    assert essence(join(whole, b)) == essence(whole)


@given(st.lists(values, min_size=1, max_size=8))
def test_a_choice_is_short_and_holds_no_two_values_that_join(several: list[Value]) -> None:
    whole = joined(*several)
    assert len(alternatives(whole)) <= MAX_ALTERNATIVES
    assert essence(one_of(alternatives(whole))) == essence(whole)


@given(tensors(), tensors())
def test_a_branch_that_adds_a_term_keeps_the_terms_apart(a: Tensor, b: Tensor) -> None:
    longer = replace(a, terms=(*a.terms, *(term.step(Step(StepKind.COMPUTED, site(9))) for term in b.terms)))
    whole = join(a, longer)
    assert isinstance(whole, Tensor)
    assert {term.origin for term in whole.terms} == {term.origin for term in longer.terms} or len(whole.terms) == 1


@given(st.lists(terms, min_size=1, max_size=MAX_TERMS))
def test_a_merged_term_holds_the_exponents_of_all(several: list[Term]) -> None:
    whole = merged(tuple(several))
    assert all(holds(whole.exponent, term.exponent) for term in several)
    assert whole.trail in [term.trail for term in several]
    assert whole.batchless == all(term.batchless for term in several)


@given(terms, st.lists(st.integers(0, 40), max_size=60))
def test_a_trail_keeps_its_beginning_and_its_end(term: Term, numbers: list[int]) -> None:
    beginning = term.trail
    for number in numbers:
        step = Step(StepKind.SCALED, site(number))
        new = step not in term.trail
        term = term.step(step)
        assert not new or term.trail[-1] == step
    assert len(term.trail) <= MAX_TRAIL
    assert term.trail[: len(beginning)] == beginning


@given(tensors())
def test_the_exponent_of_a_tensor_holds_those_of_its_terms(tensor: Tensor) -> None:
    assert all(holds(tensor.exponent, term.exponent) for term in tensor.terms)
    assert exponent_of(tensor) == tensor.exponent


@given(starts, tensors(), values)
def test_a_start_leaves_nothing_behind_in_a_loss(start: Tensor, tensor: Tensor, other: Value) -> None:
    loss = replace(tensor, loss=True)
    assert join(start, loss) == loss == join(loss, start)
    assert join(Const(0.0), loss) == loss == join(loss, Const(0.0))
    assert essence(join(join(loss, other), start)) == essence(join(loss, other))
    pair = (Tuple((start, other)), Tuple((loss, other)))
    assert join(*pair) == pair[1] == join(*reversed(pair))


def test_a_literal_that_is_not_zero_counts_beside_a_tensor() -> None:
    size = Tensor(Axes.SCALAR, (Term(Exponent.ONE),), False)
    assert exponent_of(join(Const(0), size)) == exponent_of(join(Const(0), Number(Exponent.ONE))) == Exponent.ONE
    assert exponent_of(join(Const(1.0), size)) == exponent_of(join(size, Const(True))) == Exponent.between(0, 1)


def test_too_many_alternatives_are_unknown() -> None:
    optimizers: list[Value] = [External(f"torch.optim.{name}") for name in ("SGD", "Adam", "AdamW", "Lion", "Muon")]
    assert isinstance(joined(*optimizers[:MAX_ALTERNATIVES]), OneOf)
    assert isinstance(joined(*optimizers), Unknown)
