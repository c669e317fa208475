"""What `check` offers a project that has findings already: comments, a baseline, and a look behind the comments."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from io import BytesIO, TextIOWrapper
from pathlib import Path

import pytest

from lossflow.cli import main
from tests.programs import CLEAN, LEGACY, SUMMED

Run = tuple[int, str, str]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty current folder."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def run(folder: Path, capsys: pytest.CaptureFixture[str]):
    """Runs `check` in that folder; gives its status, output and errors."""

    def call(*arguments: str) -> Run:
        status = main(("check", *arguments))
        captured = capsys.readouterr()
        return status, captured.out, captured.err

    return call


# --- comments -----------------------------------------------------------------------------------------------------


def test_comments_are_added_once(folder: Path, run) -> None:
    (folder / "a.py").write_text(SUMMED)
    (folder / "b").mkdir()
    (folder / "b" / "c.py").write_text(LEGACY)
    assert run("--add-noqa", ".") == (0, "Added `# noqa` for 2 problems in 2 files.\n", "")
    assert '"sum")  # noqa: LF101\n' in (folder / "a.py").read_text()
    assert "True)  # noqa: LF301\n" in (folder / "b" / "c.py").read_text()
    assert run("--add-noqa") == (0, "Added `# noqa` for nothing.\n", "")
    assert run() == (0, "Found no problem in 2 files.\n", "")
    assert [row["code"] for row in json.loads(run("--ignore-noqa", "--output-format=json")[1])] == ["LF101", "LF301"]


def test_the_reason_of_the_option_is_written(folder: Path, run) -> None:
    (folder / "a.py").write_text(SUMMED)
    assert run("--add-noqa=the batch never changes", "--quiet") == (0, "", "")
    assert "# noqa: LF101 - the batch never changes\n" in (folder / "a.py").read_text()


def test_what_the_configuration_silences_gets_no_comment(folder: Path, run) -> None:
    (folder / "lossflow.toml").write_text('per-file-ignores = { "a.py" = ["LF1"] }\nfix = true\nunsafe-fixes = true\n')
    (folder / "a.py").write_text(SUMMED)
    (folder / "b.py").write_text(LEGACY)
    assert run("--add-noqa", "--ignore=LF3")[1] == "Added `# noqa` for nothing.\n"
    assert (folder / "a.py").read_text() == SUMMED
    assert (folder / "b.py").read_text() == LEGACY


def test_what_can_hold_no_comment_is_named_and_still_a_finding(folder: Path, run) -> None:
    text = SUMMED.replace('"sum")', '"sum"); text = "# noqa: E501"')
    (folder / "a.py").write_text(text)
    status, output, errors = run("--add-noqa")
    assert (status, output) == (1, "Added `# noqa` for nothing.\n")
    assert errors.startswith("warning: a.py:5:13: LF101 got no comment: flake8 takes the `# noqa` in a string")
    assert (folder / "a.py").read_text() == text


def test_a_file_that_cannot_be_written_or_read_is_2(folder: Path, run, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "a.py").write_text(SUMMED)
    (folder / "b.py").write_text("import losses\nx = (\n")
    real = os.access
    monkeypatch.setattr(os, "access", lambda path, mode: Path(path).name != "a.py" and real(path, mode))
    status, output, errors = run("--add-noqa")
    assert (status, output) == (2, "Added `# noqa` for nothing.\n")
    assert "error: a.py was not changed: it is read-only.\n" in errors
    assert "error: b.py was not analysed: " in errors


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("--add-noqa", "--fix"), "`--add-noqa` can't be combined with `--fix`: run the one, then the other."),
        (("--add-noqa", "--diff"), "`--add-noqa` can't be combined with `--diff`: run the one, then the other."),
        (
            ("--add-noqa", "--write-baseline"),
            "`--add-noqa` can't be combined with `--write-baseline`: run the one, then the other.",
        ),
        (("--add-noqa", "-"), "`--add-noqa` changes files, so it can't be used with standard input."),
        (("--add-noqa=a\nb",), "the reason of `--add-noqa` must be a single line of text."),
        (
            ("--add-noqa", "--ignore-noqa"),
            "`--ignore-noqa` reads no comments, so it can't be combined with `--add-noqa`.",
        ),
        (
            ("--report-unused-noqa", "--ignore-noqa"),
            "`--ignore-noqa` reads no comments, so it can't be combined with `--report-unused-noqa`.",
        ),
        (("--write-baseline",), "`--write-baseline` needs the name of a file: give it by `--baseline FILE`."),
        (
            ("--write-baseline", "--baseline=b", "-"),
            "a baseline remembers what is found in files: `--write-baseline` takes no standard input.",
        ),
    ],
)
def test_what_cannot_be_meant_is_one_sentence(run, arguments: tuple[str, ...], sentence: str) -> None:
    assert run(*arguments) == (2, "", f"error: {sentence}\n")


# --- comments without use -----------------------------------------------------------------------------------------


def test_unused_codes_are_named_on_request(folder: Path, run) -> None:
    (folder / "a.py").write_text(CLEAN.replace("MSELoss()", "MSELoss()  # noqa: E501, LF101"))
    assert run("--report-unused-noqa") == (
        1,
        "Found no problem in 1 file.\n",
        "warning: a.py:5:41: `LF101` in this `# noqa` silences nothing.\n",
    )
    assert run("--report-unused-noqa", "--exit-zero")[0] == 0
    assert run("--report-unused-noqa", "--fix")[0] == 1
    assert run() == (0, "Found no problem in 1 file.\n", "")


# --- baseline -----------------------------------------------------------------------------------------------------


def test_only_what_is_new_fails(folder: Path, run) -> None:
    (folder / "a.py").write_text(SUMMED)
    status, output, errors = run("--baseline=known.json", "--write-baseline")
    assert (status, output) == (0, "Found no problem in 1 file.\n")
    assert errors == "note: known.json now remembers 1 problem, which no later run reports.\n"
    status, output, errors = run("--baseline=known.json")
    assert (status, output) == (0, "Found no problem in 1 file.\n")
    assert errors == "note: 1 known problem of known.json left out.\n"
    assert run("--baseline=known.json", "--quiet") == (0, "", "")
    (folder / "b.py").write_text(SUMMED)
    status, output, _ = run("--baseline=known.json", "--output-format=json")
    assert (status, [Path(row["filename"]).name for row in json.loads(output)]) == (1, ["b.py"])


def test_a_baseline_that_is_not_there_is_2_and_not_written(folder: Path, run) -> None:
    (folder / "a.py").write_text(CLEAN)
    sentence = f"there is no baseline {folder / 'typo.json'}: write one with `--write-baseline`, or correct the name."
    assert run("--baseline=typo.json") == (2, "", f"error: {sentence}\n")
    assert not (folder / "typo.json").exists()


def test_a_file_that_is_no_baseline_is_neither_read_nor_written(folder: Path, run) -> None:
    (folder / "a.py").write_text(SUMMED)
    sentence = f"error: {folder / 'a.py'}: this is no baseline, which `--write-baseline` writes.\n"
    assert run("--baseline=a.py") == (2, "", sentence)
    assert run("--baseline=a.py", "--write-baseline") == (2, "", sentence)
    assert (folder / "a.py").read_text() == SUMMED
    (folder / "b.json").write_text('{"version": 2, "findings": []}')
    assert run("--baseline=b.json")[2].endswith("this version of lossflow reads no baseline of version 2.\n")


def test_the_baseline_is_the_same_text_whatever_the_order_of_the_run(folder: Path, run) -> None:
    (folder / "b.py").write_text(LEGACY)
    (folder / "a.py").write_text(SUMMED)
    run("--baseline=1.json", "--write-baseline", "b.py", "a.py")
    run("--baseline=2.json", "--write-baseline", "a.py", "b.py")
    assert (folder / "1.json").read_bytes() == (folder / "2.json").read_bytes()
    assert json.loads((folder / "1.json").read_text()) == {
        "version": 1,
        "findings": [
            {
                "path": "a.py",
                "code": "LF101",
                "scope": "",
                "line": 'criterion = nn.MSELoss(reduction="sum")',
                "count": 1,
            },
            {
                "path": "b.py",
                "code": "LF301",
                "scope": "",
                "line": "criterion = nn.MSELoss(size_average=True)",
                "count": 1,
            },
        ],
    }


def in_function(name: str) -> str:
    head, _, body = SUMMED.partition("\n\n")
    return f"{head}\n\n\nclass Run:\n    def {name}(self, loader):\n" + "".join(
        f"        {line}\n" if line else "\n" for line in body.splitlines()
    )


@pytest.mark.parametrize(
    "changed",
    [
        "# a line above\n\n" + in_function("train"),
        in_function("train").replace("        ", "            ").replace("    def", "        def"),
        in_function("train").replace('"sum")', '"sum")  # what a comment says'),
        in_function("train").replace('(reduction="sum")', '(reduction="sum") '),
        in_function("other_name"),
    ],
    ids=["moved", "indented", "commented", "blanks", "renamed"],
)
def test_a_known_finding_is_known_again(folder: Path, run, changed: str) -> None:
    (folder / "a.py").write_text(in_function("train"))
    run("--baseline=known.json", "--write-baseline")
    assert json.loads((folder / "known.json").read_text())["findings"][0]["scope"] == "Run.train"
    (folder / "a.py").write_text(changed)
    assert run("--baseline=known.json")[0] == 0


def test_a_finding_moves_with_its_file_and_is_new_in_a_copy(folder: Path, run) -> None:
    (folder / "a.py").write_text(SUMMED)
    run("--baseline=known.json", "--write-baseline")
    (folder / "b.py").write_text(SUMMED)
    assert run("--baseline=known.json")[0] == 1
    (folder / "a.py").unlink()
    assert run("--baseline=known.json") == (
        0,
        "Found no problem in 1 file.\n",
        "note: 1 known problem of known.json left out.\n",
    )


def test_a_notebook_that_is_analysed_in_part_keeps_what_is_known(folder: Path, run) -> None:
    def write(first: str) -> None:
        cells = [{"cell_type": "code", "source": source} for source in (first, SUMMED)]
        (folder / "a.ipynb").write_text(json.dumps({"cells": cells}))

    write(SUMMED)
    run("--baseline=known.json", "--write-baseline")
    before = (folder / "known.json").read_text()
    assert '"count": 2' in before
    write("x = (")
    assert run("--baseline=known.json", "--write-baseline")[0] == 2
    assert (folder / "known.json").read_text() == before


def test_a_second_finding_of_the_same_text_is_new(folder: Path, run) -> None:
    (folder / "a.py").write_text(in_function("train"))
    run("--baseline=known.json", "--write-baseline")
    twice = in_function("train") + in_function("evaluate").partition("class Run:\n")[2]
    (folder / "a.py").write_text(twice)
    status, output, _ = run("--baseline=known.json", "--output-format=json")
    second = twice[: twice.rindex("nn.MSELoss")].count("\n") + 1
    assert (status, [row["location"]["row"] for row in json.loads(output)]) == (1, [second])


def test_what_is_no_longer_there_is_named_and_taken_out(folder: Path, run) -> None:
    for name in ("a.py", "b.py", "c.py"):
        (folder / name).write_text(SUMMED)
    run("--baseline=known.json", "--write-baseline")
    (folder / "a.py").write_text(CLEAN)
    (folder / "b.py").unlink()
    gone = "of known.json no longer there: `--write-baseline` takes them out.\n"
    assert run("--baseline=known.json")[2] == f"note: 1 known problem of known.json left out.\nnote: 2 problems {gone}"
    # A run over some of the files says nothing of the others, but for those that nobody can check any more.
    assert run("--baseline=known.json", "c.py")[2].endswith(f"note: 1 problem {gone}")
    run("--baseline=known.json", "--write-baseline", "a.py")
    assert [row["path"] for row in json.loads((folder / "known.json").read_text())["findings"]] == ["c.py"]


def test_a_file_that_could_not_be_analysed_stays_known(folder: Path, run) -> None:
    (folder / "a.py").write_text(SUMMED)
    run("--baseline=known.json", "--write-baseline")
    before = (folder / "known.json").read_text()
    (folder / "a.py").write_text("import losses\nx = (\n")
    assert run("--baseline=known.json", "--write-baseline")[0] == 2
    assert (folder / "known.json").read_text() == before


def test_the_configuration_names_the_baseline_from_its_own_folder(folder: Path, run, monkeypatch) -> None:
    (folder / "deep").mkdir()
    (folder / "deep" / "a.py").write_text(SUMMED)
    (folder / "lossflow.toml").write_text('baseline = "known.json"\nfix = true\nunsafe-fixes = true\n')
    monkeypatch.chdir(folder / "deep")
    assert run("--write-baseline")[0] == 0
    assert (folder / "deep" / "a.py").read_text() == SUMMED
    assert [row["path"] for row in json.loads((folder / "known.json").read_text())["findings"]] == ["deep/a.py"]
    assert run("--no-fix")[0] == 0
    assert run("--no-fix", "--no-baseline")[0] == 1
    (folder / "known.json").unlink()
    assert run("--no-fix")[0] == 2


def test_comments_are_added_for_what_the_baseline_does_not_know(folder: Path, run) -> None:
    (folder / "a.py").write_text(SUMMED)
    run("--baseline=known.json", "--write-baseline")
    (folder / "b.py").write_text(SUMMED)
    assert run("--baseline=known.json", "--add-noqa")[1] == "Added `# noqa` for 1 problem in 1 file.\n"
    assert (folder / "a.py").read_text() == SUMMED


def test_a_path_after_the_option_is_a_path(folder: Path) -> None:
    (folder / "a.py").write_text(SUMMED)
    (folder / "b.py").write_text(SUMMED)
    command = [sys.executable, "-m", "lossflow", "check", "--add-noqa", "a.py"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "Added `# noqa` for 1 problem in 1 file.\n")
    assert (folder / "b.py").read_text() == SUMMED


# --- along with fixes ---------------------------------------------------------------------------------------------


def test_fixes_go_by_the_comments_unless_these_are_ignored(folder: Path, run, monkeypatch: pytest.MonkeyPatch) -> None:
    text = LEGACY.replace("True)", "True)  # noqa: LF301")
    (folder / "a.py").write_text(text)
    assert run("--fix", "--quiet") == (0, "", "")
    assert (folder / "a.py").read_text() == text
    monkeypatch.setattr(sys, "stdin", TextIOWrapper(BytesIO(text.encode())))
    assert main(("check", "--fix", "--ignore-noqa", "--quiet", "-")) == 0
    assert run("--fix", "--ignore-noqa", "--quiet")[0] == 0
    assert "size_average" not in (folder / "a.py").read_text()


def test_fixes_repair_what_the_baseline_knows_too(folder: Path, run) -> None:
    (folder / "a.py").write_text(LEGACY)
    (folder / "b.py").write_text(SUMMED)
    run("--baseline=known.json", "--write-baseline")
    status, output, errors = run("--baseline=known.json", "--fix")
    assert (status, output) == (0, "Found 1 problem in 1 file (1 fixed, 0 remaining).\n")
    assert errors.splitlines()[0] == "note: 1 known problem of known.json left out."
    assert "size_average" not in (folder / "a.py").read_text()
    assert run("--baseline=known.json", "--fix-only", "--quiet") == (0, "", "")
