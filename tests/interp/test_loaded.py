"""A run for a case begins with the modules that the first run loaded, and finds what running them again would find."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from lossflow.checking import check_file, forget
from lossflow.configuration.config import Config
from lossflow.interp.engine import loaded
from lossflow.interp.objects import modules
from lossflow.source import Span

TRAIN = """\
from torch import nn, optim

from registry import LOSSES, make
import extras

def train(model, loader, args):
    criterion = LOSSES[extras.NAME] if args.squared else nn.L1Loss()
    optimizer = optim.SGD(model.parameters(), lr=0.1)
    for x, y in loader:
        optimizer.zero_grad()
        loss = make(criterion)(model(x), y)
        loss.backward()
        optimizer.step()
"""
REGISTRY = """\
from torch import nn

LOSSES = {}

def register(name, reduction="sum"):
    LOSSES[name] = nn.MSELoss(reduction=reduction)

def make(criterion):
    return criterion
"""
EXTRAS = "from registry import register\n\nNAME = 'squared'\nregister(NAME)\n"
CLOSURE = """\
import registry

def outer(reduction):
    def inner():
        return registry.nn.MSELoss(reduction=reduction)
    return inner

NAME = "squared"
registry.LOSSES[NAME] = outer("sum")()
"""
ASKS = """\
from registry import register, args

NAME = "squared"
register(NAME, "sum" if args.squared else "mean")
"""


@pytest.fixture
def executed(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """The modules whose bodies are run, in their order."""
    bodies: list[str] = []
    real = modules._execute

    def noted(machine, unit) -> None:
        bodies.append(Path(unit.source.name).name)
        real(machine, unit)

    monkeypatch.setattr(modules, "_execute", noted)
    forget()
    yield bodies
    forget()


def found(folder: Path, **files: str) -> list[tuple[str, Span, str]]:
    (folder / "pyproject.toml").write_text("")
    for name, text in {"train": TRAIN, "registry": REGISTRY, "extras": EXTRAS, **files}.items():
        (folder / f"{name}.py").write_text(text)
    report = check_file(folder / "train.py", Config())
    return [(finding.code, finding.span, finding.message) for finding in report.findings]


@pytest.mark.parametrize(
    "extras",
    [
        EXTRAS,
        "NAME = 'squared'\n",  # the loss is registered by nobody
        # What a module does to another.
        "import registry\n\nNAME = 'squared'\nregistry.LOSSES[NAME] = registry.nn.MSELoss(reduction='sum')\n",
        CLOSURE,
        ASKS,
    ],
)
def test_a_case_finds_what_it_would_find_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, extras: str) -> None:
    shared = found(tmp_path, extras=extras)
    forget()
    monkeypatch.setattr(loaded, "concerns", lambda machine, case: True)
    assert found(tmp_path, extras=extras) == shared
    if extras == EXTRAS:
        assert [code for code, _, _ in shared] == ["LF101"]
        assert "`args.squared` is set" in shared[0][2]


def test_a_module_is_run_once_whatever_is_supposed(tmp_path: Path, executed: list[str]) -> None:
    assert len(found(tmp_path)) == 1
    assert sorted(executed) == ["extras.py", "registry.py"]


def test_a_module_that_asks_for_what_is_supposed_is_run_again(tmp_path: Path, executed: list[str]) -> None:
    found(tmp_path, extras=ASKS)
    assert executed.count("extras.py") > 1
