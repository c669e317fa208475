"""What a test leaves of a name that is one of a few values: after `reduction == "none"` fails, only the others.

Else the last `elif` of a chain over all the values would seem to fail at times, and what stands before the chain would
be joined to what its branches do.
"""

from __future__ import annotations

import libcst as cst

from lossflow.domain.environment import Kind
from lossflow.domain.joins import one_of
from lossflow.domain.values import OneOf, Ref, Value
from lossflow.interp.engine.frames import Frame
from lossflow.interp.engine.machine import Machine
from lossflow.interp.objects import names, truth


def narrow(machine: Machine, test: cst.BaseExpression, frame: Frame, *, holds: bool) -> None:
    """Leave to the names of a test that holds, or fails, those of their values with which it does."""
    match test:
        case cst.UnaryOperation(operator=cst.Not(), expression=inner):
            narrow(machine, inner, frame, holds=not holds)
        case cst.BooleanOperation(left=left, operator=operator, right=right):
            if isinstance(operator, cst.And) is holds:  # both parts hold; or both fail, of an `or`
                narrow(machine, left, frame, holds=holds)
                narrow(machine, right, frame, holds=holds)
        case cst.Comparison(left=left, comparisons=[cst.ComparisonTarget(operator=operator, comparator=right)]):
            if isinstance(held := _held(machine, left, frame), OneOf) and _is_plain(right):
                against = machine.evaluate(right, frame)
                answers = [truth.compared(machine, operator, value, against) for value in held.values]
                passing = [value for value, answer in zip(held.values, answers) if _may(machine, answer, holds)]
                _leave(machine, left, held, passing, frame)
        case cst.Name() | cst.Attribute():
            if isinstance(held := _held(machine, test, frame), OneOf):
                _leave(machine, test, held, [v for v in held.values if _may(machine, v, holds)], frame)


def _may(machine: Machine, value: Value, holds: bool) -> bool:
    return truth.truth(machine, value) is not (not holds)


def _is_plain(node: cst.BaseExpression) -> bool:
    """True for what can be evaluated once more without doing anything."""
    match node:
        case cst.Name() | cst.SimpleString() | cst.Attribute(value=cst.Name()):
            return True
        case cst.Tuple(elements=elements) | cst.List(elements=elements) | cst.Set(elements=elements):
            return all(_is_plain(element.value) for element in elements)
    return False


def _slot(machine: Machine, node: cst.BaseExpression, frame: Frame) -> tuple[Ref, str] | None:
    """The record that holds a name of the function at hand, or an attribute of a name, and under which key."""
    match node:
        case cst.Name(value=name):
            return frame.scope, name
        case cst.Attribute(value=cst.Name(value=name), attr=cst.Name(value=attribute)):
            owner = names.load(machine, name, frame)
            if isinstance(owner, Ref) and machine.exists(owner) and machine.get(owner).kind is Kind.INSTANCE:
                return owner, attribute
    return None


def _held(machine: Machine, node: cst.BaseExpression, frame: Frame) -> Value | None:
    slot = _slot(machine, node, frame)
    return None if slot is None else machine.get(slot[0]).get(slot[1])


def _leave(machine: Machine, node: cst.BaseExpression, held: OneOf, kept: list[Value], frame: Frame) -> None:
    slot = _slot(machine, node, frame)
    if slot is not None and 0 < len(kept) < len(held.values):
        record = machine.get(slot[0])
        machine.set(slot[0], record.put(slot[1], one_of(tuple(kept))))  # no assignment, so that no loop counts it
