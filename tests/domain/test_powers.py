"""What a method makes of the power of B of a loss, exactly, beside the shape that it leaves."""

from __future__ import annotations

from dataclasses import replace

import pytest

from lossflow.domain import arithmetic, tensors
from lossflow.domain.axes import Axes
from lossflow.domain.contraction import from_end
from lossflow.domain.exponent import Exponent
from lossflow.domain.tensor_calls import Call
from lossflow.domain.trace import Step, StepKind
from lossflow.domain.values import Const, Number, Tensor, Term, Tuple, Unknown, Value

from .notation import B, shape, value
from .strategies import site

LOSS, OTHER = Step(StepKind.COMPUTED, site(10)), Step(StepKind.COMPUTED, site(11))
SITE = site(20)
SOME = Unknown("p")
UNKNOWN = "?"


def loss(text: str, power: int = 0) -> Tensor:
    return Tensor(shape(text), (Term(Exponent.of(power), (LOSS,)),), True, loss=True)


def plain(text: str) -> Tensor:
    return Tensor(shape(text), differentiable=False)


def called(name: str, tensor: Tensor, *arguments: object, **named: object) -> Value:
    kwargs = {key: value(each) for key, each in named.items()}
    result = tensors.method(name, Call(tensor, tuple(map(value, arguments)), kwargs, SITE))
    assert result is not None
    return result


