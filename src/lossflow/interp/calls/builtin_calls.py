"""Python's own functions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import libcst as cst

from lossflow.catalog.names import means_inventory
from lossflow.domain import arithmetic
from lossflow.domain.environment import Kind, Record
from lossflow.domain.exponent import Exponent
from lossflow.domain.tally import Tally
from lossflow.domain.tensor_shapes import size_along
from lossflow.domain.values import (
    Class,
    Const,
    External,
    Number,
    Ref,
    Size,
    Super,
    Tensor,
    Tuple,
    Unknown,
    Value,
    tuple_of,
)
from lossflow.interp.engine.frames import Arguments, Frame
from lossflow.interp.engine.machine import Machine
from lossflow.interp.objects import attributes, classes, iteration
from lossflow.interp.reports import averages, tallies

Builtin = Callable[[Machine, Arguments, cst.CSTNode, Frame], Value]


def call_builtin(machine: Machine, name: str, arguments: Arguments, node: cst.CSTNode, frame: Frame) -> Value:
    """The value of calling the builtin `name`."""
    handler = _BUILTINS.get(name)
    if handler is None or (arguments.open and name != "super"):
        return Unknown(computed=True, why=f"what `{name}` returns")
    return handler(machine, arguments, node, frame)


def _len(machine: Machine, arguments: Arguments, node: cst.CSTNode, frame: Frame) -> Value:
    value = _length(machine, arguments, node, frame)
    tally = tallies.length(machine, arguments.get(0) or Const(None), node)
    return value if tally is None else tallies.settled(value, tally)


def _length(machine: Machine, arguments: Arguments, node: cst.CSTNode, frame: Frame) -> Value:
    site = machine.site(node, frame)
    match arguments.get(0):
        case Tensor(data=True):
            # A batch may be a tuple of two, or a tensor of B.
            return Number(Exponent.between(0, 1), "len", site)
        case Tensor() as tensor:
            return Number(size_along(tensor.axes, 0), "len", site)
        case Tuple(items=items):
            return Const(len(items))
        case Size():
            return Number(Exponent.ZERO)
        case Ref() as held if machine.get(held).kind in (Kind.LIST, Kind.DICT):
            record = machine.get(held)
            return Const(len(record.slots)) if record.rest is None else Number(record.count, "len", site)
        case value if value is not None and iteration.is_loader(machine, value):
            return Unknown("len(loader)", computed=True)
        case Unknown(name=name) if name:
            return _length_of(name, _written(node))
        case Ref() as held if isinstance(machine.get(held).cls, (External, Class)):
            return _length_of(_class_name(machine, held), _written(node))
    return Unknown(computed=True)


def _class_name(machine: Machine, held: Ref) -> str:
    return str(getattr(machine.get(held).cls, "name", ""))


def _written(node: cst.CSTNode) -> str:
    """The last name of the argument, as it is written: a `Counter` that is called `vocab` is one."""
    match node:
        case cst.Call(args=[cst.Arg(value=cst.Name(value=name) | cst.Attribute(attr=cst.Name(value=name)))]):
            return name
    return ""


def _length_of(*names: str) -> Value:
    """The sizes of a dataset and a vocabulary do not change with the batch; any other length may."""
    if any(map(_is_of_the_task, names)):
        return Number(Exponent.ZERO, "len(dataset)")
    return Number(Exponent.between(0, 1), "len")


def _is_of_the_task(name: str) -> bool:
    last = name.rpartition(".")[2].lower()
    return "dataset" in last or last.endswith(("_set", "data_set")) or means_inventory(last)


def _range(machine: Machine, arguments: Arguments, node: cst.CSTNode, frame: Frame) -> Value:
    stop = arguments.get(1) if len(arguments.positional) > 1 else arguments.get(0)
    exponent = machine.factor(stop) if stop is not None else Exponent.ZERO
    if exponent == Exponent.UNKNOWN:
        exponent = Exponent.between(0, 1)
    if isinstance(stop, Unknown) and stop.name == "len(loader)":
        index, cls = iteration.INDEX, iteration.UNCOUNTED
        if stop.tally == Tally.BATCHES:
            index, cls = replace(index, tally=Tally.BATCHES), iteration.BATCHES
        return machine.allocate(node, Record(Kind.LIST, rest=index, count=Exponent.UNKNOWN, cls=cls))
    return machine.allocate(node, Record(Kind.LIST, rest=iteration.INDEX, count=exponent))


def _enumerate(machine: Machine, arguments: Arguments, node: cst.CSTNode, frame: Frame) -> Value:
    iterable = arguments.get(0, "iterable") or Unknown()
    tally = Tally.BATCHES if iteration.counts_batches(machine, iterable) else None
    index = replace(iteration.INDEX, tally=tally)
    pair = tuple_of((index, iteration.element(machine, iterable)))
    return _like(machine, iterable, pair, node)


def _like(machine: Machine, iterable: Value, element: Value, node: cst.CSTNode) -> Value:
    """An iterable of `element` that goes round as often as another."""
    cls = iteration.UNCOUNTED if iteration.draws_batches(machine, iterable) else None
    if cls is not None and iteration.counts_batches(machine, iterable):
        cls = iteration.BATCHES
    made = Record(Kind.LIST, rest=element, count=iteration.trips(machine, iterable), cls=cls)
    if isinstance(iterable, Ref) and machine.get(iterable).kind is Kind.LIST:
        made = replace(made, length=machine.get(iterable).length)
    return machine.allocate(node, made)


def _zip(machine: Machine, arguments: Arguments, node: cst.CSTNode, frame: Frame) -> Value:
    known = [iteration.known_items(machine, value) for value in arguments.positional]
    if known and all(items is not None for items in known):
        rows = zip(*(items for items in known if items is not None))
        return machine.allocate(node, Record(Kind.LIST, dict(enumerate(map(tuple_of, rows)))))
    row = tuple_of(iteration.element(machine, value) for value in arguments.positional)
    longest = next((v for v in arguments.positional if iteration.draws_batches(machine, v)), None)
    if longest is not None:
        return _like(machine, longest, row, node)
    counts = [iteration.trips(machine, value) for value in arguments.positional]
    fewest = next((c for c in counts if c.known is not None), counts[0] if counts else Exponent.ZERO)
    return machine.allocate(node, Record(Kind.LIST, rest=row, count=fewest))


def _sum(machine: Machine, arguments: Arguments, node: cst.CSTNode, frame: Frame) -> Value:
    """The sum of the elements: terms of an objective, or as many of one kind as the list is long."""
    iterable = arguments.get(0) or Unknown()
    site = machine.site(node, frame)
    items = iteration.known_items(machine, iterable)
    if items is not None and not machine.is_kind(iterable, Kind.DICT):
        whole: Value = items[0] if items else Const(0)
        for item in items[1:]:
            whole = arithmetic.binary("+", whole, item, site=site, factor=machine.factor)
        return whole
    element = iteration.element(machine, iterable)
    return averages.total(machine, iterable, element, site=site)


def _number(machine: Machine, arguments: Arguments, node: cst.CSTNode, frame: Frame) -> Value:
    """`int`, `float`, `round` and `abs` keep what is known of a number."""
    match arguments.get(0):
        case Const(value=int() | float()) as constant:
            return constant
        case Number() as number:
            return number
        case Tensor() as tensor:
            return replace(tensor, differentiable=False)
        case Unknown() as unknown:
            return unknown
        case Const(value="inf" | "-inf" as text):
            return Const(float(text))
    return Unknown(computed=True)


def _abs(machine: Machine, arguments: Arguments, node: cst.CSTNode, frame: Frame) -> Value:
    value = arguments.get(0)
    return value if isinstance(value, (Tensor, Number)) else Unknown(computed=True)


def _extreme(machine: Machine, arguments: Arguments, node: cst.CSTNode, frame: Frame) -> Value:
    """`max(n, 1)` guards a divisor: literals don't count beside what is not one."""
    if len(arguments.positional) < 2:
        held = arguments.get(0)
        return Unknown(computed=True) if held is None else iteration.element(machine, held)
    moving = [v for v in arguments.positional if not isinstance(v, Const)]
    if len(moving) == 1:
        return moving[0]
    return machine.joined(moving) if moving else Number(Exponent.ZERO)


