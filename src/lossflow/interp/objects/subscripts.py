"""`owner[index]`: reading and writing the elements of tensors, batches, lists, dicts and shapes."""

from __future__ import annotations

from dataclasses import replace

import libcst as cst

from lossflow.domain.axes import Axes, Tail
from lossflow.domain.environment import Kind, Record
from lossflow.domain.exponent import Exponent
from lossflow.domain.joins import join
from lossflow.domain.tensor_selections import left_by_slice
from lossflow.domain.tensor_shapes import size_along
from lossflow.domain.values import Const, Number, OneOf, Ref, Size, Tensor, Tuple, Unknown, Value
from lossflow.interp.engine import cases
from lossflow.interp.engine.frames import Frame
from lossflow.interp.engine.machine import Machine
from lossflow.interp.objects import iteration, masks, names, sequences


def load(machine: Machine, owner: Value, node: cst.Subscript, frame: Frame) -> Value:
    """The value of `owner[...]`."""
    if (mask := masks.part(owner, node)) is not None:
        _single(machine, node, frame)
        return mask
    match owner:
        case Tensor():
            return _tensor(machine, owner, node, frame)
        case OneOf(values=values):
            usable = [v for v in values if v != Const(None)]
            return machine.joined([load(machine, v, node, frame) for v in _holders(machine, usable, node, frame)])
    if len(node.slice) == 1 and isinstance(node.slice[0].slice, cst.Slice):
        part = sequences.bounds(machine, node.slice[0].slice, frame)
        return Unknown(computed=True) if part is None else sequences.sliced(machine, owner, part, node)
    index = _single(machine, node, frame)
    match owner:
        case Tuple(items=items):
            return _item(machine, items, index)
        case Size(axes=axes):
            if isinstance(index, Const) and type(index.value) is int:
                return Number(size_along(axes, index.value), "shape", machine.site(node, frame))
            return Unknown(computed=True)
        case Ref():
            return _element(machine, machine.get(owner), index)
        case Unknown(name=name) if isinstance(index, Const) and isinstance(index.value, str):
            return Unknown(f"{name}.{index.value}" if name else index.value, computed=owner.computed and not name)
    return Unknown(computed=True)


def _holders(machine: Machine, values: list[Value], node: cst.Subscript, frame: Frame) -> list[Value]:
    """Those of several dicts that have the key: of the others the program would get a KeyError."""
    records = [machine.get(v) for v in values if isinstance(v, Ref)]
    if len(records) < len(values) or any(r.kind is not Kind.DICT or r.rest is not None for r in records):
        return values
    key = _single(machine, node, frame)
    held = [v for v, record in zip(values, records) if isinstance(key, Const) and key.value in record.slots]
    return held or values


def _single(machine: Machine, node: cst.Subscript, frame: Frame) -> Value | None:
    """The index, when there is one and it is no slice; whatever is in the brackets is evaluated."""
    values: list[Value | None] = []
    for part in node.slice:
        match part.slice:
            case cst.Index(value=inner):
                values.append(machine.evaluate(inner, frame))
            case cst.Slice(lower=lower, upper=upper, step=step):
                for bound in (lower, upper, step):
                    if bound is not None:
                        machine.evaluate(bound, frame)
                values.append(None)
    return values[0] if len(values) == 1 else None


def _item(machine: Machine, items: tuple[Value, ...], index: Value | None) -> Value:
    if isinstance(index, Const) and type(index.value) is int and -len(items) <= index.value < len(items):
        return items[index.value]
    return machine.joined(items) if index is not None else Unknown(computed=True)


def _element(machine: Machine, record: Record, index: Value | None) -> Value:
    """An element of a list or dict; any of them where the key is out of sight."""
    if record.kind is Kind.LIST and index is None:
        return Unknown(computed=True)
    if record.kind is Kind.INSTANCE:
        return _item(machine, iteration.named_items(machine, record) or (), index)
    if isinstance(index, Const):
        key = index.value
        if record.kind is Kind.LIST and type(key) is int and key < 0 and record.rest is None:
            key += len(record.slots)
        held = record.slots.get(key) if isinstance(key, (str, int)) else None
        if held is not None:
            return held
        if record.rest is not None:
            return record.rest
        return Unknown(str(key) if isinstance(key, str) else "", computed=True)
    if record.kind in (Kind.LIST, Kind.DICT) and index is not None:
        cases.of_key(machine, index, record.slots)
        return machine.joined(record.values())
    return Unknown(computed=True)


