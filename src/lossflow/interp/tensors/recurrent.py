"""Recurrent layers and attention: outputs beside hidden states, and sequences packed for them.

Where the examples are in what such a layer is given decides nothing, `batch_first` does. Where the two contradict each
other, a loader that puts time first may have been taken for one that puts the examples first: then the examples are
still in one dimension of the outputs, but whether they are in the hidden state is not known.
"""

from __future__ import annotations

from dataclasses import replace

import libcst as cst

from lossflow.domain.axes import Axes, Tail
from lossflow.domain.environment import Kind, Record
from lossflow.domain.values import Const, Ref, Tensor, Tuple, Unknown, Value
from lossflow.interp.engine.frames import Arguments, Frame
from lossflow.interp.engine.machine import Machine
from lossflow.interp.objects import iteration

_BATCH_FIRST = {"LSTM": 4, "GRU": 4, "RNN": 5, "MultiheadAttention": 8}
"""The place of `batch_first` among the arguments of the constructor."""
KINDS = frozenset({*_BATCH_FIRST, "LSTMCell"})
_STATE = Axes((False, True, False))
"""The hidden state after the last step: layers, examples, features."""
_TIME_FIRST, _EXAMPLES_FIRST = Axes((False, True), Tail.ANY), Axes((True, False), Tail.ANY)


def options(dotted: str, arguments: Arguments) -> dict[str, Value]:
    """What the attributes of such a layer say of its inputs, once it is constructed."""
    place = _BATCH_FIRST.get(dotted.rpartition(".")[2])
    if place is None or arguments.open:
        return {}
    return {"batch_first": arguments.get(place, "batch_first") or Const(False)}


def is_packed(machine: Machine, value: Value | None) -> bool:
    """True for a PackedSequence."""
    return isinstance(value, Ref) and machine.get(value).cls == iteration.PACKED


def outputs(leaf: str, given: Tensor, out: Tensor, batch_first: Value | None) -> Value:
    """What a layer of this kind returns: `out` is what any layer makes of `given`."""
    axes = given.axes
    placed = _placed(axes, batch_first)
    if leaf == "LSTMCell":
        state = Axes((True, False), certain=axes.certain) if axes.known and axes.core == (True,) else axes.shuffled()
        return Tuple((replace(out, axes=state), replace(out, axes=state)))
    whole = replace(out, axes=axes.shuffled() if placed is None else placed)
    if leaf == "MultiheadAttention":
        weights = Axes((True,), Tail.SOME, certain=axes.certain)
        return Tuple((whole, replace(out, axes=Axes.UNKNOWN if placed is None else weights)))
    hidden = Axes.UNKNOWN if placed is None else replace(_STATE, certain=axes.certain)
    return _with_state(leaf, whole, replace(out, axes=hidden))


def _with_state(leaf: str, out: Value, hidden: Tensor) -> Value:
    return Tuple((out, Tuple((hidden, hidden)) if leaf == "LSTM" else hidden))


def _placed(axes: Axes, batch_first: Value | None) -> Axes | None:
    """The axes of the outputs where the examples are where `batch_first` puts them; None where they may not be."""
    if not axes.known or axes.batches != 1 or (axes.rank or 3) != 3:
        return None
    if batch_first == Const(True) and axes.core == (True,):
        return Axes((True, False, False), certain=axes.certain)
    if batch_first == Const(False) and axes.core == (False, True):
        return Axes((False, True, False), certain=axes.certain)
    return None


def of_packed(machine: Machine, leaf: str, packed: Ref, flow: bool, node: cst.CSTNode) -> Value:
    """A recurrent layer keeps its outputs packed, and returns the hidden state of every example."""
    record = machine.get(packed)
    given = record.get("data")
    if not isinstance(given, Tensor):
        return Unknown(computed=True)
    out = Tensor(given.axes, differentiable=flow, synthetic=given.synthetic)
    inside = record.get("padded") == Const(True)
    hidden = replace(out, axes=replace(_STATE, certain=given.axes.certain) if inside else Axes.UNKNOWN)
    return _with_state(leaf, machine.allocate(node, record.put("data", out)), hidden)


def pack(machine: Machine, arguments: Arguments, node: cst.CSTNode, frame: Frame) -> Value:
    """`pack_padded_sequence(x, lengths)`: the steps of all examples, in one dimension."""
    given = arguments.get(0, "input")
    if not isinstance(given, Tensor) or arguments.open:
        return Unknown(computed=True, why="what is packed")
    batch_first = arguments.get(2, "batch_first") or Const(False)
    steps = Axes((True,), Tail.ANY, certain=given.axes.certain) if given.axes.batches == 1 else Axes.UNKNOWN
    placed = _placed(Axes(given.axes.core, Tail.ANY), batch_first) if given.axes.known else None
    slots: dict[str, Value] = {
        "data": replace(given, axes=steps, data=False),
        "batch_sizes": Unknown(computed=True),
        "sorted_indices": Unknown(computed=True),
        "unsorted_indices": Unknown(computed=True),
        "padded": Const(placed is not None),  # whether the examples were in the dimension that torch takes for theirs
    }
    return machine.allocate(node, Record(Kind.INSTANCE, slots, cls=iteration.PACKED))


def unpack(machine: Machine, arguments: Arguments, node: cst.CSTNode, frame: Frame) -> Value:
    """`pad_packed_sequence(packed)`: the steps of each example side by side again, and how many each has."""
    packed = arguments.get(0, "sequence")
    given = machine.get(packed).get("data") if isinstance(packed, Ref) and is_packed(machine, packed) else None
    if not isinstance(packed, Ref) or not isinstance(given, Tensor):
        return Unknown(computed=True, why="what is unpacked")
    axes = given.axes.shuffled()
    if machine.get(packed).get("padded") == Const(True):
        first = arguments.get(1, "batch_first") or Const(False)
        known = _EXAMPLES_FIRST if first == Const(True) else _TIME_FIRST if first == Const(False) else Axes.SOMEWHERE
        axes = replace(known, certain=given.axes.certain)
    lengths = Tensor(Axes.VECTOR if axes.known else Axes.UNKNOWN, differentiable=False)
    return Tuple((replace(given, axes=axes), lengths))
