"""The expression of the learning rate, and what changes it afterwards."""

from __future__ import annotations

from .choices import Choices
from .script import Script

_RATES = {
    "literal": "0.01",
    "literal again": "1e-3",
    "constant": "LEARNING_RATE",
    "config": "",
    "times the batch": "{rate} * batch_size",
    "linear rule": "{rate} * batch_size / 256",
    "over the batch": "{rate} / batch_size",
    "root": "{rate} * math.sqrt(batch_size)",
    "power": "{rate} * batch_size ** 0.5",
    "product": "{rate} * 0.5",
    "share": "{rate} * (batch_size / 64)",
    "conditional": "({rate} if batch_size < 1024 else 0.1)",
    "function": "scaled({rate})",
    "maximum": "max({rate}, 1e-5)",
}
_LATER = {
    "nothing": (),
    "nothing else": (),
    "nothing at all": (),
    "lambda": ("scheduler = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda epoch: 0.95 ** epoch)",),
    "step": ("scheduler = torch.optim.lr_scheduler.StepLR(optimizer, step_size=1)",),
    "lambda of the batch": (
        "scheduler = torch.optim.lr_scheduler.LambdaLR(optimizer, lr_lambda=lambda epoch: batch_size / 256)",
    ),
    "lambda over the batch": (
        "scheduler = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda epoch: 1.0 / batch_size)",
    ),
    "group": ("for group in optimizer.param_groups:", '    group["lr"] = 0.02'),
    "first group": ('optimizer.param_groups[0]["lr"] = 0.02',),
    "first group times": ('optimizer.param_groups[0]["lr"] *= batch_size',),
    "first group over": ('optimizer.param_groups[0]["lr"] = 0.02 / batch_size',),
    "one cycle": ("scheduler = torch.optim.lr_scheduler.ExponentialLR(optimizer, gamma=0.9)",),
    "group times": ("for group in optimizer.param_groups:", '    group["lr"] *= batch_size'),
}


def rate(script: Script, choices: Choices) -> str:
    """An expression for the learning rate."""
    way = choices.among("learning rate", _RATES)
    if "LEARNING_RATE" in way:
        script.constants.append("LEARNING_RATE = 5e-3")
    if "math." in way:
        script.imports.add("import math")
    if "scaled(" in way:
        script.define("""
def scaled(lr, reference=256):
    return lr * batch_size / reference
""")
    base = script.set("lr", "0.01") if not way or choices.maybe("rate from config") else "0.01"
    return way.format(rate=base) if way else base


def changed(choices: Choices) -> tuple[str, ...]:
    """Lines after the optimizer that change its learning rate; a `scheduler` has to step after each epoch."""
    return choices.among("rate changed by", _LATER)
