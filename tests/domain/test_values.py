"""The join of two values stands for both, whatever they are and in whatever order they come."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from lossflow.domain.axes import Axes
from lossflow.domain.exponent import Exponent
from lossflow.domain.trace import MAX_TRAIL, Step, StepKind
from lossflow.domain.values import (
    MAX_ALTERNATIVES,
    MAX_TERMS,
    Const,
    External,
    OneOf,
    Tensor,
    Term,
    Tuple,
    Unknown,
    Value,
    alternatives,
    exponent_of,
    join,
    merged,
    one_of,
)

from .strategies import covers, holds, joined, site, tensors, terms, values


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


@given(values, values, values)
def test_the_join_is_associative(a: Value, b: Value, c: Value) -> None:
    assert essence(join(join(a, b), c)) == essence(join(a, join(b, c)))


@given(values, values)
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


def test_zeros_to_which_a_loop_adds_say_nothing_of_the_sum() -> None:
    zeros = Tensor(Axes.SCALAR, differentiable=False)
    loss = Tensor(Axes.SCALAR, (Term(Exponent.ONE),), True, loss=True)
    assert join(zeros, loss) == loss == join(loss, zeros) == join(Const(0.0), loss)


def test_too_many_alternatives_are_unknown() -> None:
    optimizers: list[Value] = [External(f"torch.optim.{name}") for name in ("SGD", "Adam", "AdamW", "Lion", "Muon")]
    assert isinstance(joined(*optimizers[:MAX_ALTERNATIVES]), OneOf)
    assert isinstance(joined(*optimizers), Unknown)
