"""Names: looking them up through the scopes, and binding them and every other target of an assignment."""

from __future__ import annotations

from dataclasses import replace

import libcst as cst

from lossflow.catalog.names import USUAL_NAMES
from lossflow.domain.environment import Kind, Record
from lossflow.domain.exponent import Exponent
from lossflow.domain.trace import Site, Step, StepKind
from lossflow.domain.values import Const, External, Imported, Number, OneOf, Ref, Tensor, Tuple, Unknown, Value
from lossflow.interp.engine.frames import Frame
from lossflow.interp.engine.machine import Machine
from lossflow.interp.objects import attributes, iteration, modules, subscripts
from lossflow.interp.objects.builtin_names import BUILTINS, CONSTANTS


def load(machine: Machine, name: str, frame: Frame) -> Value:
    """The value of a name: local, enclosing, global, built in, or out of sight."""
    if name in CONSTANTS:
        return Const(CONSTANTS[name])
    scope: Value | None = frame.scope
    while isinstance(scope, Ref):
        if not machine.exists(scope):  # of a function whose call was on a path that was given up
            scope = frame.unit.globals
        record = machine.get(scope)
        value = record.get(name)
        if isinstance(value, (Imported, OneOf)):
            value = modules.force(machine, value)
            machine.set(scope, machine.get(scope).put(name, value))
        if value is not None:
            return value
        scope = record.cls
    if name == "__name__":
        return Const("__main__" if frame.unit is machine.root else frame.unit.dotted)
    for package in machine.stars.get(frame.unit.source.name, ()):
        dotted = f"{package}.{name}"
        if (
            machine.catalog.loss(dotted)
            or machine.catalog.optimizer(dotted)
            or (package == "torch.nn" and name[0].isupper())
        ):
            return External(dotted)
    if name in BUILTINS:
        return External(f"builtins.{name}")
    if name in USUAL_NAMES and frame.unit.source.name in machine.stars:
        return External(USUAL_NAMES[name])  # `from fastai.vision.all import *`
    return Unknown(name)


def scope_of(machine: Machine, name: str, frame: Frame) -> Ref:
    """The scope in which an assignment to `name` binds it."""
    if name in frame.globals:
        return frame.unit.globals
    if name in frame.nonlocals:
        scope = machine.get(frame.scope).cls
        while isinstance(scope, Ref) and machine.exists(scope):
            record = machine.get(scope)
            if record.get(name) is not None:
                return scope
            scope = record.cls
    return frame.scope


def store(machine: Machine, name: str, value: Value, frame: Frame) -> None:
    """Bind a name. What a model out of sight returns as its loss is a scalar, or one number a device."""
    if isinstance(value, Tensor) and value.opaque and "loss" in name.lower():
        value = Unknown(computed=True, why="how the model reduces its loss")
    machine.bind(name, value)
    machine.put(scope_of(machine, name, frame), name, machine.named(value, name))


def assign(machine: Machine, target: cst.BaseExpression, value: Value, frame: Frame) -> None:
    """Bind any target of an assignment."""
    match target:
        case cst.Name(value=name):
            store(machine, name, value, frame)
        case cst.Attribute(value=owner, attr=cst.Name(value=attribute)):
            machine.bind(attribute, value)
            attributes.store(machine, machine.evaluate(owner, frame), attribute, value, target, frame)
        case cst.Subscript():
            machine.use(value)  # whoever reads the container
            subscripts.store(machine, target, value, frame)
        case cst.Tuple() | cst.List():
            _unpack(machine, target, value, frame)
        case cst.StarredElement(value=inner):
            assign(machine, inner, value, frame)


def _unpack(machine: Machine, target: cst.Tuple | cst.List, value: Value, frame: Frame) -> None:
    """Bind the parts of a value to the parts of a target."""
    for element, part in zip(target.elements, _parts(machine, target, value)):
        if isinstance(value, Tensor) and isinstance(part, Tensor) and isinstance(element.value, cst.Name):
            part = replace(part, data=False)  # `x, y = batch`: what is unpacked by name is a tensor
        assign(machine, element.value, part, frame)


def _parts(machine: Machine, target: cst.Tuple | cst.List, value: Value) -> list[Value]:
    """The part of the value for each element of the target; a starred one takes what the others leave."""
    count = len(target.elements)
    star = next((i for i, element in enumerate(target.elements) if isinstance(element, cst.StarredElement)), count)
    after = max(count - star - 1, 0)
    items = iteration.known_items(machine, value)
    if items is not None and star < count <= len(items) + 1:
        end = len(items) - after
        middle = machine.allocate(target, Record(Kind.LIST, dict(enumerate(items[star:end]))))
        return [*items[:star], middle, *items[end:]]
    first = (iteration.unpacked(machine, value, star) or ())[:star]
    element = iteration.element(machine, value)
    starred = [Unknown(computed=True)] if star < count else []
    return [*first, *[element] * (star - len(first)), *starred, *[element] * after]


def accumulate(machine: Machine, target: cst.BaseExpression, addend: Value, node: cst.CSTNode, frame: Frame) -> Value:
    """What one more addition to `target` amounts to after all rounds of the loops since it was set.

    A loop over the examples of a batch that adds per-example losses raises the exponent by one; a loop over time
    steps, heads or layers does not.
    """
    counts = isinstance(addend, Const)  # `steps += 1`: at every step, as many as have been, whatever the batch
    held = slot(machine, target, frame)
    trips = Exponent.ZERO if held is None else machine.trips_since(*held, batches=not counts)
    return repeated(addend, trips, machine.site(node, frame))


def slot(machine: Machine, target: cst.BaseExpression, frame: Frame) -> tuple[Ref, object] | None:
    """The object and the key under which a target is held; key None for the elements of a container."""
    match target:
        case cst.Name(value=name):
            return scope_of(machine, name, frame), name
        case cst.Attribute(value=owner, attr=cst.Name(value=attribute)):
            ref = machine.evaluate(owner, frame)
            return (ref, attribute) if isinstance(ref, Ref) else None
        case cst.Subscript(value=owner):
            ref = machine.evaluate(owner, frame)
            kept = isinstance(ref, Ref) and machine.get(ref).kind in (Kind.DICT, Kind.LIST)
            return (ref, None) if isinstance(ref, Ref) and kept else None
    return None


def repeated(value: Value, trips: Exponent, site: Site) -> Value:
    """The sum of as many such values as B to the power `trips`."""
    if trips.is_zero:
        return value
    match value:
        case Tensor():
            return value.step(Step(StepKind.ADDED, site, trips))
        case Number() | Const(value=int() | float()):
            own = value.exponent if isinstance(value, Number) else Exponent.ZERO
            return Number(own + trips)
        case Tuple():
            return Unknown(computed=True)
    return value
