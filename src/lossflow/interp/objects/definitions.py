"""Class definitions: the body is run once, in a scope of its own."""

from __future__ import annotations

import libcst as cst

from lossflow.domain.environment import Kind, Record
from lossflow.domain.values import Class, Const, Tuple, Value
from lossflow.interp.engine.frames import Frame
from lossflow.interp.engine.machine import Machine

FIELDS = "<fields>"
"""The slot of a class scope that lists the annotated names: what a dataclass takes, in order."""


def define_class(machine: Machine, node: cst.ClassDef, frame: Frame) -> Value:
    """The class that a definition makes."""
    frame.captured = True
    bases = tuple(machine.evaluate(argument.value, frame) for argument in node.bases)
    scope = machine.allocate(node, Record(Kind.SCOPE, cls=frame.scope))
    inner = Frame(frame.unit, scope, frame.code, None, None, frame.entry)
    outcome = machine.run([node.body], inner)
    machine.heap = outcome.falls or machine.heap
    cls = Class(node.name.value, bases, scope, machine.site(node.name, frame))
    for base in bases:
        if isinstance(base, Class) and cls not in (known := machine.heirs.setdefault(base.scope.address, [])):
            known.append(cls)
    if frame.unit is machine.root and cls not in machine.classes:
        machine.classes.append(cls)
    return cls


def declare(machine: Machine, name: str, frame: Frame) -> None:
    """Note `name: type` in a class body."""
    record = machine.get(frame.scope)
    known = record.get(FIELDS)
    names = known.items if isinstance(known, Tuple) else ()
    machine.set(frame.scope, record.put(FIELDS, Tuple((*names, Const(name)))))


def fields(machine: Machine, cls: Class) -> tuple[str, ...]:
    """The annotated names of a class body, those with a value after those without."""
    record = machine.get(cls.scope)
    declared = record.get(FIELDS)
    names = (
        [str(item.value) for item in declared.items if isinstance(item, Const)] if isinstance(declared, Tuple) else []
    )
    return tuple(names)
