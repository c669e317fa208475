"""Axes stand for shapes, and whatever torch does to a shape, they still stand for what comes out."""

from __future__ import annotations

from itertools import zip_longest

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from lossflow.domain.axes import Axes
from lossflow.domain.tensor_reductions import reduced

from .strategies import SHAPES, Shape, any_axes, axes_of, shapes, shapes_of, stands_for

Sizes = tuple[int, ...]
"""A shape with its sizes: 7 examples; everything else has size 1 or 3."""
EXAMPLES = 7


@st.composite
def seen(draw: st.DrawFn) -> tuple[Shape, Axes]:
    """A shape, and axes that stand for it."""
    shape = draw(shapes)
    return shape, draw(axes_of(shape))


@st.composite
def sized(draw: st.DrawFn) -> tuple[Sizes, Axes]:
    """A shape with sizes, and axes that stand for it."""
    sizes = tuple(draw(st.lists(st.sampled_from([EXAMPLES, 1, 3]), max_size=3)))
    return sizes, draw(axes_of(over_examples(sizes)))


def over_examples(sizes: Sizes) -> Shape:
    return tuple(size == EXAMPLES for size in sizes)


def broadcast(left: Sizes, right: Sizes) -> Sizes | None:
    """The shape that torch gives an elementwise operation; None where it raises."""
    pairs = list(zip_longest(reversed(left), reversed(right), fillvalue=1))
    if any(1 not in pair and pair[0] != pair[1] for pair in pairs):
        return None
    return tuple(max(pair) for pair in reversed(pairs))


def pairs(left: Sizes, right: Sizes) -> tuple[tuple[Sizes, Sizes], tuple[Sizes, Sizes]]:
    return (left, right), (right, left)


def says(axes: Axes, shape: Shape) -> bool:
    """True when the axes stand for the shape, or admit that they are a guess."""
    return not axes.certain or stands_for(axes, shape)


@given(any_axes())
def test_what_is_said_of_axes_holds_for_every_shape(axes: Axes) -> None:
    for shape in shapes_of(axes):
        assert axes.batches in (None, sum(shape))
        assert axes.rank in (None, len(shape))
        assert not axes.reduced or not any(shape)
        assert not axes.per_example or any(shape)
        assert not axes.scalar or shape == ()


@given(any_axes(), any_axes(), any_axes())
def test_the_join_is_a_semilattice(a: Axes, b: Axes, c: Axes) -> None:
    assert a.join(a) == a
    assert a.join(b) == b.join(a)
    assert a.join(b).join(c) == a.join(b.join(c))


@given(any_axes(), any_axes())
def test_the_join_stands_for_the_shapes_of_both(a: Axes, b: Axes) -> None:
    assert shapes_of(a.join(b)) >= shapes_of(a) | shapes_of(b)


@given(sized(), sized())
def test_broadcasting_is_that_of_torch(left: tuple[Sizes, Axes], right: tuple[Sizes, Axes]) -> None:
    whole = broadcast(left[0], right[0])
    assume(whole is not None)
    shape = over_examples(whole or ())
    # What axes take for granted: a script doesn't pair (B,) with (B, 1), which yields every example with every other,
    # and a plain tensor doesn't stand above the batch.
    assume(sum(shape) <= max(sum(over_examples(left[0])), sum(over_examples(right[0]))))
    known = left[1].rank is not None and right[1].rank is not None
    above = any(
        not any(over_examples(a)) and any(over_examples(b)) and len(a) > len(b) for a, b in pairs(left[0], right[0])
    )
    assume(known or not above)
    assert says(left[1].broadcast(right[1]), shape)


@given(any_axes(), any_axes())
def test_broadcasting_is_commutative(a: Axes, b: Axes) -> None:
    assert a.broadcast(b) == b.broadcast(a)


@given(any_axes())
def test_a_scalar_leaves_the_axes_as_they_are(axes: Axes) -> None:
    assert axes.broadcast(Axes.SCALAR) == axes == Axes.SCALAR.broadcast(axes)


