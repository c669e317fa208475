"""A progress bar for people who wait."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable, Iterator
from typing import TypeVar

Item = TypeVar("Item")

PATIENCE = 1.0
"""Seconds of a run before the bar appears."""


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
