"""The terms of the objective beside the loss, and how they are added."""

from __future__ import annotations

import re
from collections.abc import Callable

from .choices import Choices
from .script import Script

_SECOND = {
    "mean of outputs": "prediction.pow(2).mean()",
    "sum of outputs": "prediction.pow(2).sum()",
    "sum over the batch": "prediction.abs().sum() / x.size(0)",
    "rows averaged": "prediction.pow(2).sum(dim=-1).mean()",
    "penalty": "sum(p.pow(2).sum() for p in model.parameters())",
    "penalty of the weight": "next(model.parameters()).norm()",
    "entropy": "-(prediction.softmax(-1) * prediction.log_softmax(-1)).sum(-1).mean()",
    "l1 loss": "F.l1_loss(prediction, torch.zeros_like(prediction))",
    "summed l1 loss": 'F.l1_loss(prediction, torch.zeros_like(prediction), reduction="sum")',
    "batchmean": 'F.kl_div(prediction.log_softmax(-1), torch.ones_like(prediction).softmax(-1), reduction="batchmean")',
}
_DIVERGENCES = {
    "summed": "-0.5 * torch.sum(1 + logvar - mu.pow(2) - logvar.exp())",
    "over the batch": "-0.5 * torch.sum(1 + logvar - mu.pow(2) - logvar.exp()) / x.size(0)",
    "normal": "torch.distributions.kl_divergence(torch.distributions.Normal(mu, (0.5 * logvar).exp()), "
    "torch.distributions.Normal(torch.zeros_like(mu), torch.ones_like(mu))).sum(-1).mean()",
    "normal summed": "torch.distributions.kl_divergence(torch.distributions.Normal(mu, (0.5 * logvar).exp()), "
    "torch.distributions.Normal(0.0, 1.0)).sum()",
    "averaged": "-0.5 * torch.mean(1 + logvar - mu ** 2 - logvar.exp())",
    "rows averaged": "torch.mean(-0.5 * torch.sum(1 + logvar - mu ** 2 - logvar.exp(), dim=-1))",
    "chained": "(1 + logvar - mu.pow(2) - logvar.exp()).sum(-1).mul(-0.5).mean()",
}
_SUMS = {
    "added": ("loss = loss + {weight} * term",),
    "added in place": ("loss += {weight} * term",),
    "new name": ("total = loss + {weight} * term", "loss = total"),
    "list": ("losses = [loss, {weight} * term]", "loss = sum(losses)"),
    "appended": ("losses = []", "losses.append(loss)", "losses.append({weight} * term)", "loss = sum(losses)"),
    "stacked": ("loss = torch.stack([loss, {weight} * term]).sum()",),
    "stacked mean": ("loss = torch.stack([loss, term]).mean()",),
    "dict": ('losses = {{"main": loss, "other": {weight} * term}}', "loss = sum(losses.values())"),
    "dict by key": (
        'losses = {{"main": loss}}',
        'losses["other"] = term',
        'loss = losses["main"] + {weight} * losses["other"]',
    ),
    "loop": ("total = 0.0", "for weight, each in ((1.0, loss), ({weight}, term)):", "    total = total + weight * each",
             "loss = total"),
    "weighted sum": ("loss = (1 - {weight}) * loss + {weight} * term",),
    "halved": ("loss = (loss + term) / 2",),
    "helper": ("loss = combined(loss, {weight} * term)",),
    "reduced": ("loss = functools.reduce(operator.add, [loss, {weight} * term])",),
    "torch.add": ("loss = torch.add(loss, term, alpha={weight})",),
    "add": ("loss = loss.add({weight} * term)",),
    "dot of weights": ("loss = torch.dot(torch.stack([loss, term]), torch.tensor([1.0, {weight}]))",),
    "items": (
        'losses, weights = {{"main": loss, "other": term}}, {{"main": 1.0, "other": {weight}}}',
        "loss = sum(weights[name] * each for name, each in losses.items())",
    ),
    "subtracted": ("loss = loss - {weight} * term",),
    "attribute": (
        "terms = SimpleNamespace(main=loss, other={weight} * term)",
        "loss = terms.main + terms.other",
    ),
    "sum of a generator": ("loss = sum(w * each for w, each in zip((1.0, {weight}), (loss, term)))",),
}  # fmt: skip
_STAGES = {
    "list": ("losses = [{one} for prediction in stages]", "loss = sum(losses)"),
    "average": ("losses = [{one} for prediction in stages]", "loss = sum(losses) / len(losses)"),
    "stacked sum": ("losses = [{one} for prediction in stages]", "loss = torch.stack(losses).sum()"),
    "stacked mean": ("losses = [{one} for prediction in stages]", "loss = torch.stack(losses).mean()"),
    "generator": ("loss = sum({one} for prediction in stages)",),
    "appended": (
        "losses = []",
        "for prediction in stages:",
        "    losses.append({one})",
        "loss = torch.stack(losses).sum()",
    ),
    "decaying": ("loss = 0", "for k, prediction in enumerate(stages):", "    loss = loss + 0.5**k * {one}"),
    "weighted": (
        "loss = torch.zeros(())",
        "for weight, prediction in zip((0.6, 0.4), stages):",
        "    loss += weight * {one}",
    ),
    "dict": (
        'losses = {{f"stage{{i}}": {one} for i, prediction in enumerate(stages)}}',
        "loss = sum(losses.values())",
    ),
    "dict, weighted": (
        'losses = {{name: {one} for name, prediction in zip(("fine", "coarse"), stages)}}',
        'weights = {{"fine": 1.0, "coarse": 0.3}}',
        "loss = sum(weights[name] * losses[name] for name in losses)",
    ),
    "dot": (
        "losses = torch.stack([{one} for prediction in stages])",
        "loss = torch.dot(losses, torch.tensor([0.7, 0.3]))",
    ),
    "last": ("losses = [{one} for prediction in stages]", "loss = losses[-1]"),
}


