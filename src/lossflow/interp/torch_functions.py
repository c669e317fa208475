"""Functions of torch: creators of tensors, functions that are methods by another name, and those that join tensors."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import libcst as cst

from lossflow.domain import arithmetic, tensors
from lossflow.domain.axes import Axes, Tail
from lossflow.domain.environment import Kind, Record
from lossflow.domain.exponent import Exponent
from lossflow.domain.trace import Step, StepKind
from lossflow.domain.values import Const, External, Ref, Size, Tensor, Term, Tuple, Unknown, Value, merged
from lossflow.interp import iteration, layers, methods
from lossflow.interp.machine import Arguments, Frame, Machine

_HOMES = ("torch.nn.functional.", "torch.special.", "torch.linalg.", "torch.Tensor.", "torch.")
Function = Callable[[Machine, Arguments, cst.CSTNode, Frame], Value]


def call_function(machine: Machine, name: str, arguments: Arguments, node: cst.CSTNode, frame: Frame) -> Value | None:
    """The value of calling a function or class of torch; None for those that this module doesn't know."""
    if name.startswith("numpy.") or not name.startswith("torch."):
        return None
    leaf = next((name[len(home) :] for home in _HOMES if name.startswith(home)), "")
    if leaf in _CREATORS:
        return _created(machine, leaf, arguments, node, frame)
    if leaf in _FUNCTIONS:
        return _FUNCTIONS[leaf](machine, arguments, node, frame)
    if name in ("torch.nn.Parameter", "torch.nn.parameter.Parameter"):
        return _parameter(arguments.get(0, "data"))
    if layers.is_layer(name):
        return machine.allocate(node, Record(Kind.INSTANCE, cls=External(name)))
    subject = arguments.get(0, "input", "x", "self")
    if isinstance(subject, Tensor) and tensors.knows(leaf):
        rest = Arguments(arguments.positional[1:], _without_input(arguments), arguments.nodes, arguments.open)
        return methods.of_tensor(machine, subject, leaf, rest, node, frame)
    if (
        tensors.knows(leaf)
        and (other := next((v for v in arguments.positional[1:] if isinstance(v, Tensor)), None)) is not None
    ):
        # torch.max(1, x) and the like: symmetric functions of a number and a tensor.
        return (
            replace(other, terms=(Term(Exponent.UNKNOWN),))
            if subject is None or isinstance(subject, Unknown)
            else other
        )
    return None


def _parameter(held: Value | None) -> Tensor:
    """A parameter has no examples; `nn.Parameter(torch.zeros(()))` is a scalar."""
    plain = isinstance(held, Tensor) and held.axes.reduced and held.axes.certain
    return replace(iteration.PARAMETER, axes=held.axes) if plain and isinstance(held, Tensor) else iteration.PARAMETER


def _without_input(arguments: Arguments) -> dict[str, Value]:
    return {key: value for key, value in arguments.keywords.items() if key not in ("input", "x", "self")}


# --- creators -----------------------------------------------------------------------------------------------------

_RANDOM = frozenset({"randn", "rand", "randint", "normal", "randperm", "linspace", "arange"})
_FILLED = frozenset({"zeros", "ones", "empty", "full", "eye"})
_FROM_DATA = frozenset({"tensor", "as_tensor", "from_numpy", "FloatTensor", "LongTensor", "Tensor", "DoubleTensor"})
_CREATORS = _RANDOM | _FILLED | _FROM_DATA


def _created(machine: Machine, leaf: str, arguments: Arguments, node: cst.CSTNode, frame: Frame) -> Value:
    leaf_grad = arguments.keywords.get("requires_grad") == Const(True)
    if leaf in _FROM_DATA:
        axes = _axes_of_data(machine, arguments.get(0))
        return Tensor(Axes.PLAIN if leaf_grad else axes, (Term(batchless=leaf_grad),), leaf_grad)
    sizes = _sizes(leaf, arguments)
    if sizes is None:
        return Tensor(Axes.UNKNOWN, differentiable=leaf_grad)
    if isinstance(sizes, Size):
        return Tensor(sizes.axes, differentiable=leaf_grad)
    axes = _axes_of_sizes(machine, leaf, sizes, leaf_grad)
    return Tensor(axes, (Term(batchless=leaf_grad and axes.reduced),), leaf_grad)


