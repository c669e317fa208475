"""Operators on abstract values follow the powers of B that they stand for."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from lossflow.domain import arithmetic, tensors
from lossflow.domain.axes import Axes, Tail
from lossflow.domain.contraction import from_end
from lossflow.domain.exponent import Exponent
from lossflow.domain.joins import join
from lossflow.domain.tensor_calls import Call
from lossflow.domain.trace import Step, StepKind
from lossflow.domain.values import MAX_TERMS, Const, Number, Tensor, Term, Unknown, Value

from . import strategies
from .strategies import any_axes, covers, exponents, holds, narrower_tensors, rationals, site, terms

B = Number(Exponent.ONE, "batch_size")
SITE = site(20)
LOSS = Step(StepKind.COMPUTED, site(10))


def binary(symbol: str, left: Value, right: Value) -> Value:
    return arithmetic.binary(symbol, left, right, site=SITE)


def method(name: str, tensor: Value, *args: Value, **kwargs: Value) -> Value:
    assert isinstance(tensor, Tensor)
    value = tensors.method(name, Call(tensor, args, kwargs, SITE))
    assert value is not None
    return value


def exponent(value: Value) -> Exponent:
    assert isinstance(value, (Tensor, Number))
    return value.exponent


def per_example(axes: Axes = Axes.EXAMPLES) -> Tensor:
    return Tensor(axes, (Term(Exponent.ZERO, (LOSS,)),), True, loss=True)


losses = st.sampled_from([Axes.VECTOR, Axes.EXAMPLES, Axes.ELEMENTS, Axes((True, False)), Axes.SOMEWHERE]).map(
    per_example
)
numbers = st.builds(Number, exponents())


@given(losses)
def test_a_sum_divided_by_the_batch_size_is_the_mean(loss: Tensor) -> None:
    ways = [
        binary("/", method("sum", loss), B),
        binary("*", method("sum", loss), binary("/", Const(1), B)),
        method("div", method("sum", loss), B),
        method("sum", binary("/", loss, B)),
        binary("/", method("sum", loss), method("size", loss, Const(0))) if loss.axes.known else method("mean", loss),
        binary("/", method("sum", loss), method("numel", loss)),
        method("mean", method("sum", loss, Const(1)))
        if loss.axes.known and loss.axes.rank != 1
        else method("mean", loss),
    ]
    for way in ways:
        assert isinstance(way, Tensor)
        assert way.axes == Axes.SCALAR
        assert exponent(way) == exponent(method("mean", loss)) == Exponent.ZERO
        assert way.loss
        assert way.differentiable


@given(losses)
def test_a_mean_times_the_batch_size_is_the_sum(loss: Tensor) -> None:
    assert exponent(binary("*", method("mean", loss), B)) == exponent(method("sum", loss)) == Exponent.ONE
    assert exponent(binary("/", method("mean", loss), B)) == Exponent.of(-1)


@given(strategies.tensors(), numbers)
def test_what_is_multiplied_and_divided_again_is_as_before(tensor: Tensor, number: Number) -> None:
    there = binary("*", tensor, number)
    back = binary("/", there, number)
    assert isinstance(back, Tensor)
    if number.exponent.known is not None:
        # A step that is taken twice stands on the trail once, but counts twice.
        assert [term.exponent for term in back.terms] == [term.exponent for term in tensor.terms]
    assert covers(back, tensor)


@given(strategies.tensors(), numbers)
def test_a_factor_shifts_every_term(tensor: Tensor, number: Number) -> None:
    for product in (binary("*", tensor, number), binary("*", number, tensor)):
        assert isinstance(product, Tensor)
        assert [t.exponent for t in product.terms] == [t.exponent + number.exponent for t in tensor.terms]
        assert product.axes == tensor.axes


@given(strategies.tensors(), st.sampled_from([Const(2), Const(0.5), Const(-1)]))
def test_a_constant_changes_neither_axes_nor_exponents(tensor: Tensor, constant: Const) -> None:
    for symbol in "+-*/":
        value = binary(symbol, tensor, constant)
        assert isinstance(value, Tensor)
        assert value.axes == tensor.axes
        assert [replace(t, trail=t.origin) for t in value.terms] == [replace(t, trail=t.origin) for t in tensor.terms]


@st.composite
def objectives(draw: st.DrawFn, first: int) -> Tensor:
    """Scalars whose terms have trails of their own."""
    held = draw(st.lists(exponents(), min_size=1, max_size=3))
    steps = [Step(StepKind.COMPUTED, site(first + i)) for i in range(len(held))]
    return Tensor(Axes.SCALAR, tuple(Term(e, (s,)) for e, s in zip(held, steps)), True, loss=True)


@given(objectives(30), objectives(40))
def test_an_addition_keeps_the_terms_of_both(left: Tensor, right: Tensor) -> None:
    total = binary("+", left, right)
    assert isinstance(total, Tensor)
    assert [t.exponent for t in total.terms] == [t.exponent for t in (*left.terms, *right.terms)]
    assert [t.origin for t in total.terms] == [t.origin for t in (*left.terms, *right.terms)]
    assert total.exponent == left.exponent.join(right.exponent)


@given(st.lists(objectives(30), min_size=1, max_size=12))
def test_a_long_objective_is_cut_but_stays_true(several: list[Tensor]) -> None:
    total: Value = several[0]
    whole = several[0].exponent
    for number, each in enumerate(several[1:]):
        own = replace(each, terms=tuple(t.step(Step(StepKind.SCALED, site(100 + number))) for t in each.terms))
        total, whole = binary("+", total, own), whole.join(own.exponent)
    assert isinstance(total, Tensor)
    assert len(total.terms) <= MAX_TERMS
    assert holds(total.exponent, whole)


@given(numbers, numbers, rationals)
def test_numbers_multiply_as_powers_of_b(a: Number, b: Number, k: object) -> None:
    assert exponent(binary("*", a, b)) == a.exponent + b.exponent
    assert exponent(binary("/", a, b)) == a.exponent - b.exponent
    assert holds(exponent(binary("+", a, b)), a.exponent)
    assert holds(exponent(binary("-", a, b)), b.exponent)
    assert exponent(binary("**", a, Const(2))) == a.exponent.scaled(2)
    assert binary("+", a, Const(1)) == Number(a.exponent) == binary("-", Const(1), a)


@given(numbers, numbers, strategies.tensors())
def test_the_order_of_factors_does_not_matter(a: Number, b: Number, tensor: Tensor) -> None:
    one = binary("*", binary("*", tensor, a), b)
    other = binary("*", tensor, binary("*", a, b))
    assert isinstance(one, Tensor)
    assert isinstance(other, Tensor)
    assert [t.exponent for t in one.terms] == [t.exponent for t in other.terms]
    assert exponent(binary("*", a, tensor)) == exponent(binary("*", tensor, a))


def ordinary(left: Value, right: Value) -> bool:
    """True unless torch would pair every example with every other, or put a plain tensor above the batch.

    Axes take it that scripts do neither, and say so only where they know the ranks of both.
    """
    if not (isinstance(left, Tensor) and isinstance(right, Tensor)):
        return True
    one, other = left.axes, right.axes
    if one.rank is None or other.rank is None:
        return True
    whole = one.broadcast(other)
    above = any(a.reduced and not b.reduced and len(a.dims) > len(b.dims) for a, b in ((one, other), (other, one)))
    return not above and sum(whole.dims) <= max(sum(one.dims), sum(other.dims))


def refused(left: Value, right: Value) -> bool:
    """True for a matrix product that torch refuses, of which there is nothing to say.

    One side has no dimensions, or of the two that are contracted only one runs over the examples.
    """
    if any(isinstance(value, Tensor) and value.axes.scalar for value in (left, right)):
        return True
    if not (isinstance(left, Tensor) and isinstance(right, Tensor)):
        return False
    row = from_end(right.axes, 1 if right.axes.rank == 1 else 2)
    return {from_end(left.axes, 1), row} == {True, False}


@pytest.mark.parametrize("symbol", ["+", "-", "*", "/", "**", "//", "%", "@"])
@given(both=narrower_tensors(), other=st.one_of(strategies.tensors(), numbers, st.just(Const(2)), st.just(Unknown())))
@example(
    both=(per_example(Axes.VECTOR), per_example(Axes.EXAMPLES)),
    other=Tensor(Axes.SCALAR, (Term(Exponent.UNKNOWN),), True),
)
@example(both=(per_example(Axes.SCALAR), per_example(Axes.PLAIN)), other=Unknown())
@example(
    both=(per_example(Axes((False,))), per_example(Axes((False,), Tail.ANY))),
    other=Tensor(Axes((False, True, False, True)), differentiable=True),
)
@example(
    both=(per_example(Axes((True, False), Tail.ANY)), per_example(Axes.EXAMPLES)),
    other=Tensor(Axes((True, False)), differentiable=True),
)
@example(
    both=(per_example(Axes((False, False, False))), per_example(Axes((False, False, False), Tail.ANY))),
    other=Tensor(Axes.EXAMPLES, differentiable=True),
)
def test_who_knows_more_is_told_more(symbol: str, both: tuple[Tensor, Tensor], other: Value) -> None:
    narrow, wide = both
    assume(ordinary(narrow, other))
    # Data plus something out of sight is out of sight; a loss is still a loss.
    assume(narrow.terms[0].trail or not isinstance(other, Unknown))
    if symbol != "@" or not refused(narrow, other):
        assert covers(binary(symbol, wide, other), binary(symbol, narrow, other))
    if symbol != "@" or not refused(other, narrow):
        assert covers(binary(symbol, other, wide), binary(symbol, other, narrow))


@pytest.mark.parametrize("symbol", ["+", "-", "*", "/", "@"])
@given(one=strategies.tensors(), number=numbers, other=st.one_of(strategies.tensors(), numbers))
def test_what_may_be_a_tensor_or_a_number_is_taken_for_both(
    symbol: str, one: Tensor, number: Number, other: Value
) -> None:
    choice = join(one, number)
    for each in (one, number):
        assert covers(binary(symbol, choice, other), binary(symbol, each, other))
        assert covers(binary(symbol, other, choice), binary(symbol, other, each))


@given(narrower_tensors(), st.one_of(strategies.tensors(), numbers, st.just(Const(2))))
def test_a_comparison_is_a_mask(both: tuple[Tensor, Tensor], other: Value) -> None:
    narrow, wide = both
    assume(ordinary(narrow, other))
    mask = arithmetic.compare(narrow, other)
    assert isinstance(mask, Tensor)
    assert mask.differentiable is False
    assert not mask.loss
    assert mask.exponent == Exponent.ZERO
    assert covers(arithmetic.compare(wide, other), mask)


@given(any_axes(), terms)
def test_negation_keeps_everything(axes: Axes, term: Term) -> None:
    tensor = Tensor(axes, (term,), True, loss=True)
    assert arithmetic.negative(tensor) == tensor
    assert arithmetic.negative(Number(term.exponent)) == Number(term.exponent)
    assert arithmetic.negative(Const(2)) == Const(-2)


@pytest.mark.parametrize(
    ("left", "right", "axes", "grows"),
    [
        (Axes((True, False)), Axes((False, False)), Axes((True, False)), 0),
        (Axes((False, True)), Axes((True, False)), Axes((False, False)), 1),
        (Axes((True, False)), Axes((False, True)), Axes((True, True)), 0),
        (Axes((True, False)), Axes((False,)), Axes((True,)), 0),
        (Axes((True,)), Axes((True,)), Axes.SCALAR, 1),
        (Axes.EXAMPLES, Axes((False, False)), Axes.EXAMPLES, 0),
    ],
)
def test_a_matrix_product_sums_over_what_it_contracts(left: Axes, right: Axes, axes: Axes, grows: int) -> None:
    product = binary("@", per_example(left), per_example(right))
    assert isinstance(product, Tensor)
    assert product.axes.batches == axes.batches
    assert product.axes == axes or axes.tail is not Tail.NONE
    assert product.exponent == Exponent.of(grows)


@pytest.mark.parametrize("scalar", [Tensor(Axes.SCALAR, differentiable=True), B, Const(2.0)])
def test_there_is_no_matrix_product_of_a_scalar(scalar: Value) -> None:
    batch = per_example(Axes((True, False)))
    assert isinstance(binary("@", batch, scalar), Unknown)
    assert isinstance(binary("@", scalar, batch), Unknown)


def test_a_guess_that_was_a_scalar_is_none_in_a_matrix_product() -> None:
    guess = Tensor(replace(Axes.SCALAR, certain=False), differentiable=True)
    product = binary("@", per_example(Axes((True, False))), guess)
    assert isinstance(product, Tensor)
    assert product.loss
    assert not product.axes.certain