def _same_list(machine: Machine, arguments: Arguments, node: cst.CSTNode, frame: Frame) -> Value:
    """`list`, `tuple`, `sorted`, `reversed`, `set`: the same elements."""
    given = arguments.get(0)
    if given is None:
        return machine.allocate(node, Record(Kind.LIST))
    if isinstance(given, Tensor):
        return given
    items = iteration.known_items(machine, given)
    if items is not None:
        return machine.allocate(node, Record(Kind.LIST, dict(enumerate(items))))
    return _like(machine, given, iteration.element(machine, given), node)


def _dict(machine: Machine, arguments: Arguments, node: cst.CSTNode, frame: Frame) -> Value:
    given = arguments.get(0)
    record = (
        machine.get(given) if isinstance(given, Ref) and machine.get(given).kind is Kind.DICT else Record(Kind.DICT)
    )
    if given is not None and not machine.is_kind(given, Kind.DICT):
        record = Record(Kind.DICT, rest=Unknown(computed=True))
    for name, value in arguments.keywords.items():
        record = record.put(name, machine.named(value, name))
    return machine.allocate(node, record)


def _next(machine: Machine, arguments: Arguments, node: cst.CSTNode, frame: Frame) -> Value:
    return iteration.element(machine, arguments.get(0) or Unknown())


