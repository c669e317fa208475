"""Optimizers, updates by hand, and what is done to the gradients before."""

from __future__ import annotations

from dataclasses import dataclass

from . import rates
from .backwards import Backwards, backward
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
    "ASGD": "torch.optim.ASGD({parameters}, lr={rate}, lambd=0.0)",
    "rate of a group": 'torch.optim.SGD([{{"params": {parameters}, "lr": {rate}}}], lr=0.5)',
    "by config": '{{"sgd": torch.optim.SGD, "adam": torch.optim.Adam}}[{kind}]({parameters}, lr={rate})',
    "branches": "",
    "function": "make_optimizer({parameters}, {rate})",
    "by hand": "",
    "by hand in place": "",
    "by hand with sub": "",
    "by hand with copy": "",
    "by hand with data": "",
    "autograd.grad": "",
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
_BY_GRAD = (
    "with torch.no_grad():",
    "    for p, gradient in zip({parameters}, gradients):",
    "        p -= {rate} * gradient",
)
"""An update by hand that has its gradients from `torch.autograd.grad`."""
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
_CLEARED = {
    "optimizer": "optimizer.zero_grad()",
    "optimizer again": "optimizer.zero_grad()",
    "to None": "optimizer.zero_grad(set_to_none=True)",
    "to zero": "optimizer.zero_grad(False)",
}


@dataclass(frozen=True)
class Update:
    """How parameters are updated: gradients, statements before the step, the step, and those that clear gradients."""

    backward: Backwards
    before: tuple[str, ...]
    step: tuple[str, ...]
    clear: tuple[str, ...]
    scheduled: bool = False

    @property
    def lines(self) -> list[str]:
        """Everything that a training step does once its loss is computed, but for the clearing."""
        return [*self.backward.lines, *self.before, *self.step]


def update(script: Script, choices: Choices) -> Update:
    """An optimizer or an update by hand, for the parameters of all that the body calls."""
    parameters = "model.parameters()"
    if "encoder" in script.objects:
        parameters = "list(model.parameters()) + list(encoder.parameters())"
    accumulates = choices.made["accumulation"].strip() != "none"
    kinds = {name: (name, text) for name, text in _OPTIMIZERS.items() if name != "autograd.grad" or not accumulates}
    name, text = choices.among("optimizer", kinds)
    rate = rates.rate(script, choices)
    if name == "autograd.grad":
        choices.made["gradients"] = "nothing"
        gradients = Backwards((f"gradients = torch.autograd.grad(loss, list({parameters}))",))
        return Update(gradients, (), tuple(line.format(parameters=parameters, rate=rate) for line in _BY_GRAD), ())
    before = tuple(line.format(parameters=parameters) for line in choices.among("gradients", _GRADIENTS))
    gradients = backward(script, choices, optimizer=name not in _BY_HAND)
    if name in _BY_HAND:
        step = tuple(line.format(parameters=parameters, rate=rate) for line in _BY_HAND[name])
        clear = ("model.zero_grad()", *(("encoder.zero_grad()",) if "encoder" in script.objects else ()))
        return Update(gradients, before, step, clear)
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
    if gradients.scaled and "clipped" in choices.made["gradients"]:
        before = ("scaler.unscale_(optimizer)", *before)
    step = ("scaler.step(optimizer)", "scaler.update()") if gradients.scaled else ("optimizer.step()",)
    clear = choices.among("cleared by", _CLEARED)
    return Update(gradients, before, step, (clear,), any("scheduler" in each for each in later))


def _branches(script: Script, choices: Choices, parameters: str, rate: str) -> list[str]:
    kind = script.set("optimizer", choices.word("branch", ('"sgd"', '"adam"')))
    return [
        f'if {kind} == "adam":',
        f"    optimizer = torch.optim.Adam({parameters}, lr={rate})",
        "else:",
        f"    optimizer = torch.optim.SGD({parameters}, lr={rate})",
    ]
