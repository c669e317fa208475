"""Optimizers, updates by hand, and what is done to the gradients before."""

from __future__ import annotations

from dataclasses import dataclass

from . import rates
from .choices import Choices
from .script import Script

_OPTIMIZERS = {
    "SGD": "torch.optim.SGD({parameters}, lr={rate})",
    "SGD by position": "torch.optim.SGD({parameters}, {rate})",
    "SGD with momentum": "torch.optim.SGD({parameters}, lr={rate}, momentum=0.9)",
    "imported SGD": "optim.SGD({parameters}, lr={rate}, momentum=0.9, nesterov=True)",
    "groups": 'torch.optim.SGD([{{"params": {parameters}}}], lr={rate})',
    "Adam": "torch.optim.Adam({parameters}, lr={rate})",
    "AdamW": "torch.optim.AdamW({parameters}, lr={rate}, weight_decay=0.0)",
    "RMSprop": "optim.RMSprop({parameters}, {rate})",
    "NAdam": "torch.optim.NAdam({parameters}, lr={rate})",
    "Adamax": "torch.optim.Adamax({parameters}, lr={rate})",
    "Rprop": "torch.optim.Rprop({parameters}, lr={rate})",
    "partial": "functools.partial(torch.optim.SGD, lr={rate})({parameters})",
    "getattr": 'getattr(torch.optim, "SGD")({parameters}, lr={rate})',
    "keywords": "torch.optim.SGD({parameters}, **dict(lr={rate}, momentum=0.5))",
    "Adagrad": "torch.optim.Adagrad({parameters}, lr={rate})",
    "by config": '{{"sgd": torch.optim.SGD, "adam": torch.optim.Adam}}[{kind}]({parameters}, lr={rate})',
    "branches": "",
    "function": "make_optimizer({parameters}, {rate})",
    "by hand": "",
    "by hand in place": "",
    "by hand with sub": "",
    "by hand with copy": "",
    "by hand with data": "",
}
_BY_HAND = {
    "by hand": ("with torch.no_grad():", "    for p in {parameters}:", "        p -= {rate} * p.grad"),
    "by hand in place": (
        "with torch.no_grad():",
        "    for p in {parameters}:",
        "        p.add_(p.grad, alpha=-{rate})",
    ),
    "by hand with sub": ("with torch.no_grad():", "    for p in {parameters}:", "        p.sub_({rate} * p.grad)"),
    "by hand with copy": (
        "with torch.no_grad():",
        "    for p in {parameters}:",
        "        p.copy_(p - {rate} * p.grad)",
    ),
    "by hand with data": ("for p in {parameters}:", "    p.data = p.data - {rate} * p.grad"),
}
_GRADIENTS = {
    "nothing": (),
    "nothing else": (),
    "nothing at all": (),
    "nothing whatsoever": (),
    "divided": ("for p in {parameters}:", "    p.grad /= batch_size"),
    "divided in place": ("for p in {parameters}:", "    if p.grad is not None:", "        p.grad.div_(batch_size)"),
    "multiplied": ("for p in {parameters}:", "    p.grad.mul_(1.0 / batch_size)"),
    "assigned": ("for p in {parameters}:", "    p.grad = p.grad / batch_size"),
    "multiplied in place": ("for p in {parameters}:", "    p.grad *= 1 / batch_size"),
    "clipped by value": ("nn.utils.clip_grad_value_({parameters}, 0.5)",),
    "clipped": ("torch.nn.utils.clip_grad_norm_({parameters}, 1.0)",),
}


@dataclass(frozen=True)
class Update:
    """How parameters are updated: statements before the step, the step, and those that clear the gradients."""

    before: tuple[str, ...]
    step: tuple[str, ...]
    clear: tuple[str, ...]
    scheduled: bool = False


def update(script: Script, choices: Choices) -> Update:
    """An optimizer or an update by hand, for the parameters of all that the body calls."""
    parameters = "model.parameters()"
    if "encoder" in script.objects:
        parameters = "list(model.parameters()) + list(encoder.parameters())"
    chosen = choices.among("optimizer", {name: (name, text) for name, text in _OPTIMIZERS.items()})
    name, text = chosen
    rate = rates.rate(script, choices)
    before = tuple(line.format(parameters=parameters) for line in choices.among("gradients", _GRADIENTS))
    if name in _BY_HAND:
        step = tuple(line.format(parameters=parameters, rate=rate) for line in _BY_HAND[name])
        clear = ("model.zero_grad()", *(("encoder.zero_grad()",) if "encoder" in script.objects else ()))
        return Update(before, step, clear)
    if "optim." in text and "torch.optim" not in text:
        script.imports.add("from torch import optim")
    if "functools" in text:
        script.imports.add("import functools")
    kind = script.set("optimizer", '"adam"' if choices.maybe("adam") else '"sgd"') if "{kind}" in text else ""
    if name == "function":
        script.define("""
def make_optimizer(parameters, lr):
    return torch.optim.SGD(parameters, lr=lr)
""")
    lines = [f"optimizer = {text.format(parameters=parameters, rate=rate, kind=kind)}"]
    if name == "branches":
        lines = _branches(script, choices, parameters, rate)
    later = rates.changed(choices)
    script.objects["optimizer"] = "\n".join([*lines, *later])
    return Update(before, ("optimizer.step()",), ("optimizer.zero_grad()",), any("scheduler" in each for each in later))


def _branches(script: Script, choices: Choices, parameters: str, rate: str) -> list[str]:
    kind = script.set("optimizer", choices.word("branch", ('"sgd"', '"adam"')))
    return [
        f'if {kind} == "adam":',
        f"    optimizer = torch.optim.Adam({parameters}, lr={rate})",
        "else:",
        f"    optimizer = torch.optim.SGD({parameters}, lr={rate})",
    ]
