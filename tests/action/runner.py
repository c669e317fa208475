"""As much of GitHub's runner as a composite action needs: its scripts in bash, with inputs as their environment."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[2]
TEXT = (ROOT / "action.yml").read_text(encoding="utf-8")
ACTION: dict[str, Any] = yaml.safe_load(TEXT)
STEPS: list[dict[str, Any]] = ACTION["runs"]["steps"]

_EXPRESSION = re.compile(r"\$\{\{ (.*?) \}\}")


@dataclass(frozen=True)
class Run:
    """What a step did: its exit status, what it printed, and the outputs that it set."""

    status: int
    out: str
    err: str
    outputs: Mapping[str, str]


@dataclass(frozen=True)
class Job:
    """A workspace, a folder for temporary files, and what the environment of the job holds."""

    workspace: Path
    temporary: Path
    environment: Mapping[str, str]

    def run(self, identity: str, inputs: Mapping[str, str], outputs: Mapping[str, str] | None = None) -> Run:
        """Run a step of the action, with what is given of its inputs and the outputs of earlier steps."""
        (step,) = [each for each in STEPS if each.get("id") == identity]
        given = {name: each["default"] for name, each in ACTION["inputs"].items()} | inputs

        def evaluated(text: str) -> str:
            return _EXPRESSION.sub(lambda found: _value(found[1], given, outputs or {}), text)

        written = self.temporary / f"output-{identity}"
        written.write_text("")
        environment = {
            **self.environment,
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{self.environment['PATH']}",
            "GITHUB_ACTION_PATH": str(ROOT),
            "GITHUB_OUTPUT": str(written),
            "GITHUB_WORKSPACE": str(self.workspace),
            "RUNNER_TEMP": str(self.temporary),
            **{name: evaluated(text) for name, text in step["env"].items()},
        }
        # What GitHub runs for `shell: bash`.
        shell = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]]
        folder = self.workspace / evaluated(step.get("working-directory", "."))
        done = subprocess.run(shell, cwd=folder, env=environment, stdin=subprocess.DEVNULL, capture_output=True)
        set_here = dict(line.split("=", 1) for line in written.read_text().splitlines())
        return Run(done.returncode, done.stdout.decode(), done.stderr.decode(), set_here)


def _value(expression: str, inputs: Mapping[str, str], outputs: Mapping[str, str]) -> str:
    """The value of `inputs.name` or `steps.step.outputs.name`; GitHub takes what isn't there for empty."""
    kind, _, name = expression.partition(".")
    return inputs[name] if kind == "inputs" else outputs.get(name.rpartition(".")[2], "")
