"""Files, disks and people in the way of a run: it says so in a sentence, and leaves what it can't finish as it was.

A named pipe on the command line stops the real process in the middle: the files were found by then, those before the
pipe were read, and nothing was written yet.
"""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.programs import LEGACY, SUMMED

FINDINGS, FAILURE, INTERRUPTED = 1, 2, 130


class Run:
    """A run of the command line that waits at the pipe `pipe.py`."""

    def __init__(self, folder: Path, *arguments: str) -> None:
        os.mkfifo(folder / "pipe.py")
        command = [sys.executable, "-m", "lossflow", "check", "--output-format=concise", "--no-cache", *arguments]
        self.process = subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.pipe = os.open(folder / "pipe.py", os.O_WRONLY)  # waits until the run reads from it

    def finished(self) -> tuple[int, str, str]:
        """The status, output and errors of the run, now that the pipe is at its end."""
        os.close(self.pipe)
        output, errors = self.process.communicate()
        return self.process.returncode, output, errors


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Run]]:
    runs: list[Run] = []

    def begin(*arguments: str) -> Run:
        runs.append(Run(tmp_path, *arguments))
        return runs[-1]

    yield begin
    for run in runs:
        run.process.kill()
        run.process.communicate()


def _check(folder: Path, *arguments: str, **options) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "lossflow", "check", "--output-format=concise", "--no-cache", *arguments]
    options = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **options}
    return subprocess.run(command, cwd=folder, text=True, check=False, **options)


# --- files --------------------------------------------------------------------------------------------------------


