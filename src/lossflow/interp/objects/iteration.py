"""What comes out of an iterable, how often, and what its parts are when it is unpacked."""

from __future__ import annotations

from dataclasses import replace

import libcst as cst

from lossflow.catalog.names import means_batch, means_loader
from lossflow.domain.axes import Axes
from lossflow.domain.environment import Kind, Record
from lossflow.domain.exponent import Exponent
from lossflow.domain.joins import join
from lossflow.domain.tally import Tally
from lossflow.domain.tensor_shapes import size_along
from lossflow.domain.values import (
    MAX_PARTS,
    Class,
    Const,
    External,
    Number,
    OneOf,
    Ref,
    Size,
    Tensor,
    Term,
    Tuple,
    Unknown,
    Value,
)
from lossflow.interp.engine.machine import Machine
from lossflow.interp.objects import classes, definitions

BATCH = Tensor(Axes.EXAMPLES, differentiable=False, data=True)
"""A batch as a loader yields it: a tensor, or a tuple or dict of tensors, with the examples first."""
INDEX = Number(Exponent.ZERO, counter=True)
"""What `enumerate` and `range` count."""
PARAMETER_ITERATORS = frozenset({"parameters", "named_parameters", "trainable_parameters", "params"})
LOADERS = (
    "torch.utils.data.DataLoader",
    "torch.utils.data.dataloader.DataLoader",
    "torch_geometric.loader.DataLoader",
    "torch_geometric.data.DataLoader",
    "monai.data.DataLoader",
    "torchtext.data.BucketIterator",
    "torchtext.data.Iterator",
)
"""Classes that yield batches."""


def is_loader(machine: Machine, value: Value) -> bool:
    """True for what yields batches: a DataLoader, or something out of sight that is called one."""
    match value:
        case Ref():
            cls = machine.get(value).cls
            return isinstance(cls, External) and cls.name in LOADERS
        case Unknown(name=name):
            return means_loader(name.rpartition(".")[2])
        case OneOf(values=values):
            return all(is_loader(machine, v) for v in values)
    return False


def element(machine: Machine, value: Value) -> Value:
    """What one round of a loop over `value` gets."""
    if is_loader(machine, value):
        return BATCH
    match value:
        case Tuple(items=items):
            return machine.joined(items)
        case Ref():
            record = machine.get(value)
            match record.kind:
                case Kind.LIST:
                    return machine.joined(record.values())
                case Kind.DICT:
                    keys = [Const(key) for key in record.slots]
                    return machine.joined(keys) if keys and record.rest is None else Unknown(computed=True)
            return Unknown(computed=True)
        case Tensor(data=True):
            # What the examples of a batch are made of is no batch any more.
            return replace(value, axes=Axes.UNKNOWN, data=value.axes != Axes.UNKNOWN)
        case Tensor():
            axes, _ = value.axes.without(0)
            return replace(value, axes=axes)
    return Unknown(computed=True)


def trips(machine: Machine, value: Value) -> Exponent:
    """The exponent of the number of rounds of a loop over `value`.

    A loop over the batches of a loader goes round as often as there is data: that is no power of B that is known.
    """
    if is_loader(machine, value):
        return Exponent.UNKNOWN
    match value:
        case Tuple():
            return Exponent.ZERO
        case Ref():
            record = machine.get(value)
            if record.kind in (Kind.LIST, Kind.DICT):
                return record.count
        case Tensor(data=True):
            return Exponent.between(0, 1)
        case Tensor():
            return size_along(value.axes, 0)
    return Exponent.between(0, 1)


def known_items(machine: Machine, value: Value) -> tuple[Value, ...] | None:
    """The items of a sequence of known length, in order."""
    match value:
        case Tuple(items=items):
            return items
        case Ref():
            record = machine.get(value)
            if record.kind is Kind.LIST and record.rest is None:
                return tuple(record.slots.values())
            if record.kind is Kind.DICT and record.rest is None:
                return tuple(Const(key) for key in record.slots)
            if record.kind is Kind.INSTANCE:
                return named_items(machine, record)
        case Const(value=str() as text) if len(text) < 20:
            return tuple(Const(c) for c in text)
    return None


