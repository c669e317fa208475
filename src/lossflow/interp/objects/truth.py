"""What is known of conditions, so that `if reduction == "sum":` takes one branch."""

from __future__ import annotations

import libcst as cst

from lossflow.domain import arithmetic
from lossflow.domain.environment import Kind
from lossflow.domain.joins import one_of
from lossflow.domain.values import (
    Bound,
    Class,
    Const,
    External,
    Function,
    Number,
    OneOf,
    Partial,
    Ref,
    Tensor,
    Tuple,
    Unknown,
    Value,
)
from lossflow.interp.engine.machine import Machine

_OBJECTS = (Tensor, Function, Class, Partial, Bound, External, Number, Tuple)


def usable(value: Value) -> Value:
    """The value without None: an operation on None would raise, so the program doesn't come here with it."""
    if isinstance(value, OneOf):
        kept = tuple(v for v in value.values if v != Const(None))
        return one_of(kept) if kept else value
    return value


def truth(machine: Machine, value: Value) -> bool | None:
    """Whether a condition holds; None when that is unknown."""
    match value:
        case Const():
            return bool(value.value)
        case Bound(field=str()):
            return None
        case Function() | Class() | Partial() | Bound():
            return True
        case Tuple():
            return bool(value.items)
        case Ref():
            record = machine.get(value)
            if record.kind is Kind.INSTANCE:
                return True
            return True if record.slots else None
        case OneOf():
            answers = {truth(machine, v) for v in value.values}
            return answers.pop() if len(answers) == 1 else None
    return None


def compared(machine: Machine, operator: cst.BaseCompOp, left: Value, right: Value) -> Value:
    """The value of a comparison."""
    match operator:
        case cst.Is() | cst.IsNot():
            same = _same(left, right)
            negated = isinstance(operator, cst.IsNot)
            return Unknown(computed=True) if same is None else Const(same is not negated)
        case cst.In() | cst.NotIn():
            found = _contains(machine, left, right)
            negated = isinstance(operator, cst.NotIn)
            return Unknown(computed=True) if found is None else Const(found is not negated)
    if isinstance(left, Tensor) or isinstance(right, Tensor):
        return arithmetic.compare(usable(left), usable(right))
    if isinstance(left, Const) and isinstance(right, Const):
        return _constants(operator, left.value, right.value)
    if isinstance(operator, (cst.Equal, cst.NotEqual)) and _same(left, right) is False:
        return Const(isinstance(operator, cst.NotEqual))
    return arithmetic.compare(left, right)


def _constants(operator: cst.BaseCompOp, left: object, right: object) -> Value:
    numbers = isinstance(left, (int, float)) and isinstance(right, (int, float))
    match operator:
        case cst.Equal():
            return Const(left == right)
        case cst.NotEqual():
            return Const(left != right)
        case cst.LessThan() if numbers:
            return Const(left < right)  # type: ignore[operator]
        case cst.LessThanEqual() if numbers:
            return Const(left <= right)  # type: ignore[operator]
        case cst.GreaterThan() if numbers:
            return Const(left > right)  # type: ignore[operator]
        case cst.GreaterThanEqual() if numbers:
            return Const(left >= right)  # type: ignore[operator]
    return Unknown(computed=True)


def _same(left: Value, right: Value) -> bool | None:
    """Whether two values are the same object; known for literals, and for None against anything that is an object."""
    match left, right:
        case (Bound(field=str()), _) | (_, Bound(field=str())):
            return None
        case Const(), Const():
            return left.value == right.value
        case (Const(value=None | str()), Ref()) | (Ref(), Const(value=None | str())):
            return False
        case (Const(value=None), other) | (other, Const(value=None)) if isinstance(other, _OBJECTS):
            return False
        case (Const(value=str()), other) | (other, Const(value=str())) if isinstance(other, _OBJECTS):
            return False
        case (OneOf() as choice, other) | (other, OneOf() as choice):
            answers = {_same(v, other) for v in choice.values}
            return answers.pop() if len(answers) == 1 else None
    return None


def _contains(machine: Machine, item: Value, container: Value) -> bool | None:
    if isinstance(item, OneOf):
        answers = {_contains(machine, v, container) for v in item.values}
        return answers.pop() if len(answers) == 1 else None
    if not isinstance(item, Const):
        return None
    match container:
        case Tuple():
            held: tuple[Value, ...] = container.items
        case Ref():
            record = machine.get(container)
            if record.kind is Kind.DICT:
                return True if item.value in record.slots else None if record.rest is not None else False
            held = record.values() if record.rest is None else (Unknown(),)
        case Const(value=str() as text) if isinstance(item.value, str):
            return item.value in text
        case _:
            return None
    if any(isinstance(v, Const) and v.value == item.value for v in held):
        return True
    return False if all(isinstance(v, Const) for v in held) else None
