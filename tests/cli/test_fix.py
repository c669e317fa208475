"""`lossflow check --fix` and its relatives: what is written, what is printed, and the exit status."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from dataclasses import replace
from io import BytesIO, TextIOWrapper
from pathlib import Path

import pytest

from lossflow import checking
from lossflow.cli import main
from lossflow.findings import Finding, Fix, Safety, Severity
from lossflow.relevance import Relevance
from lossflow.source import Edit, Span
from tests.programs import SUMMED

Run = tuple[int, str, str]


def _finding(file: str, match: re.Match[str]) -> Finding:
    """A stand-in's finding for a call such as `LF201_safe("loss", "loss.mean()")`: its code, safety and its fix."""
    code, kind, content = match["code"], match["kind"], match["content"]
    repair = Fix(Safety(kind), f"Write `{content}`.", (Edit(Span(*match.span()), content),)) if kind != "none" else None
    return Finding(code, "a-rule", file, Span(*match.span()), "It is wrong. Repair it.", Severity.WARNING, (), repair)


@pytest.fixture(autouse=True)
def stand_in(monkeypatch: pytest.MonkeyPatch) -> None:
    """Rules that are told in the file itself what to find, so that these tests are about fixing alone.

    They look at the files that the analysis followed too: `= 'SEEN'` in one makes `LF401_safe_seen` a finding.
    """

    def found(trace, config):
        source = trace.sources[trace.file]
        others = "".join(each.text for name, each in trace.sources.items() if name != trace.file)
        for match in re.finditer(r"(?P<code>LF\d{3})_(?P<kind>safe|unsafe|none)\((?P<content>[^()]*)\)", source.text):
            finding = _finding(source.name, match)
            if config.enables(finding.code):
                yield replace(finding, fix=config.wanted(finding.code, finding.fix))
        if "= 'SEEN'" in others:
            for match in re.finditer("(?P<code>LF401)_(?P<kind>safe)_(?P<content>seen)", source.text):
                yield _finding(source.name, match)

    monkeypatch.setattr(checking, "findings", found)
    monkeypatch.setattr(Relevance, "holds", lambda relevance, source: True)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for name in ("NO_COLOR", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


@pytest.fixture
def run(folder: Path, capsysbinary: pytest.CaptureFixture[bytes]):
    def call(*arguments: str) -> Run:
        status = main(["check", "--output-format=concise", "--no-cache", "--jobs=1", *arguments])
        captured = capsysbinary.readouterr()
        return status, captured.out.decode(), captured.err.decode()

    return call


HEAD = "import torch\n"
SAFE, UNSAFE, NONE = 'LF201_safe("s")\n', 'LF101_unsafe("u")\n', 'LF301_none("n")\n'


def write(folder: Path, **texts: str) -> None:
    for name, text in texts.items():
        (folder / f"{name}.py").write_text(HEAD + text)


def text(folder: Path, name: str = "a") -> str:
    return (folder / f"{name}.py").read_text().removeprefix(HEAD)


# --- what is written, and the exit status -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "before", "after", "status", "summary"),
    [
        ("", SAFE, SAFE, 1, "Found 1 problem in 1 file.\n1 fixable with --fix.\n"),
        (
            "", SAFE + UNSAFE + NONE, None, 1,
            "Found 3 problems in 1 file.\n1 fixable with --fix, 1 more with --unsafe-fixes.\n",
        ),
        ("--no-fix --unsafe-fixes", SAFE + UNSAFE, None, 1, "Found 2 problems in 1 file.\n2 fixable with --fix.\n"),
        ("--fix", SAFE, '"s"\n', 0, "Found 1 problem in 1 file (1 fixed, 0 remaining).\n"),
        ("--fix", UNSAFE, None, 1, "Found 1 problem in 1 file.\n1 fixable with --unsafe-fixes.\n"),
        (
            "--fix", SAFE + UNSAFE + NONE, '"s"\n' + UNSAFE + NONE, 1,
            "Found 3 problems in 1 file (1 fixed, 2 remaining).\n1 fixable with --unsafe-fixes.\n",
        ),
        (
            "--fix --unsafe-fixes", UNSAFE + SAFE, '"u"\n"s"\n', 0,
            "Found 2 problems in 1 file (2 fixed, 0 remaining).\n",
        ),
        ("--fix --exit-non-zero-on-fix", SAFE, '"s"\n', 1, "Found 1 problem in 1 file (1 fixed, 0 remaining).\n"),
        ("--fix --exit-non-zero-on-fix", "", "", 0, "Found no problem in 1 file.\n"),
        ("--fix --exit-zero", SAFE + NONE, '"s"\n' + NONE, 0, "Found 2 problems in 1 file (1 fixed, 1 remaining).\n"),
        ("--fix-only", SAFE + NONE, '"s"\n' + NONE, 0, "Fixed 1 problem in 1 file.\n"),
        ("--fix-only", NONE, None, 0, "Fixed nothing.\n"),
        ("--fix-only --exit-non-zero-on-fix", SAFE, '"s"\n', 1, "Fixed 1 problem in 1 file.\n"),
        ("--fix --quiet", SAFE, '"s"\n', 0, ""),
        ("--fix --unfixable LF2", SAFE, None, 1, "Found 1 problem in 1 file.\n"),
        ("--fix --fixable LF1", SAFE, None, 1, "Found 1 problem in 1 file.\n"),
        (
            "--fix --fixable LF1 --extend-fixable LF201", SAFE, '"s"\n', 0,
            "Found 1 problem in 1 file (1 fixed, 0 remaining).\n",
        ),
        ("--fix --select LF1", SAFE, None, 0, "Found no problem in 1 file.\n"),
    ],
)  # fmt: skip
def test_fixes_are_made_as_the_options_say(
    folder: Path, run, arguments: str, before: str, after: str | None, status: int, summary: str
) -> None:
    write(folder, a=before)
    found, output, errors = run(*arguments.split())
    assert (found, errors) == (status, "")
    assert text(folder) == (before if after is None else after)
    assert "".join(line for line in output.splitlines(keepends=True) if ".py:" not in line) == summary
    found, output, _ = run(*arguments.split())
    assert text(folder) == (before if after is None else after), "a second run must change nothing"


