"""Losses that the program writes itself."""

from __future__ import annotations

from .losses import Loss
from .reductions import Given
from .script import Script

_REDUCED = {"mean": "elements.mean()", "sum": "elements.sum()", "none": "elements"}


def in_line(script: Script, loss: Loss, given: Given) -> str:
    script.imports.add("import torch.nn.functional as F")
    return {"mean": f"torch.mean({loss.written})", "sum": f"torch.sum({loss.written})", "none": loss.written}[
        given.reduction
    ]


def function(script: Script, loss: Loss, given: Given) -> str:
    script.imports.add("import torch.nn.functional as F")
    names = loss.names
    script.define(f"""
def objective({names}):
    elements = {loss.written}
    return {_REDUCED[given.reduction]}
""")
    return f"objective({names})"


def branches(script: Script, loss: Loss, given: Given) -> str:
    script.imports.add("import torch.nn.functional as F")
    names = loss.names
    script.define(f"""
def objective({names}, reduction="mean"):
    elements = {loss.written}
    if reduction == "mean":
        return elements.mean()
    elif reduction == "sum":
        return elements.sum()
    return elements
""")
    return f"objective({names}, {given.argument})"


def module(script: Script, loss: Loss, given: Given) -> str:
    script.imports.add("import torch.nn.functional as F")
    names = loss.names
    script.define(_module_text(loss, names))
    script.objects["criterion"] = f"criterion = Objective({given.argument})"
    return f"criterion({names})"


def module_elsewhere(script: Script, loss: Loss, given: Given) -> str:
    names = loss.names
    script.beside["objectives.py"] = (
        "import torch\nimport torch.nn.functional as F\nfrom torch import nn\n\n" + _module_text(loss, names)
    )
    script.imports.add("from objectives import Objective")
    script.objects["criterion"] = f"criterion = Objective({given.argument})"
    return f"criterion({names})"


def _module_text(loss: Loss, names: str) -> str:
    return f"""
class Objective(nn.Module):
    def __init__(self, reduction="mean"):
        super().__init__()
        if reduction not in ("mean", "sum", "none"):
            raise ValueError(reduction)
        self.reduction = reduction

    def forward(self, {names}):
        elements = {loss.written}
        if self.reduction == "mean":
            return elements.mean()
        if self.reduction == "sum":
            return elements.sum()
        return elements
"""


def reduction_of_torch(script: Script, loss: Loss, given: Given) -> str:
    script.imports.add("import torch.nn.functional as F")
    names = loss.names
    script.define(f"""
REDUCTIONS = {{"mean": torch.mean, "sum": torch.sum, "none": lambda elements: elements}}


def objective({names}, reduction="mean"):
    return REDUCTIONS[reduction]({loss.written})
""")
    return f"objective({names}, {given.argument})"