@given(seen(), st.data(), st.booleans())
def test_a_dimension_goes(seen: tuple[Shape, Axes], data: st.DataObject, keep: bool) -> None:
    shape, axes = seen
    assume(shape)
    dim = data.draw(st.integers(-len(shape), len(shape) - 1))
    index = dim % len(shape)
    left, gone = axes.without(dim, keep=keep)
    assert says(left, shape[:index] + ((False,) if keep else ()) + shape[index + 1 :])
    if left.certain:
        assert gone == shape[index]


@given(seen(), st.data(), st.booleans())
def test_several_dimensions_are_reduced(seen: tuple[Shape, Axes], data: st.DataObject, keep: bool) -> None:
    shape, axes = seen
    assume(shape)
    dims = data.draw(st.lists(st.integers(-len(shape), len(shape) - 1), min_size=1, max_size=3))
    indices = {dim % len(shape) for dim in dims}
    assume(len(indices) == len(dims))  # torch refuses a dimension that is named twice
    left, gone = reduced(axes, tuple(dims), keep=keep)
    kept = tuple(over and i not in indices for i, over in enumerate(shape) if keep or i not in indices)
    assert says(left, kept)
    if left.certain:
        assert gone == sum(shape[i] for i in indices)


@given(seen())
def test_everything_is_reduced(seen: tuple[Shape, Axes]) -> None:
    shape, axes = seen
    left, gone = reduced(axes, None)
    assert left == Axes.SCALAR
    assert gone in (None, sum(shape))


@given(seen(), st.data())
def test_a_dimension_of_size_one_is_put_in(seen: tuple[Shape, Axes], data: st.DataObject) -> None:
    shape, axes = seen
    dim = data.draw(st.integers(-len(shape) - 1, len(shape)))
    index = dim % (len(shape) + 1)
    assert says(axes.with_one(dim), (*shape[:index], False, *shape[index:]))


@given(seen(), st.data())
def test_dimensions_change_places(seen: tuple[Shape, Axes], data: st.DataObject) -> None:
    shape, axes = seen
    assert says(axes.shuffled(), tuple(data.draw(st.permutations(shape))))


@given(seen(), any_axes(), st.integers(-3, 3), st.booleans())
def test_who_knows_more_is_told_more(seen: tuple[Shape, Axes], other: Axes, dim: int, keep: bool) -> None:
    narrow, wide = Axes(seen[0]), seen[1]
    assert wide.join(other).batches in (None, narrow.join(other).batches)
    for less, more in (
        (wide.shuffled(), narrow.shuffled()),
        (wide.without(dim, keep=keep)[0], narrow.without(dim, keep=keep)[0]),
        (wide.with_one(dim), narrow.with_one(dim)),
    ):
        if less.certain and more.certain:
            assert shapes_of(more) <= shapes_of(less)


def test_the_model_tells_shapes_apart() -> None:
    assert shapes_of(Axes.SCALAR) == {()}
    assert shapes_of(Axes.VECTOR) == {(True,)}
    assert shapes_of(Axes.UNKNOWN) == set(SHAPES)
    assert (True,) in shapes_of(Axes.EXAMPLES)
    assert (True,) not in shapes_of(Axes.ELEMENTS)
    assert shapes_of(Axes.PLAIN) == {(False,) * rank for rank in range(6)}
    assert (False, True) in shapes_of(Axes.SOMEWHERE)
    assert (True, True) not in shapes_of(Axes.SOMEWHERE)


@pytest.mark.parametrize(
    ("axes", "text"),
    [
        (Axes.SCALAR, "scalar"),
        (Axes.VECTOR, "per example"),
        (Axes.SOMEWHERE, "per example"),
        (Axes.PLAIN, "reduced"),
        (Axes.UNKNOWN, "unknown axes"),
    ],
)
def test_axes_in_words(axes: Axes, text: str) -> None:
    assert str(axes) == text
