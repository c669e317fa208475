"""Objects that a call made and that nothing refers to once it is over.

They are forgotten: every join pays for what is kept, and the same call finds the heap as it was when it comes by again.
"""

from __future__ import annotations

from collections.abc import Iterator

from lossflow.domain.environment import Kind, Record
from lossflow.domain.values import Bound, Class, Function, OneOf, Partial, Ref, Super, Tuple, Value
from lossflow.interp.engine.footprint import Footprint
from lossflow.interp.engine.machine import Machine


def forget(machine: Machine, footprint: Footprint, value: Value) -> None:
    """Forget what the call with this footprint made and left to nobody; `value` is what it returns.

    Only what was not there before is looked at: nothing outside of the call can refer to that.
    """
    met = {**footprint.records, **footprint.made}
    after = {address: record for address in met if (record := machine.find(address)) is not None}
    loose = {address for address, record in after.items() if met[address] is None and not _stays(record)}
    waiting = [value, *(default for each in footprint.functions.values() for _, default in each.defaults)]
    for address, record in after.items():
        if loose and address not in loose and record is not met[address]:
            waiting.extend(_held(record))
    while waiting and loose:
        for address in addresses(waiting.pop()):
            if address in loose:
                loose.remove(address)
                waiting.extend(_held(after[address]))
    for address in loose:
        machine.forget(address)


def _stays(record: Record) -> bool:
    """True for scopes, which functions and classes hold, and for instances of the program, whose methods are run."""
    return record.kind is Kind.SCOPE or isinstance(record.cls, Class)


def _held(record: Record) -> tuple[Value, ...]:
    return record.values() if record.cls is None else (record.cls, *record.values())


def addresses(value: Value) -> Iterator[int]:
    """The objects that a value refers to."""
    parts: tuple[Value | str | None, ...] = ()
    match value:
        case Ref(address=address):
            yield address
        case Tuple(items=parts) | OneOf(values=parts):
            pass
        case Bound(receiver=receiver, function=function):
            parts = (receiver, function)
        case Partial():
            parts = (value.function, *value.args, *(each for _, each in value.kwargs))
        case Function():
            parts = (value.scope, value.owner, *(each for _, each in value.defaults))
        case Class():
            parts = (value.scope, *value.bases)
        case Super():
            parts = (value.owner, value.receiver)
    for part in parts:
        if part is not None and not isinstance(part, str):
            yield from addresses(part)