def _iter(machine: Machine, arguments: Arguments, node: cst.CSTNode, frame: Frame) -> Value:
    return arguments.get(0) or Unknown(computed=True)


def _map(machine: Machine, arguments: Arguments, node: cst.CSTNode, frame: Frame) -> Value:
    if len(arguments.positional) != 2:
        return Unknown(computed=True)
    function, iterable = arguments.positional
    value = machine.call(function, Arguments((iteration.element(machine, iterable),)), node, frame)
    return _like(machine, iterable, value, node)


def _getattr(machine: Machine, arguments: Arguments, node: cst.CSTNode, frame: Frame) -> Value:
    owner, name = arguments.get(0), arguments.get(1)
    if owner is not None and isinstance(name, Const) and isinstance(name.value, str):
        return attributes.load(machine, owner, name.value, node, frame)
    return Unknown(computed=True, why="which attribute is meant")


def _setattr(machine: Machine, arguments: Arguments, node: cst.CSTNode, frame: Frame) -> Value:
    owner, name, value = arguments.get(0), arguments.get(1), arguments.get(2)
    if owner is not None and value is not None and isinstance(name, Const) and isinstance(name.value, str):
        attributes.store(machine, owner, name.value, value, node, frame)
    return Const(None)


def _super(machine: Machine, arguments: Arguments, node: cst.CSTNode, frame: Frame) -> Value:
    owner = arguments.get(0) or frame.owner
    receiver = arguments.get(1) or frame.receiver
    if owner is None or receiver is None:
        return Unknown(computed=True)
    return Super(owner, receiver)


def _isinstance(machine: Machine, arguments: Arguments, node: cst.CSTNode, frame: Frame) -> Value:
    value, kinds = arguments.get(0), arguments.get(1)
    asked = kinds.items if isinstance(kinds, Tuple) else (kinds,)
    if isinstance(value, Tensor) and not value.data and all(isinstance(k, External) for k in asked):
        return Const(any(isinstance(k, External) and k.name in ("torch.Tensor", "torch.FloatTensor") for k in asked))
    if isinstance(value, Const) and value.value is None:
        return Const(False)
    if isinstance(value, Const) and all(isinstance(k, External) and k.name.startswith("builtins.") for k in asked):
        kind = type(value.value).__name__
        return Const(any(isinstance(k, External) and k.name == f"builtins.{kind}" for k in asked))
    cls = classes.instance_class(machine, value) if value is not None else None
    if cls is not None and any(k in list(classes.lineage(machine, cls)) for k in asked):
        return Const(True)
    return Unknown(computed=True)


def _print(machine: Machine, arguments: Arguments, node: cst.CSTNode, frame: Frame) -> Value:
    return Const(None)


def _str(machine: Machine, arguments: Arguments, node: cst.CSTNode, frame: Frame) -> Value:
    value = arguments.get(0)
    return value if isinstance(value, Const) and isinstance(value.value, str) else Unknown(computed=True)


def _type(machine: Machine, arguments: Arguments, node: cst.CSTNode, frame: Frame) -> Value:
    value = arguments.get(0)
    cls = classes.instance_class(machine, value) if value is not None else None
    return cls if cls is not None else Unknown(computed=True)


_BUILTINS: dict[str, Builtin] = {
    "len": _len,
    "range": _range,
    "enumerate": _enumerate,
    "zip": _zip,
    "sum": _sum,
    "int": _number,
    "float": _number,
    "round": _number,
    "abs": _abs,
    "max": _extreme,
    "min": _extreme,
    "list": _same_list,
    "tuple": _same_list,
    "sorted": _same_list,
    "reversed": _same_list,
    "set": _same_list,
    "dict": _dict,
    "next": _next,
    "iter": _iter,
    "map": _map,
    "getattr": _getattr,
    "setattr": _setattr,
    "super": _super,
    "isinstance": _isinstance,
    "print": _print,
    "str": _str,
    "type": _type,
}
