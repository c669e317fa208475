"""Cases: what the program does if a choice that is out of sight falls one way.

`if args.loss == "sum":` joins what its branches do, and the join of a sum and a mean is neither. Where a loss was lost
in such a join, the file is run once more for each branch that is written out, with `args.loss` supposed to be what
that branch asks for (trace partitioning, Rival and Mauborgne 2007). Every test of the same name then goes the same way.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import libcst as cst

from lossflow.domain.environment import Heap
from lossflow.domain.trace import Backward, Event, Place, Returned
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
)
from lossflow.interp.engine.frames import Case, Frame, Outcome
from lossflow.interp.engine.machine import Machine

REDUCTIONS = ("none", "mean", "sum")
_ANOTHER = Const("\0another")
"""A string that the program names nowhere."""


def of_branches(
    machine: Machine, node: cst.If | cst.IfExp, body: Outcome | Value, orelse: Outcome | Value, frame: Frame
) -> None:
    """Note the cases of a test that nothing decides, if what a loss goes through was joined behind it."""
    if machine.case is not None or (rank := _rank_of_difference(machine, body, orelse)) is None:
        return
    # What comes after an early return is the other branch.
    leaves = isinstance(body, Outcome) and body.falls is None
    explicit = leaves or isinstance(node, cst.IfExp) or isinstance(node.orelse, cst.Else)
    for case, of_body in _of_test(machine, node.test, frame):
        if of_body or explicit:
            _note(machine, case, rank)


def of_key(machine: Machine, key: Value, held: Mapping[Any, Value]) -> None:
    """Note the cases of `losses[args.loss]`: one for each key."""
    rank = _least(_rank(machine, value) for value in held.values())
    if machine.case is None and _is_choice(machine, key) and rank is not None:
        for name in held:
            if isinstance(name, str):
                _note(machine, _named(key, Const(name)), rank)


def _note(machine: Machine, case: Case, rank: int) -> None:
    machine.cases[case] = min(rank, machine.cases.get(case, rank))


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
            against = machine.evaluate(right, frame)
            if (of_number := _test_of_number(machine, operator, choice, against)) is not None:
                name, negated = of_number
                yield Case(name, Const(True), f"`{name}` holds"), not negated
                yield Case(name, Const(False), f"`{name}` does not hold"), negated
                return
            values = _constants(machine, against)
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


def supposed(machine: Machine, operator: cst.BaseCompOp, left: Value, right: Value) -> Const | None:
    """What a comparison with a number comes to, if this run supposes it."""
    if machine.case is None or (test := _test_of_number(machine, operator, left, right)) is None:
        return None
    name, negated = test
    return Const(machine.case.value.value is not negated) if machine.case.name == name else None


_COMPARISONS: dict[type[cst.BaseCompOp], tuple[str, bool]] = {
    cst.GreaterThan: (">", False),
    cst.LessThanEqual: (">", True),
    cst.GreaterThanEqual: (">=", False),
    cst.LessThan: (">=", True),
    cst.Equal: ("==", False),
    cst.NotEqual: ("==", True),
}
"""One symbol for each comparison and its negation, and which of the two it is."""


def _test_of_number(machine: Machine, operator: cst.BaseCompOp, left: Value, right: Value) -> tuple[str, bool] | None:
    """A name for `args.smoothing > 0`, and whether the test at hand is its negation."""
    if not (isinstance(left, Unknown) and _is_choice(machine, left) and isinstance(right, Const)):
        return None
    if isinstance(right.value, bool) or not isinstance(right.value, (int, float)):
        return None
    if type(operator) not in _COMPARISONS:
        return None
    symbol, negated = _COMPARISONS[type(operator)]
    return f"{left.name} {symbol} {right.value}", negated


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


def _rank_of_difference(machine: Machine, body: Outcome | Value, orelse: Outcome | Value) -> int | None:
    """How much what two branches leave differently has to do with a loss: 0 is most, None is nothing."""
    if isinstance(body, Outcome) and isinstance(orelse, Outcome):
        returned = [None if each.returns is None else each.returns.value for each in (body, orelse)]
        pairs = [(returned[0], returned[1])]
        if body.falls is not None and orelse.falls is not None:
            pairs.extend(_differences(body.falls, orelse.falls))
    else:
        assert not isinstance(body, Outcome)
        assert not isinstance(orelse, Outcome)
        pairs = [(body, orelse)]
    return _least(
        _rank(machine, each) for left, right in pairs if left != right for each in (left, right) if each is not None
    )


def _differences(left: Heap, right: Heap) -> Iterator[tuple[Value | None, Value | None]]:
    for mine, theirs in left.differences(right):
        for key in {*mine.slots, *theirs.slots}:
            yield mine.slots.get(key), theirs.slots.get(key)


def _least(ranks: Iterable[int | None]) -> int | None:
    return min((rank for rank in ranks if rank is not None), default=None)


def _rank(machine: Machine, value: Value) -> int | None:
    """0 for a loss, 1 for what computes one, 2 for what may, None for what has no part in it."""
    match value:
        case Tensor(differentiable=False):
            return None
        case Tensor():
            return 0 if any(term.trail for term in value.terms) else 1
        case OneOf(values=values) | Tuple(items=values):
            return _least(_rank(machine, each) for each in values)
        case Const():
            return 1 if value.value in REDUCTIONS else None
        case External(name=name):
            return 1 if machine.catalog.loss(name) is not None else 2
        case Ref():
            return 1 if machine.exists(value) and machine.made(value) is not None else 2
        case Function() | Class() | Partial() | Bound():
            return 2
    return None


def of_reductions(found: Iterable[Case]) -> list[Case]:
    """The cases of the choices that are compared with torch's reductions."""
    waiting = list(found)
    names = {case.name for case in waiting if case.value.value in REDUCTIONS}
    return [case for case in waiting if case.name in names]


def lost(events: Iterable[Event]) -> frozenset[Place]:
    """The places of the backwards whose objective is known only in part."""
    backwards = (event for event in events if isinstance(event, Backward))
    return frozenset(event.site.place for event in backwards if not _settled(event.objective))


def unsettled(events: Iterable[Event]) -> bool:
    """True when a loss that a function returns is known only in part."""
    return not all(_settled(part) for event in events if isinstance(event, Returned) for part in event.parts)


def _settled(objective: Value | None) -> bool:
    match objective:
        case Tensor(terms=terms):
            return objective.axes.batches is not None and all(term.exponent.known is not None for term in terms)
        case Const() | None:
            return True
    return False
