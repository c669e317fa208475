"""Calls: what is called decides who answers."""

from __future__ import annotations

import libcst as cst

from lossflow.domain.environment import Kind, Record
from lossflow.domain.trace import OptimizerFacts, OptimizerStep
from lossflow.domain.values import (
    Bound,
    Class,
    Const,
    External,
    Function,
    OneOf,
    Partial,
    Ref,
    Unknown,
    Value,
    alternatives,
)
from lossflow.interp.calls import externals, methods, unseen
from lossflow.interp.engine.frames import Arguments, Frame
from lossflow.interp.engine.machine import Machine
from lossflow.interp.objects import classes, definitions, functions
from lossflow.interp.tensors import layers
from lossflow.interp.training import losses, optimizers


def call(machine: Machine, function: Value, arguments: Arguments, node: cst.CSTNode, frame: Frame) -> Value:
    """The value of calling `function`."""
    match function:
        case Function():
            return functions.run(machine, function, arguments, node, frame)
        case Bound(receiver=receiver, function=Function() as inner):
            return _call_bound(machine, receiver, inner, arguments, node, frame)
        case Bound(receiver=receiver, function=str() as name):
            return methods.call_method(machine, receiver, name, arguments, node, frame)
        case Partial():
            return _call_partial(machine, function, arguments, node, frame)
        case Class():
            return instantiate(machine, function, arguments, node, frame)
        case External(name=name):
            return externals.call_external(machine, name, arguments, node, frame)
        case Ref():
            return _call_object(machine, function, arguments, node, frame)
        case OneOf():
            return _call_any(machine, function, arguments, node, frame)
        case Unknown():
            return unseen.call_unseen(machine, function, arguments, node, frame)
    return Unknown(computed=True, why="what a call returns that is not followed")


def _call_bound(
    machine: Machine, receiver: Value, function: Function, arguments: Arguments, node: cst.CSTNode, frame: Frame
) -> Value:
    """A method of the program; the `step` of an optimizer class of its own is a step of unknown kind."""
    before = len(machine.events)
    value = functions.run(machine, function, _prepended(receiver, arguments), node, frame)
    stepped = any(isinstance(event, OptimizerStep) for event in machine.events[before:])
    if function.name == "step" and not stepped and optimizers.is_own(machine, receiver):
        identity = receiver.address if isinstance(receiver, Ref) else 0
        machine.record(OptimizerStep(machine.site(node, frame), optimizer=OptimizerFacts(identity=identity)))
    return value


def _prepended(receiver: Value, arguments: Arguments) -> Arguments:
    return Arguments((receiver, *arguments.positional), arguments.keywords, arguments.nodes, arguments.open)


def _call_partial(machine: Machine, partial: Partial, arguments: Arguments, node: cst.CSTNode, frame: Frame) -> Value:
    """A functional loss whose reduction the partial holds has it chosen there."""
    completed = _completed(partial, arguments)
    for one in alternatives(partial.function):
        match = machine.catalog.loss(one.name) if isinstance(one, External) else None
        if match is not None and not match.constructor and match.row.parameter in dict(partial.kwargs):
            return losses.compute(machine, match, completed, node=node, frame=frame, chosen=partial.site)
    return call(machine, partial.function, completed, node, frame)


def _completed(partial: Partial, arguments: Arguments) -> Arguments:
    """The arguments of a partial's call: its own come first, keywords at the call win."""
    return Arguments(
        (*partial.args, *arguments.positional),
        {**dict(partial.kwargs), **arguments.keywords},
        arguments.nodes,
        arguments.open,
    )


def _call_any(machine: Machine, function: OneOf, arguments: Arguments, node: cst.CSTNode, frame: Frame) -> Value:
    """The join of calling each alternative, each on a heap of its own."""
    optimizer = _one_optimizer(machine, function)
    if optimizer is not None:
        return methods.call_method(machine, *optimizer, arguments, node, frame)
    before = machine.heap
    results: list[Value] = []
    after = None
    for number, one in enumerate(function.values):
        if one == Const(None):
            continue
        machine.heap = before.fork()
        machine.sites.append(number)  # what each makes is an object of its own
        results.append(call(machine, one, arguments, node, frame))
        machine.sites.pop()
        after = machine.heap if after is None else after.join(machine.heap)
    machine.heap = after or before
    return machine.joined(results)


def _one_optimizer(machine: Machine, function: OneOf) -> tuple[Value, str] | None:
    """The same method of one of several optimizers is one step, not several."""
    bound = [v for v in function.values if isinstance(v, Bound) and isinstance(v.function, str)]
    kept = [v for v in bound if optimizers.row_of(machine, v.receiver) is not None]
    if len(kept) != len([v for v in function.values if v != Const(None)]) or len({v.function for v in kept}) != 1:
        return None
    return OneOf(tuple(v.receiver for v in kept)), str(kept[0].function)


def instantiate(machine: Machine, cls: Class, arguments: Arguments, node: cst.CSTNode, frame: Frame) -> Value:
    """A new instance of a class of the program."""
    self = machine.allocate(node, Record(Kind.INSTANCE, cls=cls))
    initialiser = classes.lookup(machine, cls, "__init__")
    if isinstance(initialiser, Function):
        functions.run(machine, initialiser, _prepended(self, arguments), node, frame)
        return self
    for base in classes.external_bases(machine, cls):
        if match := machine.catalog.loss(base.name):
            losses.initialise(machine, self, match, arguments, node=node, frame=frame)
            return self
    _fill_fields(machine, self, cls, arguments)
    return self


def _fill_fields(machine: Machine, self: Ref, cls: Class, arguments: Arguments) -> None:
    """The attributes of a dataclass: its fields in order, from the arguments; defaults stay in the class.

    Where the arguments are out of sight, what a switch is set to is so, too.
    """
    names = definitions.fields(machine, cls)
    for name, value in (*zip(names, arguments.positional), *arguments.keywords.items()):
        machine.put(self, name, machine.named(value, name))
    held = machine.get(self)
    for name in names:
        default = classes.lookup(machine, cls, name)
        switch = arguments.open and isinstance(default, Const) and default.value in (True, False)
        if held.get(name) is None and (default is None or switch):
            machine.put(self, name, Unknown(f"self.{name}"))


def _call_object(machine: Machine, instance: Ref, arguments: Arguments, node: cst.CSTNode, frame: Frame) -> Value:
    """Calling an instance: its `__call__` or `forward`, a criterion of the catalogue, or a layer."""
    record = machine.get(instance)
    cls = record.cls
    if cls is None:
        return Unknown(computed=True)
    for name in ("__call__", "forward"):
        method = classes.lookup(machine, cls, name)
        if isinstance(method, Function):
            value = functions.run(machine, method, _prepended(instance, arguments), node, frame)
            return layers.of_examples(value, arguments) if name == "forward" else value
    for base in classes.external_bases(machine, cls) or ((cls,) if isinstance(cls, External) else ()):
        if match := machine.catalog.loss(base.name):
            return losses.apply(machine, match, record, arguments, node=node, frame=frame)
    if isinstance(cls, External) and (layers.is_layer(cls.name) or record.get(layers.HAS_PARAMETERS) is not None):
        return layers.apply(machine, cls.name, arguments, node, batch_first=record.get("batch_first"))
    return Unknown(computed=True, why="what the call of an object returns whose class is out of sight")
