"""The hooks work in a fresh repository, as a user's `pre-commit` installs and runs them."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.wheelhouse import offline

ROOT = Path(__file__).resolve().parents[2]
SHIPPED = ("src", "pyproject.toml", "README.md", "LICENSE", ".pre-commit-hooks.yaml")

SUMMED = """\
import torch
from torch import nn

model = nn.Linear(4, 1)
criterion = nn.MSELoss(reduction="sum")
optimizer = torch.optim.SGD(model.parameters(), lr=0.01)


def train(loader):
    for inputs, targets in loader:
        optimizer.zero_grad()
        criterion(model(inputs), targets).backward()
        optimizer.step()
"""


def _git(folder: Path, *arguments: str) -> str:
    identity = ("-c", "user.name=a", "-c", "user.email=a@example.invalid", "-c", "init.defaultBranch=main")
    run = subprocess.run(["git", *identity, *arguments], cwd=folder, capture_output=True, text=True, check=True)
    return run.stdout.strip()


def _commit(folder: Path) -> str:
    _git(folder, "init", "--quiet")
    _git(folder, "add", "--all")
    _git(folder, "commit", "--quiet", "--message", "A commit")
    return _git(folder, "rev-parse", "HEAD")


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """An environment in which pip installs lossflow, as the hook's virtual environment needs it, without the network.

    Lossflow itself is not there: the hook can only run what pip has built from the repository of the hook.
    """
    wheels = tmp_path / "wheels"
    wheels.mkdir()
    return {
        **offline(wheels, {"hatchling", "libcst", "pathspec", "rich"}),
        "PRE_COMMIT_HOME": str(tmp_path / "cache"),
    }


@pytest.fixture
def hooks(tmp_path: Path) -> tuple[Path, str]:
    """The repository of the hook, and its revision."""
    folder = tmp_path / "lossflow"
    folder.mkdir()
    for name in SHIPPED:
        source = ROOT / name
        ignore = shutil.ignore_patterns("__pycache__")
        shutil.copytree(source, folder / name, ignore=ignore) if source.is_dir() else shutil.copy(source, folder / name)
    return folder, _commit(folder)


def test_the_hook_fails_on_a_finding_and_passes_once_it_is_gone(
    tmp_path: Path, hooks: tuple[Path, str], environment: dict[str, str]
) -> None:
    folder, revision = hooks
    project = tmp_path / "project"
    project.mkdir()
    (project / "train.py").write_text(SUMMED)
    (project / "notes.md").write_text('`nn.MSELoss(reduction="sum")`\n')
    (project / ".pre-commit-config.yaml").write_text(
        f"repos:\n- repo: {folder}\n  rev: {revision}\n  hooks:\n  - id: lossflow\n"
    )
    _commit(project)

    command = [sys.executable, "-m", "pre_commit", "run", "--all-files"]
    failed = subprocess.run(command, cwd=project, env=environment, capture_output=True, text=True)
    assert "LF101" in failed.stdout, failed.stdout + failed.stderr
    assert "train.py:5:13" in failed.stdout
    assert failed.returncode == 1

    (project / "train.py").write_text(SUMMED.replace('"sum"', '"mean"'))
    passed = subprocess.run(command, cwd=project, env=environment, capture_output=True, text=True)
    assert "Passed" in passed.stdout, passed.stdout + passed.stderr
    assert passed.returncode == 0

    # pre-commit names every changed file; what the project excludes stays out all the same.
    (project / "train.py").write_text(SUMMED)
    (project / "pyproject.toml").write_text('[tool.lossflow]\nextend-exclude = ["train.py"]\n')
    excluded = subprocess.run(command, cwd=project, env=environment, capture_output=True, text=True)
    assert excluded.returncode == 0, excluded.stdout + excluded.stderr


def test_the_fixing_hook_fails_where_it_fixed_or_something_is_left_and_passes_then(
    tmp_path: Path, hooks: tuple[Path, str], environment: dict[str, str]
) -> None:
    folder, revision = hooks
    project = tmp_path / "project"
    project.mkdir()
    (project / "train.py").write_text(SUMMED)
    (project / "generated.py").write_text(SUMMED)
    # The fix of a sum is unsafe: the hook makes it where the project takes it for safe.
    (project / "pyproject.toml").write_text("[tool.lossflow]\nextend-exclude = ['generated.py']\n")
    (project / ".pre-commit-config.yaml").write_text(
        f"repos:\n- repo: {folder}\n  rev: {revision}\n  hooks:\n  - id: lossflow-fix\n"
    )
    _commit(project)

    command = [sys.executable, "-m", "pre_commit", "run", "--all-files"]
    left = subprocess.run(command, cwd=project, env=environment, capture_output=True, text=True)
    assert left.returncode == 1
    assert "1 fixable with --unsafe-fixes." in left.stdout, left.stdout + left.stderr
    assert (project / "train.py").read_text() == SUMMED

    with (project / "pyproject.toml").open("a") as file:
        file.write("extend-safe-fixes = ['LF101']\n")
    fixed = subprocess.run(command, cwd=project, env=environment, capture_output=True, text=True)
    assert fixed.returncode == 1
    assert "files were modified by this hook" in fixed.stdout, fixed.stdout + fixed.stderr
    assert (project / "train.py").read_text() == SUMMED.replace('"sum"', '"mean"')
    assert (project / "generated.py").read_text() == SUMMED

    passed = subprocess.run(command, cwd=project, env=environment, capture_output=True, text=True)
    assert passed.returncode == 0, passed.stdout + passed.stderr
