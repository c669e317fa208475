"""Tensors made of some elements of another: how many of its examples are among them."""

from __future__ import annotations

from dataclasses import replace

from lossflow.domain.arithmetic import Factor
from lossflow.domain.axes import Axes
from lossflow.domain.exponent import Exponent
from lossflow.domain.tensor_calls import Call, Transfer, dimensions, register
from lossflow.domain.values import Const, Tensor, Unknown, Value


def _gathered(call: Call) -> Value:
    """`gather` along a dimension behind the examples has the shape of its index."""
    index = call.argument(1, "index")
    if isinstance(index, Tensor) and index.axes.per_example:
        return replace(call.tensor, axes=index.axes, data=False)
    return replace(call.tensor, axes=Axes.UNKNOWN, data=False)


def _picked(call: Call) -> Value:
    """`index_select(dim, index)`: as many along `dim` as there are indices; the others stay as they are."""
    axes, gone = call.tensor.axes.without(_one(call.argument(0, "dim")), keep=True)
    index = call.argument(1, "index")
    of_examples = isinstance(index, Tensor) and index.axes.per_example
    if gone or gone is None:
        axes = (
            replace(call.tensor.axes, certain=call.tensor.axes.certain and of_examples) if of_examples else Axes.UNKNOWN
        )
    return replace(call.tensor, axes=axes, data=False)


def _part(call: Call) -> Value:
    """`select(dim, i)`: one element along a dimension, which goes."""
    dims = dimensions(call.argument(0, "dim"))
    axes = call.tensor.axes.without(dims[0])[0] if isinstance(dims, tuple) else Axes.UNKNOWN
    return replace(call.tensor, axes=axes, data=False)


def _narrowed(call: Call) -> Value:
    """`narrow(dim, start, length)`: along the examples, how many are left depends on the length."""
    dims, length = dimensions(call.argument(0, "dim")), call.argument(2, "length")
    left = Exponent.UNKNOWN if length is None else call.factor(length)
    axes = call.tensor.axes.cut(dims[0], left) if isinstance(dims, tuple) else Axes.UNKNOWN
    return replace(call.tensor, axes=axes, data=False)


def _windows(call: Call) -> Value:
    """`unfold(dim, size, step)`: windows along a dimension, each of which is laid out in a further, last one."""
    dims = dimensions(call.argument(0, "dim"))
    axes = call.tensor.axes.cut(dims[0], Exponent.UNKNOWN) if isinstance(dims, tuple) else Axes.UNKNOWN
    tensor = replace(call.tensor, axes=axes.with_one(-1), data=False)
    return tensor if len(call.args) == 3 else Unknown(computed=True)


def _one(dim: Value | None) -> int:
    return dim.value if isinstance(dim, Const) and type(dim.value) is int else 0


def _selected(call: Call) -> Value:
    """`masked_select`, `x[mask]`: as many as there are examples, in one dimension."""
    axes = call.tensor.axes
    return replace(
        call.tensor,
        axes=replace(Axes.VECTOR, certain=axes.certain) if axes.per_example else Axes.UNKNOWN,
        data=False,
        masked=None,
        selected=True,
    )


def _chunked(call: Call) -> Value:
    """`chunk(n)`: n pieces; along the examples each has some of them."""
    count = call.argument(0, "chunks")
    return replace(call.tensor, data=True) if isinstance(count, Const) else _split(call)


def _split(call: Call) -> Value:
    """`split`: pieces along a dimension; along the examples their number may be that of the examples."""
    dims = dimensions(call.argument(1, "dim"))
    axes = call.tensor.axes
    if dims is None or isinstance(dims, Unknown) or not axes.known or (dims[0] == 0 and axes.dims[:1] == (True,)):
        return Unknown(computed=True)
    return replace(call.tensor, data=True)


def _unbound(call: Call) -> Value:
    """`unbind(dim)`: what a loop over the tensor gives once that dimension is its first."""
    dims = dimensions(call.argument(0, "dim") or Const(0))
    place = dims[0] if isinstance(dims, tuple) else -1
    if place == 0 and call.tensor.axes.known:
        return replace(call.tensor, data=False)
    axes = call.tensor.axes.at_least(place + 1) if place > 0 else None
    if axes is None:
        return Unknown(computed=True)
    rest = [i for i in range(len(axes.dims)) if i != place]
    return replace(call.tensor, axes=axes.permuted([place, *rest]), data=False)


def left_by_slice(lower: Value, upper: Value, factor: Factor) -> Exponent:
    """The exponent of how many of the examples `x[lower:upper]` leaves.

    `x[1:]` and `x[:-1]` leave almost all of them, `x[:8]` and `x[-8:]` eight, `x[: len(x) // 2]` half of them.
    """
    match [end.value if isinstance(end, Const) else ... for end in (lower, upper)]:
        case [None | int() as start, None]:
            return Exponent.ZERO if start is not None and start < 0 else Exponent.ONE
        case [None | int() as start, int() as stop]:
            from_end = start is not None and start < 0
            if from_end != (stop < 0):
                return Exponent.UNKNOWN if from_end else Exponent.ONE
            return Exponent.ZERO
        case [None | int() as start, _] if factor(upper) == Exponent.ONE:
            return Exponent.UNKNOWN if start is not None and start < 0 else Exponent.ONE
        case [_, None] if factor(lower) == Exponent.ONE:
            return Exponent.ONE
    return Exponent.UNKNOWN


METHODS: dict[str, Transfer] = {}
register(METHODS, _part, "select")
register(METHODS, _narrowed, "narrow")
register(METHODS, _windows, "unfold")
register(METHODS, _gathered, "gather take_along_dim")
register(METHODS, _picked, "index_select")
register(METHODS, _selected, "masked_select")
register(METHODS, _split, "split tensor_split")
register(METHODS, _unbound, "unbind")
register(METHODS, _chunked, "chunk")
