"""Cases: what the program does if a choice that is out of sight falls one way.

`if args.loss == "sum":` joins what its branches do, and the join of a sum and a mean is neither. Where a loss was lost
in such a join, the file is run once more for each branch that is written out, with `args.loss` supposed to be what
that branch asks for (trace partitioning, Rival and Mauborgne 2007). Every test of the same name then goes the same way.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import libcst as cst

from lossflow.domain.environment import Heap
from lossflow.domain.trace import Backward, Event
from lossflow.domain.values import (
    Bound,
    Class,
    Const,
    External,
    Function,
    OneOf,
    Partial,
    Ref,
    Tensor,
    Tuple,
    Unknown,
    Value,
    alternatives,
)
from lossflow.interp.machine import Case, Frame, Machine, Outcome

_ANOTHER = Const("\0another")
"""A string that the program names nowhere."""


def of_branches(
    machine: Machine, node: cst.If | cst.IfExp, body: Outcome | Value, orelse: Outcome | Value, frame: Frame
) -> None:
    """Note the cases of a test that nothing decides, if what a loss goes through was joined behind it."""
    if machine.case is not None or not _differ(body, orelse):
        return
    # What comes after an early return is the other branch.
    leaves = isinstance(body, Outcome) and body.falls is None
    explicit = leaves or isinstance(node, cst.IfExp) or isinstance(node.orelse, cst.Else)
    for case, of_body in _of_test(machine, node.test, frame):
        if of_body or explicit:
            machine.cases.setdefault(case)


def of_key(machine: Machine, key: Value, held: Mapping[Any, Value]) -> None:
    """Note the cases of `losses[args.loss]`: one for each key."""
    if machine.case is None and _is_choice(machine, key) and any(_matters(value) for value in held.values()):
        for name in held:
            if isinstance(name, str):
                machine.cases.setdefault(_named(key, Const(name)))


def _is_choice(machine: Machine, value: Value) -> bool:
    """True for a name that comes from out of sight: what is computed, or counts examples, is no choice."""
    return isinstance(value, Unknown) and bool(value.name) and not value.computed and machine.factor(value).high != 1


def _named(choice: Value, value: Const) -> Case:
    assert isinstance(choice, Unknown)
    if value == _ANOTHER:
        words = f"`{choice.name}` is none of the values it is compared with"
    elif isinstance(value.value, bool):
        words = f"`{choice.name}` is {'set' if value.value else 'not set'}"
    else:
        words = f"`{choice.name}` is `{value.value!r}`"
    return Case(choice.name, value, words)


def _of_test(machine: Machine, test: cst.BaseExpression, frame: Frame) -> Iterator[tuple[Case, bool]]:
    """The cases that a test tells apart, each with whether it is that of the body."""
    match test:
        case cst.UnaryOperation(operator=cst.Not(), expression=inner):
            yield from ((case, not of_body) for case, of_body in _of_test(machine, inner, frame))
        case cst.Name() | cst.Attribute() | cst.Subscript():
            choice = machine.evaluate(test, frame)
            if _is_choice(machine, choice):
                yield _named(choice, Const(True)), True
                yield _named(choice, Const(False)), False
        case cst.Comparison(left=left, comparisons=[cst.ComparisonTarget(operator=operator, comparator=right)]):
            choice = machine.evaluate(left, frame)
            values = _constants(machine, machine.evaluate(right, frame))
            if not (values and _is_choice(machine, choice)):
                return
            match operator:
                case cst.Equal() | cst.In() | cst.Is():
                    equal = True
                case cst.NotEqual() | cst.NotIn() | cst.IsNot():
                    equal = False
                case _:
                    return
            for value in values:
                yield _named(choice, value), equal
            if all(isinstance(value.value, str) for value in values):
                yield _named(choice, _ANOTHER), not equal


def _constants(machine: Machine, value: Value) -> list[Const]:
    """The strings, and None, that a name is compared with."""
    match value:
        case Tuple(items=items):
            found = list(items)
        case Ref():
            found = list(machine.get(value).values())
        case _:
            found = [value]
    return [each for each in found if isinstance(each, Const) and isinstance(each.value, (str, type(None)))]


# --- whether a case can matter ------------------------------------------------------------------------------------


def _differ(body: Outcome | Value, orelse: Outcome | Value) -> bool:
    """True when the two branches leave something different that a loss goes through."""
    if isinstance(body, Outcome) and isinstance(orelse, Outcome):
        returned = [None if each.returns is None else each.returns.value for each in (body, orelse)]
        if returned[0] != returned[1] and any(each is not None and _matters(each) for each in returned):
            return True
        return body.falls is not None and orelse.falls is not None and _heaps_differ(body.falls, orelse.falls)
    assert not isinstance(body, Outcome)
    assert not isinstance(orelse, Outcome)
    return body != orelse and (_matters(body) or _matters(orelse))


def _heaps_differ(left: Heap, right: Heap) -> bool:
    return any(
        mine.slots.get(key) != theirs.slots.get(key)
        and any(_matters(each) for each in (mine.slots.get(key), theirs.slots.get(key)) if each is not None)
        for mine, theirs in left.differences(right)
        for key in {*mine.slots, *theirs.slots}
    )


def _matters(value: Value) -> bool:
    """True for a loss, and for what may compute one."""
    match value:
        case Tensor():
            return value.differentiable is not False
        case OneOf():
            return any(_matters(each) for each in alternatives(value))
        case Tuple():
            return any(_matters(each) for each in value.items)
        case Const():
            return value.value in ("sum", "mean", "none")
    return isinstance(value, (Ref, Function, Class, External, Partial, Bound))


def unsettled(events: list[Event]) -> bool:
    """True when an objective is known only in part."""
    return any(isinstance(event, Backward) and not _settled(event.objective) for event in events)


def _settled(objective: Value | None) -> bool:
    match objective:
        case Tensor(terms=terms):
            return objective.axes.batches is not None and all(term.exponent.known is not None for term in terms)
        case Const() | None:
            return True
    return False
