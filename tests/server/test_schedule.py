"""What is out of date is dropped, and nobody waits for the worker but those who ask it."""

from __future__ import annotations

import asyncio
from pathlib import Path
from threading import Event

import pytest

from lossflow.checking import FileReport
from lossflow.server.analysis import Analysis
from lossflow.server.programs import Program
from lossflow.server.schedule import Schedule

pytestmark = pytest.mark.asyncio


def analysis(name: str, *followed: str) -> Analysis:
    return Analysis(Program("uri", Path(name), (), None), FileReport(name, followed=frozenset(followed)))


async def test_the_result_of_an_older_state_is_dropped() -> None:
    finished: list[str] = []
    schedule = Schedule(lambda each: finished.append(each.report.file))
    begun, released = Event(), Event()

    def slow() -> Analysis:
        begun.set()
        released.wait()
        return analysis("old")

    schedule.ask("uri", slow)
    waiting = asyncio.ensure_future(schedule.latest("uri"))
    await asyncio.to_thread(begun.wait)  # and the server goes on, though the worker is at it
    schedule.ask("uri", lambda: analysis("new"))
    released.set()
    latest = await waiting
    assert latest is not None
    assert (latest.report.file, finished) == ("new", ["new"])


async def test_who_asks_about_a_program_that_is_closed_gets_nothing() -> None:
    finished: list[Analysis] = []
    schedule = Schedule(finished.append)
    released = Event()

    def slow() -> Analysis:
        released.wait()
        return analysis("old")

    schedule.ask("uri", slow)
    waiting = asyncio.ensure_future(schedule.latest("uri"))
    await asyncio.sleep(0)
    schedule.close("uri")
    assert await waiting is None
    released.set()
    await schedule.in_worker(lambda: None)
    assert finished == []


async def test_a_file_once_followed_stays_so_until_the_program_is_closed() -> None:
    schedule = Schedule(lambda each: None)
    for files in (("a.py",), ("b.py",)):
        schedule.ask("uri", lambda files=files: analysis("program", *files))
        await schedule.latest("uri")
    assert schedule.followers("a.py") == schedule.followers("b.py") == ["uri"]
    schedule.close("uri")
    assert schedule.followers("a.py") == []


async def test_work_that_is_no_analysis_is_done_though_the_analysis_behind_it_is_dropped() -> None:
    schedule = Schedule(lambda each: None)
    released, done = Event(), []
    schedule.submit(released.wait)
    for number in range(2):
        schedule.submit(lambda number=number: done.append(number))
        schedule.ask("uri", lambda: analysis("program"))
    await asyncio.sleep(0)
    released.set()
    await schedule.latest("uri")
    assert done == [0, 1]