def named_items(machine: Machine, record: Record) -> tuple[Value, ...] | None:
    """The fields of a named tuple of the program, in order; those of a sequence packed for a recurrent layer."""
    if record.cls == PACKED:
        return tuple(record.slots.values())[:4]
    if not isinstance(record.cls, Class) or External("typing.NamedTuple") not in record.cls.bases:
        return None
    held = [
        record.get(name) or classes.lookup(machine, record.cls, name)
        for name in definitions.fields(machine, record.cls)
    ]
    return tuple(v for v in held if v is not None) if None not in held else None


def unpacked(machine: Machine, value: Value, count: int) -> tuple[Value, ...] | None:
    """The parts that unpacking gives, where they are known: `x, y = batch`, `b, c, h, w = x.shape`."""
    match value:
        case Size(axes=axes):
            return tuple(Number(size_along(axes, i), "shape") for i in range(count))
        case Tensor(data=True):
            return (value,) * count
        case Tensor(axes=axes) if axes.known and axes.dims and not axes.dims[0]:
            return (replace(value, axes=axes.without(0)[0]),) * count
        case OneOf(values=values):
            parts = [unpacked(machine, v, count) for v in values if v != Const(None)]
            known = [p for p in parts if p is not None]
            if known and len(known) == len(parts) and len({len(p) for p in known}) == 1:
                return tuple(machine.joined(column) for column in zip(*known))
            return None
        case Unknown():
            return (Unknown(computed=True, why=value.why),) * count
        case Ref() if (part := _part_of_batch(machine, value)) is not None and count > 1:
            return (part,) * count
    return known_items(machine, value)


def _part_of_batch(machine: Machine, value: Ref) -> Value | None:
    """What `[t.to(device) for t in batch]` holds if it is unpacked; None for everything else.

    The elements of a batch that is one tensor are its examples, and nobody unpacks these by name: there are too many.
    So the batch is a tuple of tensors, each with all examples.
    """
    record = machine.get(value)
    if record.kind is not Kind.LIST or record.slots or not isinstance(record.rest, Tensor):
        return None
    held = record.rest
    untouched = held.data and held.axes == Axes.UNKNOWN and held.differentiable is False
    return replace(held, axes=BATCH.axes, data=False) if untouched else None


def combined(machine: Machine, operator: str, left: Value, right: Value, node: cst.CSTNode) -> Value:
    """`+` and `*` of lists."""
    lists = [machine.get(v) for v in (left, right) if isinstance(v, Ref) and machine.get(v).kind is Kind.LIST]
    if operator == "*":
        count = left if isinstance(right, Ref) else right
        values = lists[0].values()
        return machine.allocate(node, Record(Kind.LIST, rest=machine.joined(values), count=machine.factor(count)))
    if len(lists) != 2:
        return Unknown(computed=True)
    first, second = lists
    if first.rest is None and second.rest is None and len(first.slots) + len(second.slots) <= MAX_PARTS:
        items = (*first.slots.values(), *second.slots.values())
        return machine.allocate(node, Record(Kind.LIST, dict(enumerate(items))))
    return machine.allocate(
        node,
        Record(
            Kind.LIST, rest=machine.joined((*first.values(), *second.values())), count=first.count.join(second.count)
        ),
    )


def merged(machine: Machine, left: Value, right: Value, node: cst.CSTNode) -> Value:
    """`left | right` of two dicts."""
    assert isinstance(left, Ref)
    assert isinstance(right, Ref)
    one, other = machine.get(left), machine.get(right)
    rest = one.rest if other.rest is None else other.rest if one.rest is None else join(one.rest, other.rest)
    return machine.allocate(node, Record(Kind.DICT, {**one.slots, **other.slots}, rest))


def extended(machine: Machine, target: Ref, values: Value) -> None:
    """`target.extend(values)` and `target += values`: as many elements as there are values."""
    items = known_items(machine, values)
    if items is not None and len(items) + len(machine.get(target).slots) <= MAX_PARTS:
        for item in items:
            appended(machine, target, item)
        return
    # A batch may be a tuple of two, but who keeps its parts beside those of the others keeps its examples.
    rows = Exponent.ONE if isinstance(values, Tensor) and values.data else trips(machine, values)
    _grown(machine, target, element(machine, values), number=rows)


