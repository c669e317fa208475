"""Methods of lists and dicts, and what an in-place method of a tensor leaves in the variable."""

from __future__ import annotations

from dataclasses import replace

import libcst as cst

from lossflow.domain.environment import Kind, Record
from lossflow.domain.joins import join
from lossflow.domain.values import Const, Ref, Tuple, Unknown, Value, alternatives
from lossflow.interp.engine import cases
from lossflow.interp.engine.frames import Arguments, Frame
from lossflow.interp.engine.machine import Machine
from lossflow.interp.objects import iteration, names, sequences


def call_method(machine: Machine, target: Ref, name: str, arguments: Arguments, node: cst.CSTNode) -> Value:
    """The value of a method of a list or dict."""
    record = machine.get(target)
    first = arguments.get(0)
    match name:
        case "append" | "add" | "appendleft" if first is not None:
            iteration.appended(machine, target, first)
            return Const(None)
        case "extend" if first is not None:
            iteration.extended(machine, target, first)
            return Const(None)
        case "add_module" | "register_module" if (module := arguments.get(1, "module")) is not None:
            iteration.appended(machine, target, module)
            return Const(None)
        case "insert" if arguments.get(1) is not None:
            iteration.appended(machine, target, arguments.positional[1])
            return Const(None)
        case "update":
            return _updated(machine, target, record, arguments)
        case "get" | "pop" | "setdefault" if record.kind is Kind.DICT:
            return _got(machine, record, arguments)
        case "pop" | "popleft":
            return sequences.taken(machine, target, Const(0) if name == "popleft" else first)
        case "items" | "keys" | "values" if record.kind is Kind.DICT:
            return _view(machine, record, name, node)
        case "copy":
            return machine.allocate(node, record)
        case "to" | "cuda" | "cpu" | "train" | "eval" | "float" | "double" | "half":
            return target  # nn.ModuleList and nn.ModuleDict
        case "clear":
            machine.set(target, replace(record, slots={}, rest=None))
            return Const(None)
    if name in iteration.PARAMETER_ITERATORS:
        return iteration.parameters_of(machine, node, named=name.startswith("named"))
    return Unknown(computed=True)


def _updated(machine: Machine, target: Ref, record: Record, arguments: Arguments) -> Value:
    for name, value in arguments.keywords.items():
        record = record.put(name, value)
    for other in alternatives(arguments.get(0) or Const(None)):  # one of several dicts: each may be what is taken over
        if isinstance(other, Ref) and machine.get(other).kind is Kind.DICT:
            theirs = machine.get(other)
            record = replace(record, slots={**record.slots, **theirs.slots})
            if theirs.rest is not None:
                record = replace(record, rest=theirs.rest if record.rest is None else join(record.rest, theirs.rest))
        elif other != Const(None):
            record = replace(record, rest=Unknown(computed=True))
    machine.set(target, record)
    return Const(None)


def _got(machine: Machine, record: Record, arguments: Arguments) -> Value:
    key = arguments.get(0)
    if isinstance(key, Const) and isinstance(key.value, (str, int)):
        held = record.slots.get(key.value)
        if held is not None:
            return held
        if record.rest is None:
            return arguments.get(1) or Const(None)
        return record.rest
    if key is not None:
        cases.of_key(machine, key, record.slots)
    return machine.joined(record.values())


def _view(machine: Machine, record: Record, name: str, node: cst.CSTNode) -> Value:
    """`items()`, `keys()` or `values()` of a dict."""

    def part(key: Value, value: Value) -> Value:
        return {"items": Tuple((key, value)), "keys": key, "values": value}[name]

    if record.rest is None:
        parts = [part(Const(key), value) for key, value in record.slots.items()]
        return machine.allocate(node, Record(Kind.LIST, dict(enumerate(parts))))
    rest = part(Unknown(computed=True), machine.joined(record.values()))
    return machine.allocate(node, Record(Kind.LIST, rest=rest, count=record.count))


def store_in_place(machine: Machine, node: cst.Call, value: Value, frame: Frame) -> None:
    """`loss.div_(n)`: the variable holds the result."""
    if isinstance(node.func, cst.Attribute) and isinstance(node.func.value, (cst.Name, cst.Attribute, cst.Subscript)):
        with machine.updating():
            names.assign(machine, node.func.value, value, frame)
