"""A function that gives nothing known for literals is asked a few times, one that tells them apart each time."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from lossflow.checking import check_file, forget
from lossflow.configuration.config import Config
from lossflow.interp.engine.budget import MAX_LITERALS
from lossflow.interp.objects import functions

TRAIN = """\
import torch
from torch import nn

import settings

model = nn.Linear(3, 2)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
criterion = nn.MSELoss(reduction=settings.REDUCTION)
for x, y in settings.loader:
    optimizer.zero_grad()
    loss = criterion(model(x), y)
    loss.backward()
    optimizer.step()
"""
NAMES = [f"package{number}" for number in range(10)]


@pytest.fixture
def called(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """How often the body of each function was run."""
    bodies: Counter[str] = Counter()
    real = functions._run

    def counted(machine, function, *rest):
        bodies[function.name] += 1
        return real(machine, function, *rest)

    monkeypatch.setattr(functions, "_run", counted)
    forget()
    return bodies


def codes(folder: Path, settings: str) -> list[str]:
    (folder / "pyproject.toml").write_text("")
    (folder / "train.py").write_text(TRAIN)
    (folder / "settings.py").write_text(settings)
    return [finding.code for finding in check_file(folder / "train.py", Config()).findings]


def test_a_function_that_gives_nothing_known_is_asked_a_few_times(tmp_path: Path, called: Counter[str]) -> None:
    asked = "".join(f"found_{name}, version_{name} = is_available('{name}')\n" for name in NAMES)
    assert codes(
        tmp_path,
        "import importlib.util\n_cache = None\n"
        "def is_available(name):\n"
        "    global _cache\n"
        "    if _cache is None:\n"
        "        _cache = importlib.util.find_spec('all')\n"
        "    return importlib.util.find_spec(name) is not None, importlib.metadata.version(name)\n"
        f"{asked}"
        "REDUCTION = 'sum' if found_package9 else 'sum'\n",
    ) == ["LF101"]
    assert called["is_available"] == MAX_LITERALS


def test_a_function_that_keeps_what_it_is_given_is_asked_each_time(tmp_path: Path, called: Counter[str]) -> None:
    registered = "".join(f"register('{name}')\n" for name in [*NAMES, "sum"])
    assert codes(
        tmp_path,
        "import os\n_KEPT = {}\n"
        "def register(name):\n"
        "    _KEPT['last'] = name\n"
        "    return os.environ.get(name)\n"
        f"{registered}"
        "REDUCTION = _KEPT['last']\n",
    ) == ["LF101"]
    assert called["register"] == len(NAMES) + 1


def test_a_function_that_gives_something_known_is_asked_each_time(tmp_path: Path, called: Counter[str]) -> None:
    assigned = "".join(f"{name} = same('{name}')\n" for name in NAMES)
    assert codes(tmp_path, f"def same(name):\n    return name\n{assigned}REDUCTION = same('sum')\n") == ["LF101"]
    assert called["same"] == len(NAMES) + 1


def test_the_file_itself_asks_each_time(tmp_path: Path, called: Counter[str]) -> None:
    """Its calls are where a loss may be made: nothing of them is guessed."""
    (tmp_path / "pyproject.toml").write_text("")
    asked = "".join(f"found_{name} = is_available('{name}')\n" for name in NAMES)
    (tmp_path / "train.py").write_text(
        "import importlib.util\n"
        "def is_available(name):\n"
        "    return importlib.util.find_spec(name)\n"
        f"{asked}{TRAIN.replace('import settings', '').replace('settings.REDUCTION', repr('sum'))}"
    )
    assert [finding.code for finding in check_file(tmp_path / "train.py", Config()).findings] == ["LF101"]
    assert called["is_available"] == len(NAMES)
