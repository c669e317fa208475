"""`with` statements: contexts that turn gradients off, and those that hand the loss on."""

from __future__ import annotations

import libcst as cst

from lossflow.domain.values import Const, Ref, Tensor, Unknown, Value
from lossflow.interp.engine.frames import Frame
from lossflow.interp.engine.machine import Machine

_OFF = frozenset({"torch.no_grad", "torch.inference_mode", "torch.autograd.no_grad", "torch.autograd.inference_mode"})
_SET = frozenset({"torch.set_grad_enabled", "torch.autograd.set_grad_enabled"})
_ON = frozenset({"torch.enable_grad", "torch.autograd.enable_grad"})


def enter(machine: Machine, value: Value, node: cst.BaseExpression, frame: Frame) -> Value:
    """What `as` binds; as a side effect gradients are turned off or on until the end of the block."""
    if isinstance(value, Unknown) and value.name in _OFF:
        machine.grad_enabled = False
    elif isinstance(value, Unknown) and value.name in _ON:
        machine.grad_enabled = True
    elif isinstance(value, Unknown) and value.name in _SET and value.why == "False":
        machine.grad_enabled = False
    if isinstance(value, (Tensor, Ref)):
        return value
    return value if isinstance(value, Unknown) else Unknown(computed=True)


def made(name: str, arguments: tuple[Value, ...]) -> Unknown | None:
    """The context manager that a call of `name` makes, if it is one that turns gradients off or on."""
    if name in _OFF or name in _ON:
        return Unknown(name, computed=True)
    if name in _SET:
        return Unknown(name, why="False" if arguments[:1] == (Const(False),) else "", computed=True)
    return None