REDUCTIONS = [
    ("B", 0, "sum", (), "1"),
    ("B B", 0, "sum", (), "2"),
    ("B 5", 0, "sum", (0,), "1"),
    ("B 5", 0, "sum", (SOME,), UNKNOWN),
    ("B", 0, "mean", (), "0"),
    ("B", 1, "mean", (), "1"),
    ("B 5", 0, "mean", (SOME,), "0"),
    ("B", 0, "norm", (), "1/2"),
    ("B", 0, "norm", (1,), "1"),
    ("B", 0, "norm", (3,), "1/3"),
    ("B", 0, "norm", (Const("fro"),), "1/2"),
    ("B", 0, "norm", (Const("nuc"),), UNKNOWN),
    ("B", 0, "norm", (SOME,), UNKNOWN),
    ("B", 0, "norm", (float("inf"),), "0"),
    ("B", 0, "norm", (-1,), UNKNOWN),
    ("B", 0, "norm", (0,), "0"),
    ("B 5", 0, "norm", (2, 1), "0"),
    ("B 5", 0, "norm", (2, 0), "1/2"),
    ("B", 0, "count_nonzero", (), "1"),
    ("B", 2, "count_nonzero", (), "1"),
    ("B B", 0, "trace", (), "1..2"),
    ("B", 0, "std", (), "0"),
    ("B", 1, "std", (), "0"),
    ("B", 0, "max", (), "0"),
    ("B 5", 0, "prod", (1,), "0"),
    ("B 5", 1, "prod", (1,), UNKNOWN),
    ("5", 0, "dist", (plain("5"),), "0"),
    ("B", 0, "dist", (plain("B"),), "1/2"),
    ("B", 0, "dist", (plain("B"), 1), "1"),
    ("B", 0, "dot", (plain("B"),), "1"),
    ("5", 0, "dot", (plain("5"),), "0"),
]
ALONG = [
    ("B 5", 0, "softmax", (1,), "0"),
    ("B 5", 0, "softmax", (0,), UNKNOWN),
    ("B 5", 0, "softmax", (SOME,), UNKNOWN),
    ("B 5", 0, "softmax", (), "0"),
    ("B 5", 0, "normalize", (), "0"),
    ("5 B", 0, "normalize", (), UNKNOWN),
    ("B 5", 0, "normalize", (2, 0), UNKNOWN),
    ("B 5", 0, "normalize", (2, 1), "0"),
    ("B 5", 0, "scatter_add", (1, plain("B 1"), plain("B 1")), "0"),
    ("B 5", 0, "scatter_add", (0, plain("B 1"), plain("B 1")), UNKNOWN),
    ("5 3", 0, "scatter_add", (1, plain("B 1"), plain("B 1")), UNKNOWN),
    ("B 5", 0, "index_add", (SOME, plain("B 1"), plain("B 1")), UNKNOWN),
]
ELEMENTS = [
    ("B", 2, "sqrt", (), "1"),
    ("B", 1, "square", (), "2"),
    ("B", 1, "pow", (3,), "3"),
    ("B", 1, "pow", (SOME,), UNKNOWN),
    ("B", 0, "pow", (SOME,), "0"),
    ("B", 1, "pow", (True,), UNKNOWN),
    ("B", 1, "reciprocal", (), "-1"),
    ("B", 2, "rsqrt", (), "-1"),
    ("B", 1, "log", (), "0"),
    ("B", 1, "exp", (), UNKNOWN),
    ("B", 0, "exp", (), "0"),
    ("B", 1, "clamp", (1,), "1"),
    ("B", 1, "detach", (), "1"),
    ("B", 1, "neg", (), "1"),
    ("B", 1, "atan2", (plain("B"),), "0"),
    ("B", 1, "add", (plain("B"),), "1"),
    ("B", 0, "mul", (B,), "1"),
    ("B", 0, "div", (B,), "-1"),
    ("B", 1, "div", (loss("B", 1),), "0"),
    ("B", 0, "sub", (loss("B", 1),), "0..1"),
    ("B", 0, "sub", (loss("B", -1), B), "0"),
    ("B", 0, "add", (loss("B", -1), B), "0"),
    ("B", 0, "mul", (loss("B", -1), B), "-1"),
    ("B", 0, "addcmul", (loss("B", 0), B), "0..1"),
    ("B", 0, "addcdiv", (loss("B", 1), B), "0"),
    ("B", 1, "pairwise_distance", (plain("B"),), UNKNOWN),
]
WRITTEN = [
    ("B", 1, "zero_", (), "0"),
    ("B", 1, "fill_", (0.5,), "0"),
    ("B", 0, "fill_", (Number(Exponent.of(-1)),), "-1"),
    ("B", 0, "fill_", (SOME,), UNKNOWN),
    ("B", 0, "copy_", (loss("B", 1),), "1"),
    ("B", 0, "copy_", (SOME,), UNKNOWN),
    ("B 5", 1, "scatter", (1, plain("B 1"), 0.0), "1"),
    ("B 5", 1, "scatter", (1, plain("B 1"), B), "1"),
    ("B 5", 0, "scatter", (1, plain("B 1"), B), "0..1"),
    ("B 5", 0, "scatter", (1, plain("B 1"), loss("B 1", 1)), "0..1"),
    ("B 5", 0, "scatter", (1, plain("B 1"), SOME), UNKNOWN),
    ("B 5", 0, "masked_scatter", (plain("B 5"), loss("B", 1)), "0..1"),
    ("B 5", 1, "zeros_like", (), "0"),
    ("B 5", 1, "full_like", (Number(Exponent.of(-1)),), "-1"),
    ("B 5", 1, "full_like", (), "0"),
    ("B 5", 1, "new_full", ((5,), Number(Exponent.of(-1))), "-1"),
    ("B 5", 1, "new_zeros", ((5,),), "0"),
    ("B", 2, "bincount", (), "1"),
]


@pytest.mark.parametrize(
    ("before", "power", "call", "arguments", "expected"), [*REDUCTIONS, *ALONG, *ELEMENTS, *WRITTEN]
)
def test_the_power_after_a_method(
    before: str, power: int, call: str, arguments: tuple[object, ...], expected: str
) -> None:
    left = called(call, loss(before, power), *arguments)
    assert isinstance(left, Tensor)
    assert str(left.exponent) == expected


