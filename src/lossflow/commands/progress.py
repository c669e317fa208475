"""A progress bar for people who wait."""

from __future__ import annotations

import sys
import time
from argparse import Namespace
from collections.abc import Iterable, Iterator, Sequence
from typing import TypeVar

from lossflow.checking import FileReport
from lossflow.discovery import Found
from lossflow.running.run import Run

Item = TypeVar("Item")

PATIENCE = 1.0
"""Seconds of a run before the bar appears."""


def reports(run: Run, files: Sequence[Found], options: Namespace) -> Iterator[FileReport]:
    """The reports on the files of a run, with a bar, and with what `--verbose` tells of the run."""
    yield from shown(run.reports(files), len(files), quiet=options.quiet)
    for note in run.notes if options.verbose else ():
        print(f"note: {note}", file=sys.stderr)


def shown(items: Iterable[Item], total: int, *, quiet: bool) -> Iterator[Item]:
    """The items; a bar on standard error follows them once the run is long, where that is a terminal."""
    if quiet or total < 2 or not sys.stderr.isatty():
        yield from items
        return
    start = time.monotonic()
    waiting = iter(items)
    for index, item in enumerate(waiting):
        yield item
        if time.monotonic() - start > PATIENCE:
            yield from _with_bar(waiting, index + 1, total)


def _with_bar(items: Iterator[Item], done: int, total: int) -> Iterator[Item]:
    from rich.console import Console  # a short run never needs it
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("Checking", total=total, completed=done)
        for item in items:
            yield item
            bar.advance(task)
