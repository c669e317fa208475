"""What holds of every output format."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from lossflow.checking import FileReport
from lossflow.cli import main
from lossflow.formats import FORMATS
from lossflow.rendering.problems import problems
from tests.rendering.conftest import Project


def test_the_help_lists_the_formats(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["check", "--help"])
    listed = "".join(capsys.readouterr().out.split())
    assert "--output-format{full,concise,grouped,json,json-lines,github,gitlab,junit,rdjson,sarif}" in listed
    assert ",".join(FORMATS) in listed


@pytest.mark.parametrize("form", FORMATS)
def test_every_format_shows_every_finding(project: Project, form: str) -> None:
    output = project.run(form, "--color", "never")
    # A rule that SARIF describes is named there without a finding too.
    assert output.count('"ruleId": "LF' if form == "sarif" else "LF101") >= 3
    assert "]]" in output
    assert "\x1b" not in output


@pytest.mark.parametrize("form", FORMATS)
def test_a_format_imports_no_other(form: str, tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("x = 1\n")
    script = (
        "import sys\nfrom lossflow.cli import main\n"
        f"main(['check', '--output-format', {form!r}])\n"
        "print('', *sys.modules, sep='\\n', file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=tmp_path, capture_output=True, text=True, check=True)
    loaded = {name.removeprefix("lossflow.rendering.") for name in done.stderr.split()}
    shared = {"json_format"} if form == "json-lines" else set()
    assert loaded & {each.module for each in FORMATS.values()} == {FORMATS[form].module} | shared


@pytest.mark.parametrize("form", FORMATS)
def test_a_report_goes_to_the_file_alone(project: Project, form: str) -> None:
    printed = project.run(form)
    assert project.run(form, "--output-file", "reports/deep/lossflow.out") == ""
    assert Path("reports/deep/lossflow.out").read_bytes() == printed.encode()


def test_a_report_that_cannot_be_written_is_2_and_a_sentence(
    project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, reason in (("clean.py/report", "File exists"), (".", "Is a directory")):
        assert main(["check", "clean.py", "--exit-zero", "-o", name]) == 2
        captured = capsys.readouterr()
        assert captured.out == ""
        assert captured.err == f"error: the report could not be written to `{name}`: {reason}.\n"


def test_names_in_no_known_encoding_are_written(project: Project) -> None:
    Path(os.fsdecode(b"a\xff.py")).write_text(Path("summed.py").read_text())
    project.run("concise", os.fsdecode(b"a\xff.py"), "-o", "out", status=1)
    assert Path("out").read_text(encoding="utf-8").startswith(r"a\udcff.py:5:13: LF101 ")


@pytest.mark.parametrize(("reason", "end"), [("it is wrong", "it is wrong."), ("did you mean print?", "mean print?")])
def test_the_sentence_about_a_cell_ends_once(reason: str, end: str) -> None:
    for report in (FileReport("a.ipynb", failure=reason), FileReport("a.ipynb", omitted=(reason,))):
        (problem,) = problems(report)
        assert problem.endswith(end)


def test_a_file_takes_counts_and_fixes_and_no_colours(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    file = Path("out")
    assert project.run("concise", "--statistics", "-o", "out") == ""
    assert file.read_text().startswith("3  LF101  ")
    assert project.run("concise", "summed.py", "-o", "out", status=1) == ""
    assert file.read_text().startswith("summed.py:5:13: LF101 ")
    project.run("concise", "summed.py", "-o", "out", "--color", "always", status=1)
    assert file.read_text().startswith("\x1b[1msummed.py:5:13\x1b[0m: ")
    assert project.run("concise", "legacy.py", "--fix-only", "-o", "out", status=0) == ""
    assert file.read_text() == "Fixed 2 problems in 1 file.\n"


@pytest.mark.parametrize("form", [name for name, form in FORMATS.items() if not form.for_people])
def test_a_run_that_reports_nothing_of_what_is_left_gives_programs_an_empty_report(project: Project, form: str) -> None:
    empty = project.run(form, "clean.py", status=0)
    assert project.run(form, "legacy.py", "--fix-only", "--diff", "-o", "out", status=1).startswith("--- legacy.py\n")
    assert Path("out").read_text() == empty
    assert project.run(form, "legacy.py", "--fix-only", status=0) == empty


@pytest.mark.parametrize(
    ("form", "empty"),
    [("json", "[]\n"), ("json-lines", ""), ("github", ""), ("gitlab", "[]\n"), ("grouped", ""), ("concise", "")],
)
def test_nothing_found_is_an_empty_report(project: Project, form: str, empty: str) -> None:
    assert project.run(form, "clean.py", "--quiet", status=0) == empty