def test_the_configuration_of_the_current_folder_may_ask_for_fixes(folder: Path, run) -> None:
    write(folder, a=SAFE + UNSAFE)
    (folder / "lossflow.toml").write_text("fix = true\nunsafe-fixes = true\nshow-fixes = true\n")
    assert run("--no-fix")[0] == 1
    assert run("--no-unsafe-fixes", "--no-show-fixes")[:2] == (
        1,
        "a.py:3:1: LF101 It is wrong. Repair it.\n"
        "Found 2 problems in 1 file (1 fixed, 1 remaining).\n1 fixable with --unsafe-fixes.\n",
    )
    assert run()[:2] == (
        0,
        "Fixes:\n  a.py:\n    1 x LF101 (a-rule)\nFound 1 problem in 1 file (1 fixed, 0 remaining).\n",
    )
    assert text(folder) == '"s"\n"u"\n'
    write(folder, a=SAFE)
    (folder / "lossflow.toml").write_text("fix-only = true\n")
    assert run()[:2] == (0, "Fixed 1 problem in 1 file.\n")


def test_a_project_decides_what_is_safe(folder: Path, run) -> None:
    write(folder, a=SAFE + UNSAFE)
    (folder / "lossflow.toml").write_text('extend-safe-fixes = ["LF101"]\nextend-unsafe-fixes = ["LF2"]\n')
    run("--fix")
    assert text(folder) == SAFE + '"u"\n'


def test_findings_that_the_options_fix_are_marked(folder: Path, run) -> None:
    write(folder, a=SAFE + UNSAFE + NONE)
    mark = ("a.py:2:1: LF201 [*] It", "a.py:3:1: LF101 It", "a.py:4:1: LF301 It")
    assert [line.startswith(start) for line, start in zip(run()[1].splitlines(), mark)] == [True] * 3
    assert "a.py:3:1: LF101 [*] It" in run("--unsafe-fixes")[1]


