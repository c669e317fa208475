"""Calls that repeat one before: what they read is the same, so they do the same, and need not be run again.

A loop is run until nothing changes, so what its body calls is run again and again, in every round of every loop around
it. Each call notes its footprint: every record of the heap that it met, as it was at the beginning, and what it left.
A call from the same place with the same arguments, on a heap in which those records are the same, takes that result,
provided that nothing is recorded now or that there was nothing to record.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence, Sized, ValuesView
from dataclasses import dataclass, replace
from typing import Any

from lossflow.domain.environment import Record
from lossflow.domain.trace import Place, Site
from lossflow.domain.values import Class, Const, External, Function, Number, Ref, Size, Tensor, Unknown, Value
from lossflow.interp.engine import leftovers
from lossflow.interp.engine.footprint import Footprint
from lossflow.interp.engine.frames import Arguments, Code, Loop
from lossflow.interp.engine.machine import Machine

_KEPT = 3
"""Calls from one place that are remembered: a loop comes by in a few states before it settles."""


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What a call depends on besides the heap."""

    function: Function
    arguments: Arguments
    place: tuple[Site, Place | None]  # where the call is, and where the analysed file's flow entered
    loops: tuple[Loop, ...]
    stack: tuple[Code, ...]
    grad_enabled: bool
    importing: Place | None
    known: tuple[int, ...]  # how many files, star imports and derived classes, and modules being run

    def same(self, other: Circumstances) -> bool:
        return (
            self.grad_enabled is other.grad_enabled
            and self.known == other.known
            and self.place == other.place
            and self.stack == other.stack
            and self.loops == other.loops
            and same_value(self.function, other.function)
            and self.arguments.open is other.arguments.open
            and _same_values(self.arguments.positional, other.arguments.positional)
            and _same_slots(self.arguments.keywords, other.arguments.keywords)
        )


@dataclass(frozen=True, slots=True)
class Repeat:
    """A call as it went."""

    circumstances: Circumstances
    footprint: Footprint
    value: Value
    records: tuple[tuple[int, Record | None], ...]  # those that it changed, as it left them
    depths: tuple[tuple[tuple[int, object], int], ...]
    spoke: bool  # it recorded something, or would have


def run(
    machine: Machine,
    function: Function,
    arguments: Arguments,
    place: tuple[Site, Place | None],
    perform: Callable[[], Value],
) -> Value:
    """The value of the call that `perform` makes, with all its effects."""
    if machine.footprint is None and not machine.loops and not machine.silent:
        return perform()  # nothing comes by here twice
    circumstances = _circumstances(machine, function, arguments, place)
    known = machine.repeats.setdefault(tuple(machine.sites), [])
    repeat = next((one for one in known if _holds(machine, one, circumstances)), None)
    if repeat is None:
        repeat = _performed(machine, circumstances, perform)
        known.insert(0, repeat)
        del known[_KEPT:]
        return repeat.value
    return take(machine, repeat, perform)


def _performed(machine: Machine, circumstances: Circumstances, perform: Callable[[], Value]) -> Repeat:
    outer, spoken = machine.footprint, machine.spoken
    mine = machine.footprint = Footprint()
    try:
        value = perform()
        leftovers.forget(machine, mine, value)
    finally:
        machine.footprint = outer
    if outer is not None:
        outer.include(mine)
    return Repeat(
        circumstances,
        mine,
        value,
        tuple(_changed(machine, mine)),
        tuple((key, machine.depths[key]) for key in mine.deepened if key in machine.depths),
        machine.spoken != spoken,
    )


def take(machine: Machine, repeat: Repeat, perform: Callable[[], Value]) -> Value:
    """Do to the machine what the call did; `perform` would do the same."""
    # What it makes whatever was there has something else before it now.
    made = {address: machine.find(address) for address in repeat.footprint.made}
    for address, record in repeat.records:
        if record is None:
            machine.heap.drop(address)
        else:
            machine.heap[address] = record
    machine.depths.update(repeat.depths)
    machine.functions.update(repeat.footprint.functions)
    for name in repeat.footprint.read:
        machine.used.update(machine.bound.pop(name, ()))
    for name, sites in repeat.footprint.bound.items():
        machine.bound.setdefault(name, set()).update(sites)
    for code in repeat.footprint.codes:
        code.called = True
    for place in repeat.footprint.followed:
        machine.importing = place
    machine.spoken += repeat.spoke
    if machine.footprint is not None:
        machine.footprint.include(replace(repeat.footprint, made=made))
    return repeat.value


def _circumstances(
    machine: Machine, function: Function, arguments: Arguments, place: tuple[Site, Place | None]
) -> Circumstances:
    return Circumstances(
        function,
        arguments,
        place,
        tuple(machine.loops),
        tuple(machine.stack),
        machine.grad_enabled,
        machine.importing,
        (len(machine.units), _total(machine.stars), _total(machine.heirs), machine.executing),
    )


def _total(lists: Mapping[Any, Sized]) -> int:
    return sum(map(len, lists.values()))


def _holds(machine: Machine, repeat: Repeat, circumstances: Circumstances) -> bool:
    """True when the call would go just as it went."""
    if repeat.spoke and not machine.silent:
        return False
    if not repeat.circumstances.same(circumstances):
        return False
    if repeat.footprint.asked and repeat.circumstances.importing != circumstances.importing:
        return False
    for address, before in repeat.footprint.records.items():
        now = machine.find(address)
        if now is not before and (now is None or before is None or not same_record(now, before)):
            return False
    return all(machine.depths.get(key) == depth for key, depth in repeat.footprint.depths.items())


def _changed(machine: Machine, footprint: Footprint) -> Iterable[tuple[int, Record | None]]:
    for met in (footprint.records, footprint.made):
        for address, before in met.items():
            after = machine.find(address)
            if after is not before:
                yield address, after


# --- what is the same ---------------------------------------------------------------------------------------------

_PLAIN = (Tensor, Unknown, Number, Ref, External, Size, Class)
"""Values that hold no literal: `True`, `1` and `1.0` are equal, but not the same."""


def same_value(left: Value, right: Value) -> bool:
    """True when nothing can tell the two apart."""
    if left is right:
        return True
    if type(left) is not type(right) or left != right:
        return False
    return (
        isinstance(left, _PLAIN)
        or (isinstance(left, Const) and isinstance(left.value, str))
        or repr(left) == repr(right)
    )


def same_record(left: Record, right: Record) -> bool:
    """True when the two hold the same values in the same order."""
    return (
        left.kind is right.kind
        and left.count == right.count
        and left.length == right.length
        and left.made == right.made
        and left.cls == right.cls
        and (
            left.rest is right.rest
            or (left.rest is not None and right.rest is not None and same_value(left.rest, right.rest))
        )
        and _same_slots(left.slots, right.slots)
    )


def _same_slots(left: Mapping[Any, Value], right: Mapping[Any, Value]) -> bool:
    return left is right or (list(left) == list(right) and _same_values(left.values(), right.values()))


def _same_values(left: Sequence[Value] | ValuesView[Value], right: Sequence[Value] | ValuesView[Value]) -> bool:
    return len(left) == len(right) and all(map(same_value, left, right))