def _tensor(machine: Machine, tensor: Tensor, node: cst.Subscript, frame: Frame) -> Value:
    """Indexing and slicing of a tensor, one dimension after the other; a name or number of a part of a batch."""
    if (picked := _picked(machine, tensor.axes, node, frame)) is not None:
        return replace(tensor, axes=picked, data=False, masked=None, selected=True)
    axes = tensor.axes
    dim = 0
    for part in node.slice:
        match part.slice:
            case cst.Slice() as bounds if tensor.data and len(node.slice) == 1:
                # `batch[:2]` may be the first two tensors of a batch as well as its first two examples.
                left = _sliced(machine, axes, dim, bounds, frame)
                return replace(tensor, axes=left if left == axes else Axes.UNKNOWN)
            case cst.Slice() as bounds:
                axes = _sliced(machine, axes, dim, bounds, frame)
                dim += 1
            case cst.Index(value=cst.Ellipsis()):
                return replace(tensor, axes=axes if len(node.slice) == 1 else _behind(axes), data=False)
            case cst.Index(value=inner):
                index = machine.evaluate(inner, frame)
                if isinstance(index, Const) and len(node.slice) == 1 and _names_a_part(tensor, index):
                    held = replace(tensor, data=True)
                    return machine.named(held, index.value) if isinstance(index.value, str) else held
                if masks.selects(index):
                    tensor = replace(tensor, masked=None, selected=True)
                elif dim and isinstance(index, (Const, Number)) and index != Const(None):
                    tensor = replace(tensor, masked=None)  # of one step, a mean over the examples counts them all
                axes, dim = _indexed(axes, dim, index)
    return replace(tensor, axes=axes, data=False)


def _sliced(machine: Machine, axes: Axes, dim: int, node: cst.Slice, frame: Frame) -> Axes:
    """The axes after `lower:upper:step` along one dimension; a step leaves a share of it."""
    lower, upper, _ = sequences.evaluated(machine, node, frame)
    left = left_by_slice(lower, upper, machine.factor)
    return axes if left == Exponent.ONE else axes.cut(dim, left)


def _picked(machine: Machine, axes: Axes, node: cst.Subscript, frame: Frame) -> Axes | None:
    """`logits[torch.arange(n), labels]` and `logits[range(n), labels]`: one element, or row, for each example."""
    inner = [part.slice.value for part in node.slice if isinstance(part.slice, cst.Index)]
    if len(inner) < 2 or len(inner) != len(node.slice) or not axes.known or axes.dims[:1] != (True,):
        return None
    indices = [machine.evaluate(each, frame) for each in inner]
    vectors = [v.axes == Axes.VECTOR if isinstance(v, Tensor) else _counts_examples(machine, v) for v in indices]
    if not all(vectors) or any(axes.dims[1 : len(indices)]):
        return None
    consumed = len(axes.dims) < len(indices)
    return replace(axes, dims=(True, *axes.dims[len(indices) :]), tail=Tail.ANY if consumed else axes.tail)


def _counts_examples(machine: Machine, value: Value) -> bool:
    return isinstance(value, Ref) and iteration.trips(machine, value) == Exponent.ONE


def _names_a_part(tensor: Tensor, index: Const) -> bool:
    """True for `batch["x"]`, and for `batch[0]` where the batch may be a tuple."""
    return isinstance(index.value, str) or (tensor.data and isinstance(index.value, int))


def _behind(axes: Axes) -> Axes:
    """`x[..., 0]`: a dimension behind the examples goes."""
    if axes.known and axes.dims[:1] == (True,) and sum(axes.dims) == 1:
        return Axes((True,), Tail.ANY, certain=False)
    return axes if axes.reduced else Axes.UNKNOWN


def _indexed(axes: Axes, dim: int, index: Value) -> tuple[Axes, int]:
    """The axes after one index, and the dimension that the next one is for."""
    match index:
        case Const(value=None):
            return axes.with_one(dim), dim + 1
        case Const(value=int()):
            return axes.without(dim)[0], dim
        case Tensor() if dim == 0 and axes.per_example and (index.axes.per_example or index.mask):
            # A mask or a permutation picks examples; how many is a power of B all the same.
            return (Axes((True,), Tail.ANY if axes.rank != 1 else Tail.NONE, certain=False), 1)
        case Tensor() if index.axes.per_example and dim == 1:
            return Axes((True,), Tail.ANY, certain=False), dim
        case Number():
            return axes.without(dim)[0], dim
    return Axes.UNKNOWN, dim


def store(machine: Machine, target: cst.Subscript, value: Value, frame: Frame) -> None:
    """`owner[index] = value`."""
    owner = machine.evaluate(target.value, frame)
    index = _single(machine, target, frame)
    if isinstance(owner, Tensor) and (left := masks.filled(owner, index, value, machine.site(target, frame))):
        names.assign(machine, target.value, left, frame)
    if not isinstance(owner, Ref):
        return
    record = machine.get(owner)
    if record.kind not in (Kind.LIST, Kind.DICT):
        return
    if isinstance(index, Const) and isinstance(index.value, (str, int)):
        key = index.value
        machine.put(owner, key, machine.named(value, str(key)))
        return
    rest = value if record.rest is None else join(record.rest, value)
    machine.set(owner, replace(record, rest=rest))
