"""How the gradients of the objective are asked for."""

from __future__ import annotations

from dataclasses import dataclass

from .choices import Choices
from .script import Script

_PLAIN = {
    "method": "loss.backward()",
    "method again": "loss.backward()",
    "method once more": "loss.backward()",
    "retaining the graph": "loss.backward(retain_graph=True)",
    "function": "torch.autograd.backward(loss)",
    "function of a list": "torch.autograd.backward([loss])",
    "gradient of ones": "loss.backward(torch.ones_like(loss))",
    "gradient by keyword": "loss.backward(gradient=torch.ones_like(loss))",
    "of the sum": "loss.sum().backward()",
    "of the mean": "loss.mean().backward()",
    "torch.mean": "torch.mean(loss).backward()",
}
SCALED = "scaled"
_SCALED = {
    SCALED: "scaler.scale(loss).backward()",
    "scaled apart": "enlarged = scaler.scale(loss)\nenlarged.backward()",
}


@dataclass(frozen=True)
class Backwards:
    """The lines that compute gradients of `loss`; `scaled` where a scaler of mixed precision takes part."""

    lines: tuple[str, ...]
    scaled: bool = False

    def of(self, expression: str) -> list[str]:
        """The lines for another expression than `loss`, which is written in the place of the name."""
        bracketed = f"({expression})"
        return [line.replace("(loss)", bracketed).replace("[loss]", f"[{expression}]").replace("loss.", f"{bracketed}.")
                for line in self.lines]  # fmt: skip


def backward(script: Script, choices: Choices, *, optimizer: bool) -> Backwards:
    """A way to compute gradients; only an `optimizer` steps by a scaler."""
    name, text = choices.among("backward", {each: (each, text) for each, text in (_PLAIN | _SCALED).items()
                                            if optimizer or each not in _SCALED})  # fmt: skip
    if name in _SCALED:
        script.objects["scaler"] = 'scaler = torch.amp.GradScaler("cpu")'
    return Backwards(tuple(text.split("\n")), name in _SCALED)
