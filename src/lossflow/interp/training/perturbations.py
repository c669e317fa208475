"""What is optimised for each example by itself, as the perturbation of an attack is.

Row i of `delta = torch.zeros_like(x, requires_grad=True)` has a part in the loss of example i alone. So its gradient is
the same in a larger batch where the losses are summed, and a sum is right.
"""

from __future__ import annotations

from typing import TypeGuard

from lossflow.domain.environment import Kind
from lossflow.domain.values import Ref, Tensor, Tuple, Unknown, Value
from lossflow.interp.engine.machine import Machine


def is_perturbation(value: Value) -> TypeGuard[Tensor]:
    """True for a tensor with a row for each example, or perhaps with one: made like what is out of sight."""
    return isinstance(value, Tensor) and (value.axes.per_example or not value.axes.certain)


def are_perturbations(machine: Machine, parameters: Value | None) -> bool:
    """True for what an optimizer is given where all of it has rows of examples, or may have.

    `[delta]` may, where it is made like an argument that is out of sight; what a model's `parameters()` gives may not.
    """
    if isinstance(parameters, Tuple):
        return bool(parameters.items) and all(_may_be(machine, value) for value in parameters.items)
    if not isinstance(parameters, Ref):
        return parameters is not None and is_perturbation(parameters)
    record = machine.get(parameters)
    if record.kind is Kind.DICT:
        return are_perturbations(machine, record.get("params"))
    if record.kind is not Kind.LIST:
        return False
    if record.rest is not None:  # perhaps one for several: `[delta, *model.parameters()]`
        return is_perturbation(record.rest) and record.rest.axes.certain
    return bool(record.slots) and all(_may_be(machine, value) for value in record.slots.values())


def _may_be(machine: Machine, value: Value) -> bool:
    return isinstance(value, Unknown) or is_perturbation(value) or are_perturbations(machine, value)
