"""Several processes find what one finds, in the same order, and a worker that dies takes nothing along but its file."""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from lossflow.checking import read_file
from lossflow.configuration.config import Config
from lossflow.configuration.files import Configs
from lossflow.discovery import Found
from lossflow.project.files import Read, seen
from lossflow.running.run import MIN_SHARED, Run
from lossflow.running.tasks import Task
from lossflow.running.workers import shared
from lossflow.source import Source

FIXTURES = Path(__file__).parents[2] / "fixtures" / "rules"
TRAIN = """\
from torch import nn, optim

def train(model, loader):
    criterion = nn.MSELoss(reduction="sum")
    optimizer = optim.SGD(model.parameters(), lr=0.1)
    for x, y in loader:
        optimizer.zero_grad()
        criterion(model(x), y).backward()
        optimizer.step()
"""


@dataclass(frozen=True, slots=True)
class Deadly(Task):
    """A task at which the process dies that takes it, as at one that needs more memory than there is."""

    def __getstate__(self) -> object:
        return (Deadly,)

    def __setstate__(self, state: object) -> None:
        os._exit(1)


@pytest.fixture
def tasks(tmp_path: Path) -> list[Task]:
    paths = [tmp_path / f"{number}.py" for number in range(6)]
    for path in paths:
        path.write_text(TRAIN)
    return [Task(read_file(path).source, Config(), True, seen(str(path))) for path in paths]


def check(jobs: int, *options: str) -> str:
    command = [sys.executable, "-m", "lossflow", "check", f"--jobs={jobs}", "--no-cache", "--isolated", *options]
    done = subprocess.run(command, capture_output=True, text=True, cwd=FIXTURES, check=False)
    assert done.returncode == 1, done.stderr
    return done.stdout


def test_any_number_of_processes_finds_the_same() -> None:
    alone = check(1, "--output-format=json", "accumulation-not-divided", "mixed-reductions")
    assert alone.count('"code"') > 10
    for jobs in (2, 3):
        assert check(jobs, "--output-format=json", "accumulation-not-divided", "mixed-reductions") == alone


def test_what_workers_read_is_noted_for_the_cache(tasks: list[Task]) -> None:
    for task, result in zip(tasks, shared(tasks, 2), strict=True):
        assert [finding.code for finding in result.report.findings] == ["LF101"]
        assert task.source.name in result.seen


def test_a_file_at_which_a_process_dies_is_named_and_all_others_are_analysed(tasks: list[Task]) -> None:
    tasks[2:2] = [Deadly(Source("/deadly.py", ""), Config(), True, Read("", False))]
    reports = [result.report for result in shared(tasks, 2)]
    assert [report.file for report in reports] == [task.source.name for task in tasks]
    assert "was ended from outside" in (reports[2].failure or "")
    assert [len(report.findings) for report in reports] == [1, 1, 0, 1, 1, 1, 1]


def test_a_process_that_is_killed_once_costs_nothing(tasks: list[Task]) -> None:
    results = shared(tasks, 2)
    reports = [next(results).report]
    for worker in multiprocessing.active_children():
        os.kill(worker.pid or 0, signal.SIGTERM)
    reports += [result.report for result in results]
    assert [len(report.findings) for report in reports] == [1] * 6


def test_no_process_is_left_where_a_run_is_given_up(tasks: list[Task]) -> None:
    results = shared(tasks, 2)
    next(results)
    workers = multiprocessing.active_children()
    assert workers
    results.close()  # type: ignore[attr-defined]
    for worker in workers:
        worker.join()
    assert not set(workers) & set(multiprocessing.active_children())


def test_one_process_does_where_there_can_be_no_others(tasks: list[Task], monkeypatch: pytest.MonkeyPatch) -> None:
    context = type(multiprocessing.get_context("spawn"))

    def refused(*arguments: object) -> None:
        raise OSError(38, "Function not implemented")

    monkeypatch.setattr(context.__mro__[1], "Lock", refused)
    reports = [result.report for result in shared(tasks, 2)]
    assert [len(report.findings) for report in reports] == [1] * 6
    assert not multiprocessing.active_children()


def test_a_few_files_are_no_reason_to_start_processes(tasks: list[Task], monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*arguments: object) -> None:
        raise AssertionError(arguments)

    monkeypatch.setattr("lossflow.running.workers.shared", refused)
    found = [Found(Path(task.source.name)) for task in tasks[: MIN_SHARED - 1]]
    assert len([*Run(Configs(), jobs=2).reports(found)]) == MIN_SHARED - 1


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no signal for another process alone")
def test_an_interrupted_run_ends_its_workers_and_keeps_what_it_found(tmp_path: Path) -> None:
    for number in range(300):
        (tmp_path / f"{number:03}.py").write_text(TRAIN + f"# {number}\n")
    command = [sys.executable, "-m", "lossflow", "check", "--jobs=2", "--isolated", "."]
    run = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=tmp_path)
    children = Path(f"/proc/{run.pid}/task/{run.pid}/children")
    while not children.read_text().split():
        assert run.poll() is None
    run.send_signal(signal.SIGINT)
    out, err = run.communicate()
    assert (run.returncode, out) == (130, "")
    assert "Traceback" not in err
