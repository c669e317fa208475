"""In an environment with TorchFix, flake8-bugbear and ruff, each of them and lossflow finds what it is there for.

A script for such an environment, which the index is needed for: it is run by the checks of every commit, not by pytest.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from pathlib import Path

SCRIPT = """\
import torch
from torch import nn

model = nn.Linear(4, 1)
model.weight.require_grad = False
criterion = nn.MSELoss(reduction="sum")
optimizer = torch.optim.SGD(model.parameters(), lr=0.01)


def train(loader, seen=[]):
    for inputs, targets in loader:
        optimizer.zero_grad()
        criterion(model(inputs), targets).backward()
        optimizer.step()


validation = nn.MSELoss(size_average=True)  # noqa: LF301
"""
SETTINGS = '[tool.ruff.lint]\nselect = ["F", "RUF100", "RUF102"]\nexternal = ["LF"]\n'
EXPECTED = [("5", "TOR002"), ("6", "LF101"), ("10", "B006")]


def main() -> int:
    """Run all of them over one script; the result is the exit status."""
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "train.py").write_text(SCRIPT)
        (Path(folder) / "pyproject.toml").write_text(SETTINGS)
        flake8 = _run(folder, "flake8", "--select", "B,LF,TOR")
        ruff = _run(folder, "ruff", "check", "--no-cache")
    found = re.findall(r"^\./train\.py:(\d+):\d+: (\w+)", flake8, re.MULTILINE)
    if found != EXPECTED or "All checks passed!" not in ruff:
        print(f"Expected {EXPECTED} of flake8 and nothing of ruff, but there is:\n{flake8}{ruff}", file=sys.stderr)
        return 1
    return 0


def _run(folder: str, *command: str) -> str:
    run = subprocess.run([sys.executable, "-m", *command], cwd=folder, capture_output=True, text=True)
    return run.stdout + run.stderr


if __name__ == "__main__":
    sys.exit(main())
