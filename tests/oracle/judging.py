"""What torch makes of a script: the exponents that two runs of it, at B and at 2 B, show."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

from ..fixtures_harness.markers import (
    FLOW_FIXTURES,
    NOTEBOOK_FIXTURES,
    ROOT,
    RULE_FIXTURES,
    Fixture,
    collect,
    collect_projects,
)

RUNNABLE = [fixture for fixture in collect(RULE_FIXTURES) if not fixture.not_run]
"""The training scripts that torch can run."""

PROGRAMS = [each for each in collect(NOTEBOOK_FIXTURES) if not each.not_run] + [
    project.entry for project in collect_projects() if not project.not_run
]
"""The notebooks and the projects of several files that torch can run."""

FLOWS = collect(FLOW_FIXTURES)
"""The scripts that reveal what becomes of a value; torch runs all of them."""

TOLERANCE = 0.05
"""How far a measured exponent may be from the true one."""


@dataclass(frozen=True)
class MeasuredStep:
    """The first step of an optimizer: how its gradient and its update grow with the batch.

    `optimizer` is empty for an update by hand; `backward` are the lines of the backwards that made the gradient, and
    `calls` the exponent of their number: 1 where a loop calls backward for each example.
    """

    optimizer: str
    backward: frozenset[int]
    calls: float
    gradient: float
    update: float


@dataclass(frozen=True)
class Judgement:
    """What torch made of a script: `error` is the type, message and line of what stopped it, the same at B and 2 B.

    `accumulated` is how the steps grow with the number of batches over which gradients accumulate, instead of with B;
    None where the script doesn't say that number. `padded` is the same with the padding of a batch.
    """

    steps: tuple[MeasuredStep, ...]
    reveals: tuple[tuple[int, str], ...]
    warnings: tuple[str, ...]
    error: tuple[str, str, int] | None
    accumulated: tuple[MeasuredStep, ...] | None = None
    padded: tuple[MeasuredStep, ...] | None = None
    numbers: tuple[str, ...] = ()  # the losses, gradients and printed lines of both runs, bit by bit

    def warned(self, words: str) -> bool:
        return any(words in each for each in self.warnings)


def is_(exponent: float, expected: float | Fraction) -> bool:
    """True when the measured exponent is the expected one."""
    return abs(exponent - expected) <= TOLERANCE


def judge(fixtures: list[Fixture]) -> dict[Path, Judgement]:
    """Torch's judgement of each fixture; all are run by one process, which imports torch once."""
    asked = json.dumps([[str(fixture.path), fixture.directives.batch_size] for fixture in fixtures])
    command = [sys.executable, "-m", "tests.oracle.running"]
    done = subprocess.run(command, cwd=ROOT, input=asked, text=True, stdout=subprocess.PIPE, check=True)
    return {Path(path): judgement(*runs) for path, runs in json.loads(done.stdout).items()}


def judgement(
    small: dict[str, Any], large: dict[str, Any], longer: dict[str, Any] | None, padded: dict[str, Any] | None
) -> Judgement:
    """What runs at B, at 2 B, with twice the batches that accumulate, and with twice the padding show."""
    steps = tuple(_step(*both) for both in zip(small["steps"], large["steps"]))
    errors = [run["raised"] and tuple(run["raised"].values()) for run in (small, large)]
    error = errors[0] or errors[1]
    if error is None and len(small["steps"]) != len(large["steps"]):
        error = ("Unequal", f"{len(small['steps'])} optimizers step at B, {len(large['steps'])} at 2 B", 0)
    reveals = tuple((left["line"], _described(left, right)) for left, right in zip(small["reveals"], large["reveals"]))
    accumulated, shrunk = (
        None if run is None else tuple(_step(*both) for both in zip(small["steps"], run["steps"]))
        for run in (longer, padded)
    )
    seen = tuple(small["warnings"] + large["warnings"])
    numbers = tuple(each for run in (small, large) for each in (*run["backwards"], *run["printed"].splitlines()))
    return Judgement(steps, reveals, seen, error, accumulated, shrunk, numbers)


def _step(small: dict[str, Any], large: dict[str, Any]) -> MeasuredStep:
    gradient, update = (_exponent(small[key], large[key]) for key in ("gradient", "update"))
    calls = _exponent(len(small["backward"]) or 1, len(large["backward"]) or 1)
    return MeasuredStep(small["optimizer"], frozenset(small["backward"]), calls, gradient, update)


def shows(said: str, measured: str) -> bool:
    """True when the words of a marker hold for what was measured, which they may leave open.

    What `.item()` yields is a number to Python, and still a scalar to the analysis.
    """
    if ", B^" not in said:  # a literal
        return measured == "number, B^0"
    (kind, exponent), (kind_shown, exponent_shown) = said.split(", B^"), measured.split(", B^")
    also = {"reduced": ("scalar",), "scalar": ("number",), "unknown axes": ("scalar", "reduced", "per example")}
    if kind_shown not in (kind, *also.get(kind, ())):
        return False
    low, _, high = exponent.partition("..")
    return exponent == "?" or _bound(low) <= _bound(exponent_shown) <= _bound(high or low)


def _bound(end: str) -> float:
    return float(end.replace("oo", "inf")) if "oo" in end or end == "nan" else float(Fraction(end))


def _described(small: dict[str, Any], large: dict[str, Any]) -> str:
    """What was revealed, in the words of a marker: one of its dimensions follows the batch size, or none does."""
    grown = _exponent(small["size"], large["size"])
    power = "nan"
    if not math.isnan(grown):
        quarters = round(4 * grown)
        power = str(Fraction(quarters, 4) if is_(4 * grown, quarters) else grown)
    match small["shape"]:
        case None:
            kind = "number"
        case []:
            kind = "scalar"
        case shape:
            kind = "per example" if shape != large["shape"] else "reduced"
    return f"{kind}, B^{power}"


def _exponent(small: float, large: float) -> float:
    """The power of the batch size by which a norm grew from B to 2 B; NaN, which agrees with nothing, if one is 0."""
    return math.log2(large / small) if small > 0 and large > 0 else math.nan
