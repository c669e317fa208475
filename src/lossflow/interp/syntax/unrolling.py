"""Loops over a few things that are told apart by name: `for key in losses: total += weights[key] * losses[key]`.

Each round is run for itself, because a fixpoint would join what the rounds do. Loops over layers or numbers gain
nothing by that and are left to the fixpoint; over losses they do, each of which has a weight and a power of the batch
of its own: `for weight, term in ((1.0, summed), (0.1, averaged))`. A loop over the parameter groups of an optimizer,
of which one stands for all, changes each group once: `group["lr"] *= batch_size`.
"""

from __future__ import annotations

from lossflow.domain.values import Class, Const, External, Function, Partial, Ref, Tensor, Tuple, Value
from lossflow.interp.engine.budget import MAX_UNROLLED
from lossflow.interp.engine.machine import Machine
from lossflow.interp.objects import iteration
from lossflow.interp.training import optimizers


def rounds(machine: Machine, iterable: Value, *, listed: bool = False) -> tuple[Value, ...] | None:
    """What each round gets; None for a loop that is not to be unrolled.

    A list comprehension (`listed`) over a few tensors makes as many entries, by whose number the losses among them
    are divided: `sum(losses) / len(losses)`.
    """
    group = optimizers.group_of(machine, iterable)
    if group is not None:
        return (group,)
    items = iteration.known_items(machine, iterable)
    if items is None or not 2 <= len(items) <= MAX_UNROLLED:
        return None
    several = any(_is_loss(item) or (listed and isinstance(item, Tensor)) for item in items)
    if not several and not all(_is_distinct(machine, item) for item in items):
        return None
    return items


def _is_loss(item: Value) -> bool:
    """True for a term of an objective, or a row that holds one: each keeps its own weight and power of the batch."""
    match item:
        case Tensor():
            return item.loss or any(term.trail for term in item.terms)
        case Tuple(items=parts):
            return any(_is_loss(part) for part in parts)
    return False


def _is_distinct(machine: Machine, item: Value) -> bool:
    match item:
        case Const(value=str()) | Function() | Class() | External() | Partial():
            return True
        case Ref():
            return machine.made(item) is not None  # a criterion or an optimizer
        case Tuple(items=parts):
            return any(_is_distinct(machine, part) for part in parts)
    return False
