"""Import statements: a module of the program where it can be loaded, else names of another package."""

from __future__ import annotations

import libcst as cst

from lossflow.domain.values import External, Ref, Unknown, Value
from lossflow.interp import names
from lossflow.interp.machine import Frame, Machine


def run(machine: Machine, node: cst.Import | cst.ImportFrom, frame: Frame) -> None:
    """Bind the names that an import statement binds."""
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
        names.store(machine, alias.asname.name.value, module(machine, dotted, frame), frame)
    else:
        module(machine, dotted, frame)
        top = dotted.partition(".")[0]
        names.store(machine, top, External(top), frame)


def module(machine: Machine, dotted: str, frame: Frame) -> Value:
    """The module of that name."""
    return machine.load_module(machine, dotted, frame.unit) or External(dotted)


def _import_from(machine: Machine, node: cst.ImportFrom, frame: Frame) -> None:
    dotted = "." * len(node.relative) + dotted_name(node.module)
    source = module(machine, dotted, frame)
    if isinstance(node.names, cst.ImportStar):
        _import_star(machine, source, frame)
        return
    for alias in node.names:
        name = dotted_name(alias.name)
        bound = alias.asname.name.value if alias.asname is not None and isinstance(alias.asname.name, cst.Name) else name
        names.store(machine, bound, _member(machine, source, dotted, name, frame), frame)


def _member(machine: Machine, source: Value, dotted: str, name: str, frame: Frame) -> Value:
    """A name of a module; a submodule of it; or a name out of sight."""
    if isinstance(source, Ref):
        value = machine.get(source).get(name)
        if value is not None:
            return value
    separator = "" if dotted.endswith(".") else "."
    inner = machine.load_module(machine, f"{dotted}{separator}{name}", frame.unit)
    if inner is not None:
        return inner
    return Unknown(name) if isinstance(source, Ref) else External(f"{dotted}{separator}{name}")


def _import_star(machine: Machine, source: Value, frame: Frame) -> None:
    if isinstance(source, Ref):
        for name, value in machine.get(source).slots.items():
            if isinstance(name, str) and not name.startswith("_"):
                machine.put(frame.scope, name, value)
    elif isinstance(source, External):
        stars = machine.stars.setdefault(frame.unit.source.name, [])
        if source.name not in stars:
            stars.append(source.name)
