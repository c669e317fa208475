"""The patterns of match statements: whether one fits, and what its names are bound to."""

from __future__ import annotations

from collections.abc import Iterator

import libcst as cst

from lossflow.domain.environment import Kind
from lossflow.domain.values import Const, Ref, Unknown, Value
from lossflow.interp.engine.frames import Frame
from lossflow.interp.engine.machine import Machine
from lossflow.interp.objects import iteration


def fits(machine: Machine, case: cst.MatchCase, subject: Value, frame: Frame) -> bool | None:
    """Whether a case is taken: known for literals, and for the case that takes everything."""
    return None if case.guard is not None else _fits(machine, case.pattern, subject, frame)


def _fits(machine: Machine, pattern: cst.MatchPattern, subject: Value, frame: Frame) -> bool | None:
    match pattern:
        case cst.MatchAs(pattern=None):
            return True
        case cst.MatchAs(pattern=cst.MatchPattern() as inner):
            return _fits(machine, inner, subject, frame)
        case cst.MatchValue(value=value) if isinstance(subject, Const):
            expected = machine.evaluate(value, frame)
            return expected.value == subject.value if isinstance(expected, Const) else None
        case cst.MatchSingleton(value=cst.Name(value=name)) if isinstance(subject, Const):
            return str(subject.value) == name
        case cst.MatchOr(patterns=patterns):
            parts = [_fits(machine, each.pattern, subject, frame) for each in patterns]
            return True if True in parts else None if None in parts else False
    return None


def captures(
    machine: Machine, pattern: cst.MatchPattern | cst.MatchStar, subject: Value, frame: Frame
) -> Iterator[tuple[str, Value]]:
    """The names that a pattern binds, each with the part of the subject that it is bound to."""
    match pattern:
        case cst.MatchAs(pattern=inner, name=name):
            if name is not None:
                yield name.value, subject
            if inner is not None:
                yield from captures(machine, inner, subject, frame)
        case cst.MatchTuple(patterns=elements) | cst.MatchList(patterns=elements):
            plain = [each.value for each in elements if isinstance(each, cst.MatchSequenceElement)]
            items = iteration.known_items(machine, subject) if len(plain) == len(elements) else None
            for index, each in enumerate(elements):
                inside = each.value if isinstance(each, cst.MatchSequenceElement) else each
                part = items[index] if items is not None and index < len(items) else Unknown(computed=True)
                yield from captures(machine, inside, part, frame)
        case cst.MatchMapping(elements=entries):
            for entry in entries:
                part = _entry(machine, subject, machine.evaluate(entry.key, frame))
                yield from captures(machine, entry.pattern, part, frame)
        case _:
            for bound in _names(pattern):
                yield bound, Unknown(computed=True)


def _entry(machine: Machine, subject: Value, key: Value) -> Value:
    """What a dict holds under a literal key."""
    if isinstance(subject, Ref) and isinstance(key, Const) and machine.get(subject).kind is Kind.DICT:
        held = machine.get(subject).get(key.value)
        return Unknown(computed=True) if held is None else held
    return Unknown(computed=True)


def _names(node: cst.CSTNode) -> Iterator[str]:
    """Every name that is bound anywhere in a pattern."""
    if isinstance(node, (cst.MatchAs, cst.MatchStar)) and node.name is not None:
        yield node.name.value
    for child in node.children:
        yield from _names(child)
