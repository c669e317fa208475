"""What only a terminal gets: colours and the progress bar."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from lossflow.cli import main
from lossflow.commands import progress
from tests.programs import SUMMED


@pytest.mark.parametrize(
    ("color", "environment", "terminal", "coloured"),
    [
        ("auto", {}, False, False),
        ("auto", {}, True, True),
        ("auto", {"NO_COLOR": "1"}, True, False),
        ("auto", {"FORCE_COLOR": "1"}, False, True),
        ("auto", {"NO_COLOR": "1", "FORCE_COLOR": "1"}, True, False),
        ("always", {"NO_COLOR": "1"}, False, True),
        ("never", {"FORCE_COLOR": "1"}, True, False),
    ],
)
def test_colours(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    color: str,
    environment: dict[str, str],
    terminal: bool,
    coloured: bool,
) -> None:
    for name in ("NO_COLOR", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(sys.stdout, "isatty", lambda: terminal)
    (tmp_path / "a.py").write_text(SUMMED)
    assert main(["check", "--isolated", "--color", color, str(tmp_path)]) == 1
    assert ("\x1b[" in capsys.readouterr().out) is coloured


@pytest.mark.parametrize(
    ("terminal", "quiet", "patience", "bar"),
    [(True, False, 0.0, True), (True, False, 60.0, False), (True, True, 0.0, False), (False, False, 0.0, False)],
)
def test_a_bar_follows_a_long_run_on_a_terminal(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    terminal: bool,
    quiet: bool,
    patience: float,
    bar: bool,
) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: terminal)
    monkeypatch.setattr(progress, "PATIENCE", patience)
    monkeypatch.setenv("TERM", "xterm")
    assert list(progress.shown([1, 2, 3], 3, quiet=quiet)) == [1, 2, 3]
    captured = capsys.readouterr()
    assert captured.out == ""
    assert ("Checking" in captured.err) is bar
