"""Losses of torch in classes of the program."""

from __future__ import annotations

from .losses import Loss
from .reductions import Given
from .script import Script


def subclass(script: Script, loss: Loss, given: Given) -> str:
    names = loss.names
    script.define(f"""
class Objective(nn.{loss.cls}):
    def forward(self, {names}):
        return super().forward({loss.inputs})
""")
    options = ", ".join(each for each in (loss.options, given.argument) if each)
    script.objects["criterion"] = f"criterion = Objective({options})"
    return f"criterion({names})"


def subclass_with_reduction(script: Script, loss: Loss, given: Given) -> str:
    options = f"{loss.options}, " if loss.options else ""
    script.define(f"""
class Objective(nn.{loss.cls}):
    def __init__(self, reduction="mean"):
        super().__init__({options}reduction=reduction)
""")
    script.objects["criterion"] = f"criterion = Objective({given.argument})"
    return f"criterion({loss.inputs})"


def wrapper(script: Script, loss: Loss, given: Given) -> str:
    names = loss.names
    script.define(f"""
class Objective(nn.Module):
    def __init__(self):
        super().__init__()
        self.inner = {loss.made(given.argument)}

    def forward(self, {names}):
        return self.inner({loss.inputs})
""")
    script.objects["criterion"] = "criterion = Objective()"
    return f"criterion({names})"


def class_attribute(script: Script, loss: Loss, given: Given) -> str:
    names = loss.names
    script.imports.add("import torch.nn.functional as F")
    script.define(f"""
class Objective(nn.Module):
    reduction = {given.value or '"mean"'}

    def forward(self, {names}):
        return {loss.applied("reduction=self.reduction")}
""")
    script.objects["criterion"] = "criterion = Objective()"
    return f"criterion({names})"


def field(script: Script, loss: Loss, given: Given) -> str:
    script.imports.add("from dataclasses import dataclass")
    script.define("""
@dataclass
class Objectives:
    main: nn.Module
    weight: float = 1.0
""")
    script.objects["objectives"] = f"objectives = Objectives({loss.made(given.argument)})"
    return f"objectives.weight * objectives.main({loss.inputs})"


def base_class(script: Script, loss: Loss, given: Given) -> str:
    script.imports.add("import torch.nn.functional as F")
    names = loss.names
    script.define(f"""
class Base(nn.Module):
    def __init__(self, reduction="mean", weight=1.0):
        super().__init__()
        self.reduction = reduction
        self.weight = weight

    def compute(self, {names}):
        raise NotImplementedError

    def forward(self, {names}):
        return self.weight * self.compute({names})


class Objective(Base):
    def compute(self, {names}):
        return {loss.applied("reduction=self.reduction")}
""")
    script.objects["criterion"] = f"criterion = Objective({given.argument})"
    return f"criterion({names})"


def called(script: Script, loss: Loss, given: Given) -> str:
    """A class of the program that is no module."""
    names = loss.names
    script.define(f"""
class Objective:
    def __init__(self, criterion):
        self.criterion = criterion

    def __call__(self, {names}):
        return self.criterion({loss.inputs})
""")
    script.objects["criterion"] = f"criterion = Objective({loss.made(given.argument)})"
    return f"criterion({names})"


def of_property(script: Script, loss: Loss, given: Given) -> str:
    script.define(f"""
class Objectives:
    @property
    def main(self):
        return {loss.made(given.argument)}
""")
    script.objects["objectives"] = "objectives = Objectives()"
    return f"objectives.main({loss.inputs})"