def test_show_fixes_lists_files_codes_and_counts(folder: Path, run) -> None:
    write(folder, a=SAFE + SAFE + UNSAFE, b=SAFE, c=NONE)
    listed = "  a.py:\n    1 x LF101 (a-rule)\n    2 x LF201 (a-rule)\n  b.py:\n    1 x LF201 (a-rule)\n"
    arguments = ("--show-fixes", "--unsafe-fixes")
    assert run("--diff", *arguments)[2] == f"Fixes that would be made:\n{listed}Would fix 4 problems in 2 files.\n"
    assert run("--fix", *arguments)[1] == (
        f"c.py:2:1: LF301 It is wrong. Repair it.\nFixes:\n{listed}"
        "Found 5 problems in 3 files (4 fixed, 1 remaining).\n"
    )


def test_other_formats_hold_what_is_left_and_nothing_else(folder: Path, run) -> None:
    write(folder, a=SAFE + NONE)
    status, output, _ = run("--fix", "--show-fixes", "--output-format", "json")
    assert (status, [row["code"] for row in json.loads(output)]) == (1, ["LF301"])


def test_statistics_count_what_is_left(folder: Path, run) -> None:
    write(folder, a=SAFE + SAFE + UNSAFE)
    assert run("--statistics")[1] == "2  LF201  [*] a-rule\n1  LF101  [ ] a-rule\n"
    assert run("--statistics", "--fix")[1] == "1  LF101  a-rule\n"


def test_findings_that_came_to_light_are_named_as_such(folder: Path, run) -> None:
    write(folder, a="LF201_safe(LF301_none)(1)\n")
    status, output, _ = run("--fix", "--output-format", "full")
    assert (status, text(folder)) == (1, "LF301_none(1)\n")
    assert "note: this came to light through a fix.\n" in output
    assert output.endswith(
        "Found 2 problems in 1 file (1 fixed, 1 remaining).\n1 problem came to light through a fix.\n"
    )


# --- never worse --------------------------------------------------------------------------------------------------


def test_a_fix_that_breaks_the_file_is_named_and_the_others_are_made(folder: Path, run) -> None:
    write(folder, a='y = [LF201_safe(x=1)]\nLF201_safe("s")\n')
    status, output, errors = run("--fix")
    assert text(folder) == 'y = [LF201_safe(x=1)]\n"s"\n'
    assert status == 1
    assert errors.startswith(
        "warning: a.py:2:6: the fix of LF201 was not applied:"
        " after it, the file could not be analysed: it is not valid Python: line 2"
    )
    assert output == ("a.py:2:6: LF201 It is wrong. Repair it.\nFound 2 problems in 1 file (1 fixed, 1 remaining).\n")


