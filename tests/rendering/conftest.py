"""A small project with everything that a format may stumble over, and a run of the command line over it."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from lossflow.cli import main
from tests.programs import CLEAN, SUMMED

ODD = "odd, 50%: é😀 ]]>\n"
"""The name of a folder."""
LIBRARY = "from torch import nn\n\n\ndef make():\n    return nn.MSELoss(reduction='sum')\n"
TRAIN = SUMMED.replace("from torch import nn\n", "from torch import nn\nfrom losses import make\n").replace(
    'nn.MSELoss(reduction="sum")', "make()"
)
"""One LF101, on line 6, whose reduction is chosen in the library."""
LEGACY = """\
import torch
from torch import nn

print("😀é", nn.L1Loss(size_average=False), nn.L1Loss(size_average=True))
criterion = nn.MSELoss(reduction="]]>, 100%: é😀")
"""
"""Two LF301 with safe fixes behind an astral character, and one LF302 whose message has odd characters."""
CELLS = (
    "import torch\nfrom torch import nn\nmodel = nn.Linear(4, 1)",
    "!pip install x\ncriterion = nn.MSELoss(size_average=False)\n"
    "optimizer = torch.optim.SGD(model.parameters(), lr=0.01)",
    "print 'loss'",
    "for x, y in loader:\n    optimizer.zero_grad()\n    criterion(model(x), y).backward()\n    optimizer.step()",
)
"""The second cell has one LF101 and one LF301 on its second line; the third can't be analysed."""


@dataclass(frozen=True, slots=True)
class Project:
    """A repository whose folder `code` is the current folder; `run` gives what `check` prints, or its last status."""

    root: Path
    run: Callable[..., str]

    @property
    def code(self) -> Path:
        """The current folder."""
        return self.root / "code"


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Project:
    """A repository with four files with findings, one of them a notebook, and one that can't be analysed."""
    folder = tmp_path / "code" / ODD
    folder.mkdir(parents=True)
    (tmp_path / ".git").mkdir()
    for name, text in (
        (f"{ODD}/train.py", TRAIN),
        (f"{ODD}/losses.py", LIBRARY),
        (f"{ODD}/broken.py", "import losses\ndef f(:\n"),
        ("legacy.py", LEGACY),
        ("summed.py", SUMMED),
        ("clean.py", CLEAN),
    ):
        (tmp_path / "code" / name).write_text(text, encoding="utf-8")
    cells = [{"cell_type": "code", "source": cell} for cell in CELLS]
    (tmp_path / "code" / "book.ipynb").write_text(json.dumps({"cells": [{"cell_type": "markdown"}, *cells]}))
    monkeypatch.chdir(tmp_path / "code")

    def run(form: str, *arguments: str, status: int = 2) -> str:
        assert main(["check", "--output-format", form, *arguments]) == status
        return capsys.readouterr().out

    return Project(tmp_path, run)


def schema(name: str) -> dict[str, object]:
    """A schema by the name of its file."""
    found: dict[str, object] = json.loads((Path(__file__).parent / "schemas" / name).read_text(encoding="utf-8"))
    return found
