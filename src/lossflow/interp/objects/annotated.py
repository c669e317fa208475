"""What the annotation of a parameter tells of an argument that is out of sight.

`def __init__(self, model: BaseVAE)` on its own: an instance of the class, made with arguments that are out of sight
too. Where other classes of the program derive from it, it may be any of those: each is a case.
"""

from __future__ import annotations

import ast

import libcst as cst

from lossflow.domain.values import Class, Const, External, Function, Unknown, Value
from lossflow.interp.engine.budget import MAX_ANNOTATED_DEPTH
from lossflow.interp.engine.frames import Arguments, Case, Code, Frame
from lossflow.interp.engine.machine import Machine
from lossflow.interp.objects import iteration


def argument(machine: Machine, function: Function, parameter: cst.Param) -> Value | None:
    """A value of the type that the parameter is annotated with; None where that tells nothing."""
    code = function.code
    if parameter.annotation is None or not isinstance(code, Code) or len(machine.stack) > MAX_ANNOTATED_DEPTH:
        return None
    name = _type_name(parameter.annotation.annotation)
    if name is None:
        return None
    frame = Frame(code.unit, function.scope, code)
    match machine.evaluate(name, frame):
        case Class() as cls:
            return _instance(machine, _chosen(machine, cls, code, parameter), parameter, frame)
        case External() as cls if cls.name in iteration.LOADERS:
            return machine.call(cls, Arguments(open=True), parameter, frame)
    return None


def _type_name(annotation: cst.BaseExpression) -> cst.BaseExpression | None:
    """The class in `Model`, `"Model"`, `Optional[Model]` and `Model | None`."""
    match annotation:
        case cst.Name() | cst.Attribute():
            return annotation
        case cst.SimpleString():
            text = str(ast.literal_eval(annotation.value))
            return cst.parse_expression(text) if text.replace(".", "").isidentifier() else None
        case cst.Subscript(value=cst.Name("Optional") | cst.Attribute(attr=cst.Name("Optional")), slice=[one]):
            return _type_name(one.slice.value) if isinstance(one.slice, cst.Index) else None
        case cst.BinaryOperation(left=left, operator=cst.BitOr(), right=cst.Name("None")):
            return _type_name(left)
    return None


def _chosen(machine: Machine, cls: Class, code: Code, parameter: cst.Param) -> Class | None:
    """The class itself where none derives from it, the one that is supposed, else None."""
    heirs = _heirs(machine, cls, [])
    if not heirs:
        return cls
    name = f"{code.name}({parameter.name.value})"
    for heir in (cls, *heirs):
        case = Case(name, Const(heir.name), f"`{parameter.name.value}` is a `{heir.name}`")
        if machine.case is None:
            machine.cases[case] = 2
        elif machine.case == case:
            return heir
    return None


def _heirs(machine: Machine, cls: Class, seen: list[Class]) -> list[Class]:
    for heir in machine.heirs.get(cls.scope.address, ()):
        if heir not in seen:
            seen.append(heir)
            _heirs(machine, heir, seen)
    return seen


def _instance(machine: Machine, cls: Class | None, parameter: cst.Param, frame: Frame) -> Value | None:
    if cls is None:
        return None
    made = machine.call(cls, Arguments(open=True), parameter, frame)
    return None if isinstance(made, Unknown) else made
