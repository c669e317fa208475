"""Whole programs: one choice in each dimension of the grammar."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st

from . import holders, loops, normalisations, optimizers, reductions, terms
from .choices import Choices
from .losses import DATA, LOSSES
from .script import SETTINGS, Script

ENTRY = "train.py"
"""The file that is run, which says the batch size."""

_NAMES: dict[str, dict[str, str]] = {
    "short": {},
    "inputs and targets": {"x": "inputs", "y": "targets", "prediction": "outputs"},
    "images and labels": {"x": "images", "y": "labels", "prediction": "logits", "model": "net"},
    "data and target": {"x": "data", "y": "target", "prediction": "output", "optimizer": "opt", "criterion": "loss_fn"},
}
"""How people call what the grammar calls `x`, `y` and `prediction`."""


@dataclass(frozen=True)
class Program:
    """A training script: the texts of its files by name, and the choices that made it."""

    files: Mapping[str, str]
    made: Mapping[str, str]

    @property
    def text(self) -> str:
        """The file that is run."""
        return self.files[ENTRY]

    @property
    def constructs(self) -> list[str]:
        """What it consists of: `optimizer: Adam`."""
        return [f"{dimension}: {name.strip()}" for dimension, name in self.made.items()]

    def __str__(self) -> str:
        files = "\n".join(f"# --- {name}\n{text}" for name, text in self.files.items())
        return f"{files}\n# {'; '.join(self.constructs)}"


@st.composite
def programs(draw: Any) -> Program:
    """A training script.

    All programs of a run are judged at once, when none can be shrunk any more: so its choices are one draw, which
    also keeps hypothesis from trying variants of one program again and again.
    """
    choices = Choices(draw(st.randoms(use_true_random=True)))
    script = Script(choices.word("settings", tuple(SETTINGS)))
    loops.sources(choices)
    loss = choices.among("loss", LOSSES)
    if "padding" in "".join(DATA[loss.data].tensors):
        script.constants.append("padding = 3")
    script.objects["model"] = f"model = {DATA[loss.data].model}"
    script.body += loss.before
    given = reductions.given(script, choices, loss)
    expression = holders.hold(script, choices, loss, given)
    if given.reduction == "none":
        expression = normalisations.reduced(script, choices, loss, expression)
    elif loss.shape == "steps":
        expression = normalisations.masked_late(script, choices, expression)
    expression = normalisations.scaled(script, choices, loss, expression)
    if expression != "loss":
        script.body.append(f"loss = {expression}")
    unreduced = "left" in choices.made.get("reduced by", "").split()
    terms.added(script, choices, unreduced=unreduced)
    if choices.maybe("moved", one_in=4):
        script.constants.append('device = torch.device("cpu")')
        batch = DATA[loss.data].batch
        script.body[:0] = [f"{', '.join(batch)} = {', '.join(f'{each}.to(device)' for each in batch)}"]
    update = optimizers.update(script, choices)
    text = loops.written(script, choices, loss, update)
    if "F." in text:
        text = text.replace("from torch import nn\n", "from torch import nn\nimport torch.nn.functional as F\n", 1)
    if script.config and SETTINGS[script.settings]:
        text = text.replace("import torch\n", f"{SETTINGS[script.settings]}\nimport torch\n", 1)
    renamed = choices.among("names", _NAMES)
    return Program({ENTRY: _tidy(_renamed(text, renamed)), **script.beside}, choices.made)


def _renamed(text: str, names: Mapping[str, str]) -> str:
    """The text with other names for some things, which are neither attributes nor keywords nor strings."""
    for old, new in names.items():
        text = re.sub(rf"(?<![\w.\"]){old}\b(?!\"|=[^=]|: \w+ =)", new, text)
    return text


def _tidy(text: str) -> str:
    """Without more than two empty lines in a row, and each import once."""
    seen: set[str] = set()
    lines = []
    for line in text.split("\n"):
        if line.startswith(("import ", "from ")):
            if line in seen:
                continue
            seen.add(line)
        lines.append(line)
    return re.sub(r"\n{4,}", "\n\n\n", "\n".join(lines))
