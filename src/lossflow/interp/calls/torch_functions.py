"""Functions of torch: creators of tensors, functions that are methods by another name, and those that join tensors."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import libcst as cst

from lossflow.catalog.names import means_tensor
from lossflow.domain import arithmetic, masking, tensors
from lossflow.domain.axes import Axes
from lossflow.domain.environment import Kind, Record
from lossflow.domain.exponent import Exponent
from lossflow.domain.joins import merged
from lossflow.domain.tensor_calls import Call
from lossflow.domain.tensor_products import product, products
from lossflow.domain.trace import Step, StepKind
from lossflow.domain.values import Const, External, Tensor, Term, Tuple, Unknown, Value
from lossflow.interp.calls import methods
from lossflow.interp.engine.frames import Arguments, Frame
from lossflow.interp.engine.machine import Machine
from lossflow.interp.objects import iteration, masks, sequences
from lossflow.interp.tensors import creators, joining, layers, recurrent

_HOMES = ("torch.nn.functional.", "torch.special.", "torch.linalg.", "torch.Tensor.", "torch.")
Function = Callable[[Machine, Arguments, cst.CSTNode, Frame], Value]


def call_function(machine: Machine, name: str, arguments: Arguments, node: cst.CSTNode, frame: Frame) -> Value | None:
    """The value of calling a function or class of torch; None for those that this module doesn't know."""
    if name.startswith("numpy.") or not name.startswith("torch."):
        return None
    leaf = next((name[len(home) :] for home in _HOMES if name.startswith(home)), "")
    if creators.knows(leaf):
        return creators.created(machine, leaf, arguments)
    if leaf in _FUNCTIONS:
        return _FUNCTIONS[leaf](machine, arguments, node, frame)
    if name.startswith("torch.nn.init.") and isinstance(arguments.get(0, "tensor"), Tensor):
        return arguments.get(0, "tensor")
    if name in ("torch.nn.Parameter", "torch.nn.parameter.Parameter"):
        return _parameter(arguments.get(0, "data"))
    if layers.is_layer(name):
        return machine.allocate(node, Record(Kind.INSTANCE, recurrent.options(name, arguments), cls=External(name)))
    subject = arguments.get(0, "input", "x", "self")
    if isinstance(subject, Tensor) and tensors.knows(leaf):
        rest = Arguments(arguments.positional[1:], _without_input(arguments), arguments.nodes, arguments.open)
        return methods.of_tensor(machine, subject, leaf, rest, node, frame)
    if isinstance(subject, Unknown):
        if leaf.endswith("_like") and arguments.keywords.get("requires_grad") == Const(True):
            return Tensor(Axes.UNKNOWN, differentiable=True)  # a parameter that may have rows of examples
        if (mask := masks.of_unseen(subject.name, leaf, arguments.get(1, "other"))) is not None:
            return mask
    if leaf in _PRODUCTS and not arguments.open:
        return _product(machine, leaf, arguments, node, frame)
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
    """A parameter has no examples unless it is made like a batch of them, but the rank of what it is made from."""
    if isinstance(held, Tensor) and held.axes.per_example and held.axes.certain:
        return replace(iteration.PARAMETER, axes=held.axes)
    if isinstance(held, Unknown) and means_tensor(held.name):
        return replace(iteration.PARAMETER, axes=Axes.UNKNOWN)  # `nn.Parameter(images)`, which an attack changes
    if not isinstance(held, Tensor) or held.axes.rank is None:
        return iteration.PARAMETER
    return replace(iteration.PARAMETER, axes=Axes((False,) * held.axes.rank))


def _without_input(arguments: Arguments) -> dict[str, Value]:
    return {key: value for key, value in arguments.keywords.items() if key not in ("input", "x", "self")}


# --- functions of several tensors ---------------------------------------------------------------------------------


def _where(machine: Machine, arguments: Arguments, node: cst.CSTNode, frame: Frame) -> Value:
    """`torch.where(mask, a, b)`: elements of either, in the shape of all three."""
    mask, left, right = arguments.get(0, "condition"), arguments.get(1, "input"), arguments.get(2, "other")
    mask = None if mask is None else masks.seen(mask)
    tensor = next((v for v in (left, right) if isinstance(v, Tensor)), None)
    if tensor is None or left is None or right is None:
        return Unknown(computed=True)
    both = arithmetic.elementwise(
        left, right, terms=(merged(tuple(t for v in (left, right) if isinstance(v, Tensor) for t in v.terms)),)
    )
    chosen = arithmetic.elementwise(both, mask, terms=both.terms) if isinstance(mask, Tensor) else both
    zero = any(isinstance(v, Const) and v.value == 0 for v in (left, right)) or any(map(_makes_zeros, arguments.nodes))
    return masking.masked(chosen, machine.site(node, frame)) if zero and masking.is_padding(mask) else chosen


