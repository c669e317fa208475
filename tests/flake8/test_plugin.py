"""The plugin under the real flake8: its options, standard input, and files that can't be analysed."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.programs import CLEAN, LEGACY, SUMMED


def flake8(folder: Path, *arguments: str, text: str | None = None) -> list[str]:
    """The `path:row:column: CODE` of what flake8 shows of lossflow."""
    command = [sys.executable, "-m", "flake8", "--select=LF,E9", *arguments]
    run = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, input=text)
    assert run.stderr == ""
    assert run.returncode == bool(run.stdout)
    return [" ".join(line.split()[:2]) for line in run.stdout.splitlines()]


def check(folder: Path) -> list[str]:
    command = [sys.executable, "-m", "lossflow", "check", "--output-format", "json"]
    run = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    rows = json.loads(run.stdout)
    places = [(Path(row["filename"]).name, *row["location"].values(), row["code"]) for row in rows]
    return ["./{}:{}:{}: {}".format(*place) for place in places]


def test_the_same_findings_at_the_same_places(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text(SUMMED)
    (tmp_path / "b.py").write_bytes(f"s = 'é'; {LEGACY}".replace("\n", "\r\n").encode("utf-8-sig"))
    (tmp_path / "c.py").write_text(CLEAN)
    (tmp_path / "d.py").write_text(SUMMED.replace("nn.MSELoss", "é = 𝔸 = nn.MSELoss") + LEGACY)
    (tmp_path / "old.py").write_text(SUMMED)
    (tmp_path / "pyproject.toml").write_text('[tool.lossflow]\nper-file-ignores = { "old.py" = ["LF1"] }\n')
    found = flake8(tmp_path)
    assert sorted(found) == sorted(check(tmp_path))
    assert "./a.py:5:13: LF101" in found
    assert "./b.py:5:37: LF301" in found
    assert "./d.py:5:21: LF101" in found


def test_standard_input_is_checked_under_its_name(tmp_path: Path) -> None:
    assert flake8(tmp_path, "-", text=SUMMED) == ["stdin:5:13: LF101"]
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "lossflow.toml").write_text('ignore = ["LF101"]')
    assert flake8(tmp_path, "-", "--stdin-display-name", "src/new.py", text=SUMMED) == []


def test_options_are_read_from_flake8_s_configuration(tmp_path: Path) -> None:
    scaled = SUMMED.replace(".backward()", ".div(n_pics).backward()")
    (tmp_path / "a.py").write_text(scaled)
    (tmp_path / "b.py").write_text(SUMMED)
    (tmp_path / "tool.toml").write_text('ignore = ["LF101"]\n')
    twice = scaled.replace(".div(n_pics)", ".mul(n_pics)").replace('reduction="sum"', "")
    (tmp_path / "c.py").write_text(twice)
    assert flake8(tmp_path) == ["./b.py:5:13: LF101"]
    (tmp_path / ".flake8").write_text("[flake8]\nlossflow-batch-size-names = n_pics\n")
    assert flake8(tmp_path) == ["./b.py:5:13: LF101", "./c.py:10:5: LF101"]
    (tmp_path / ".flake8").write_text("[flake8]\nlossflow-config = tool.toml\n")
    assert flake8(tmp_path) == []
    assert flake8(tmp_path, "--lossflow-extend-select", "LF101") == ["./b.py:5:13: LF101"]


def test_isolated_reads_no_configuration_of_lossflow(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text(SUMMED)
    (tmp_path / "lossflow.toml").write_text('ignore = ["LF101"]\n')
    assert flake8(tmp_path) == []
    assert flake8(tmp_path, "--lossflow-isolated") == ["./a.py:5:13: LF101"]
    (tmp_path / ".flake8").write_text("[flake8]\nlossflow-isolated = true\n")
    assert flake8(tmp_path) == ["./a.py:5:13: LF101"]
    command = [sys.executable, "-m", "flake8", "--lossflow-config=lossflow.toml"]
    run = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert run.returncode == 1
    assert "lossflow-isolated reads no configuration file: it can't stand beside lossflow-config." in run.stdout


def test_what_the_configuration_excludes_is_excluded(tmp_path: Path) -> None:
    for name in ("a.py", "gen/b.py", "venv/c.py"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(SUMMED)
    (tmp_path / "pyproject.toml").write_text('[tool.lossflow]\nextend-exclude = ["gen"]\n')
    assert flake8(tmp_path) == ["./a.py:5:13: LF101"] == check(tmp_path)


@pytest.mark.parametrize(
    ("text", "row"),
    [
        ("import losses\nx = (" + "'a'\n" * 2500 + ")\n", "./a.py:1:1: LF900"),
        ("import losses\nx = (\n", None),
    ],
)
def test_a_file_that_cannot_be_analysed_is_shown_once(tmp_path: Path, text: str, row: str | None) -> None:
    """What is no Python at all is flake8's own E9, and needs no second word."""
    (tmp_path / "a.py").write_text(text)
    found = flake8(tmp_path)
    assert found == [row] if row else (len(found) == 1 and "E9" in found[0])


def test_a_mistake_in_the_configuration_is_shown_in_each_file(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text(SUMMED)
    (tmp_path / "lossflow.toml").write_text("selct = []\n")
    command = [sys.executable, "-m", "flake8", "--select=LF", "."]
    run = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert run.stderr == ""
    assert run.stdout == (
        "./a.py:1:1: LF900 lossflow did not analyse this file: "
        f"{tmp_path}/lossflow.toml: unknown key `selct`. Did you mean `select`?\n"
    )


def test_flake8_silences_what_it_is_told_to(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text(SUMMED.replace('"sum")', '"sum")  # noqa: LF101'))
    assert flake8(tmp_path) == []
    assert flake8(tmp_path, "--disable-noqa") == ["./a.py:5:13: LF101"]
    assert flake8(tmp_path, "--disable-noqa", "--extend-ignore=LF1") == []