def test_a_file_that_cannot_be_written_keeps_its_findings_and_the_others_are_written(
    folder: Path, run, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(folder, a=SAFE, b=SAFE)
    move = os.replace

    def fail_once(source: str, target: Path) -> None:
        if target.name == "a.py":
            raise OSError(28, "No space left on device")
        move(source, target)

    monkeypatch.setattr(os, "replace", fail_once)
    status, output, errors = run("--fix")
    assert (status, errors) == (2, "error: a.py was not fixed: it could not be written: No space left on device.\n")
    assert (text(folder, "a"), text(folder, "b")) == (SAFE, '"s"\n')
    assert output.startswith("a.py:2:1: LF201 [*] It is wrong.")
    assert "Found 2 problems in 2 files (1 fixed, 1 remaining).\n" in output
    assert sorted(path.name for path in folder.iterdir()) == ["a.py", "b.py"]


@pytest.mark.parametrize("option", ["--fix", "--diff"])
def test_a_link_out_of_the_tree_is_refused(folder: Path, run, option: str) -> None:
    tree = folder / "tree"
    tree.mkdir()
    write(folder, outside=SAFE)
    (tree / "link.py").symlink_to("../outside.py")
    os.chdir(tree)
    status, _, errors = run(option)
    assert status == 2
    assert errors.startswith(
        "error: link.py was not fixed: it is a link that leads out of the folder that is checked ("
    )
    assert text(folder, "outside") == SAFE
    os.chdir(folder)
    run("--fix", "tree")
    assert text(folder, "outside") == '"s"\n'


def test_a_file_that_is_not_analysed_is_2_and_the_others_are_fixed(folder: Path, run) -> None:
    write(folder, a="x = (\n", b=SAFE)
    status, _, errors = run("--fix")
    assert (status, text(folder, "b")) == (2, '"s"\n')
    assert errors.startswith("error: a.py was not analysed: it is not valid Python")


# --- several files ------------------------------------------------------------------------------------------------


def test_a_fix_is_seen_by_the_files_that_import_the_fixed_one(folder: Path, run) -> None:
    # a.py comes first, before b.py gets what makes it a finding.
    write(folder, a="from b import x\nx.backward()\nLF401_safe_seen\n", b="x = LF201_safe('SEEN')\n")
    status, output, _ = run("--diff")
    assert "+seen\n" in output
    status, output, _ = run("--fix")
    assert (status, text(folder, "b")) == (0, "x = 'SEEN'\n")
    assert text(folder, "a").endswith("\nseen\n")
    assert run("--fix")[:2] == (0, "Found no problem in 2 files.\n")


# --- diffs --------------------------------------------------------------------------------------------------------


def test_a_diff_writes_nothing_and_can_be_applied(folder: Path, capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    files = {
        "unix.py": b"import torch\nx = LF201_safe(1)\ny = 2\n",
        "windows.py": b"import torch\r\nx = LF201_safe(1)\r\ny = 2\r\n",
        "no newline.py": b"import torch\nx = LF201_safe(1)",
        "bom.py": b"\xef\xbb\xbfx = LF201_safe(1)  # torch \xc3\xa9\n",
        "latin.py": b"# coding: latin-1\nx = LF201_safe(1)  # torch \xe9\n",
        "clean.py": b"import torch\n",
    }
    for name, data in files.items():
        (folder / name).write_bytes(data)
    assert main(["check", "--diff", "--no-cache", "--jobs=1"]) == 1
    assert {name: (folder / name).read_bytes() for name in files} == files
    patch = capsysbinary.readouterr().out
    subprocess.run(["git", "apply", "-p0", "-"], cwd=folder, input=patch, check=True)
    assert {name: (folder / name).read_bytes() for name in files} == {
        name: data.replace(b"LF201_safe(1)", b"1") for name, data in files.items()
    }


def test_no_diff_is_0(folder: Path, run) -> None:
    write(folder, a=UNSAFE + NONE)
    assert run("--diff") == (0, "", "Would fix nothing.\n")
    assert run("--diff", "--quiet") == (0, "", "")
    status, output, errors = run("--diff", "--unsafe-fixes", "--fix")
    assert (status, errors, text(folder)) == (1, "Would fix 1 problem in 1 file.\n", UNSAFE + NONE)
    assert output == (
        '--- a.py\n+++ a.py\n@@ -1,3 +1,3 @@\n import torch\n-LF101_unsafe("u")\n+"u"\n LF301_none("n")\n'
    )
    assert run("--diff", "--unsafe-fixes", "--exit-zero")[0] == 0


def test_a_notebook_has_a_diff_for_each_cell_and_is_fixed_in_its_json(folder: Path, run) -> None:
    sources = (["import torch\n", "%time x"], [SAFE, "!ls"], ["y = 1"], ["LF201_safe(1)"])
    cells = [{"cell_type": "code", "source": source, "outputs": []} for source in sources]
    data = json.dumps({"cells": cells}, indent=1)
    (folder / "a.ipynb").write_text(data)
    status, output, _ = run("--diff")
    assert status == 1
    assert output == (
        '--- a.ipynb:cell 2\t\n+++ a.ipynb:cell 2\t\n@@ -1,2 +1,2 @@\n-LF201_safe("s")\n+"s"\n !ls\n'
        "--- a.ipynb:cell 4\t\n+++ a.ipynb:cell 4\t\n@@ -1 +1 @@\n-LF201_safe(1)\n+1\n"
    )
    assert run("--fix")[0] == 0
    assert (folder / "a.ipynb").read_text() == data.replace(r"LF201_safe(\"s\")", r"\"s\"").replace(
        "LF201_safe(1)", "1"
    )


def test_a_magic_in_the_way_of_a_fix_is_named(folder: Path, run) -> None:
    cells = [{"cell_type": "code", "source": ["import torch\n", "LF201_safe(1); y = %time 1"]}]
    (folder / "a.ipynb").write_text(json.dumps({"cells": cells}))
    before = (folder / "a.ipynb").read_bytes()
    status, _, errors = run("--fix")
    assert status == 1
    assert errors == (
        "warning: a.ipynb:cell 1:2:1: the fix of LF201 was not applied:"
        " it changes line 2 of cell 1, which IPython reads in its own way.\n"
    )
    assert (folder / "a.ipynb").read_bytes() == before


def test_json_holds_edits_by_the_rows_of_the_cell(folder: Path, run) -> None:
    cells = [{"cell_type": "code", "source": source} for source in ("import torch", "y = 1\n" + SAFE)]
    (folder / "a.ipynb").write_text(json.dumps({"cells": cells}))
    (row,) = json.loads(run("--output-format", "json")[1])
    assert row["fix"] == {
        "applicability": "safe",
        "message": 'Write `"s"`.',
        "edits": [
            {
                "cell": 2,
                "location": {"row": 2, "column": 1},
                "end_location": {"row": 2, "column": 16},
                "content": '"s"',
            }
        ],
    }


# --- standard input -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "data", "status", "output", "errors"),
    [
        ("--fix", HEAD + SAFE, 0, HEAD + '"s"\n', "Found 1 problem in 1 file (1 fixed, 0 remaining).\n"),
        (
            "--fix", HEAD + NONE, 1, HEAD + NONE,
            "-:2:1: LF301 It is wrong. Repair it.\nFound 1 problem in 1 file.\n",
        ),
        ("--fix", HEAD + "\r\n" + SAFE, 0, HEAD + '\r\n"s"\n', "Found 1 problem in 1 file (1 fixed, 0 remaining).\n"),
        ("--fix --quiet", "print()", 0, "print()", ""),
        ("--fix-only", HEAD + SAFE + NONE, 0, HEAD + '"s"\n' + NONE, "Fixed 1 problem in 1 file.\n"),
        (
            "--diff", HEAD + SAFE, 1, '--- -\n+++ -\n@@ -1,2 +1,2 @@\n import torch\n-LF201_safe("s")\n+"s"\n',
            "Would fix 1 problem in 1 file.\n",
        ),
        ("--fix --stdin-filename no.py --force-exclude --exclude no.py", HEAD + SAFE, 0, HEAD + SAFE, ""),
    ],
)  # fmt: skip
def test_standard_input_is_printed_fixed(
    run, monkeypatch: pytest.MonkeyPatch, arguments: str, data: str, status: int, output: str, errors: str
) -> None:
    monkeypatch.setattr(sys, "stdin", TextIOWrapper(BytesIO(data.encode())))
    assert run("-", *arguments.split()) == (status, output, errors)


def test_standard_input_that_is_no_python_comes_back(run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", TextIOWrapper(BytesIO(b"import torch\nx = (\n")))
    status, output, errors = run("-", "--fix")
    assert (status, output) == (2, "import torch\nx = (\n")
    assert errors.startswith("error: standard input was not analysed")


def test_standard_input_may_be_a_notebook(run, monkeypatch: pytest.MonkeyPatch) -> None:
    data = json.dumps({"cells": [{"cell_type": "code", "source": HEAD + SAFE}]})
    monkeypatch.setattr(sys, "stdin", TextIOWrapper(BytesIO(data.encode())))
    assert run("-", "--fix", "--stdin-filename", "a.ipynb")[1] == data.replace(r"LF201_safe(\"s\")", r"\"s\"")


# --- a rule of lossflow itself ------------------------------------------------------------------------------------


def test_a_sum_becomes_a_mean(folder: Path, run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()  # no stand-in
    os.chdir(folder)
    (folder / "a.py").write_text(SUMMED)
    assert run("--isolated", "--fix")[0] == 1
    assert (folder / "a.py").read_text() == SUMMED
    assert run("--isolated", "--fix", "--unsafe-fixes")[:2] == (
        0,
        "Found 1 problem in 1 file (1 fixed, 0 remaining).\n",
    )
    assert (folder / "a.py").read_text() == SUMMED.replace('"sum"', '"mean"')
