"""Learning-rate schedulers: one whose factor contains the batch size makes the learning rate scale with it."""

from __future__ import annotations

import libcst as cst

from lossflow.domain.environment import Kind
from lossflow.domain.values import Ref, Unknown, Value
from lossflow.interp.engine.frames import Arguments, Frame
from lossflow.interp.engine.machine import Machine
from lossflow.interp.training import optimizers

_LAMBDAS = ("LambdaLR", "MultiplicativeLR")


def attach(machine: Machine, name: str, arguments: Arguments, node: cst.CSTNode, frame: Frame) -> None:
    """What constructing the scheduler `name` does to its optimizer's learning rate."""
    if not name.startswith("torch.optim.lr_scheduler.") or not name.endswith(_LAMBDAS):
        return
    optimizer, factor = arguments.get(0, "optimizer"), arguments.get(1, "lr_lambda")
    if optimizer is None or factor is None:
        return
    if isinstance(factor, Ref) and machine.get(factor).kind is Kind.LIST:
        factor = machine.joined(machine.get(factor).values())
    value: Value = machine.call(factor, Arguments((Unknown("epoch"),)), node, frame)
    exponent = machine.factor(value)
    if exponent.known is not None:
        optimizers.scale_rate(machine, optimizer, exponent)
