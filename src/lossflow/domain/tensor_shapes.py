"""Methods that change or tell the shape: where the dimension over the examples is afterwards, and how large it is."""

from __future__ import annotations

from dataclasses import replace

from lossflow.domain.axes import Axes, Tail
from lossflow.domain.exponent import Exponent
from lossflow.domain.tensor_calls import Call, Transfer, dimensions, register
from lossflow.domain.values import Const, Number, Size, Tensor, Tuple, Unknown, Value


def _reshaped(call: Call) -> Value:
    """`view` and `reshape`: the examples are in the dimension whose size depends on B, or in the -1."""
    tensor, certain = replace(call.tensor, data=False), call.tensor.axes.certain
    sizes = call.args[0] if len(call.args) == 1 and isinstance(call.args[0], (Tuple, Size)) else Tuple(call.args)
    if isinstance(sizes, Size):
        return replace(tensor, axes=sizes.axes)
    if not isinstance(sizes, Tuple) or not sizes.items or tensor.axes.batches is None:
        return replace(tensor, axes=Axes.UNKNOWN)
    if tensor.axes.reduced:
        return replace(tensor, axes=Axes((False,) * len(sizes.items), certain=certain))
    exponents = [call.factor(size) for size in sizes.items]
    free = [isinstance(size, Const) and size.value == -1 for size in sizes.items]
    if sum(free) > 1 or tensor.axes.batches != 1:
        flat = free == [True] and tensor.axes.batches
        return replace(tensor, axes=Axes((True,), certain=certain) if flat else Axes.UNKNOWN)
    grows = [not is_free and e.at_least(1) for is_free, e in zip(free, exponents)]
    fixed = all(is_free or e.is_zero for is_free, e in zip(free, exponents))
    if sum(grows) == 1:
        dims = tuple(grows)
    elif fixed and any(free):
        dims = tuple(free)
    elif not any(free) and exponents[0].high != 0 and all(e.is_zero for e in exponents[1:]):
        dims = (True,) + (False,) * (len(free) - 1)
    else:
        return replace(tensor, axes=tensor.axes.shuffled())
    return replace(tensor, axes=Axes(dims, certain=certain))


def _flattened(call: Call) -> Value:
    tensor = replace(call.tensor, data=False)
    start = call.argument(0, "start_dim")
    if tensor.axes.reduced:
        return replace(tensor, axes=tensor.axes.shuffled())
    if start is None or start == Const(0):
        whole = tensor.axes.per_example and call.argument(1, "end_dim") is None
        axes = replace(Axes.VECTOR, certain=tensor.axes.certain) if whole else Axes.UNKNOWN
    elif start == Const(1) and tensor.axes.known and tensor.axes.dims[:1] == (True,) and sum(tensor.axes.dims) == 1:
        axes = Axes((True, False), certain=tensor.axes.certain)
    else:
        axes = tensor.axes.shuffled()
    return replace(tensor, axes=axes)


def _unsqueezed(call: Call) -> Value:
    dims = dimensions(call.argument(0, "dim"))
    if isinstance(dims, Unknown) or dims is None:
        return replace(call.tensor, axes=call.tensor.axes.shuffled(), data=False)
    return replace(call.tensor, axes=call.tensor.axes.with_one(dims[0]), data=False)


def _squeezed(call: Call) -> Value:
    """Dimensions of size one go; those over examples are taken to be larger."""
    axes, tensor = call.tensor.axes, replace(call.tensor, data=False)
    dims = dimensions(call.argument(0, "dim"))
    if not axes.known or isinstance(dims, Unknown):
        return replace(tensor, axes=axes.shuffled())
    if dims is None:
        if not all(axes.core):  # (T, B): whether time is of size one is not known
            return replace(tensor, axes=axes.shuffled())
        further = axes.tail is not Tail.NONE or axes.dims != axes.core
        return replace(tensor, axes=replace(axes, dims=axes.core, tail=Tail.ANY if further else Tail.NONE))
    smaller, gone = axes.without(dims[0])
    return replace(tensor, axes=axes.shuffled() if gone is None or gone else smaller)


