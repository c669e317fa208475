"""`torch.stack` and `torch.cat`: tensors side by side and end to end."""

from __future__ import annotations

from dataclasses import replace

import libcst as cst

from lossflow.domain import arithmetic
from lossflow.domain.axes import Axes, Tail
from lossflow.domain.environment import Kind
from lossflow.domain.exponent import Exponent
from lossflow.domain.joins import merged
from lossflow.domain.values import Const, Ref, Tensor, Tuple, Unknown, Value
from lossflow.interp.engine.frames import Arguments, Frame
from lossflow.interp.engine.machine import Machine
from lossflow.interp.objects import iteration


def stack(machine: Machine, arguments: Arguments, node: cst.CSTNode, frame: Frame) -> Value:
    """A new dimension over the elements of a list, which are examples if the list has one for each."""
    held = arguments.get(0, "tensors")
    parts = _parts(machine, held)
    if held is None or not parts:
        return _stack_with_unseen(machine, arguments, node, frame)
    whole = _all_terms(parts, node, machine, frame)
    if whole.axes.reduced:  # a mean of sums counts the sums, whatever a mask has left out of each
        whole = replace(whole, masked=None)
    count = iteration.trips(machine, held)
    dim = arguments.get(1, "dim") or Const(0)
    if count.is_zero:
        return replace(whole, axes=_one_more(_shape_of_all(parts, whole.axes), dim))
    if count.known is None or dim != Const(0) or not whole.axes.known:
        return replace(whole, axes=Axes.UNKNOWN)
    return replace(whole, axes=replace(whole.axes, dims=(count.at_least(1), *whole.axes.dims)))


def _shape_of_all(parts: tuple[Tensor, ...], joined: Axes) -> Axes:
    """The axes of tensors of one shape: what is known of any of them."""
    known = [part.axes for part in parts if part.axes.known]
    return known[0] if known and len(known) < len(parts) and not joined.known else joined


def _one_more(axes: Axes, dim: Value) -> Axes:
    place = dim.value if isinstance(dim, Const) and type(dim.value) is int else None
    return axes.shuffled() if place is None else axes.with_one(place)


def _stack_with_unseen(machine: Machine, arguments: Arguments, node: cst.CSTNode, frame: Frame) -> Value:
    """`torch.stack` of tensors of one shape, of which some are out of sight."""
    held = _held(machine, arguments.get(0, "tensors"))
    parts = tuple(v for v in held if isinstance(v, Tensor) and v.axes.known and v.axes.per_example)
    in_sight = isinstance(arguments.get(0, "tensors"), Tuple) or _has_length(machine, arguments.get(0, "tensors"))
    if not parts or not in_sight or not all(isinstance(v, (Tensor, Unknown)) for v in held):
        return Unknown(computed=True)
    axes = _one_more(parts[0].axes, arguments.get(1, "dim") or Const(0))
    return replace(_with_unseen(machine, parts, node, frame), axes=axes)


def _has_length(machine: Machine, held: Value | None) -> bool:
    return isinstance(held, Ref) and machine.get(held).rest is None


def _parts(machine: Machine, held: Value | None) -> tuple[Tensor, ...]:
    """The tensors of a list or tuple; none if one of its elements is something else."""
    values = _held(machine, held)
    parts = tuple(v for v in values if isinstance(v, Tensor))
    return parts if len(parts) == len(values) else ()


def _held(machine: Machine, held: Value | None) -> tuple[Value, ...]:
    if isinstance(held, Tuple):
        return held.items
    if isinstance(held, Ref) and machine.get(held).kind is Kind.LIST:
        return machine.get(held).values()
    return ()


def _all_terms(parts: tuple[Tensor, ...], node: cst.CSTNode, machine: Machine, frame: Frame) -> Tensor:
    """One tensor with the terms of all."""
    whole = parts[0]
    for part in parts[1:]:
        both = arithmetic.add(whole, part, site=machine.site(node, frame))
        assert isinstance(both, Tensor)
        whole = replace(both, axes=whole.axes.join(part.axes))
    return whole


def cat(machine: Machine, arguments: Arguments, node: cst.CSTNode, frame: Frame) -> Value:
    """Tensors end to end: along the examples there are more of them, along anything else they stay where they are."""
    held = arguments.get(0, "tensors")
    parts = _parts(machine, held)
    if held is None or not parts:
        return _beside_unseen(machine, arguments, node, frame)
    whole = replace(_all_terms(parts, node, machine, frame), data=False)
    if all(part.axes.per_example for part in parts):
        return whole
    alike = _alike(arguments, parts)
    if alike is not None:
        return replace(whole, axes=alike)
    count = iteration.trips(machine, held)
    if not count.is_zero:
        grown = Axes((True,), Tail.ANY, certain=False) if count.at_least(1) and whole.axes.reduced else Axes.UNKNOWN
        return replace(whole, axes=grown)
    return whole


def _alike(arguments: Arguments, parts: tuple[Tensor, ...]) -> Axes | None:
    """The axes of tensors end to end behind the examples: torch wants all other dimensions alike, so one tells them.

    None along the first dimension: there may be examples in one and a memory of fixed size in the other.
    """
    dim = arguments.get(1, "dim", "axis")
    if not isinstance(dim, Const) or type(dim.value) is not int or dim.value == 0:
        return None
    told = [part.axes for part in parts if part.axes.known and part.axes.dims[:1] == (True,)]
    if not told or any(sum(axes.dims) > 1 for axes in told):
        return None
    axes = max(told, key=lambda axes: (axes.rank is not None, len(axes.dims)))
    if axes.rank is not None and dim.value == -axes.rank:
        return None
    further = axes.rank is None and dim.value > 0 and axes.dims == (True,)
    return replace(axes, tail=Tail.SOME) if further else axes


def _beside_unseen(machine: Machine, arguments: Arguments, node: cst.CSTNode, frame: Frame) -> Value:
    """`torch.cat([x, condition], dim=1)` with a condition out of sight: the examples are where those of `x` are."""
    held = _held(machine, arguments.get(0, "tensors"))
    parts = tuple(v for v in held if isinstance(v, Tensor))
    axes = _alike(arguments, parts)
    if axes is None or not all(isinstance(v, (Tensor, Unknown)) for v in held):
        return Unknown(computed=True)
    return replace(_with_unseen(machine, parts, node, frame), axes=axes)


def _with_unseen(machine: Machine, parts: tuple[Tensor, ...], node: cst.CSTNode, frame: Frame) -> Tensor:
    """The terms of tensors beside something out of sight, which may be a loss only where one of them is."""
    whole = replace(_all_terms(parts, node, machine, frame), data=False)
    flow = True if whole.differentiable else None
    if arithmetic.is_plain(whole):
        return replace(whole, differentiable=flow)
    return replace(whole, terms=(replace(merged(whole.terms), exponent=Exponent.UNKNOWN),), differentiable=flow)


def along_a_dimension(machine: Machine, arguments: Arguments, node: cst.CSTNode, frame: Frame) -> Value:
    """`hstack`, `vstack`: end to end, as `cat` does, unless what they are given are vectors."""
    parts = _parts(machine, arguments.get(0, "tensors"))
    matrices = all(part.axes.known and len(part.axes.dims) + (part.axes.tail is Tail.SOME) > 1 for part in parts)
    if parts and matrices:
        return cat(machine, arguments, node, frame)
    return Unknown(computed=True)
