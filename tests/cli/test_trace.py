"""`lossflow trace FILE[:LINE]`, and `check --show-untraced`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from lossflow.cli import main

from ..programs import SUMMED

UNSEEN = SUMMED.replace("criterion(model(inputs), targets)", "unseen(model(inputs))")


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "train.py").write_text(SUMMED)
    return tmp_path


def test_a_file(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["trace", "train.py"]) == 0
    out = capsys.readouterr().out
    assert out.startswith("The objective reaches backward on line 10  train.py:10:5")
    assert "update ~ B^1  (LF101)" in out


@pytest.mark.parametrize("line", [5, 6, 10])
def test_a_line_that_the_loss_passes(project: Path, capsys: pytest.CaptureFixture[str], line: int) -> None:
    assert main(["trace", f"train.py:{line}"]) == 0
    assert "update ~ B^1" in capsys.readouterr().out


def test_a_line_that_no_loss_passes(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["trace", "train.py:4"]) == 0
    assert capsys.readouterr().out == (
        "No loss passes here on its way to backward. The file hands losses to backward on line 10.\n"
    )


def test_json_of_a_line_that_no_loss_passes_is_a_list(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["trace", "train.py:4", "--format", "json"]) == 0
    assert json.loads(capsys.readouterr().out) == []


def test_findings_that_are_silenced_are_shown(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (project / "train.py").write_text(SUMMED.replace('"sum")', '"sum")  # noqa: LF101'))
    assert main(["trace", "train.py"]) == 0
    assert "(LF101)" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("target", "shown"), [("train.ipynb", 1), ("train.ipynb:2", 1), ("train.ipynb:2:3", 1), ("train.ipynb:1:1", 0)]
)
def test_a_notebook(project: Path, capsys: pytest.CaptureFixture[str], target: str, shown: int) -> None:
    first, _, second = SUMMED.partition("\nfor")
    cells = [
        {"cell_type": "code", "metadata": {}, "outputs": [], "execution_count": None, "source": text}
        for text in (first, f"for{second}")
    ]
    (project / "train.ipynb").write_text(
        json.dumps({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5})
    )
    assert main(["trace", target, "--format", "json"]) == 0
    assert len(json.loads(capsys.readouterr().out)) == shown


def test_configuration_counts(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (project / "train.py").write_text(
        SUMMED.replace("targets).backward()", "targets).div(chunk).backward()").replace("for", "chunk = len(x)\nfor")
    )
    (project / "lossflow.toml").write_text('ignore = ["LF101"]\n')
    assert main(["trace", "train.py"]) == 0
    assert "LF101" not in capsys.readouterr().out


def test_a_unit_test_is_not_judged(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (project / "test_train.py").write_text(SUMMED + "\n\ndef test_it():\n    pass\n")
    assert main(["trace", "test_train.py"]) == 0
    assert capsys.readouterr().out == "This is a unit test, whose training steps are not judged.\n"


def test_a_file_without_losses(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (project / "plain.py").write_text("print(1)\n")
    assert main(["trace", "plain.py"]) == 0
    assert capsys.readouterr().out == "No loss of this file reaches a backward in sight.\n"


@pytest.mark.parametrize(
    ("target", "sentence"),
    [
        ("missing.py", "missing.py: it can't be read: No such file or directory"),
        ("missing.py:3", "missing.py: it can't be read: No such file or directory"),
        ("train.py:1:2", "`train.py:1:2` has two numbers, but only notebooks have cells."),
        ("broken.py", "broken.py: it is not valid Python"),
    ],
)
def test_what_cannot_be_traced(project: Path, capsys: pytest.CaptureFixture[str], target: str, sentence: str) -> None:
    (project / "broken.py").write_text("loss = (\n")
    assert main(["trace", target]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert sentence in captured.err


def test_untraced_losses_are_named_on_request(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (project / "train.py").write_text(UNSEEN)
    assert main(["check", "train.py", "--show-untraced"]) == 0
    captured = capsys.readouterr()
    assert captured.out == "Found no problem in 1 file.\n"
    assert captured.err == (
        "train.py:10:5: note: the objective reaches backward on line 10, and was not followed to the end: update ~ an "
        "unknown power of B, because it is not known what `unseen` returns (line 10).\n"
    )


def test_untraced_losses_are_not_named_unasked(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (project / "train.py").write_text(UNSEEN)
    assert main(["check", "train.py"]) == 0
    assert capsys.readouterr().err == ""
