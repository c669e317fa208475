"""Runs generated programs in torch, all in one process: they are small, and nothing that they do outlives them.

`python -m tests.generated.running` reads a JSON list of the paths of scripts from its standard input, and writes one
of pairs: the runs that `tests.oracle.running` makes of each, and the averages that it reports at B and at 2 B of the
same data, while its optimizers stand still.
"""

from __future__ import annotations

import io
import json
import os
import signal
import sys
from contextlib import redirect_stdout

import torch
from torch.optim.optimizer import register_optimizer_step_pre_hook

from tests.generated.averages import WORD
from tests.oracle.repeating import BATCH_SIZE, multiplied
from tests.oracle.reporting import stand_still
from tests.oracle.running import as_main, parsed, runs

SECONDS = 20
"""How long one script may take for all of its runs."""


def _answer() -> None:
    paths = json.load(sys.stdin)
    sys.dont_write_bytecode = True
    torch.set_num_threads(1)
    signal.signal(signal.SIGALRM, _out_of_time)
    answers = os.dup(1)
    silence = os.open(os.devnull, os.O_WRONLY)  # What torch has to say is not for whoever reads the answers.
    os.dup2(silence, 1)
    os.dup2(silence, 2)
    done = []
    for path in paths:
        signal.alarm(SECONDS)
        ran = runs(path)
        done.append((ran, [] if any(run and run["raised"] for run in ran) else _averages(path)))
        signal.alarm(0)
    with os.fdopen(answers, "w") as out:
        json.dump(done, out)


def _averages(path: str) -> list[list[float]]:
    """What the script reports, if anything."""
    with open(path, encoding="utf-8") as script:
        if f'"{WORD}"' not in script.read():
            return []
    standing = register_optimizer_step_pre_hook(stand_still)
    try:
        return [_averages_at(path, times) for times in (1, 2)]
    finally:
        standing.remove()


def _averages_at(path: str, times: int) -> list[float]:
    tree, printed = parsed(path), io.StringIO()
    multiplied(tree, pattern=BATCH_SIZE, times=times)
    with as_main(path) as namespace, redirect_stdout(printed):
        exec(compile(tree, path, "exec"), namespace)
    said = [line.split() for line in printed.getvalue().splitlines()]
    return [float(words[1]) for words in said if words[0] == WORD]


def _out_of_time(*_: object) -> None:
    raise TimeoutError(f"the script took more than {SECONDS} seconds")


if __name__ == "__main__":
    _answer()
