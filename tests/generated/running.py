"""Runs generated programs in torch, all in one process: they are small, and nothing that they do outlives them.

`python -m tests.generated.running` reads a JSON list of the paths of scripts from its standard input, and writes one
of the runs that `tests.oracle.running` makes of each.
"""

from __future__ import annotations

import json
import os
import signal
import sys

import torch

from tests.oracle.running import runs

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
        done.append(runs(path))
        signal.alarm(0)
    with os.fdopen(answers, "w") as out:
        json.dump(done, out)


def _out_of_time(*_: object) -> None:
    raise TimeoutError(f"the script took more than {SECONDS} seconds")


if __name__ == "__main__":
    _answer()
