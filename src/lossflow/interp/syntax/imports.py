"""Import statements bind names; the module behind one is loaded when the name is used."""

from __future__ import annotations

import libcst as cst

from lossflow.catalog.names import is_evidence
from lossflow.domain.values import External, Imported, Ref, Unknown, Value
from lossflow.interp.engine.frames import Frame
from lossflow.interp.engine.machine import Machine
from lossflow.interp.objects import modules, names


def run(machine: Machine, node: cst.Import | cst.ImportFrom, frame: Frame) -> None:
    """Bind the names that an import statement binds."""
    if frame.unit is machine.root:
        machine.follow(frame.unit.places.of(node))
    match node:
        case cst.Import():
            for alias in node.names:
                _import(machine, alias, frame)
        case cst.ImportFrom():
            _import_from(machine, node, frame)


def dotted_name(node: cst.BaseExpression | None) -> str:
    """`a.b.c` of a chain of names."""
    match node:
        case cst.Name(value=name):
            return name
        case cst.Attribute(value=owner, attr=cst.Name(value=name)):
            return f"{dotted_name(owner)}.{name}"
    return ""


def _import(machine: Machine, alias: cst.ImportAlias, frame: Frame) -> None:
    dotted = dotted_name(alias.name)
    if alias.asname is not None and isinstance(alias.asname.name, cst.Name):
        names.store(machine, alias.asname.name.value, imported(machine, dotted, frame), frame)
    else:
        top = dotted.partition(".")[0]
        names.store(machine, top, imported(machine, top, frame), frame)


def imported(machine: Machine, dotted: str, frame: Frame, name: str = "") -> Value:
    """A module of the program, or a name of one; else a name of another package."""
    file = frame.unit.source.name
    if dotted.partition(".")[0] in machine.catalog.packages:
        return External(modules.below(dotted, name) if name else dotted)
    if machine.resolve(file, dotted) is not None or (
        name and machine.resolve(file, modules.below(dotted, name)) is not None
    ):
        return Imported(file, dotted, name, machine.followed())
    if is_evidence(name):
        return Unknown(name)  # `from setup import model, loader`, and the setup is out of sight
    return External(modules.below(dotted, name) if name else dotted)


def _import_from(machine: Machine, node: cst.ImportFrom, frame: Frame) -> None:
    dotted = "." * len(node.relative) + dotted_name(node.module)
    if isinstance(node.names, cst.ImportStar):
        _import_star(machine, modules.force(machine, imported(machine, dotted, frame)), frame)
        return
    for alias in node.names:
        name = dotted_name(alias.name)
        bound = (
            alias.asname.name.value if alias.asname is not None and isinstance(alias.asname.name, cst.Name) else name
        )
        names.store(machine, bound, imported(machine, dotted, frame, name), frame)


def _import_star(machine: Machine, source: Value, frame: Frame) -> None:
    if isinstance(source, Ref):
        for name, value in machine.get(source).slots.items():
            if isinstance(name, str) and not name.startswith("_"):
                machine.put(frame.scope, name, value)
    elif isinstance(source, External):
        stars = machine.stars.setdefault(frame.unit.source.name, [])
        if source.name not in stars:
            stars.append(source.name)