def _transposed(call: Call) -> Value:
    axes = call.tensor.axes
    first, second = dimensions(call.argument(0, "dim0")), dimensions(call.argument(1, "dim1"))
    if not isinstance(first, tuple) or not isinstance(second, tuple):
        return replace(call.tensor, axes=axes.shuffled(), data=False)
    seen = axes.at_least(max(*first, *second) + 1)
    if seen is not None and (axes.rank is not None or min(*first, *second) >= 0):
        order = list(range(len(seen.dims)))
        i, j = first[0] % len(order), second[0] % len(order)
        order[i], order[j] = order[j], order[i]
        return replace(call.tensor, axes=seen.permuted(order), data=False)
    behind = all(d > 0 or d == -1 for d in first + second)
    if behind and axes.known and axes.dims == (True,):
        return replace(call.tensor, data=False)  # only dimensions behind the examples change places
    return replace(call.tensor, axes=axes.shuffled(), data=False)


def _moved(call: Call) -> Value:
    """`movedim(source, destination)`: one dimension goes elsewhere, the others keep their order."""
    source, target = dimensions(call.argument(0, "source")), dimensions(call.argument(1, "destination"))
    axes = call.tensor.axes
    if isinstance(source, tuple) and isinstance(target, tuple) and len(source) == len(target) == 1:
        seen = axes.at_least(max(*source, *target) + 1)
        if seen is not None and (axes.rank is not None or min(*source, *target) >= 0):
            order = list(range(len(seen.dims)))
            order.insert(target[0] % len(order), order.pop(source[0] % len(order)))
            return replace(call.tensor, axes=seen.permuted(order), data=False)
    return replace(call.tensor, axes=axes.shuffled(), data=False)


def _permuted(call: Call) -> Value:
    axes = call.tensor.axes
    order = call.args[0].items if len(call.args) == 1 and isinstance(call.args[0], Tuple) else call.args
    places = [item.value for item in order if isinstance(item, Const) and type(item.value) is int]
    seen = axes.at_least(len(order))
    rank = len(order)
    if seen is not None and len(seen.dims) == rank and sorted(p % rank for p in places) == list(range(rank)):
        told = replace(seen, tail=Tail.NONE)
        return replace(call.tensor, axes=told.permuted([p % rank for p in places]), data=False)
    return replace(call.tensor, axes=axes.shuffled(), data=False)


def _multiplied(call: Call) -> Value:
    """`repeat`, `tile`: as `expand`, but a size counts copies, which multiply the examples where they are."""
    sizes = call.args[0].items if len(call.args) == 1 and isinstance(call.args[0], Tuple) else call.args
    dims = call.tensor.axes.dims[::-1]
    if any(over and not call.factor(size).is_zero for over, size in zip(dims, sizes[::-1])):
        return replace(call.tensor, axes=Axes.UNKNOWN, data=False)
    return _expanded(call)


def _expanded(call: Call) -> Value:
    """`expand`: copies; where they add examples is unknown unless the sizes tell."""
    sizes = call.args[0].items if len(call.args) == 1 and isinstance(call.args[0], Tuple) else call.args
    aligned = _aligned(call, sizes)
    if aligned is not None:
        return replace(call.tensor, axes=aligned, data=False)
    fixed = all(call.factor(size).is_zero for size in sizes)
    if fixed and call.tensor.axes.batches is not None:
        return replace(
            call.tensor,
            axes=call.tensor.axes.shuffled() if not call.tensor.axes.known else _same_or_shuffled(call, sizes),
            data=False,
        )
    if call.tensor.axes.reduced and len(sizes) and call.factor(sizes[0]).at_least(1):
        dims = (True,) + (False,) * (len(sizes) - 1)
        return replace(call.tensor, axes=Axes(dims, certain=call.tensor.axes.certain), data=False)
    return replace(call.tensor, axes=Axes.UNKNOWN, data=False)