@pytest.mark.skipif(not os.path.exists("/proc/self/mem"), reason="only Linux has such a file")
def test_a_file_that_fails_to_be_read_is_named_and_the_others_are_checked(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text(SUMMED)
    (tmp_path / "mem.py").symlink_to("/proc/self/mem")
    run = _check(tmp_path)
    assert (run.returncode, run.stderr) == (
        FAILURE,
        "error: mem.py was not analysed: it can't be read: Input/output error.\n",
    )
    assert run.stdout.startswith("a.py:5:13: LF101")


def test_files_that_vanish_or_change_after_they_were_found(tmp_path: Path, start) -> None:
    for name in ("changes.py", "truncated.py", "vanishes.py"):
        (tmp_path / name).write_text(SUMMED)
    run = start("pipe.py", "changes.py", "truncated.py", "vanishes.py")
    (tmp_path / "changes.py").write_text(LEGACY)
    (tmp_path / "truncated.py").write_text(SUMMED[: SUMMED.index("(model(") + 1])
    (tmp_path / "vanishes.py").unlink()
    status, output, errors = run.finished()
    assert status == FAILURE
    assert output.startswith("changes.py:5:37: LF301")
    assert "LF101" not in output
    truncated, vanished = errors.splitlines()
    assert truncated.startswith("error: truncated.py was not analysed: it is not valid Python: line 10, ")
    assert vanished == "error: vanishes.py was not analysed: it can't be read: No such file or directory."


def test_a_module_whose_name_is_too_long_for_a_file_is_out_of_sight(tmp_path: Path) -> None:
    name = "a" * 300
    (tmp_path / "a.py").write_text(f"from {name} import x\nimport {name}.{name}\n{SUMMED}")
    run = _check(tmp_path)
    assert (run.returncode, run.stderr) == (FINDINGS, "")


# --- fixes --------------------------------------------------------------------------------------------------------


def test_a_fix_keeps_a_change_that_came_after_the_first_look(tmp_path: Path, start) -> None:
    for name in ("changes.py", "stays.py", "vanishes.py"):
        (tmp_path / name).write_text(LEGACY)
    run = start("--fix", "--unsafe-fixes", "changes.py", "stays.py", "vanishes.py", "pipe.py")
    (tmp_path / "changes.py").write_text(LEGACY + "# edited\n")
    (tmp_path / "vanishes.py").unlink()
    status, _, errors = run.finished()
    assert status == FAILURE
    assert errors == "error: vanishes.py was not analysed: it can't be read: No such file or directory.\n"
    fixed = (tmp_path / "stays.py").read_text()
    assert fixed != LEGACY
    assert (tmp_path / "changes.py").read_text() == fixed + "# edited\n"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["changes.py", "pipe.py", "stays.py"]


def test_a_full_disk_leaves_the_file_whole(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text(LEGACY)

    def fill() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100))  # what a process may write to a file ends there

    run = _check(tmp_path, "--fix", preexec_fn=fill, env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"})
    assert (run.returncode, run.stderr) == (
        FAILURE,
        "error: a.py was not fixed: it could not be written: File too large.\n",
    )
    assert (tmp_path / "a.py").read_text() == LEGACY
    assert [path.name for path in tmp_path.iterdir()] == ["a.py"]


@pytest.mark.parametrize("options", [(), ("--fix",)])
def test_an_interrupt_ends_the_run_quietly_and_writes_nothing(tmp_path: Path, start, options: tuple[str, ...]) -> None:
    (tmp_path / "a.py").write_text(LEGACY)
    run = start(*options, "a.py", "pipe.py")
    run.process.send_signal(signal.SIGINT)
    assert run.process.wait() == INTERRUPTED
    assert run.finished() == (INTERRUPTED, "", "")
    assert (tmp_path / "a.py").read_text() == LEGACY
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.py", "pipe.py"]


def test_what_comes_through_a_pipe_is_read_once(tmp_path: Path, start) -> None:
    for options in ((), ("--fix", "--unsafe-fixes")):
        run = start(*options, "pipe.py")
        os.write(run.pipe, LEGACY.encode())
        status, output, errors = run.finished()
        assert status == (FAILURE if options else FINDINGS)
        assert output.startswith("pipe.py:5:37: LF301")
        assert errors == ("error: pipe.py was not fixed: it is not a regular file.\n" if options else "")
        (tmp_path / "pipe.py").unlink()


def test_a_pipe_is_not_remembered(tmp_path: Path) -> None:
    for text, status in ((LEGACY, FINDINGS), ("x = 1\n", 0), (LEGACY, FINDINGS)):
        reading, writing = os.pipe()
        os.write(writing, text.encode())
        os.close(writing)
        command = [sys.executable, "-m", "lossflow", "check", "--cache-dir=cache", f"/dev/fd/{reading}"]
        assert subprocess.run(command, cwd=tmp_path, capture_output=True, pass_fds=[reading]).returncode == status
        os.close(reading)


# --- streams ------------------------------------------------------------------------------------------------------

FULL = pytest.mark.skipif(not os.path.exists("/dev/full"), reason="only Linux has such a file")


@FULL
def test_an_output_that_is_full_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text(SUMMED)
    with open("/dev/full", "w") as full:
        run = _check(tmp_path, stdout=full)
    assert (run.returncode, run.stderr) == (
        FAILURE,
        "error: the output could not be written: No space left on device\n",
    )
    run = _check(tmp_path, "--output-file", "/dev/full")
    assert (run.returncode, run.stderr) == (
        FAILURE,
        "error: the report could not be written to `/dev/full`: No space left on device.\n",
    )


@FULL
@pytest.mark.parametrize("also", ["stdout", None])
def test_errors_that_find_no_room_are_errors_still(tmp_path: Path, also: str | None) -> None:
    with open("/dev/full", "w") as full:
        run = _check(tmp_path, "missing.py", stderr=full, **({also: full} if also else {}))
    assert run.returncode == FAILURE


@pytest.mark.parametrize("descriptor", [0, 1, 2])
def test_a_stream_that_is_closed_changes_nothing_else(tmp_path: Path, descriptor: int) -> None:
    (tmp_path / "a.py").write_text(SUMMED)
    run = _check(tmp_path, preexec_fn=lambda: os.close(descriptor))
    assert run.returncode == FINDINGS
    assert run.stdout.startswith("" if descriptor == 1 else "a.py:5:13: LF101")
    assert run.stderr == ""


def test_an_input_that_is_closed_is_empty(tmp_path: Path) -> None:
    run = _check(tmp_path, "-", preexec_fn=lambda: os.close(0))
    assert (run.returncode, run.stdout, run.stderr) == (0, "Found no problem in 1 file.\n", "")


def test_a_reader_of_errors_that_goes_away_is_no_error(tmp_path: Path) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "w") as gone:
        run = _check(tmp_path, "missing.py", stdout=gone, stderr=subprocess.PIPE)
    assert (run.returncode, run.stderr.count("Traceback")) == (141, 0)
