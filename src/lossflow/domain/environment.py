"""The heap: everything that a program can change, as records under addresses, with one join.

Scopes, instances, lists and dicts are all records, so that one join serves assignments, attributes, `append` and
`losses["kl"] = ...` alike. Records are immutable and shared between heaps: a fork copies one dict of addresses.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from enum import Enum
from types import MappingProxyType
from typing import Any, TypeVar

from lossflow.domain.exponent import Exponent
from lossflow.domain.joins import join
from lossflow.domain.tally import Tally
from lossflow.domain.trace import Step
from lossflow.domain.values import Const, Number, OneOf, Ref, Tensor, Tuple, Unknown, Value

Held = TypeVar("Held")

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
    length: Tally | None = None  # of a list that grows: what its length counts, None as long as nothing was added

    def get(self, key: Hashable) -> Value | None:
        """The value in slot `key`, or None when it has none."""
        return self.slots.get(key)

    def put(self, key: Hashable, value: Value) -> Record:
        """The record with `value` in slot `key`."""
        if self.slots.get(key) is value:
            return self
        # Spelt out, as in `join_records`: an analysis makes a hundred thousand records, and `replace` takes its time.
        return Record(self.kind, {**self.slots, key: value}, self.rest, self.count, self.cls, self.made, self.length)

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


_PAGE = 6
"""Addresses whose numbers agree but for this many bits share a page."""


@dataclass(slots=True)
class Heap:
    """Records by address. Owned by one path of execution; `fork` before a branch, `join` after it.

    Records lie in pages that forks share until they write to them, so that a join looks only at pages that differ: a
    program makes thousands of objects, and a branch changes a few.
    """

    _pages: dict[int, dict[int, Record]] = field(default_factory=dict)
    _own: set[int] = field(default_factory=set)  # pages that no other heap shares

    def __getitem__(self, address: int) -> Record:
        return self._pages[address >> _PAGE][address]

    def __setitem__(self, address: int, record: Record) -> None:
        self._writable(address)[address] = record

    def __contains__(self, address: int) -> bool:
        return address in self._pages.get(address >> _PAGE, ())

    def items(self) -> Iterator[tuple[int, Record]]:
        """Every address with its record."""
        for page in self._pages.values():
            yield from page.items()

    def drop(self, address: int) -> None:
        """Forget an object that nothing refers to any more."""
        self._writable(address).pop(address, None)

    def _writable(self, address: int) -> dict[int, Record]:
        number = address >> _PAGE
        if number not in self._own:
            self._own.add(number)
            self._pages[number] = dict(self._pages.get(number, ()))
        return self._pages[number]

    def fork(self) -> Heap:
        """A heap of its own with the same records."""
        self._own.clear()
        return Heap(dict(self._pages))

    def join(self, other: Heap) -> Heap:
        """The heap after one path or the other."""
        return self._merged(other, join_records)

    def widen(self, later: Heap) -> Heap:
        """The heap in which whatever still changes from this one to `later` is unknown, so that loops come to rest."""
        return self._merged(later, widen_records)

    def without_masks_lost_in(self, other: Heap) -> Heap:
        """The heap in which nothing is masked that is not masked in the other."""
        return self._merged(other, _without_masks_lost_in)

    def _merged(self, other: Heap, merge: Callable[[Record, Record], Record]) -> Heap:
        whole = self.fork()
        other._own.clear()
        for number, theirs in other._pages.items():
            mine = self._pages.get(number)
            if mine is theirs:
                continue
            if mine is None:
                whole._pages[number] = theirs
                continue
            if changed := _changed(mine, theirs, merge):
                whole._pages[number] = {**mine, **changed}
                whole._own.add(number)
        return whole

    def differences(self, other: Heap) -> Iterator[tuple[Record, Record]]:
        """The records of objects that both have and that differ."""
        for number, mine in self._pages.items():
            theirs = other._pages.get(number)
            if theirs is None or theirs is mine:
                continue
            for address, record in mine.items():
                if address in theirs and theirs[address] is not record:
                    yield record, theirs[address]

    def changes(self, before: Heap) -> Iterator[tuple[int, Record]]:
        """The objects that are new since `before`, or were changed."""
        for number, page in self._pages.items():
            former = before._pages.get(number, {})
            if page is not former:
                yield from ((address, record) for address, record in page.items() if former.get(address) is not record)

    def same(self, other: Heap) -> bool:
        """True when no record differs."""
        if self._pages.keys() != other._pages.keys():
            return False
        return all(mine is (theirs := other._pages[n]) or mine == theirs for n, mine in self._pages.items())


def widen_records(before: Record, after: Record) -> Record:
    """The record in which whatever differs between two rounds of a loop is unknown."""
    if before == after:
        return after
    slots = {key: _widened(before.get(key), value) for key, value in after.slots.items()}
    rest = None if after.rest is None else _widened(before.rest, after.rest)
    return replace(after, slots=slots, rest=rest, count=before.count.widen(after.count))


def _without_masks_lost_in(mine: Record, theirs: Record) -> Record:
    slots = {key: _unmasked(value, theirs.get(key)) for key, value in mine.slots.items()}
    return replace(mine, slots=slots)


def _unmasked(mine: Value, theirs: Value | None) -> Value:
    kept = theirs is None or (isinstance(theirs, (Tensor, Unknown)) and theirs.masked is not None)
    return replace(mine, masked=None) if isinstance(mine, (Tensor, Unknown)) and not kept else mine


def join_records(left: Record, right: Record) -> Record:
    """The record of an object that is in one state or the other; a slot that only one has is kept as it is there."""
    if left.kind is not right.kind:
        return right
    if left.kind is Kind.LIST and left.slots.keys() != right.slots.keys():
        return _join_lists(left, right)
    slots = _join_slots(left.slots, right.slots)
    rest = _join_rest(left.rest, right.rest)
    count, length = _join_counts(left, right), _join_lengths(left, right)
    if slots is left.slots and rest is left.rest and count == left.count and length == left.length:
        return left  # the same object, so that the next join sees at once that there is nothing to do
    return Record(left.kind, slots, rest, count, left.cls, left.made, length)


def _join_slots(left: Mapping[Any, Value], right: Mapping[Any, Value]) -> Mapping[Any, Value]:
    if left is right:
        return left
    changed = _changed(left, right, join)
    return {**left, **changed} if changed else left


def _changed(
    mine: Mapping[Any, Held], theirs: Mapping[Any, Held], merge: Callable[[Held, Held], Held]
) -> dict[Any, Held]:
    """What merging the one into the other changes; what is the same object stays it."""
    changed: dict[Any, Held] = {}
    for key, other in theirs.items():
        own = mine.get(key)
        if own is not other:
            merged = other if own is None else merge(own, other)
            if merged is not own:
                changed[key] = merged
    return changed


def _join_lists(left: Record, right: Record) -> Record:
    """Lists of different lengths lose the places of their elements."""
    values = (*left.values(), *right.values())
    rest = values[0] if values else None
    for value in values[1:]:
        rest = value if rest is None else join(rest, value)
    length = _join_lengths(left, right)
    return replace(left, slots=_NOTHING, rest=rest, count=_join_counts(left, right), length=length)


def _join_rest(left: Value | None, right: Value | None) -> Value | None:
    if left is None or right is None:
        return left if right is None else right
    return join(left, right)


def _join_counts(left: Record, right: Record) -> Exponent:
    """The count of an empty list says nothing."""
    if left.rest is None or right.rest is None:
        return left.count if right.rest is None else right.count
    return left.count.join(right.count)


def _join_lengths(left: Record, right: Record) -> Tally | None:
    """What the length counts; an empty list is where each begins."""
    if left.length == right.length:
        return left.length
    for start, other in ((left, right), (right, left)):
        if not start.slots and start.rest is None:
            return other.length
    return left.length.join(right.length) if left.length and right.length else Tally.UNKNOWN


_CHANGES = "how it changes from round to round of a loop"


def _widened(before: Value | None, after: Value) -> Value:
    if before is None or before == after:
        return after
    match before, after:
        case Tensor(), Tensor():
            if before.axes != after.axes or len(before.terms) != len(after.terms):
                return Unknown(why=_CHANGES, computed=True)
            terms = tuple(replace(b, exponent=a.exponent.widen(b.exponent)) for a, b in zip(before.terms, after.terms))
            return replace(after, terms=terms, tally=_widened_tally(before, after))
        case ((Number() | Const()), Number()):
            old = before.exponent if isinstance(before, Number) else Exponent.ZERO
            return replace(after, exponent=old.widen(after.exponent), tally=_widened_tally(before, after))
        case Tuple(), Tuple() if len(before.items) == len(after.items):
            return Tuple(tuple(_widened(a, b) for a, b in zip(before.items, after.items)))
        case Ref() | OneOf(), _:
            return after if isinstance(after, OneOf) else Unknown(why=_CHANGES, computed=True)
    return Unknown(why=_CHANGES, computed=True)


def _widened_tally(before: Value, after: Number | Tensor) -> Tally | None:
    was = before.tally if isinstance(before, (Number, Tensor)) else None
    return after.tally if was == after.tally else Tally.UNKNOWN