def _aligned(call: Call, sizes: tuple[Value, ...]) -> Axes | None:
    """The axes of copies of a tensor of known rank, aligned at the last dimension; None where a size tells nothing."""
    axes = call.tensor.axes
    exponents = [Exponent.ZERO if size == Const(-1) else call.factor(size) for size in sizes]
    if axes.rank is None or axes.rank > len(sizes) or any(e.known not in (0, 1) for e in exponents):
        return None
    held = (False,) * (len(sizes) - axes.rank) + axes.dims
    return replace(axes, dims=tuple(over or e.known == 1 for over, e in zip(held, exponents)))


def _repeated(call: Call) -> Value:
    """`repeat_interleave(k, dim)`: every element k times, along one dimension or in a row."""
    count, dim = call.argument(0, "repeats"), call.argument(1, "dim")
    axes = call.tensor.axes
    if count is None or isinstance(count, Tensor) or not call.factor(count).is_zero:
        return replace(call.tensor, axes=Axes.UNKNOWN, data=False)
    if dim is None:
        flat = replace(Axes.VECTOR, certain=axes.certain)
        axes = flat if axes.batches == 1 else axes if axes.rank == 1 else axes.shuffled()
    return replace(call.tensor, axes=axes, data=False)


def _same_or_shuffled(call: Call, sizes: tuple[Value, ...]) -> Axes:
    axes = call.tensor.axes
    return axes if axes.rank is not None and axes.rank == len(sizes) else axes.shuffled()


def _one_hot(call: Call) -> Value:
    axes = call.tensor.axes
    wider = replace(axes, tail=Tail.SOME) if axes.known and axes.rank is None else axes.with_one(-1)
    return Tensor(wider, differentiable=False)


def _count(call: Call) -> Value:
    """`numel()`: as many elements as examples, times a constant; by that name only where it counts all of them."""
    batches = call.tensor.axes.batches
    name = "" if call.tensor.selected else "numel"
    return Number(Exponent.UNKNOWN if batches is None else Exponent.of(batches), name, call.site)


def size_along(axes: Axes, dim: int) -> Exponent:
    """The exponent of the size of dimension `dim`; the last of a batch of unknown rank is taken to be features."""
    if axes.reduced:
        return Exponent.ZERO
    if not axes.known:
        # Dimension 0 of what was permuted may be time: that is not known to be 1.
        return Exponent.between(0, 1) if axes.batches == 1 else Exponent.UNKNOWN
    index = dim + len(axes.dims) if dim < 0 and axes.tail is Tail.NONE else dim
    if index < 0:
        return Exponent.ZERO if index == -1 else Exponent.between(0, 1)
    return Exponent.ONE if index < len(axes.dims) and axes.dims[index] else Exponent.ZERO


def _size(call: Call) -> Value:
    dims = dimensions(call.argument(0, "dim"))
    if dims is None:
        return Size(call.tensor.axes)
    if isinstance(dims, Unknown):
        return Number(Exponent.between(0, 1))
    return Number(size_along(call.tensor.axes, dims[0]), "size", call.site)


def _rank(call: Call) -> Value:
    return Number(Exponent.ZERO)


METHODS: dict[str, Transfer] = {}
register(METHODS, _reshaped, "view reshape unflatten resize_")
register(METHODS, _flattened, "flatten ravel")
register(METHODS, _unsqueezed, "unsqueeze")
register(METHODS, _squeezed, "squeeze")
register(METHODS, _transposed, "transpose swapaxes swapdims")
register(METHODS, _moved, "movedim moveaxis")
register(METHODS, _permuted, "permute")
register(METHODS, _expanded, "expand broadcast_to")
register(METHODS, _multiplied, "repeat tile")
register(METHODS, _repeated, "repeat_interleave")
register(
    METHODS,
    lambda call: (
        replace(call.tensor, axes=call.args[0].axes, data=False)
        if call.args and isinstance(call.args[0], Tensor)
        else Unknown(computed=True)
    ),
    "expand_as view_as reshape_as resize_as_",
)
register(METHODS, _one_hot, "one_hot")
register(METHODS, _count, "numel nelement")
register(METHODS, _size, "size")
register(METHODS, _rank, "dim ndimension")
