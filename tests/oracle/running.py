"""Runs training scripts at two batch sizes, each script in a process of its own, forked after one `import torch`.

`python -m tests.oracle.running` reads a JSON list of `[path, pattern of the batch size]` from its standard input and
writes a JSON object: path -> the runs at B and at 2 B, one at B with twice as many batches over which gradients
accumulate, and one with twice as much padding in each; null where the script doesn't say that number. That it is a
process of its own keeps threads that torch or pytest have started out of the forks.
"""

from __future__ import annotations

import ast
import json
import multiprocessing
import os
import random
import signal
import sys
import tempfile
import types
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
import torch._dynamo  # Optimizers import it at their first step, which takes seconds: here it is done before the forks.

from lossflow import notebook
from tests.oracle import measuring, repeating

FIXTURES = Path(__file__).resolve().parents[2] / "fixtures"

SECONDS = 20
"""How long one script may take for all of its runs."""


def _run_script(path: str, pattern: str | None) -> list[dict[str, Any] | None]:
    """The runs of the script at `path`, in this process, which is spoilt by it."""
    signal.signal(signal.SIGALRM, _out_of_time)
    signal.alarm(SECONDS)
    silence = os.open(os.devnull, os.O_WRONLY)
    os.dup2(silence, 1)
    os.dup2(silence, 2)
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        return runs(path, pattern)


def runs(path: str, pattern: str | None = None) -> list[dict[str, Any] | None]:
    """The runs of the script at `path`, in this process."""
    log: list[bool] = []
    done: list[dict[str, Any] | None] = [_run_at(path, pattern, times=times, log=log).as_json() for times in (1, 2)]
    for more in (repeating.ACCUMULATION, repeating.PADDING):
        says = _says(path, more)
        done.append(_run_at(path, pattern, times=1, log=[], more=more).as_json() if says else None)
    return done


def parsed(path: str) -> ast.Module:
    """The script or notebook at `path`."""
    return ast.parse(notebook.read(path, Path(path).read_bytes()).text)


def _says(path: str, number: str) -> bool:
    """True when the script says the number, such as that of the batches over which its gradients accumulate."""
    try:
        return repeating.multiplied(parsed(path), pattern=number, times=1) > 0
    except repeating.NoConstant:
        return False


def _run_at(path: str, pattern: str | None, *, times: int, log: list[bool], more: str = "") -> measuring.Run:
    tree = parsed(path)
    try:
        batch_size = repeating.multiplied(tree, pattern=pattern or repeating.BATCH_SIZE, times=times)
        if more:
            repeating.multiplied(tree, pattern=more, times=2)
    except repeating.NoConstant as error:
        return measuring.Run(raised=measuring.Raised("NoConstant", str(error), 0))
    with repeating.repeated(repeating.Repetition(batch_size, times, log)), as_main(path) as namespace:
        code = compile(tree, path, "exec")
        return measuring.run(code, namespace, file=path, batch_size=batch_size, times=times)


@contextmanager
def as_main(path: str) -> Iterator[dict[str, Any]]:
    """Within, the script at `path` is the main module, whose namespace this is, and nothing has been drawn yet."""
    main = types.ModuleType("__main__")
    main.__file__ = path
    sys.modules["__main__"] = main
    sys.argv = [path]
    torch.set_num_threads(1)
    torch.manual_seed(0)
    random.seed(0)
    with _importing_from(Path(path).parent):
        yield main.__dict__


@contextmanager
def _importing_from(folder: Path) -> Iterator[None]:
    """Within, a script imports what stands beside it; afterwards all that it imported of `folder` or the fixtures is
    forgotten.

    Else the second run would go on with the modules of the first, and with the networks that these have made.
    """
    before, known = list(sys.path), set(sys.modules)
    sys.path.insert(0, str(folder))
    try:
        yield
    finally:
        sys.path[:] = before
        for name in sys.modules.keys() - known:
            around = Path(getattr(sys.modules[name], "__file__", None) or "/").parents
            if FIXTURES in around or folder in around:
                del sys.modules[name]


def _out_of_time(*_: object) -> None:
    raise TimeoutError(f"the script took more than {SECONDS} seconds")


def _answer() -> None:
    asked = json.load(sys.stdin)
    sys.dont_write_bytecode = True  # The fixtures that are imported stay as they are.
    with multiprocessing.get_context("fork").Pool(2, maxtasksperchild=1) as pool:
        running = {path: pool.apply_async(_run_script, (path, pattern)) for path, pattern in asked}
        done = {path: each.get(timeout=len(asked) * SECONDS) for path, each in running.items()}
    json.dump(done, sys.stdout)


if __name__ == "__main__":
    _answer()