def _makes_zeros(argument: cst.Arg) -> bool:
    """True for `torch.zeros_like(loss)`, written as an argument."""
    match argument.value:
        case cst.Call(func=cst.Attribute(attr=cst.Name("zeros" | "zeros_like" | "new_zeros"))):
            return True
    return False


def _einsum(machine: Machine, arguments: Arguments, node: cst.CSTNode, frame: Frame) -> Value:
    """A plain pattern: a letter that stands for the examples and is missing in the output is summed over."""
    pattern, operands = arguments.get(0), arguments.positional[1:]
    unknown = Unknown(computed=True, why="what this einsum does with the examples")
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
    if set("".join(letters)) - set(out):
        result = replace(result, masked=None)  # what a sum has left counts no elements
    return result.step(Step(StepKind.REDUCED, machine.site(node, frame), Exponent.of(gone))) if gone else result


_PRODUCTS = frozenset({"matmul", "mm", "bmm"})


def _product(machine: Machine, leaf: str, arguments: Arguments, node: cst.CSTNode, frame: Frame) -> Value | None:
    """A matrix product of which the first factor is out of sight."""
    left, right = Unknown(computed=True), arguments.get(1, "mat2", "other")
    if not isinstance(right, Tensor):
        return None
    call = Call(right, (), {}, machine.site(node, frame), machine.factor)
    if leaf == "bmm":
        return products(left, right, call)
    return product(left, right, call, ranks=(2, 2) if leaf == "mm" else (None, None))


def _layer(machine: Machine, arguments: Arguments, node: cst.CSTNode, frame: Frame) -> Value:
    """A layer as a function: its input comes first, and its weights, which need not be the input's kin, behind."""
    subject = arguments.get(0, "input")
    if isinstance(subject, Tensor):
        return layers.apply(machine, "torch.nn.functional.layer", Arguments((subject,)))
    weights = [v for v in (*arguments.positional, *arguments.keywords.values()) if isinstance(v, Tensor)]
    flow = machine.grad_enabled and any(v.differentiable for v in weights)
    return Tensor(Axes.UNKNOWN, differentiable=flow or None) if weights else Unknown(computed=True)


def _variable(machine: Machine, arguments: Arguments, node: cst.CSTNode, frame: Frame) -> Value:
    """`Variable(data)` is its data; with `requires_grad=True`, where the data are made on the spot, a parameter."""
    held = arguments.get(0, "data")
    if isinstance(held, Tensor) and arguments.get(1, "requires_grad") == Const(True):
        if held.axes == Axes.UNKNOWN and _is_made_here(machine, arguments, frame):
            return iteration.PARAMETER
        return methods.of_tensor(machine, held, "requires_grad_", Arguments(), node, frame)
    return held or Unknown(computed=True)


def _is_made_here(machine: Machine, arguments: Arguments, frame: Frame) -> bool:
    """True for `Variable(torch.zeros(5), ...)`: nobody makes a batch of zeros to learn it."""
    match arguments.nodes:
        case (cst.Arg(value=cst.Call(func=function)), *_):
            made = machine.evaluate(function, frame)
            return isinstance(made, External) and creators.knows(made.name.removeprefix("torch."))
    return False


def _in_parallel(machine: Machine, arguments: Arguments, node: cst.CSTNode, frame: Frame) -> Value:
    """`data_parallel(model, inputs)` is `model(inputs)`."""
    model, inputs = arguments.get(0, "module"), sequences.as_tuple(machine, arguments.get(1, "inputs") or Tuple(()))
    if model is None:
        return Unknown(computed=True)
    return machine.call(model, Arguments(inputs.items if isinstance(inputs, Tuple) else (inputs,)), node, frame)


_LAYERS = (
    "linear bilinear embedding conv1d conv2d conv3d conv_transpose1d conv_transpose2d conv_transpose3d max_pool1d "
    "max_pool2d max_pool3d avg_pool1d avg_pool2d avg_pool3d adaptive_avg_pool1d adaptive_avg_pool2d "
    "adaptive_avg_pool3d adaptive_max_pool1d adaptive_max_pool2d interpolate upsample pad pixel_shuffle "
    "pixel_unshuffle grid_sample fold "
    "scaled_dot_product_attention"
)
_FUNCTIONS: dict[str, Function] = {
    "stack": joining.stack,
    "cat": joining.cat,
    "concat": joining.cat,
    "concatenate": joining.cat,
    "hstack": joining.along_a_dimension,
    "vstack": joining.along_a_dimension,
    "nn.utils.rnn.pack_padded_sequence": recurrent.pack,
    "nn.utils.rnn.pad_packed_sequence": recurrent.unpack,
    "where": _where,
    "einsum": _einsum,
    "nn.parallel.data_parallel": _in_parallel,
    "autograd.Variable": _variable,
    "autograd.variable.Variable": _variable,
    **dict.fromkeys(_LAYERS.split(), _layer),
}
