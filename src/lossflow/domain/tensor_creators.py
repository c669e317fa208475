"""Tensors made from sizes: which of them are those of a batch."""

from __future__ import annotations

from dataclasses import replace

from lossflow.domain.arithmetic import Factor
from lossflow.domain.axes import Axes
from lossflow.domain.tensor_calls import Call, Transfer, register
from lossflow.domain.values import Const, Size, Tensor, Term, Tuple, Unknown, Value


def axes_of_sizes(sizes: tuple[Value, ...], factor: Factor, *, drawn: bool = False, leaf: bool = False) -> Axes:
    """A first size that may be a batch size is one, and so is, in what is drawn, any first size larger than one.

    A leaf that requires grad is a parameter: only what is certainly a batch size is one there.
    """
    if not sizes:
        return Axes.SCALAR
    exponents = [factor(size) for size in sizes]
    dims = [e.at_least(1) for e in exponents]
    if any(dims) or leaf:
        return Axes(tuple(dims))
    first = exponents[0]
    if first.high == 1:
        return Axes((True, *dims[1:]))
    several = isinstance(sizes[0], Const) and isinstance(sizes[0].value, int) and sizes[0].value > 1
    if drawn and len(sizes) > 1 and (several or first.is_zero) and sizes[0] != Const(1):
        return Axes((True, *dims[1:]), certain=False)
    if all(e.is_zero for e in exponents) and sizes[0] == Const(1):
        return Axes(tuple(dims))
    return Axes.UNKNOWN


def sizes_of(given: tuple[Value, ...]) -> tuple[Value, ...] | Size | None:
    """The sizes that a creator is given: several numbers, a tuple or list of them, or the shape of a tensor."""
    if len(given) == 1 and isinstance(given[0], Size):
        return given[0]
    if len(given) == 1 and isinstance(given[0], Tuple):
        return given[0].items
    return given or None


def made(sizes: tuple[Value, ...] | Size | None, factor: Factor) -> Tensor:
    """A tensor of these sizes through which no gradient flows."""
    if sizes is None:
        return Tensor(Axes.UNKNOWN, differentiable=False)
    axes = sizes.axes if isinstance(sizes, Size) else axes_of_sizes(sizes, factor)
    return Tensor(axes, differentiable=False)


def _new(call: Call) -> Value:
    """`x.new(n, d)`, `x.new_zeros((n, d))`; `x.new(data)` has the shape of its data."""
    size = call.kwargs.get("size")
    given = call.args if size is None else (size,)
    if len(given) == 1 and isinstance(given[0], Tensor):
        return Tensor(given[0].axes, differentiable=False)
    if len(given) == 1 and isinstance(given[0], Unknown):
        return Tensor(Axes.UNKNOWN, differentiable=False)
    return made(sizes_of(given), call.factor)


def _new_filled(call: Call) -> Value:
    """`x.new_full(size, value)`."""
    size, value = call.argument(0, "size"), call.argument(1, "fill_value")
    filled = made(None if size is None else sizes_of((size,)), call.factor)
    return filled if value is None else replace(filled, terms=(Term(call.factor(value)),))


def _new_data(call: Call) -> Value:
    data = call.argument(0, "data")
    return Tensor(data.axes if isinstance(data, Tensor) else Axes.UNKNOWN, differentiable=False)


METHODS: dict[str, Transfer] = {}
register(METHODS, _new, "new new_zeros new_ones new_empty")
register(METHODS, _new_filled, "new_full")
register(METHODS, _new_data, "new_tensor")