@pytest.mark.parametrize(
    ("before", "call", "arguments"),
    [
        ("B 5", "prod", (0,)),
        ("B 5", "cumsum", (0,)),
        ("B 5", "cumsum", (SOME,)),
        ("B", "dot", ()),
        ("B 5", "matmul", ()),
        ("B 5", "outer", (plain("B"),)),
        ("B", "outer", (SOME,)),
        ("B 5 3", "t", ()),
        ("B 5", "unfold", (1, 2)),
        ("B", "diag_embed", ()),
        ("B 5", "diag_embed", (1,)),
        ("B 5 5", "cov", ()),
        ("B 5", "cov", (1,)),
        ("B", "inverse", ()),
        ("5 B B", "inverse", ()),
        ("B B", "det", ()),
        ("B 5", "cdist", (SOME,)),
        ("B 5", "cdist", (plain("B 5 5"),)),
        ("B 5", "split", (2,)),
        ("B 5", "split", (2, 0)),
        ("B 5", "split", (2, SOME)),
        ("somewhere", "split", (2, 1)),
        ("B 5", "chunk", (SOME,)),
        ("B 5", "unbind", (-1,)),
        ("B 5", "unbind", (2,)),
        ("somewhere", "unbind", ()),
        ("B 5", "bincount", ()),
        ("B", "addmm", (SOME, SOME)),
        ("B", "mul", ()),
        ("B", "addcmul", (plain("B"),)),
    ],
)
def test_what_is_not_followed_is_unknown(before: str, call: str, arguments: tuple[object, ...]) -> None:
    assert isinstance(called(call, loss(before), *arguments), Unknown)


def test_a_product_with_other_factors_is_unknown() -> None:
    for name in ("alpha", "beta"):
        assert isinstance(called("addmm", plain("..."), loss("B 5"), plain("5 3"), **{name: B}), Unknown)


@pytest.mark.parametrize(
    ("call", "arguments", "expected"),
    [
        ("max", (1,), "B"),
        ("max", (1, True), "B 1"),
        ("min", (0,), "5"),
        ("median", (1,), "B"),
        ("sort", (1,), "B 5"),
        ("topk", (2, 1), "B 2"),
        ("topk", (2,), "B 2"),
        ("topk", (2, 0), "2 5"),
        ("topk", (B, 0), "B 5"),
        ("topk", (2, SOME), "unknown"),
        ("topk", (SOME, 0), "unknown"),
        ("kthvalue", (2,), "B"),
        ("kthvalue", (2, 0), "5"),
        ("kthvalue", (2, 1, True), "B 1"),
        ("std_mean", (1,), "B"),
    ],
)
def test_a_pair_of_tensors_has_one_shape(call: str, arguments: tuple[object, ...], expected: str) -> None:
    both = called(call, loss("B 5"), *arguments)
    assert isinstance(both, Tuple)
    for each in both.items:
        assert isinstance(each, Tensor)
        assert each.axes == shape(expected)
    first, second = both.items
    assert isinstance(first, Tensor)
    assert isinstance(second, Tensor)
    assert first.differentiable is True
    assert second.differentiable is (call == "std_mean")


@pytest.mark.parametrize("call", ["split", "chunk"])
def test_pieces_along_the_features_are_several_tensors(call: str) -> None:
    for text, dim in (("B 5", 1), ("5 B", 0)):
        pieces = called(call, loss(text), 2, dim)
        assert isinstance(pieces, Tensor)
        assert pieces.data


@pytest.mark.parametrize(
    ("call", "arguments", "expected"),
    [
        ("new", (plain("B 3"),), "B 3"),
        ("new", (SOME,), "unknown"),
        ("new_tensor", (plain("B 3"),), "B 3"),
        ("new_tensor", (SOME,), "unknown"),
        ("new_zeros", (B, 3), "B 3"),
        ("new_zeros", ((1, 3),), "1 3"),
        ("new_zeros", (), "unknown"),
        ("new_full", ((B, 3), 0.5), "B 3"),
        ("zeros_like", (), "B 5"),
        ("copy_", (plain("5"),), "B 5"),
    ],
)
def test_what_a_tensor_makes_has_the_shape_that_it_is_given(
    call: str, arguments: tuple[object, ...], expected: str
) -> None:
    made = called(call, loss("B 5"), *arguments)
    assert isinstance(made, Tensor)
    assert made.axes == shape(expected)
    assert not made.loss


NO_GRADIENT = [
    *(
        ("detach", ()),
        ("item", ()),
        ("argmax", (1,)),
        ("argsort", (1,)),
        ("eq", (0,)),
        ("isnan", ()),
        ("one_hot", (5,)),
    ),
    *(("new_tensor", (plain("3"),)), ("new_zeros", ((3,),)), ("zeros_like", ()), ("multinomial", (2,)), ("any", (1,))),
]


