"""The average of the losses that a loop reports: over batches, over examples, or wrongly over the other of the two."""

from __future__ import annotations

from dataclasses import dataclass

from .choices import Choices
from .script import Script

WORD = "average"
"""What is printed before an average."""


@dataclass(frozen=True)
class Reported:
    """Lines before a loop over batches, in each of its rounds, and after it."""

    before: tuple[str, ...] = ()
    inside: tuple[str, ...] = ()
    after: tuple[str, ...] = ()


_TOTAL = ("epoch_loss = 0.0",)
_SEEN = ("epoch_loss, seen = 0.0, 0",)
_METER = """
class AverageMeter:
    def __init__(self):
        self.reset()

    def reset(self):
        self.sum = 0.0
        self.count = 0
        self.avg = 0.0

    def update(self, value, n=1):
        self.sum += value * n
        self.count += n
        self.avg = self.sum / self.count
"""
_AVERAGES = {
    "none": (),
    "none again": (),
    "none whatsoever": (),
    "over the batches": (_TOTAL, ("epoch_loss += loss.item()",), "epoch_loss / len(loader)"),
    "over the data set": (_TOTAL, ("epoch_loss += loss.item()",), "epoch_loss / len(loader.dataset)"),
    "weighted, over the data set": (
        _TOTAL, ("epoch_loss += loss.item() * x.size(0)",), "epoch_loss / len(loader.dataset)",
    ),
    "weighted, over the seen": (
        _SEEN, ("epoch_loss += loss.item() * len(x)", "seen += len(x)"), "epoch_loss / seen",
    ),
    "over the seen": (_SEEN, ("epoch_loss += loss.item()", "seen += x.shape[0]"), "epoch_loss / seen"),
    "over the counted": (_SEEN, ("epoch_loss += loss.detach()", "seen += 1"), "(epoch_loss / seen).item()"),
    "weighted, over the batches": (_TOTAL, ("epoch_loss += loss.item() * x.size(0)",), "epoch_loss / len(loader)"),
    "list": (("history = []",), ("history.append(loss.item())",), "sum(history) / len(history)"),
    "list of examples": (("history = []",), ("history.append(loss.item() / len(x))",), "sum(history) / len(history)"),
    "list of tensors": (("history = []",), ("history.append(loss.detach())",), "torch.stack(history).mean().item()"),
    "meter": (("meter = AverageMeter()",), ("meter.update(loss.item())",), "meter.avg"),
    "meter of examples": (("meter = AverageMeter()",), ("meter.update(loss.item(), x.size(0))",), "meter.avg"),
}  # fmt: skip


def reported(script: Script, choices: Choices) -> Reported:
    """An average of the losses, or none."""
    found = choices.among("average", _AVERAGES)
    if not found:
        return Reported()
    before, inside, value = found
    if "meter" in value:
        script.define(_METER)
    return Reported(before, inside, (f'print("{WORD}", {value})',))
