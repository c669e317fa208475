"""Sequences of known length: their slices, and what is left when an element is taken out."""

from __future__ import annotations

from dataclasses import replace

import libcst as cst

from lossflow.domain.environment import Kind, Record
from lossflow.domain.tensor_shapes import size_along
from lossflow.domain.values import Const, Number, Ref, Size, Tuple, Unknown, Value, tuple_of
from lossflow.interp.engine.frames import Frame
from lossflow.interp.engine.machine import Machine
from lossflow.interp.objects import iteration


def as_tuple(machine: Machine, value: Value) -> Value:
    """A list of known length as the tuple that it stands for: `x.sum(dim=[1, 2])`, `x.view([n, -1])`."""
    if isinstance(value, Ref) and machine.get(value).kind is Kind.LIST:
        items = iteration.known_items(machine, value)
        return value if items is None else tuple_of(items)
    return value


def evaluated(machine: Machine, node: cst.Slice, frame: Frame) -> tuple[Value, Value, Value]:
    """Where a slice begins and ends, and its step; None as in Python where they are left out."""
    lower, upper, step = (
        Const(None) if part is None else machine.evaluate(part, frame) for part in (node.lower, node.upper, node.step)
    )
    return lower, upper, step


def bounds(machine: Machine, node: cst.Slice, frame: Frame) -> slice | None:
    """The bounds of a slice; None unless all of them are literals."""
    values = evaluated(machine, node, frame)
    numbers = [v.value for v in values if isinstance(v, Const) and (v.value is None or type(v.value) is int)]
    return slice(*numbers) if len(numbers) == len(values) and numbers[2] != 0 else None


def sliced(machine: Machine, value: Value, part: slice, node: cst.CSTNode) -> Value:
    """A slice of a tuple, a list or a shape."""
    if isinstance(value, Size):
        return _of_shape(value, part)
    items = iteration.known_items(machine, value)
    if items is None:
        return Unknown(computed=True)
    kept = items[part]
    return Tuple(kept) if isinstance(value, Tuple) else machine.allocate(node, Record(Kind.LIST, dict(enumerate(kept))))


def _of_shape(shape: Size, part: slice) -> Value:
    """A slice of a shape: `x.shape[:2]` is two numbers also where x has an unknown number of dimensions.

    The number of those in `x.shape[2:]` is unknown then; none of them goes with the batch.
    """
    rank = shape.axes.rank
    if rank is None and part.stop is None and part.step in (None, 1) and (part.start or 0) >= 0 and shape.axes.known:
        return Size(replace(shape.axes, dims=shape.axes.dims[part.start or 0 :]))
    if rank is None and (part.stop is None or part.stop < 0 or (part.start or 0) < 0):
        return Unknown(computed=True)
    wanted = range(*part.indices(part.stop if rank is None else rank))
    return Tuple(tuple(Number(size_along(shape.axes, dim), "shape") for dim in wanted))


def taken(machine: Machine, target: Ref, place: Value | None) -> Value:
    """`losses.pop()`: the element at `place`, the last unless it is given; the list is shorter by it."""
    record = machine.get(target)
    index = place.value if isinstance(place, Const) else -1 if place is None else None
    items = list(record.slots.values())
    if record.rest is not None or type(index) is not int or not -len(items) <= index < len(items):
        return machine.joined(record.values())
    value = items.pop(index)
    machine.set(target, replace(record, slots=dict(enumerate(items))))
    return value