def added(script: Script, choices: Choices, *, unreduced: bool) -> None:
    """Further terms of the objective `loss`."""
    kinds: dict[str, Callable[[Script, Choices, bool], None]] = {
        "alone": _nothing, "alone again": _nothing, "second": _second, "divergence": _divergence, "samples": _samples,
        "halves": _halves, "stages": _stages,
    }  # fmt: skip
    if unreduced:
        for name in ("samples", "halves", "stages"):
            kinds.pop(name)
    if not _is_of_one_prediction(script.body[-1]):
        kinds.pop("stages", None)
    choices.among("terms", kinds)(script, choices, unreduced)


def _nothing(script: Script, choices: Choices, unreduced: bool) -> None:
    return


def _second(script: Script, choices: Choices, unreduced: bool) -> None:
    script.imports.add("import torch.nn.functional as F")
    script.body.append(f"term = {choices.among('second term', _SECOND)}")
    _sum(script, choices, unreduced)


def _divergence(script: Script, choices: Choices, unreduced: bool) -> None:
    script.objects["encoder"] = "encoder = nn.Linear(3, 4)"
    script.body.append("mu, logvar = encoder(x).chunk(2, dim=-1)")
    script.body.append(f"term = {choices.among('divergence', _DIVERGENCES)}")
    _sum(script, choices, unreduced)


def _samples(script: Script, choices: Choices, unreduced: bool) -> None:
    """The same loss once more for other outputs: heads, time steps, augmentations."""
    forward = [f"    {line}" for line in script.body]
    count = script.set("views", "2")
    script.body[:] = ["total = 0.0", f"for _ in range({count}):", *forward, "    total = total + loss"]
    script.body.append(
        choices.among("samples added", {"sum": "loss = total", "mean": f"loss = total / {count}"})
    )  # fmt: skip


def _stages(script: Script, choices: Choices, unreduced: bool) -> None:
    """A loss for each of several outputs, as under deep supervision."""
    one = script.body.pop().removeprefix("loss = ")
    script.body.append("stages = [prediction, 0.9 * prediction]")
    script.body += [line.format(one=one) for line in choices.among("stages added", _STAGES)]


def _is_of_one_prediction(line: str) -> bool:
    """True for `loss = criterion(prediction, y)`, which can be written for another output too."""
    written = line.removeprefix("loss = ")
    return line.startswith("loss = ") and "prediction" in written and not re.search(r"\bloss\b|[{}]", written)


def _halves(script: Script, choices: Choices, unreduced: bool) -> None:
    script.body.append("loss = 0.5 * loss + 0.5 * loss.clone()")


def _sum(script: Script, choices: Choices, unreduced: bool) -> None:
    weight = choices.among("weight", {"literal": "0.1", "config": "", "constant": "BETA"})
    if weight == "BETA":
        script.constants.append("BETA = 0.25")
    weight = weight or script.set("beta", "0.5")
    ways = dict(_SUMS)
    if unreduced:
        del ways["stacked"], ways["stacked mean"], ways["dot of weights"]
    if choices.made["scaled by"] in ("root", "power"):
        del ways["added in place"]  # torch needs the root itself for its gradient
    lines = choices.among("added by", ways)
    if "combined(" in lines[0]:
        script.define("""
def combined(*terms):
    return sum(terms)
""")
    if "functools" in lines[0]:
        script.imports |= {"import functools", "import operator"}
    if "SimpleNamespace" in lines[0]:
        script.imports.add("from types import SimpleNamespace")
    script.body += [line.format(weight=weight) for line in lines]
