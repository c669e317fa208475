"""The methods of a tensor, held against torch's own rules for shapes and against each other."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from lossflow.domain.axes import Axes, Tail
from lossflow.domain.exponent import Exponent
from lossflow.domain.trace import Step, StepKind
from lossflow.domain.values import Const, Number, Size, Tensor, Term, Tuple, Unknown, Value

from .strategies import Shape, axes_of, covers, holds, narrower_tensors, shapes, site, stands_for
from .test_arithmetic import method

LOSS = Term(Exponent.ZERO, (Step(StepKind.COMPUTED, site(10)),))


@st.composite
def seen(draw: st.DrawFn) -> tuple[Shape, Tensor]:
    """A shape, and a loss whose axes stand for it."""
    shape = draw(shapes)
    return shape, Tensor(draw(axes_of(shape)), (LOSS,), True, loss=True)


def dims_of(shape: Shape) -> st.SearchStrategy[int]:
    return st.integers(-len(shape), len(shape) - 1)


def check(value: Value, shape: Shape, *, grown: int | Fraction = 0) -> None:
    """The value may have this shape and this exponent, unless it says that it is a guess."""
    if isinstance(value, Tensor) and value.axes.certain:
        assert stands_for(value.axes, shape), (value.axes, shape)
        assert holds(value.exponent, Exponent.of(grown)), value.exponent


@given(seen(), st.data(), st.booleans())
def test_a_reduction_over_a_dimension(seen: tuple[Shape, Tensor], data: st.DataObject, keep: bool) -> None:
    shape, loss = seen
    assume(shape)
    dim = data.draw(dims_of(shape))
    index = dim % len(shape)
    left = shape[:index] + ((False,) if keep else ()) + shape[index + 1 :]
    kept = {"keepdim": Const(True)} if keep else {}
    over = int(shape[index])
    check(method("sum", loss, Const(dim), **kept), left, grown=over)
    check(method("sum", loss, dim=Tuple((Const(dim),)), **kept), left, grown=over)
    check(method("mean", loss, Const(dim), **kept), left)
    check(method("norm", loss, Const(2), Const(dim), **kept), left, grown=Fraction(over, 2))
    check(method("amax", loss, Const(dim), **kept), left)
    check(method("argmax", loss, Const(dim)), shape[:index] + shape[index + 1 :])


@given(seen(), st.data())
def test_a_selection_along_a_dimension(seen: tuple[Shape, Tensor], data: st.DataObject) -> None:
    shape, loss = seen
    assume(shape)
    dim = data.draw(dims_of(shape))
    index = dim % len(shape)
    largest, ordered = method("topk", loss, Const(2), Const(dim)), method("sort", loss, Const(dim))
    assert isinstance(largest, Tuple)
    assert isinstance(ordered, Tuple)
    check(largest.items[0], (*shape[:index], False, *shape[index + 1 :]))
    check(ordered.items[0], shape)
    some = Tensor(Axes((False,)), differentiable=False)
    if not shape[index]:
        check(method("index_select", loss, Const(dim), some), shape)


@given(seen())
def test_a_reduction_over_everything(seen: tuple[Shape, Tensor]) -> None:
    shape, loss = seen
    for name, grown in (("sum", sum(shape)), ("mean", 0), ("norm", Fraction(sum(shape), 2)), ("max", 0), ("std", 0)):
        value = method(name, loss)
        assert isinstance(value, Tensor)
        assert value.axes == Axes.SCALAR
        assert holds(value.exponent, Exponent.of(grown))


@given(seen(), st.data())
def test_reductions_one_after_another_are_one(seen: tuple[Shape, Tensor], data: st.DataObject) -> None:
    shape, loss = seen
    assume(len(shape) >= 2 and loss.axes.rank is not None)
    first, second = sorted(data.draw(st.lists(st.integers(0, len(shape) - 1), min_size=2, max_size=2, unique=True)))
    at_once = method("sum", loss, Tuple((Const(first), Const(second))))
    in_turn = method("sum", method("sum", loss, Const(second)), Const(first))
    assert isinstance(at_once, Tensor)
    assert isinstance(in_turn, Tensor)
    assert (at_once.axes, at_once.exponent) == (in_turn.axes, in_turn.exponent)
    assert at_once.exponent == Exponent.of(shape[first] + shape[second])


@given(seen(), st.data())
def test_dimensions_are_put_in_and_change_places(seen: tuple[Shape, Tensor], data: st.DataObject) -> None:
    shape, loss = seen
    place = data.draw(st.integers(-len(shape) - 1, len(shape)))
    index = place % (len(shape) + 1)
    check(method("unsqueeze", loss, Const(place)), (*shape[:index], False, *shape[index:]))
    order = data.draw(st.permutations(range(len(shape))))
    check(method("permute", loss, *map(Const, order)), tuple(shape[i] for i in order))
    check(method("permute", loss, Tuple(tuple(map(Const, order)))), tuple(shape[i] for i in order))
    if shape:
        i, j = data.draw(dims_of(shape)), data.draw(dims_of(shape))
        exchanged = list(shape)
        exchanged[i], exchanged[j] = shape[j], shape[i]
        check(method("transpose", loss, Const(i), Const(j)), tuple(exchanged))


@given(seen(), st.data())
def test_a_dimension_of_size_one_is_taken_out(seen: tuple[Shape, Tensor], data: st.DataObject) -> None:
    shape, loss = seen
    assume(not all(shape))
    index = data.draw(st.sampled_from([i for i, over in enumerate(shape) if not over]))
    dim = data.draw(st.sampled_from([index, index - len(shape)]))
    check(method("squeeze", loss, Const(dim)), shape[:index] + shape[index + 1 :])


@given(seen(), st.data())
def test_all_dimensions_of_size_one_are_taken_out(seen: tuple[Shape, Tensor], data: st.DataObject) -> None:
    shape, loss = seen
    ones = {i for i, over in enumerate(shape) if not over and data.draw(st.booleans())}
    check(method("squeeze", loss), tuple(over for i, over in enumerate(shape) if i not in ones))


@given(seen())
def test_flattening_keeps_the_examples(seen: tuple[Shape, Tensor]) -> None:
    shape, loss = seen
    check(method("flatten", loss), (any(shape),))
    check(method("view", loss, Const(-1)), (any(shape),))
    check(method("reshape", loss, Tuple((Const(-1),))), (any(shape),))
    if len(shape) >= 2:
        check(method("flatten", loss, Const(1)), (shape[0], any(shape[1:])))
        check(method("flatten", loss, start_dim=Const(1)), (shape[0], any(shape[1:])))


@given(seen(), st.data())
def test_sizes_grow_where_the_examples_are(seen: tuple[Shape, Tensor], data: st.DataObject) -> None:
    shape, loss = seen
    whole = method("numel", loss)
    assert isinstance(whole, Number)
    assert holds(whole.exponent, Exponent.of(sum(shape)))
    assume(shape)
    dim = data.draw(dims_of(shape))
    # The last dimension of a batch of unknown rank is taken to be features, as in `logits.view(-1, logits.size(-1))`.
    assume(dim != -1 or loss.axes.tail is not Tail.ANY or loss.axes.dims != shape)
    size = method("size", loss, Const(dim))
    assert isinstance(size, Number)
    if loss.axes.certain:
        assert holds(size.exponent, Exponent.of(int(shape[dim])))
    assert method("size", loss) == Size(loss.axes)


@given(seen())
def test_only_a_matrix_is_transposed_by_its_method(seen: tuple[Shape, Tensor]) -> None:
    shape, loss = seen
    turned = method("t", loss)
    if len(shape) == 2:
        check(turned, shape[::-1])
    elif len(shape) > 2 and loss.axes.rank is not None:
        assert isinstance(turned, Unknown)


SAME_SHAPE = ["abs", "relu", "exp", "sigmoid", "sqrt", "log", "clamp", "square", "contiguous", "detach", "softplus"]


@pytest.mark.parametrize("name", SAME_SHAPE)
@given(both=narrower_tensors())
def test_a_function_of_each_element_keeps_the_shape(name: str, both: tuple[Tensor, Tensor]) -> None:
    value = method(name, both[0])
    assert isinstance(value, Tensor)
    assert value.axes == both[0].axes
    assert value.exponent == both[0].exponent or not both[0].exponent.is_zero
    assert (value.differentiable is False) == (name == "detach" or both[0].differentiable is False)


WITH_A_DIMENSION = [
    *("sum", "mean", "norm", "amax", "logsumexp", "std", "argmax", "max", "min", "softmax", "log_softmax", "cumsum"),
    *("squeeze", "unsqueeze", "flatten", "size", "any", "chunk", "one_hot"),
]
ALONE = [
    *("sum", "mean", "norm", "max", "numel", "flatten", "squeeze", "t", "exp", "sqrt", "log", "item", "detach", "size"),
    *("var", "softmax", "relu", "sign", "prod", "argmin"),
]


@settings(max_examples=max(400, settings().max_examples))
@given(narrower_tensors(), st.data(), st.booleans())
def test_who_knows_more_is_told_more(both: tuple[Tensor, Tensor], data: st.DataObject, keep: bool) -> None:
    narrow, wide = both
    # What is transposed by `t()` is taken for a matrix: torch refuses more dimensions, and nobody asks it of a vector.
    matrix = narrow.axes.rank in (None, 2)
    name = data.draw(st.sampled_from([name for name in ALONE if matrix or name != "t"]))
    assert covers(method(name, wide), method(name, narrow))
    if narrow.axes.rank:
        name, dim = data.draw(st.sampled_from(WITH_A_DIMENSION)), data.draw(dims_of(narrow.axes.dims))
        kwargs: dict[str, Value] = {"keepdim": Const(True)} if keep else {}
        position = {"norm": (Const(2), Const(dim)), "chunk": (Const(2), Const(dim))}.get(name, (Const(dim),))
        broad = method(name, wide, *position, **kwargs)
        # `.sum(-1)` of a tensor of unknown rank is taken not to be over the examples, and says that it is a guess.
        guessed = isinstance(broad, Tensor) and not broad.axes.certain
        # Nor is the last size of a batch of unknown rank that of the batch.
        guessed = guessed or (name == "size" and dim == -1 and wide.axes.tail is Tail.ANY)
        assert guessed or covers(broad, method(name, narrow, *position, **kwargs)), name
