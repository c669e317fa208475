"""Loops over a few things that are told apart by name: `for key in losses: total += weights[key] * losses[key]`.

Each round is run for itself, because a fixpoint would join what the rounds do. Loops over layers or numbers gain
nothing by that and are left to the fixpoint.
"""

from __future__ import annotations

from lossflow.domain.values import Class, Const, External, Function, Partial, Ref, Tuple, Value
from lossflow.interp.engine.budget import MAX_UNROLLED
from lossflow.interp.engine.machine import Machine
from lossflow.interp.objects import iteration


def rounds(machine: Machine, iterable: Value) -> tuple[Value, ...] | None:
    """What each round gets; None for a loop that is not to be unrolled."""
    items = iteration.known_items(machine, iterable)
    if items is None or not 2 <= len(items) <= MAX_UNROLLED or not all(_is_distinct(machine, item) for item in items):
        return None
    return items


def _is_distinct(machine: Machine, item: Value) -> bool:
    match item:
        case Const(value=str()) | Function() | Class() | External() | Partial():
            return True
        case Ref():
            return machine.made(item) is not None  # a criterion or an optimizer
        case Tuple(items=parts):
            return any(_is_distinct(machine, part) for part in parts)
    return False