@pytest.mark.parametrize(("call", "arguments"), NO_GRADIENT)
def test_no_gradient_flows_through_it(call: str, arguments: tuple[object, ...]) -> None:
    left = called(call, loss("B 5"), *arguments)
    assert isinstance(left, Tensor)
    assert left.differentiable is False


@pytest.mark.parametrize(
    ("into", "written", "flows"),
    [
        (loss("B 5"), plain("B 1"), True),
        (plain("B 5"), loss("B 1"), True),
        (plain("B 5"), plain("B 1"), False),
        (plain("B 5"), Const(0.0), False),
        (plain("B 5"), Unknown(), None),
        (loss("B 5"), Unknown(), True),
    ],
)
def test_gradients_flow_into_what_is_written_and_into_the_rest(
    into: Tensor, written: Value, flows: bool | None
) -> None:
    call = Call(into, (Const(1), plain("B 1"), written), {}, SITE)
    left = tensors.method("scatter", call)
    assert isinstance(left, Tensor)
    assert left.differentiable is flows


@pytest.mark.parametrize(("left", "right"), [("B 4 5", "5 3"), ("4 5", "B 5 3"), ("4 B", "B 3"), ("B", "B")])
def test_a_matrix_product_is_a_loss_where_either_side_is(left: str, right: str) -> None:
    for one, other in ((loss(left), plain(right)), (plain(left), loss(right)), (loss(left), loss(right))):
        product = arithmetic.matmul(one, other, site=SITE)
        assert isinstance(product, Tensor)
        assert product.loss
        assert product.differentiable is True
        assert LOSS in product.terms[0].trail
        assert product.exponent == Exponent.of(1 if left in ("4 B", "B") else 0)


@pytest.mark.parametrize("sides", ["left", "right"])
def test_a_matrix_product_with_what_is_out_of_sight(sides: str) -> None:
    """It is taken for weights where a batch stands first, and may average where it sums over the examples."""

    def product(tensor: Tensor) -> Tensor:
        pair = (tensor, Unknown()) if sides == "left" else (Unknown(), tensor)
        whole = arithmetic.matmul(*pair, site=SITE)
        assert isinstance(whole, Tensor)
        return whole

    batch = product(Tensor(shape("B 5"), differentiable=True))
    assert batch.differentiable is True
    assert str(batch.exponent) == ("0" if sides == "left" else UNKNOWN)
    assert batch.axes == (shape("B ...?") if sides == "left" else Axes.UNKNOWN)
    assert product(loss("B 5")).loss
    assert str(product(loss("B 5")).exponent) == UNKNOWN
    assert product(plain("B 5")).differentiable is None


def test_what_is_no_sum_any_more_is_one_term() -> None:
    both = arithmetic.add(loss("B"), replace(loss("B"), terms=(Term(Exponent.ONE, (OTHER,)),)), site=SITE)
    assert isinstance(both, Tensor)
    assert len(both.terms) == 2
    (term,) = arithmetic.nonlinear(both).terms
    assert str(term.exponent) == UNKNOWN


def test_methods_are_known_by_both_of_their_names() -> None:
    assert tensors.knows("add")
    assert tensors.knows("add_")
    assert tensors.knows("zero_")
    assert not tensors.knows("frobnicate")
    assert not tensors.knows("frobnicate_")


@pytest.mark.parametrize(
    ("text", "place", "over"),
    [
        ("B 5", 1, False),
        ("B 5", 2, True),
        ("B 5", 3, None),
        ("B ...", 1, None),
        ("B +", 1, False),
        ("B +", 2, None),
        ("B 5 ...", 1, False),
        ("B 5 +", 2, False),
        ("...", 1, False),
        ("5 3", 3, False),
        ("somewhere", 1, None),
        ("unknown", 1, None),
    ],
)
def test_a_dimension_from_the_end(text: str, place: int, over: bool | None) -> None:
    assert from_end(shape(text), place) is over
