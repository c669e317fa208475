"""What happens in every k-th round of a loop only: `i % k == 0`, and the tests that guard what is done then."""

from __future__ import annotations

from collections.abc import Iterator

import libcst as cst

from lossflow.catalog.names import draws_batch, means_epoch
from lossflow.domain.exponent import Exponent
from lossflow.domain.trace import Drawn, Guard, Period
from lossflow.domain.values import Const, Every, Number, Remainder, Unknown, Value
from lossflow.interp.engine.frames import Frame
from lossflow.interp.engine.machine import Machine


def remainder(machine: Machine, node: cst.BinaryOperation, left: Value, right: Value, frame: Frame) -> Remainder | None:
    """The value of `i % k`; None where that is no question of rounds, or where k is 1."""
    # `epoch % 5` is no question of batches, `(epoch * len(loader) + i) % 5` is one.
    counts = isinstance(left, (Number, Unknown)) and not all(map(means_epoch, _names(node.left)))
    if not counts or not isinstance(right, (Number, Unknown, Const)):
        return None
    if isinstance(right, Const) and (not isinstance(right.value, int) or right.value < 2):
        return None
    return Remainder(_period(machine, node.right, right, frame))


def _period(machine: Machine, node: cst.BaseExpression, value: Value, frame: Frame) -> Period:
    number = value.value if isinstance(value, Const) and type(value.value) is int else None
    exponent = machine.factor(value)
    known = exponent if exponent.known is not None else Exponent.ZERO
    return Period(machine.site(node, frame), _last_name(node), number, known)


def _last_name(node: cst.BaseExpression) -> str:
    """The last word of a name: `accum` of `args.accum` and of `config["accum"]`."""
    match node:
        case cst.Name(value=name) | cst.Attribute(attr=cst.Name(value=name)):
            return name
        case cst.Subscript(slice=[cst.SubscriptElement(slice=cst.Index(value=cst.SimpleString() as key))]):
            return str(key.evaluated_value)
    return ""


def _names(node: cst.CSTNode) -> Iterator[str]:
    if isinstance(node, cst.Name):
        yield node.value
    for child in node.children:
        yield from _names(child)


def of_range(machine: Machine, iterable: cst.BaseExpression, frame: Frame) -> Period | None:
    """How often a loop over `range(k)` goes round; None for any other."""
    match iterable:
        case cst.Call(func=cst.Name(value="range"), args=[cst.Arg(value=stop)]):
            return _period(machine, stop, machine.evaluate(stop, frame), frame)
        case cst.Call(func=cst.Name(value="range"), args=[cst.Arg(value=cst.Integer(value="0")), cst.Arg(value=stop)]):
            return _period(machine, stop, machine.evaluate(stop, frame), frame)
        case cst.Call(args=[cst.Arg(value=cst.Call() as inner), *_]):  # tqdm(range(k))
            return of_range(machine, inner, frame)
    return None


# --- conditions ---------------------------------------------------------------------------------------------------


def condition(value: Value) -> Every | None:
    """The value as a condition: `i % k` is true in all rounds but every k-th."""
    match value:
        case Every():
            return value
        case Remainder(period=period):
            return Every(period, negated=True)
    return None


def negated(every: Every) -> Every:
    """The condition that holds in the other rounds."""
    return Every(every.period, negated=not every.negated)


def compared(operator: cst.BaseCompOp, left: Value, right: Value) -> Every | None:
    """The value of `i % k == 0` and its like; None for any other comparison."""
    if isinstance(right, Remainder):
        left, right = right, left
    if not isinstance(left, Remainder):
        return None
    match operator:
        case cst.Equal():
            return Every(left.period)
        case cst.NotEqual():
            return Every(left.period, negated=True)
        case cst.GreaterThan() if right == Const(0):
            return Every(left.period, negated=True)
    return None


# --- guards -------------------------------------------------------------------------------------------------------


def guards(machine: Machine, node: cst.If, tested: Value, frame: Frame) -> tuple[Guard, ...]:
    """The guard that an `if` statement puts up around its body, if it asks for the number of a round."""
    every = condition(tested) or _of_count(machine, node, frame)
    if every is None:
        return ()
    return (Guard(machine.site(node.test, frame).place, every.period, rare=not every.negated),)


def otherwise(guard: Guard) -> Guard:
    """The guard around what is done where the test fails."""
    return Guard(guard.test, guard.period, not guard.rare)


def _of_count(machine: Machine, node: cst.If, frame: Frame) -> Every | None:
    """`if count == k:` where the body sets `count` back, and `if now - last >= k:` where it sets `last`."""
    for comparison in _comparisons(node.test):
        match comparison:
            case cst.Comparison(
                left=cst.BinaryOperation(left=now, operator=cst.Subtract(), right=last),
                comparisons=[
                    cst.ComparisonTarget(operator=cst.GreaterThanEqual() | cst.GreaterThan(), comparator=limit)
                ],
            ) if _is_noted(node.body, last, now):
                return Every(_period(machine, limit, machine.evaluate(limit, frame), frame))
            case cst.Comparison(
                left=cst.Name() | cst.Attribute() as counted,
                comparisons=[
                    cst.ComparisonTarget(
                        operator=cst.Equal() | cst.GreaterThanEqual() | cst.GreaterThan(), comparator=limit
                    )
                ],
            ) if _is_set_back(node.body, counted):
                value = machine.evaluate(counted, frame)
                if isinstance(value, Number) and value.counter:
                    return Every(_period(machine, limit, machine.evaluate(limit, frame), frame))
    return None


def _comparisons(test: cst.BaseExpression) -> Iterator[cst.Comparison]:
    """The comparisons that a test consists of."""
    match test:
        case cst.Comparison():
            yield test
        case cst.BooleanOperation(left=left, right=right):
            yield from _comparisons(left)
            yield from _comparisons(right)


def _is_set_back(node: cst.CSTNode, counted: cst.BaseExpression) -> bool:
    """True when `counted = 0` is somewhere in the block."""
    match node:
        case cst.Assign(targets=[cst.AssignTarget(target=target)], value=cst.Integer(value="0")):
            return target.deep_equals(counted)
        case cst.BaseExpression() | cst.FunctionDef() | cst.ClassDef():
            return False
    return any(_is_set_back(child, counted) for child in node.children)


def _is_noted(node: cst.CSTNode, last: cst.BaseExpression, now: cst.BaseExpression) -> bool:
    """True when `last = now` is somewhere in the block: `if step - last >= k: ...`."""
    match node:
        case cst.Assign(targets=[cst.AssignTarget(target=target)], value=value):
            return target.deep_equals(last) and value.deep_equals(now)
        case cst.BaseExpression() | cst.FunctionDef() | cst.ClassDef():
            return False
    return any(_is_noted(child, last, now) for child in node.children)


# --- batches ------------------------------------------------------------------------------------------------------


def note_draw(machine: Machine, call: cst.Call, frame: Frame) -> None:
    """Record a call that draws a batch, by its name: `next(iterator)`, `get_batch("train")`, `loader.next()`."""
    match call.func:
        case cst.Name(value=name) | cst.Attribute(attr=cst.Name(value=name)) if draws_batch(name):
            machine.record(Drawn(machine.site(call, frame)))
