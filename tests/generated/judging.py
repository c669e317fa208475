"""What torch makes of generated programs, and where they stand on disk."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from ..fixtures_harness.markers import ROOT
from ..oracle.judging import Judgement, judgement
from .program import ENTRY, Program

PROCESSES = 2


@dataclass(frozen=True)
class Judged(Judgement):
    """Torch's judgement; `averages` is how those that are reported go with the size of the batches."""

    averages: tuple[float, ...] = ()


def put(program: Program, folder: Path) -> Path:
    """Write the files of a program; returns the one to run."""
    folder.mkdir(parents=True)
    for name, text in program.files.items():
        (folder / name).write_text(text, encoding="utf-8")
    return folder / ENTRY


def judge(paths: Sequence[Path]) -> list[Judged]:
    """Torch's judgement of each script; they are shared out among processes that import torch once."""
    shares = [paths[start::PROCESSES] for start in range(PROCESSES)]
    with ThreadPoolExecutor(PROCESSES) as pool:
        answers = [iter(each) for each in pool.map(_judge, shares)]
    return [next(answers[index % PROCESSES]) for index in range(len(paths))]


def _judge(paths: Sequence[Path]) -> list[Judged]:
    asked = json.dumps([str(path) for path in paths])
    command = [sys.executable, "-m", "tests.generated.running"]
    done = subprocess.run(command, cwd=ROOT, input=asked, text=True, stdout=subprocess.PIPE, check=True)
    return [Judged(**vars(judgement(*runs)), averages=_powers(*averages)) for runs, averages in json.loads(done.stdout)]


def _powers(small: Sequence[float] = (), large: Sequence[float] = ()) -> tuple[float, ...]:
    """The powers by which numbers went from B to 2 B, as far as they have any."""
    return tuple(math.log2(after / before) for before, after in zip(small, large) if before and after / before > 0)
