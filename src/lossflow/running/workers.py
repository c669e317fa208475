"""Analyses shared among processes, whose results come in the order of the tasks whichever is done first."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager

from lossflow.checking import FileReport
from lossflow.running.tasks import Result, Task, perform

_METHOD = "spawn" if sys.platform == "win32" else "forkserver"  # forking a process with threads may block it for good
_ORPHANED = 1.0  # seconds after which a worker sees that its run is over


def shared(tasks: Sequence[Task], jobs: int) -> Iterator[Result]:
    """The results of the tasks in their order, by `jobs` processes, or by this one where there can be no others."""
    if not _can_share():
        yield from map(perform, tasks)
        return
    done = 0
    while done < len(tasks):
        for result in _together(tasks[done:], jobs):
            done += 1
            yield result
        if done < len(tasks):
            # A worker died. Whichever file it was at, the first one that is not done is tried on its own.
            yield next(_together(tasks[done : done + 1], 1), _died(tasks[done]))
            done += 1


def _can_share() -> bool:
    """False where the system has no locks between processes, as in a container without `/dev/shm`."""
    try:
        multiprocessing.get_context(_METHOD).Lock()
    except (ImportError, OSError):
        return False
    return True


def _together(tasks: Sequence[Task], jobs: int) -> Iterator[Result]:
    """The results of the tasks, up to one that a dead worker leaves undone."""
    with _pool(jobs) as pool:
        with _uninterrupted():
            futures = [pool.submit(perform, task) for task in tasks]
        for future in futures:
            try:
                result = future.result()
            except BrokenProcessPool:
                return
            yield result


@contextmanager
def _pool(jobs: int) -> Iterator[ProcessPoolExecutor]:
    """Workers that end with the block, at once where it is left before they are done."""
    context = multiprocessing.get_context(_METHOD)
    if _METHOD == "forkserver":
        context.set_forkserver_preload(["lossflow.interp", "lossflow.rules", "lossflow.running.tasks"])
    pool = ProcessPoolExecutor(jobs, context, _begin)
    try:
        yield pool
    except BaseException:
        for worker in multiprocessing.active_children():
            worker.terminate()
        pool.shutdown(wait=False, cancel_futures=True)
        raise
    pool.shutdown()


@contextmanager
def _uninterrupted() -> Iterator[None]:
    """Let Ctrl-C wait while processes are started: they start without it, and none is lost sight of.

    A terminal sends it to all of them. The one that gave the tasks ends the others.
    """
    if not hasattr(signal, "pthread_sigmask"):  # Windows
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _begin() -> None:
    """What a worker does first."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with, args=(os.getppid(),), daemon=True).start()


def _end_with(parent: int) -> None:
    """End a worker whose run was killed: nobody else would."""
    while os.getppid() == parent:
        time.sleep(_ORPHANED)
    os._exit(1)


def _died(task: Task) -> Result:
    reason = "the process that analysed it was ended from outside, perhaps because the memory ran out"
    return Result(FileReport(task.source.name, failure=reason), {})
