"""The ways to give a loss its reduction."""

from __future__ import annotations

from dataclasses import dataclass

from .choices import Choices
from .losses import Loss
from .script import Script


@dataclass(frozen=True)
class Given:
    """A reduction: the one in force, the argument that says so, and the expression in it; both empty for a default."""

    reduction: str
    argument: str
    value: str = ""

    @property
    def literal(self) -> str:
        """The argument as another file can write it, which doesn't know the constants of this one."""
        return f'reduction="{self.reduction}"' if self.value else self.argument


_LEGACY = {"mean": "size_average=True", "sum": "size_average=False", "none": "reduce=False"}
_BY_POSITION = {"mean": "True", "sum": "False", "none": "None, False"}


def given(script: Script, choices: Choices, loss: Loss) -> Given:
    """A reduction for a loss, and how it is given."""
    reduction = choices.word("reduction", loss.reductions)
    quoted = f'"{reduction}"'
    ways = ["literal", "constant", "config", "conditional", "parameter"]
    if reduction == "mean" and loss.cls:
        ways.append("default")
    if loss.legacy and loss.cls and reduction != "batchmean":
        ways.append("legacy")
        if loss.positions:
            ways.append("legacy by position")
    if loss.positions:
        ways.append("by position")
    match choices.word("given by", ways):
        case "default":
            return Given(reduction, "")
        case "legacy":
            return Given(reduction, _LEGACY[reduction])
        case "legacy by position":
            return Given(reduction, _BY_POSITION[reduction])
        case "by position":
            return Given(reduction, f"None, None, {quoted}", quoted)
        case "constant":
            script.constants.append(f"REDUCTION = {quoted}")
            value = "REDUCTION"
        case "config":
            value = script.set("reduction", quoted)
        case "conditional":
            other = '"mean"' if reduction != "mean" else '"sum"'
            value = f"{quoted} if {script.set('weighted', 'True')} else {other}"
        case "parameter":
            script.constants.append("size_average = " + ("False" if reduction == "sum" else "True"))
            value = quoted if reduction not in ("mean", "sum") else '"mean" if size_average else "sum"'
        case _:
            value = quoted
    return Given(reduction, f"reduction={value}", value)
