"""A small project whose files import each other, and runs over it that note which files were analysed."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from lossflow.cli import main
from lossflow.running import run as running
from lossflow.running.tasks import Result, Task, perform

TRAIN = """\
from torch import optim

from losses import make

def train(model, loader):
    criterion = make()
    optimizer = optim.SGD(model.parameters(), lr=0.1)
    for x, y in loader:
        optimizer.zero_grad()
        loss = criterion(model(x), y)
        loss.backward()
        optimizer.step()
"""
ALONE = TRAIN.replace("from losses import make\n", "from torch import nn\n").replace("make()", "nn.MSELoss()")
LOSSES = "from torch import nn\n\ndef make():\n    return nn.MSELoss(reduction='{}')\n"


class Project:
    """The files `train.py`, which takes its loss from `losses.py`, and `alone.py`, which imports nothing of it."""

    def __init__(self, folder: Path, patch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        self.folder, self.capsys = folder, capsys
        self.analysed: list[str] = []
        folder.mkdir()
        patch.chdir(folder)
        patch.setattr(running, "perform", self._noted)
        for name, text in {"pyproject.toml": "", "train.py": TRAIN, "alone.py": ALONE}.items():
            self.write(name, text)
        self.write("losses.py", LOSSES.format("mean"))

    def write(self, name: str, text: str) -> None:
        (self.folder / name).parent.mkdir(parents=True, exist_ok=True)
        (self.folder / name).write_text(text)

    def run(self, *options: str) -> tuple[list[str], list[str]]:
        """The findings of a run with a cache, and the files that it analysed."""
        self.analysed = []
        return self.output(*options), sorted(self.analysed)

    def output(self, *options: str, paths: Sequence[str] = (".",)) -> list[str]:
        main(["check", "--jobs=1", "--output-format=concise", "--quiet", *options, *paths])
        return self.capsys.readouterr().out.splitlines()

    @property
    def kept(self) -> Path:
        """The one file of the cache."""
        (file,) = (self.folder / ".lossflow_cache").glob("*.cache")
        return file

    def _noted(self, task: Task) -> Result:
        self.analysed.append(Path(task.source.name).relative_to(self.folder).as_posix())
        return perform(task)


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Project:
    return Project(tmp_path / "project", monkeypatch, capsys)
