"""What scripts print of the losses of one data set at batch size B and at 2 B, while the model stays as it is.

`python -m tests.oracle.reporting` reads a JSON list of paths from its standard input and writes a JSON object: path ->
the numbers that follow the word "loss" in a print, at B and at 2 B. Nothing is repeated here: an average over all
examples is the same whatever the size of the batches, as long as no optimizer steps.
"""

from __future__ import annotations

import ast
import io
import json
import multiprocessing
import random
import runpy
import sys
import tempfile
from contextlib import redirect_stdout
from pathlib import Path

import torch
from torch.optim.optimizer import Optimizer, register_optimizer_step_pre_hook

BATCH_SIZE = "batch_size"


def _numbers(path: str) -> list[list[float]]:
    """The numbers that the script prints at B and at 2 B, in this process, which is spoilt by it."""
    return [_numbers_at(path, times) for times in (1, 2)]


def _numbers_at(path: str, times: int) -> list[float]:
    tree = ast.parse(Path(path).read_text(encoding="utf-8"))
    for statement in tree.body:
        match statement:
            case ast.Assign(targets=[ast.Name(id=name)], value=ast.Constant(value=int(size)) as constant):
                constant.value = size * times if name == BATCH_SIZE else size
    torch.manual_seed(0)
    random.seed(0)
    printed = io.StringIO()
    with tempfile.TemporaryDirectory() as folder, redirect_stdout(printed):
        script = Path(folder) / Path(path).name
        script.write_text(ast.unparse(tree), encoding="utf-8")
        runpy.run_path(str(script), run_name="__main__")
    said = [line.split() for line in printed.getvalue().splitlines()]
    return [float(words[1]) for words in said if words[0] == "loss"]


def stand_still(optimizer: Optimizer, *_: object) -> None:
    """Called before each step, it leaves the parameters as they are."""
    for group in optimizer.param_groups:
        group["lr"] = 0.0


def _answer() -> None:
    asked = json.load(sys.stdin)
    sys.dont_write_bytecode = True
    register_optimizer_step_pre_hook(stand_still)
    with multiprocessing.get_context("fork").Pool(2) as pool:
        json.dump(dict(zip(asked, pool.map(_numbers, asked, chunksize=1))), sys.stdout)


if __name__ == "__main__":
    torch.set_num_threads(1)
    _answer()
