"""The heap: everything that a program can change, as records under addresses, with one join.

Scopes, instances, lists and dicts are all records, so that one join serves assignments, attributes, `append` and
`losses["kl"] = ...` alike. Records are immutable and shared between heaps: a fork copies one dict of addresses.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field, replace
from enum import Enum
from types import MappingProxyType
from typing import Any

from lossflow.domain.exponent import Exponent
from lossflow.domain.trace import Step
from lossflow.domain.values import Const, Number, OneOf, Ref, Tensor, Tuple, Unknown, Value, join

_NOTHING: Mapping[Any, Value] = MappingProxyType({})


class Kind(Enum):
    """What a record is a record of."""

    SCOPE = "scope"
    INSTANCE = "instance"
    LIST = "list"
    DICT = "dict"


@dataclass(frozen=True, slots=True)
class Record:
    """The state of one mutable object.

    `slots` are its names, attributes, keys, or list positions. `rest` stands for the elements of a list or dict whose
    positions or keys are not known, `count` for the exponent of their number. `cls` is the class of an instance, or the
    enclosing scope of a scope. `made` is the step that constructed a criterion or an optimizer.
    """

    kind: Kind
    slots: Mapping[Any, Value] = field(default_factory=lambda: _NOTHING)
    rest: Value | None = None
    count: Exponent = Exponent.ZERO
    cls: Value | None = None
    made: Step | None = None

    def get(self, key: Hashable) -> Value | None:
        """The value in slot `key`, or None when it has none."""
        return self.slots.get(key)

    def put(self, key: Hashable, value: Value) -> Record:
        """The record with `value` in slot `key`."""
        return replace(self, slots={**self.slots, key: value})

    def without(self, key: Hashable) -> Record:
        """The record without slot `key`."""
        return replace(self, slots={k: v for k, v in self.slots.items() if k != key})

    def values(self) -> tuple[Value, ...]:
        """Every value that the record holds in a slot or as its rest."""
        return (*self.slots.values(), *(() if self.rest is None else (self.rest,)))

    def add(self, value: Value, count: Exponent = Exponent.ZERO) -> Record:
        """The list with one more element of unknown place, added as often as B to the power `count`."""
        rest = value if self.rest is None else join(self.rest, value)
        return replace(self, rest=rest, count=count if self.rest is None else self.count.join(count))


@dataclass(slots=True)
class Heap:
    """Records by address. Owned by one path of execution; `fork` before a branch, `join` after it."""

    records: dict[int, Record] = field(default_factory=dict)

    def fork(self) -> Heap:
        """A heap of its own with the same records."""
        return Heap(dict(self.records))

    def join(self, other: Heap) -> Heap:
        """The heap after one path or the other."""
        records = dict(self.records)
        for address, theirs in other.records.items():
            mine = records.get(address)
            if mine is None:
                records[address] = theirs
            elif mine is not theirs:
                records[address] = join_records(mine, theirs)
        return Heap(records)

    def same(self, other: Heap) -> bool:
        """True when no record differs."""
        if self.records.keys() != other.records.keys():
            return False
        return all(mine is (theirs := other.records[a]) or mine == theirs for a, mine in self.records.items())

    def widen(self, later: Heap) -> Heap:
        """The heap in which whatever still changes from this one to `later` is unknown, so that loops come to rest."""
        records = dict(later.records)
        for address, before in self.records.items():
            after = later.records[address]
            if before is not after and before != after:
                slots = {key: _widened(before.get(key), value) for key, value in after.slots.items()}
                rest = None if after.rest is None else _widened(before.rest, after.rest)
                records[address] = replace(after, slots=slots, rest=rest, count=before.count.widen(after.count))
        return Heap(records)


def join_records(left: Record, right: Record) -> Record:
    """The record of an object that is in one state or the other; a slot that only one has is kept as it is there."""
    if left.kind is not right.kind:
        return right
    if left.kind is Kind.LIST and left.slots.keys() != right.slots.keys():
        return _join_lists(left, right)
    slots = {
        key: join(left.slots[key], right.slots[key])
        if key in left.slots and key in right.slots
        else left.slots.get(key) or right.slots[key]
        for key in (*left.slots, *(key for key in right.slots if key not in left.slots))
    }
    return replace(left, slots=slots, rest=_join_rest(left.rest, right.rest), count=_join_counts(left, right))


def _join_lists(left: Record, right: Record) -> Record:
    """Lists of different lengths lose the places of their elements."""
    values = (*left.values(), *right.values())
    rest = values[0] if values else None
    for value in values[1:]:
        rest = value if rest is None else join(rest, value)
    return replace(left, slots=_NOTHING, rest=rest, count=_join_counts(left, right))


def _join_rest(left: Value | None, right: Value | None) -> Value | None:
    if left is None or right is None:
        return left if right is None else right
    return join(left, right)


def _join_counts(left: Record, right: Record) -> Exponent:
    """The count of an empty list says nothing."""
    if left.rest is None or right.rest is None:
        return left.count if right.rest is None else right.count
    return left.count.join(right.count)


def _widened(before: Value | None, after: Value) -> Value:
    if before is None or before == after:
        return after
    match before, after:
        case Tensor(), Tensor():
            if before.axes != after.axes or len(before.terms) != len(after.terms):
                return Unknown(why="it changes with every round of a loop", computed=True)
            terms = tuple(replace(b, exponent=a.exponent.widen(b.exponent)) for a, b in zip(before.terms, after.terms))
            return replace(after, terms=terms)
        case (Number() | Const()), Number():
            old = before.exponent if isinstance(before, Number) else Exponent.ZERO
            return replace(after, exponent=old.widen(after.exponent))
        case Tuple(), Tuple() if len(before.items) == len(after.items):
            return Tuple(tuple(_widened(a, b) for a, b in zip(before.items, after.items)))
        case Ref() | OneOf(), _:
            return after if isinstance(after, OneOf) else Unknown(why="it changes with every round of a loop", computed=True)
    return Unknown(why="it changes with every round of a loop", computed=True)
