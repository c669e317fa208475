"""What the laws are tried on: exponents, axes, concrete shapes that axes stand for, and values."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from functools import cache
from itertools import product

from hypothesis import strategies as st

from lossflow.domain.axes import Axes, Tail, Whereabouts
from lossflow.domain.exponent import Exponent
from lossflow.domain.joins import adds_up, is_start, join
from lossflow.domain.trace import Place, Site, Step, StepKind
from lossflow.domain.values import Const, External, Number, OneOf, Ref, Size, Tensor, Term, Tuple, Unknown, Value

# Hypothesis writes out class variables like fields, and those of these two hold instances: gigabytes for one example.
for written in (Axes, Exponent):
    setattr(written, "_repr_pretty_", lambda value, printer, cycle: printer.text(repr(value)))  # noqa: B010

Shape = tuple[bool, ...]
"""A concrete shape without its sizes: which dimensions run over the examples."""

SHAPES: tuple[Shape, ...] = tuple(shape for rank in range(6) for shape in product((False, True), repeat=rank))
"""Every shape of up to five dimensions."""


def site(number: int = 0) -> Site:
    place = Place("script.py", number)
    return Site(place, place)


# --- exponents ----------------------------------------------------------------------------------------------------

rationals = st.sampled_from([Fraction(n, d) for n in range(-3, 4) for d in (1, 2)])


@st.composite
def exponents(draw: st.DrawFn) -> Exponent:
    """Single exponents, closed intervals, and intervals that are open at one or both ends."""
    low, high = sorted((draw(rationals), draw(rationals)))
    return draw(
        st.sampled_from(
            [Exponent.of(low), Exponent.between(low, high), Exponent(None, high), Exponent(low, None), Exponent.UNKNOWN]
        )
    )


def holds(whole: Exponent, part: Exponent) -> bool:
    """True when every exponent of `part` is one of `whole`."""
    low = whole.low is None or (part.low is not None and part.low >= whole.low)
    return low and (whole.high is None or (part.high is not None and part.high <= whole.high))


# --- axes ---------------------------------------------------------------------------------------------------------


def stands_for(axes: Axes, shape: Shape) -> bool:
    """True when a tensor of these axes may have this shape."""
    match axes.where:
        case Whereabouts.UNKNOWN:
            return True
        case Whereabouts.SOMEWHERE:
            return sum(shape) == 1
    listed, further = shape[: len(axes.dims)], shape[len(axes.dims) :]
    least, most = {Tail.NONE: (0, 0), Tail.ANY: (0, 99), Tail.SOME: (1, 99)}[axes.tail]
    return listed == axes.dims and not any(further) and least <= len(further) <= most


@cache
def shapes_of(axes: Axes) -> frozenset[Shape]:
    """Every shape of up to five dimensions that the axes stand for."""
    return frozenset(shape for shape in SHAPES if stands_for(axes, shape))


shapes = st.sampled_from([shape for shape in SHAPES if len(shape) <= 4 and sum(shape) <= 2])


@st.composite
def axes_of(draw: st.DrawFn, shape: Shape) -> Axes:
    """Axes, all of them certain, that stand for `shape`, and perhaps for others."""
    plain = next((i for i, _ in enumerate(reversed(shape)) if shape[len(shape) - 1 - i]), len(shape))
    kept = len(shape) - draw(st.integers(0, plain))
    tails = [Tail.ANY, *([Tail.NONE] if kept == len(shape) else [Tail.SOME])]
    choices = [Axes(shape), Axes(shape[:kept], draw(st.sampled_from(tails))), Axes.UNKNOWN]
    return draw(st.sampled_from([*choices, Axes.SOMEWHERE] if sum(shape) == 1 else choices))


@st.composite
def any_axes(draw: st.DrawFn) -> Axes:
    """Axes of any kind."""
    return draw(axes_of(draw(shapes)))


@st.composite
def narrower(draw: st.DrawFn) -> tuple[Axes, Axes]:
    """Two axes of which the first says at least as much as the second."""
    shape = draw(shapes)
    both = draw(axes_of(shape)), draw(axes_of(shape))
    first = both[0] if shapes_of(both[0]) <= shapes_of(both[1]) else Axes(shape)
    return first, both[1]


# --- values -------------------------------------------------------------------------------------------------------

trails = st.lists(
    st.builds(
        Step, st.sampled_from([StepKind.COMPUTED, StepKind.REDUCED, StepKind.ADDED]), st.builds(site, st.integers(1, 3))
    ),
    max_size=2,
    unique=True,
).map(tuple)
terms = st.builds(Term, exponents(), trails, st.booleans())


@st.composite
def tensors(draw: st.DrawFn) -> Tensor:
    """Tensors of one to three terms."""
    return Tensor(
        draw(any_axes()),
        tuple(draw(st.lists(terms, min_size=1, max_size=3))),
        draw(st.sampled_from([True, False, None])),
        loss=draw(st.booleans()),
    )


@st.composite
def narrower_tensors(draw: st.DrawFn) -> tuple[Tensor, Tensor]:
    """Two tensors of the same past of which the first says at least as much as the second."""
    mine, theirs = draw(narrower())
    first = draw(exponents())
    term = draw(terms)
    flow = draw(st.sampled_from([True, False, None]))
    narrow = Tensor(mine, (replace(term, exponent=first),), flow, loss=True)
    wide = replace(narrow, axes=theirs, terms=(replace(term, exponent=first.join(draw(exponents()))),))
    return narrow, replace(wide, differentiable=draw(st.sampled_from([flow, None])))


def _nested(tensor: st.SearchStrategy[Tensor]) -> st.SearchStrategy[Value]:
    leaves: st.SearchStrategy[Value] = st.one_of(
        st.builds(Const, st.sampled_from([None, True, 0, 1, 2.5, "sum", "mean"])),
        st.builds(Number, exponents()),
        st.builds(Size, any_axes()),
        st.builds(External, st.sampled_from(["torch.optim.SGD", "torch.optim.Adam", "torch.nn.MSELoss"])),
        st.builds(Ref, st.integers(0, 3)),
        st.builds(Unknown, st.sampled_from(["", "args.lr"])),
        tensor,
    )
    return st.recursive(
        leaves, lambda inner: st.builds(Tuple, st.lists(inner, min_size=2, max_size=2).map(tuple)), max_leaves=3
    )


starts = st.builds(
    Tensor,
    st.sampled_from([Axes.SCALAR, Axes((False,)), Axes((False, False))]),
    exponents().map(lambda exponent: (Term(exponent),)),
    st.just(False),
).filter(is_start)
"""Tensors of the program's own, such as `torch.zeros(1)`, to which a loop may add losses."""
values = _nested(st.one_of(tensors(), starts))
"""Whatever a variable may hold."""
unstarted_values = _nested(tensors().filter(lambda tensor: not is_start(tensor)))
"""Values without such starts: what one leaves behind depends on whether it meets a loss before other tensors."""