def _sizes(leaf: str, arguments: Arguments) -> tuple[Value, ...] | Size | None:
    """The size arguments of a creator."""
    if arguments.open or leaf in ("normal", "eye"):
        return None
    if leaf in ("randperm", "arange") and len(arguments.positional) == 1:
        return arguments.positional
    if leaf in ("randperm", "linspace", "arange"):
        return None
    given = arguments.positional
    if leaf == "randint":
        given = tuple(v for v in given if isinstance(v, (Tuple, Size)))
    if leaf == "full":
        given = given[:1]
    size = arguments.keywords.get("size")
    if size is not None:
        given = (size,)
    if len(given) == 1 and isinstance(given[0], Size):
        return given[0]
    if len(given) == 1 and isinstance(given[0], Tuple):
        return given[0].items
    return given or None


def _axes_of_sizes(machine: Machine, leaf: str, sizes: tuple[Value, ...], leaf_grad: bool) -> Axes:
    """A first size that may be a batch size is one, and so is, in random data, any first size larger than one."""
    if not sizes:
        return Axes.SCALAR
    exponents = [machine.factor(size) for size in sizes]
    dims = [e.at_least(1) for e in exponents]
    if any(dims):
        return Axes(tuple(dims))
    if leaf_grad:
        return Axes(tuple(dims))
    first = exponents[0]
    if first.high == 1:
        return Axes((True, *dims[1:]))
    several = isinstance(sizes[0], Const) and isinstance(sizes[0].value, int) and sizes[0].value > 1
    if leaf in _RANDOM and len(sizes) > 1 and (several or first.is_zero) and sizes[0] != Const(1):
        return Axes((True, *dims[1:]), certain=False)
    if all(e.is_zero for e in exponents) and (sizes == (Const(1),) or sizes[0] == Const(1)):
        return Axes(tuple(dims))
    return Axes.UNKNOWN


def _axes_of_data(machine: Machine, value: Value | None) -> Axes:
    """The axes of a literal: a list of lists has its examples first, a plain list may hold anything."""
    match value:
        case Tensor(axes=axes):
            return axes
        case Const() | None:
            return Axes.SCALAR
        case Ref() if machine.get(value).kind is Kind.LIST:
            record = machine.get(value)
            rows = record.values()
            if rows and all(isinstance(row, Ref) and machine.get(row).kind is Kind.LIST for row in rows):
                return Axes((True, False), Tail.ANY, certain=False)
            if rows and record.rest is None and all(isinstance(row, Tensor) and row.axes.scalar for row in rows):
                return Axes((False,))
            if record.rest is not None and record.count.at_least(1):
                return Axes((True,), Tail.ANY, certain=False)
    return Axes.UNKNOWN


# --- functions of several tensors ---------------------------------------------------------------------------------


def _stack(machine: Machine, arguments: Arguments, node: cst.CSTNode, frame: Frame) -> Value:
    """A new dimension over the elements of a list, which are examples if the list has one for each."""
    held = arguments.get(0, "tensors")
    parts = _parts(machine, held)
    if held is None or not parts:
        return Unknown(computed=True, site=machine.site(node, frame))
    whole = _all_terms(parts, node, machine, frame)
    count = iteration.trips(machine, held)
    dim = arguments.get(1, "dim") or Const(0)
    if count.is_zero:
        place = dim.value if isinstance(dim, Const) and type(dim.value) is int else None
        axes = whole.axes.shuffled() if place is None else whole.axes.with_one(place)
        return replace(whole, axes=axes)
    if count.known is None or dim != Const(0) or not whole.axes.known:
        return replace(whole, axes=Axes.UNKNOWN)
    return replace(whole, axes=replace(whole.axes, dims=(count.at_least(1), *whole.axes.dims)))


def _parts(machine: Machine, held: Value | None) -> tuple[Tensor, ...]:
    """The tensors of a list or tuple; none if one of its elements is something else."""
    values: tuple[Value, ...] = ()
    if isinstance(held, Tuple):
        values = held.items
    elif isinstance(held, Ref) and machine.get(held).kind is Kind.LIST:
        values = machine.get(held).values()
    parts = tuple(v for v in values if isinstance(v, Tensor))
    return parts if len(parts) == len(values) else ()


def _all_terms(parts: tuple[Tensor, ...], node: cst.CSTNode, machine: Machine, frame: Frame) -> Tensor:
    """One tensor with the terms of all."""
    whole = parts[0]
    for part in parts[1:]:
        both = arithmetic.add(whole, part, site=machine.site(node, frame))
        assert isinstance(both, Tensor)
        whole = replace(both, axes=whole.axes.join(part.axes))
    return whole


