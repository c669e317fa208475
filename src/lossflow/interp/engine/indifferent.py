"""Functions to which one literal is like another: `_is_package_available("torch")`, asked of fifty packages.

What is installed is out of sight, so each of these calls runs the same statements to the same unknown end; in a script
that imports such a module they were a fifth of the analysis. After a few of them the next is taken to end alike.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lossflow.domain.environment import Heap
from lossflow.domain.values import Const, Tuple, Unknown, Value
from lossflow.interp.engine.budget import MAX_LITERALS
from lossflow.interp.engine.frames import Arguments, Code

if TYPE_CHECKING:
    from lossflow.interp.engine.machine import Machine


def is_asked(machine: Machine, arguments: Arguments) -> bool:
    """True for a call with literals alone while the body of an imported module is run."""
    if not machine.executing:
        return False
    given = (*arguments.positional, *arguments.keywords.values())
    return bool(given) and all(isinstance(value, Const) for value in given)


def answer(machine: Machine, code: Code) -> Value | None:
    """What the function gave for every literal so far; None where it was asked too seldom, or told them apart."""
    values = machine.answers.get(code, [])
    alike = len(values) >= MAX_LITERALS and all(value == values[0] for value in values)
    return values[0] if alike else None


def note(machine: Machine, code: Code, value: Value, before: Heap) -> None:
    """Note what the function gave, on a heap that was `before`."""
    if _is_unknown(value) and _changes_only_its_globals(machine, code, before):
        machine.answers.setdefault(code, []).append(value)


def _is_unknown(value: Value) -> bool:
    return isinstance(value, Unknown) or (isinstance(value, Tuple) and all(map(_is_unknown, value.items)))


def _changes_only_its_globals(machine: Machine, code: Code, before: Heap) -> bool:
    """False where a registry or an instance was changed, which may hold something of the literal now.

    What the call keeps under a global name for the next is no matter, nor are the objects that it made.
    """
    changed = (address for address, _ in machine.heap.changes(before) if address in before)
    return all(address == code.unit.globals.address for address in changed)