def appended(machine: Machine, target: Ref, value: Value) -> None:
    """`target.append(value)`: in a loop the place of the element is not known, but how often one is added is."""
    record = machine.get(target)
    in_loop = len(machine.loops) > machine.depths.get((target.address, None), 0)
    if not in_loop and record.rest is None:
        machine.heap[target.address] = record.put(len(record.slots), value)
        return
    _grown(machine, target, value, number=Exponent.ZERO)


def _grown(machine: Machine, target: Ref, value: Value, *, number: Exponent) -> None:
    """The list with further elements, B to the power `number` in each round of the loops that began after it."""
    record = machine.get(target)
    count = machine.trips_since(target, None) + number
    loops = machine.loops_since(target, None)
    counted = [loop for loop in loops if loop.counted]
    once = len(counted) == 1 and all(loop in counted or loop.trips.is_zero for loop in loops)
    length = Tally.BATCHES.times(Tally(number.known)) if once else Tally.UNKNOWN
    if record.length is not None:
        length = record.length.join(length)
    if record.rest is None and record.slots:
        whole = machine.joined(tuple(record.slots.values()))
        record = replace(record, slots={}, rest=join(whole, value), count=count)
        length = Tally.UNKNOWN
    else:
        record = record.add(value, count)
    machine.heap[target.address] = replace(record, length=length)


def draws_batches(machine: Machine, value: Value) -> bool:
    """True when each round of a loop over `value` draws a new batch: a loader, also behind enumerate, tqdm or zip."""
    if is_loader(machine, value):
        return True
    if isinstance(value, Ref):
        record = machine.get(value)
        return record.kind is Kind.LIST and record.cls in (BATCHES, UNCOUNTED)
    return False


def counts_batches(machine: Machine, value: Value) -> bool:
    """True when a loop over `value` goes round once for each batch of a loader, of more than one example.

    It may also be a list or a generator of what was made for each batch.
    """
    match value:
        case Ref():
            record = machine.get(value)
            if record.kind is Kind.LIST:
                return record.cls == BATCHES or record.length == Tally.BATCHES
            return is_loader(machine, value) and record.get("batch_size") not in (Const(1), Const(None))
        case OneOf(values=values):
            return all(counts_batches(machine, v) for v in values)
    return is_loader(machine, value)


def of_batches(machine: Machine, node: cst.For, iterable: Value) -> Value:
    """The iterable of a loop whose variable is called a batch, where what it yields is out of sight."""
    yielded = element(machine, iterable)
    match node.target, yielded:
        case cst.Name(value=name), Unknown() if means_batch(name):
            yielded = BATCH
        case cst.Tuple(elements=targets), Tuple(items=items) if len(targets) == len(items):
            named = [isinstance(one.value, cst.Name) and means_batch(one.value.value) for one in targets]
            yielded = Tuple(tuple(BATCH if isinstance(v, Unknown) and yes else v for v, yes in zip(items, named)))
    if yielded == element(machine, iterable):
        return iterable
    return machine.allocate(node, Record(Kind.LIST, rest=yielded, count=Exponent.UNKNOWN, cls=UNCOUNTED))


PACKED = External("torch.nn.utils.rnn.PackedSequence")
"""A named tuple of torch: the steps of all examples, how many are at each place, and two permutations."""
BATCHES = External("lossflow.batches")
"""The class of the record that stands for `enumerate(loader)` and its like."""
UNCOUNTED = External("lossflow.uncounted")
"""The same, where a batch may be one example, or only its name says that it is a batch."""


def parameters_of(machine: Machine, node: cst.CSTNode, *, named: bool = False) -> Value:
    """`model.parameters()`: tensors without examples, through which gradients flow."""
    parameter: Value = PARAMETER
    if named:
        parameter = Tuple((Unknown(computed=True), PARAMETER))
    return machine.allocate(node, Record(Kind.LIST, rest=parameter))


PARAMETER = Tensor(Axes.PLAIN, (Term(batchless=True),), True)
"""A parameter of a model."""


def never_empty(machine: Machine, value: Value) -> bool:
    """True when a loop over `value` goes round at least once: displays, `range(10)`, parameter groups."""
    match value:
        case Tuple(items=items):
            return bool(items)
        case Ref():
            record = machine.get(value)
            return record.kind is Kind.LIST and (
                bool(record.slots) or (record.rest is not None and record.count.is_zero)
            )
    return False