def covers(whole: Value, part: Value) -> bool:
    """True when everything that `part` may be, `whole` may be too."""
    match whole, part:
        case Unknown(), _:
            return True
        case Tensor(), Tensor() if adds_up(whole) and is_start(part):
            return True  # `loss = torch.zeros(1)` before a loop that adds to it has no gradient of its own
        case ((Tensor() | Number()), Const(value=bool() | int() | float() as number)) if number == 0:
            return True  # `loss = 0` before a loop that adds to it: zero goes with every power
        case Tensor(), Tensor():
            guessed = not (whole.axes.certain and part.axes.certain)
            known = guessed or shapes_of(part.axes) <= shapes_of(whole.axes)
            flows = whole.differentiable in (None, part.differentiable)
            return known and flows and holds(whole.exponent, part.exponent)
        case Number(), Number():
            return holds(whole.exponent, part.exponent)
        case Number(), Const():
            return holds(whole.exponent, Exponent.ZERO)
        case Size(), Size():
            return shapes_of(part.axes) <= shapes_of(whole.axes)
        case Tuple(), Tuple():
            same = len(whole.items) == len(part.items)
            return same and all(covers(*pair) for pair in zip(whole.items, part.items))
        case OneOf(), _:
            parts = part.values if isinstance(part, OneOf) else (part,)
            return all(any(covers(one, each) for one in whole.values) for each in parts)
    return whole == part


def joined(first: Value, *others: Value) -> Value:
    for other in others:
        first = join(first, other)
    return first
