"""What is known of a value that two branches, two operands or two rounds of a loop make together, beside its shape."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import pytest

from lossflow.domain import arithmetic
from lossflow.domain.environment import Heap, Kind, Record, join_records, widen_records
from lossflow.domain.exponent import Exponent
from lossflow.domain.joins import is_start, join
from lossflow.domain.tally import Tally
from lossflow.domain.trace import Step, StepKind
from lossflow.domain.values import Const, Number, OneOf, Tensor, Term, Tuple, Unknown, Value

from .notation import shape
from .strategies import site
from .test_arithmetic import B, binary

LOSS = Term(Exponent.ZERO, (Step(StepKind.COMPUTED, site(10)),))


def loss(text: str = "B 5", term: Term = LOSS) -> Tensor:
    return Tensor(shape(text), (term,), True, loss=True)


def both(left: Tensor, right: Tensor) -> Tensor:
    whole = join(left, right)
    assert isinstance(whole, Tensor)
    return whole


# --- branches -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["data", "mask", "padding", "synthetic"])
def test_what_only_one_branch_makes_of_it_is_not_certain(name: str) -> None:
    plain = Tensor(shape("B 5"), differentiable=False)
    marked = replace(plain, **{name: True})
    assert getattr(both(marked, marked), name)
    assert not getattr(both(marked, plain), name)
    assert not getattr(both(plain, marked), name)


@pytest.mark.parametrize("name", ["loss", "selected"])
def test_what_one_branch_makes_of_it_may_be(name: str) -> None:
    plain = Tensor(shape("B 5"), differentiable=True)
    marked = replace(plain, **{name: True})
    assert getattr(both(marked, plain), name)
    assert getattr(both(plain, marked), name)
    assert not getattr(both(plain, replace(plain, terms=(LOSS,))), name)


def test_a_gradient_that_flows_in_one_branch_may_flow() -> None:
    flowing, still = Tensor(shape("B"), differentiable=True), Tensor(shape("B"), differentiable=False)
    assert both(flowing, still).differentiable is None
    assert both(flowing, replace(flowing, loss=True)).differentiable is True


def test_a_mask_of_either_branch_counts_unless_a_single_number_has_it() -> None:
    masked = replace(loss(), masked=site(5))
    assert both(masked, loss()).masked == both(loss(), masked).masked == site(5)
    number = replace(loss(""), masked=site(5))
    assert both(number, loss()).masked is both(loss(), number).masked is None
    assert both(number, loss("")).masked == site(5)


def test_only_a_tensor_that_the_program_made_itself_is_a_start() -> None:
    start = Tensor(shape(""), differentiable=False)
    assert is_start(start)
    assert is_start(replace(start, axes=shape("1")))
    for other in (
        replace(start, loss=True),
        replace(start, data=True),
        replace(start, differentiable=None),
        replace(start, axes=shape("B")),
        replace(start, axes=shape("...")),
        replace(start, terms=(LOSS,)),
    ):
        assert not is_start(other)


def test_a_default_holds_where_both_branches_have_it() -> None:
    given, left_out = Unknown("reduce"), Unknown("reduce", defaulted=True)
    assert join(left_out, replace(left_out, tally=Tally.BATCHES)) == left_out
    for pair in ((given, left_out), (left_out, given)):
        whole = join(*pair)
        assert isinstance(whole, Unknown)
        assert whole.name == "reduce"
        assert not whole.defaulted


def test_a_division_by_a_counter_is_kept_where_both_branches_have_it() -> None:
    over = Step(StepKind.WEIGHTED, site(4))
    counted, other = Unknown(computed=True, over=over), Unknown("loss", over=over)
    whole = join(counted, other)
    assert isinstance(whole, Unknown)
    assert whole.over == over
    without = join(counted, Unknown("loss"))
    assert isinstance(without, Unknown)
    assert without.over is None


@pytest.mark.parametrize("number", [1, 2.5, True])
def test_a_literal_beside_a_tensor_is_a_constant(number: object) -> None:
    tensor = Tensor(shape("B"), differentiable=True)
    whole = join(Const(number), tensor)
    assert isinstance(whole, OneOf)
    assert Number(Exponent.ZERO, tally=Tally.CONSTANT) in whole.values


def test_literals_of_any_kind_are_one_number() -> None:
    whole = join(Const(1), Const(2.5))
    assert isinstance(whole, Number)
    assert whole.exponent == Exponent.ZERO
    assert join(Const(2.5), Number(Exponent.ONE)) == join(Number(Exponent.ONE), Const(2.5))


# --- operands -----------------------------------------------------------------------------------------------------


def test_a_prediction_less_what_is_out_of_sight_is_one_still() -> None:
    prediction = Tensor(shape("B 5"), differentiable=True, data=True)
    left = binary("-", prediction, Unknown("target"))
    assert left == replace(prediction, data=False)
    inner = binary("-", replace(prediction, axes=shape("5")), Unknown("target"))
    assert isinstance(inner, Tensor)
    assert inner.axes == shape("unknown")
    for flows in (False, None):
        assert isinstance(binary("-", replace(prediction, differentiable=flows), Unknown("target")), Unknown)


def test_data_with_what_is_out_of_sight_may_have_a_gradient() -> None:
    mask = Tensor(shape("B 5"), differentiable=False, mask=True, padding=True)
    assert isinstance(binary("+", mask, Unknown()), Unknown)
    assert isinstance(binary("-", Unknown(), mask), Unknown)
    product = binary("*", replace(mask, mask=False, padding=False), Unknown())
    assert isinstance(product, Tensor)
    assert product.differentiable is None


@pytest.mark.parametrize("flows", [True, False, None])
def test_a_loss_plus_what_is_out_of_sight_has_a_term_that_is_not_known(flows: bool | None) -> None:
    for pair in ((replace(loss(""), differentiable=flows), Unknown("extra")),):
        for left, right in (pair, pair[::-1]):
            whole = binary("+", left, right)
            assert isinstance(whole, Tensor)
            assert [str(term.exponent) for term in whole.terms] == ["0", "?"]
            assert whole.differentiable is (True if flows else None)


def test_a_count_that_a_tensor_holds_grows_with_what_is_added() -> None:
    count = Tensor(shape("1"), differentiable=False)
    for whole in (binary("+", count, B), binary("+", B, count)):
        assert isinstance(whole, Tensor)
        assert whole.exponent == Exponent.between(0, 1)
    assert binary("+", loss(""), B) == loss("")


def test_addends_of_one_past_are_one_term() -> None:
    far = replace(LOSS, exponent=Exponent.ONE, batchless=True)
    whole = binary("+", loss("", LOSS), loss("", far))
    assert isinstance(whole, Tensor)
    (term,) = whole.terms
    assert term.exponent == Exponent.between(0, 1)
    assert not term.batchless


@pytest.mark.parametrize(
    ("symbol", "left", "right"),
    [
        ("**", Const(10), Const(10**6)),
        ("**", Const(10), Const(-(10**6))),
        ("*", Const("ab"), Const(10**9)),
        ("*", Const("a" * 300), Const(2)),
        ("+", Const("sum"), Const(1)),
        ("/", Const(1), Const(0)),
        ("<<", Const(1), Const(2)),
        ("+", Const(None), Const(1)),
    ],
)
def test_what_the_program_would_not_compute_either_is_unknown(symbol: str, left: Const, right: Const) -> None:
    assert isinstance(binary(symbol, left, right), Unknown)


@pytest.mark.parametrize(
    ("symbol", "left", "right", "expected"),
    [
        ("+", "me", "an", "mean"),
        ("*", 3, 4, 12),
        ("**", 2, 64, 2**64),
        ("//", 7, 2, 3),
        ("%", 7, 4, 3),
        ("-", 1, 0.5, 0.5),
    ],
)
def test_literals_are_computed(symbol: str, left: object, right: object, expected: object) -> None:
    assert binary(symbol, Const(left), Const(right)) == Const(expected)


def test_what_has_no_sum_is_unknown() -> None:
    for left, right in ((Const("sum"), B), (B, Const(None)), (Tuple((B,)), Const(1)), (Tuple((B,)), B)):
        assert isinstance(binary("+", left, right), Unknown)
        assert isinstance(binary("*", right, left), Unknown)


def test_tuples_are_joined_end_to_end() -> None:
    assert binary("+", Tuple((Const(1),)), Tuple((B,))) == Tuple((Const(1), B))


def test_a_number_under_a_power_that_is_out_of_sight() -> None:
    assert isinstance(binary("**", B, Unknown("k")), Unknown)
    assert isinstance(binary("**", B, Number(Exponent.ZERO)), Unknown)
    assert binary("**", Number(Exponent.ZERO), Number(Exponent.ZERO)) == Number(Exponent.ZERO)
    assert binary("**", B, Const(0.5)) == Number(Exponent.of(Fraction(1, 2)))


@pytest.mark.parametrize("value", [Unknown("x"), Tuple((B,)), Const("sum")])
def test_a_comparison_of_numbers_is_a_truth_value_and_of_what_may_be_tensors_a_mask(value: Value) -> None:
    mask = arithmetic.compare(value, Const(0))
    assert isinstance(mask, Tensor) == isinstance(value, Unknown)
    assert isinstance(arithmetic.compare(B, Const(0)), Unknown)
    assert isinstance(arithmetic.compare(Unknown("x"), Const(True)), Unknown)
    assert isinstance(arithmetic.compare(Unknown("x"), Const(None)), Unknown)


# --- rounds of a loop ---------------------------------------------------------------------------------------------


def widened(before: Value, after: Value) -> Value:
    one, two = (Record(Kind.SCOPE, {"x": value}) for value in (before, after))
    left = widen_records(one, two).get("x")
    assert left is not None
    return left


def test_what_a_number_counts_is_known_if_every_round_counts_the_same() -> None:
    first = Number(Exponent.ZERO, tally=Tally.BATCHES)
    assert widened(first, replace(first, exponent=Exponent.ONE)) == replace(first, exponent=Exponent.between(0, None))
    changed = widened(first, Number(Exponent.ONE, tally=Tally.EXAMPLES))
    assert isinstance(changed, Number)
    assert changed.tally == Tally.UNKNOWN
    begun = widened(Const(0), Number(Exponent.ONE))
    assert begun == Number(Exponent.between(0, None))


def test_what_a_total_adds_up_is_known_if_every_round_adds_the_same() -> None:
    first = replace(loss(""), tally=Tally.BATCHES)
    second = replace(loss("", replace(LOSS, exponent=Exponent.ONE)), tally=Tally.BATCHES)
    assert widened(first, second) == replace(second, terms=(replace(LOSS, exponent=Exponent.between(0, None)),))
    changed = widened(first, replace(second, tally=Tally.EXAMPLES))
    assert isinstance(changed, Tensor)
    assert changed.tally == Tally.UNKNOWN


def test_what_has_another_shape_or_other_parts_in_the_next_round_is_unknown() -> None:
    pairs = [
        (loss("B 5"), loss("B")),
        (loss(""), replace(loss(""), terms=(LOSS, LOSS))),
        (Tuple((B,)), Tuple((B, B))),
        (Const("sum"), Const("mean")),
        (B, Const("mean")),
    ]
    for before, after in pairs:
        assert isinstance(widened(before, after), Unknown)
    assert widened(Tuple((B, Const(1))), Tuple((B, Number(Exponent.ONE)))) == Tuple(
        (B, Number(Exponent.between(0, None)))
    )


def test_the_elements_of_a_list_are_widened_too() -> None:
    one, two = (Record(Kind.LIST, rest=Number(exponent)) for exponent in (Exponent.ZERO, Exponent.ONE))
    assert widen_records(one, two).rest == Number(Exponent.between(0, None))
    assert widen_records(Record(Kind.LIST), two).rest == Number(Exponent.ONE)
    bare = Record(Kind.LIST, {0: B})
    assert widen_records(Record(Kind.LIST, {0: Const(1)}), bare).rest is None


def test_lists_that_count_the_same_do_so_together() -> None:
    one = Record(Kind.LIST, {0: B}, length=Tally.BATCHES)
    two = replace(one, length=replace(Tally.BATCHES, update=site(3)))
    for joined in (join_records(one, two), join_records(two, one)):
        assert joined.length == two.length
    assert join_records(one, replace(one, length=Tally.EXAMPLES)).length == Tally.UNKNOWN
    assert join_records(one, replace(one, length=None)).length == Tally.UNKNOWN
    assert join_records(one, Record(Kind.LIST)).length == join_records(Record(Kind.LIST), one).length == Tally.BATCHES


def test_a_mask_that_the_other_heap_lost_is_none() -> None:
    masked, plain = replace(loss(), masked=site(5)), loss()

    def heap(value: Value | None) -> Heap:
        whole = Heap()
        whole[0] = Record(Kind.SCOPE, {} if value is None else {"x": value})
        return whole

    def left(mine: Value, theirs: Value | None) -> Value | None:
        return heap(mine).without_masks_lost_in(heap(theirs))[0].get("x")

    assert left(masked, plain) == plain
    assert left(masked, Const(0)) == plain
    assert left(masked, masked) == left(masked, None) == masked
    assert left(masked, Unknown("x", masked=site(5))) == masked
    assert left(plain, masked) == plain
    assert left(Const(0), plain) == Const(0)