def _cat(machine: Machine, arguments: Arguments, node: cst.CSTNode, frame: Frame) -> Value:
    """Tensors end to end: along the examples there are more of them, along anything else they stay where they are."""
    held = arguments.get(0, "tensors")
    parts = _parts(machine, held)
    if held is None or not parts:
        return Unknown(computed=True, site=machine.site(node, frame))
    whole = replace(_all_terms(parts, node, machine, frame), data=False)
    if all(part.axes.per_example for part in parts):
        return whole
    count = iteration.trips(machine, held)
    if not count.is_zero:
        grown = Axes((True,), Tail.ANY, certain=False) if count.at_least(1) and whole.axes.reduced else Axes.UNKNOWN
        return replace(whole, axes=grown)
    return whole


def _along_a_dimension(machine: Machine, arguments: Arguments, node: cst.CSTNode, frame: Frame) -> Value:
    """`hstack`, `vstack`: end to end, as `cat` does, unless what they are given are vectors."""
    parts = _parts(machine, arguments.get(0, "tensors"))
    matrices = all(part.axes.known and len(part.axes.dims) + (part.axes.tail is Tail.SOME) > 1 for part in parts)
    if parts and matrices:
        return _cat(machine, arguments, node, frame)
    return Unknown(computed=True, site=machine.site(node, frame))


def _where(machine: Machine, arguments: Arguments, node: cst.CSTNode, frame: Frame) -> Value:
    """`torch.where(mask, a, b)`: elements of either, in the shape of all three."""
    mask, left, right = arguments.get(0, "condition"), arguments.get(1, "input"), arguments.get(2, "other")
    tensor = next((v for v in (left, right) if isinstance(v, Tensor)), None)
    if tensor is None or left is None or right is None:
        return Unknown(computed=True)
    both = arithmetic.elementwise(
        left, right, terms=(merged(tuple(t for v in (left, right) if isinstance(v, Tensor) for t in v.terms)),)
    )
    return arithmetic.elementwise(both, mask, terms=both.terms) if isinstance(mask, Tensor) else both


def _einsum(machine: Machine, arguments: Arguments, node: cst.CSTNode, frame: Frame) -> Value:
    """A plain pattern: a letter that stands for the examples and is missing in the output is summed over."""
    pattern, operands = arguments.get(0), arguments.positional[1:]
    unknown = Unknown(computed=True, why="of an einsum that is not followed", site=machine.site(node, frame))
    if not (
        isinstance(pattern, Const)
        and isinstance(pattern.value, str)
        and "->" in pattern.value
        and "." not in pattern.value
    ):
        return unknown
    left, _, out = pattern.value.replace(" ", "").partition("->")
    letters = left.split(",")
    given = [v for v in operands if isinstance(v, Tensor) and v.axes.known]
    if len(letters) != len(operands) or len(given) != len(operands):
        return unknown
    examples = {name for term, v in zip(letters, given) for name, over in zip(term, v.axes.dims) if over}
    gone = len(examples - set(out))
    whole = given[0]
    for other in given[1:]:
        product = arithmetic.multiply(whole, other, site=machine.site(node, frame))
        assert isinstance(product, Tensor)
        whole = product
    result = replace(whole, axes=Axes(tuple(name in examples for name in out)), data=False)
    return result.step(Step(StepKind.REDUCED, machine.site(node, frame), Exponent.of(gone))) if gone else result


def _bmm(machine: Machine, arguments: Arguments, node: cst.CSTNode, frame: Frame) -> Value:
    """A matrix product for each example."""
    left, right = arguments.get(0, "input"), arguments.get(1, "mat2")
    if isinstance(left, Tensor) and isinstance(right, Tensor) and left.axes.per_example and right.axes.per_example:
        return arithmetic.elementwise(
            replace(left, axes=Axes((True, False, False))), replace(right, axes=Axes((True, False, False)))
        )
    return Unknown(computed=True)


def _layer(machine: Machine, arguments: Arguments, node: cst.CSTNode, frame: Frame) -> Value:
    return layers.apply(machine, "torch.nn.functional.layer", arguments)


_FUNCTIONS: dict[str, Function] = {
    "stack": _stack,
    "cat": _cat,
    "concat": _cat,
    "concatenate": _cat,
    "hstack": _along_a_dimension,
    "vstack": _along_a_dimension,
    "where": _where,
    "einsum": _einsum,
    "bmm": _bmm,
    "linear": _layer,
    "embedding": _layer,
    "conv1d": _layer,
    "conv2d": _layer,
    "max_pool2d": _layer,
    "avg_pool2d": _layer,
    "interpolate": _layer,
    "pad": _layer,
    "scaled_dot_product_attention": _layer,
}
