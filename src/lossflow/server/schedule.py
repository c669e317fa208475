"""When programs are analysed: in one thread beside the server, and so that the last state wins.

An analysis can take seconds. The server answers in the meantime; a program that changes again is analysed again, and
what was found in its old state is dropped.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from lossflow.server.analysis import Analysis

Result = TypeVar("Result")

DELAY = 0.2
"""Seconds without a key stroke before what is typed is analysed."""


class Schedule:
    """The analyses of the programs that are open, by their addresses."""

    def __init__(self, finished: Callable[[Analysis], None]) -> None:
        """`finished` is called, in the server's thread, with every analysis that is not out of date."""
        self._finished = finished
        # One worker: the analysis is Python's own work, and two of them would not be faster.
        self._worker = ThreadPoolExecutor(max_workers=1, thread_name_prefix="analysis")
        self._tasks: dict[str, asyncio.Task[Analysis]] = {}
        self._followed: dict[str, frozenset[str]] = {}

    def ask(self, uri: str, work: Callable[[], Analysis], *, delay: float = 0.0) -> None:
        """Have a program analysed; what is still under way for its older state is dropped."""
        self._drop(uri)
        self._tasks[uri] = asyncio.ensure_future(self._run(uri, work, delay))

    def close(self, uri: str) -> None:
        """Forget a program."""
        self._drop(uri)
        self._followed.pop(uri, None)

    def followers(self, file: str) -> list[str]:
        """The programs whose analysis read that file."""
        return [uri for uri, files in self._followed.items() if file in files]

    async def latest(self, uri: str) -> Analysis | None:
        """The analysis of the last state of a program, None where it is not open."""
        while (task := self._tasks.get(uri)) is not None:
            await asyncio.wait({task})
            if not task.cancelled():
                return task.result()
        return None

    def submit(self, work: Callable[[], object]) -> None:
        """Have some work done before all analyses that are asked for later, though these may be dropped."""
        self._worker.submit(work)

    async def in_worker(self, work: Callable[[], Result]) -> Result:
        """The result of some work for which the server must not wait."""
        return await asyncio.get_running_loop().run_in_executor(self._worker, work)

    def _drop(self, uri: str) -> None:
        task = self._tasks.pop(uri, None)
        if task is not None:
            task.cancel()

    async def _run(self, uri: str, work: Callable[[], Analysis], delay: float) -> Analysis:
        await asyncio.sleep(delay)
        analysis = await self.in_worker(work)
        # A file that can't be parsed is not followed, and its followers must be analysed again once it can be.
        self._followed[uri] = self._followed.get(uri, frozenset()) | analysis.report.followed
        self._finished(analysis)
        return analysis
