"""The output formats, on findings made by hand: what rules say may change, how it is printed may not."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from lossflow.checking import FileReport
from lossflow.findings import Finding, Fix, Related, Role, Safety, Severity
from lossflow.rendering import concise, full, github, json_format, statistics, summary
from lossflow.rendering.styled import coloured, plain
from lossflow.source import Edit, Source, Span

TEXT = (
    'criterion = nn.MSELoss(reduction="sum")\n\n\n\n\n\n\n\n'
    'for x in loader:\n\tloss = f("损失", é)\n\tloss.backward()\n'
)


def span(text: str) -> Span:
    start = TEXT.index(text)
    return Span(start, start + len(text))


@pytest.fixture
def report(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FileReport:
    monkeypatch.chdir(tmp_path)
    name, other = str(tmp_path / "train, 100%.py"), str(tmp_path / "lib.py")
    summed = Finding(
        "LF101",
        "sum-with-fixed-lr",
        name,
        span('nn.MSELoss(reduction="sum")'),
        "The loss grows at 100%. Doubling B doubles it. Use `mean`, or divide: by B.",
        Severity.WARNING,
        (
            Related(Role.BACKWARD, name, span("loss.backward()"), "backward is here"),
            Related(Role.LEARNING_RATE, other, Span(5, 7), "the learning rate is here"),
        ),
        Fix(Safety.UNSAFE, "Write `mean`, which is `len(x)` times less.", (Edit(span('"sum"'), '"mean"'),)),
    )
    unreduced = Finding("LF201", "unreduced-backward", name, span('f("损失", é)'), "It raises.", Severity.ERROR)
    return FileReport(name, (summed, unreduced), {name: Source(name, TEXT), other: Source(other, "lr = .1\n")})


def test_concise(report: FileReport) -> None:
    assert plain(concise.lines([report])).splitlines() == [
        "train, 100%.py:1:13: LF101 The loss grows at 100%. Doubling B doubles it. Use `mean`, or divide: by B.",
        "train, 100%.py:10:9: LF201 It raises.",
    ]


def test_full(report: FileReport) -> None:
    assert plain(full.lines([report])) == (
        "LF101 [sum-with-fixed-lr] The loss grows at 100%. Doubling B doubles it.\n"
        "  --> train, 100%.py:1:13\n"
        "   |\n"
        ' 1 | criterion = nn.MSELoss(reduction="sum")\n'
        "   |             ^^^^^^^^^^^^^^^^^^^^^^^^^^^\n"
        "   |\n"
        "   = backward is here:\n"
        "11 |     loss.backward()\n"
        "   |     ---------------\n"
        "   |\n"
        "   = the learning rate is here (lib.py):\n"
        " 1 | lr = .1\n"
        "   |      --\n"
        "   |\n"
        "   = help: Use `mean`, or divide: by B.\n"
        "   = help: Write `mean`, which is `len(x)` times less.\n"
        "\n"
        "LF201 [unreduced-backward] It raises.\n"
        "  --> train, 100%.py:10:9\n"
        "   |\n"
        '10 |     loss = f("损失", é)\n'
        "   |            ^^^^^^^^^^^^\n"
        "   |\n"
        "\n"
    )


def test_a_finding_that_the_options_fix_is_marked(report: FileReport) -> None:
    assert (
        plain(concise.lines([report], unsafe=True))
        .splitlines()[0]
        .startswith("train, 100%.py:1:13: LF101 [*] The loss grows")
    )
    assert plain(full.lines([report], unsafe=True)).startswith("LF101 [*] [sum-with-fixed-lr] The loss")
    assert statistics.text([report]) == "1  LF101  sum-with-fixed-lr\n1  LF201  unreduced-backward\n"
    assert statistics.text([report], unsafe=True) == (
        "1  LF101  [*] sum-with-fixed-lr\n1  LF201  [ ] unreduced-backward\n"
    )
    rows = json.loads(statistics.json_text([report], unsafe=True))
    assert [(row["fixable"], row["fixable_count"]) for row in rows] == [(True, 1), (False, 0)]


@pytest.mark.parametrize(
    ("message", "said"),
    [
        ("Use `mean`.", True),
        ("Use `mean` of `len(x)`.", False),
        ("Divide: by B", True),
        ("Divide by B.", False),
    ],
)
def test_full_says_once_what_to_do(report: FileReport, message: str, said: bool) -> None:
    summed = report.findings[0]
    finding = replace(summed, fix=Fix(Safety.SAFE, message, ()))
    printed = plain(full.lines([replace(report, findings=(finding,))]))
    assert (f"= help: {message}" not in printed) is said


def test_a_finding_that_came_to_light_is_named_as_such(report: FileReport) -> None:
    reports = [replace(report, new=frozenset(report.findings[1:]))]
    printed = plain(full.lines(reports))
    assert printed.count("   = note: this came to light through a fix.\n") == 1
    assert printed.index("LF201") < printed.index("this came to light")
    assert "1 problem came to light through a fix.\n" in plain(summary.lines(reports))


@pytest.mark.parametrize(
    ("safeties", "unsafe", "fixing", "line"),
    [
        ("", False, False, ""),
        ("s", False, False, "1 fixable with --fix.\n"),
        ("ssu", False, False, "2 fixable with --fix, 1 more with --unsafe-fixes.\n"),
        ("u", False, False, "1 fixable with --fix --unsafe-fixes.\n"),
        ("su", True, False, "2 fixable with --fix.\n"),
        ("u", False, True, "1 fixable with --unsafe-fixes.\n"),
        ("u", True, True, ""),
    ],
)
def test_the_summary_says_how_many_are_fixable_and_how(
    report: FileReport, safeties: str, unsafe: bool, fixing: bool, line: str
) -> None:
    made = [Safety.SAFE if letter == "s" else Safety.UNSAFE for letter in safeties]
    found = tuple(replace(report.findings[1], fix=Fix(safety, "Do.", ())) for safety in made)
    lines = summary.lines([replace(report, findings=found)], unsafe=unsafe, fixed={} if fixing else None)
    assert plain(lines).partition("\n")[2] == line


def test_the_summary_counts_what_is_fixed(report: FileReport) -> None:
    name = report.file
    assert plain(summary.lines([report, FileReport("b.py")], fixed={name: 3, "b.py": 1})).startswith(
        "Found 6 problems in 2 files (4 fixed, 2 remaining).\n"
    )
    assert plain(summary.lines([FileReport("b.py")], fixed={"b.py": 1})) == (
        "Found 1 problem in 1 file (1 fixed, 0 remaining).\n"
    )


def test_colours_are_escape_sequences_around_the_same_text(report: FileReport) -> None:
    import re

    printed = coloured(full.lines([report]))
    assert "\x1b[1;31mLF101\x1b[0m" in printed
    stripped = re.sub(r"\x1b\[[0-9;]*m", "", printed)
    assert [line.rstrip() for line in stripped.splitlines()] == plain(full.lines([report])).splitlines()


def test_a_file_commands_no_terminal() -> None:
    text = 'x = "\x1b]0;owned\x07" + f()\n'
    finding = Finding("LF201", "n", "x.py", Span(text.index("f()"), len(text) - 1), "It raises.")
    printed = plain(full.lines([FileReport("x.py", (finding,), {"x.py": Source("x.py", text)})]))
    assert "\x1b" not in printed
    assert "\x07" not in printed
    assert printed.splitlines()[3].index("f()") == printed.splitlines()[4].index("^")


def test_a_span_over_lines_is_shown_by_its_first() -> None:
    text = "loss = f(\n    x\n)\n"
    finding = Finding("LF201", "n", "x.py", Span(7, len(text) - 1), "It raises.")
    printed = plain(full.lines([FileReport("x.py", (finding,), {"x.py": Source("x.py", text)})]))
    assert printed.splitlines()[3:5] == ["1 | loss = f(", "  |        ^^"]


def test_json(report: FileReport, tmp_path: Path) -> None:
    first, second = json.loads(json_format.text([report]))
    name, other = str(tmp_path / "train, 100%.py"), str(tmp_path / "lib.py")
    assert first == {
        "code": "LF101",
        "name": "sum-with-fixed-lr",
        "message": "The loss grows at 100%. Doubling B doubles it. Use `mean`, or divide: by B.",
        "filename": name,
        "cell": None,
        "location": {"row": 1, "column": 13},
        "end_location": {"row": 1, "column": 40},
        "related": [
            {
                "role": "backward",
                "filename": name,
                "cell": None,
                "location": {"row": 11, "column": 2},
                "message": "backward is here",
            },
            {
                "role": "learning-rate",
                "filename": other,
                "cell": None,
                "location": {"row": 1, "column": 6},
                "message": "the learning rate is here",
            },
        ],
        "fix": {
            "applicability": "unsafe",
            "message": "Write `mean`, which is `len(x)` times less.",
            "edits": [
                {
                    "cell": None,
                    "location": {"row": 1, "column": 34},
                    "end_location": {"row": 1, "column": 39},
                    "content": '"mean"',
                }
            ],
        },
        "url": None,
    }
    assert (second["fix"], second["related"]) == (None, [])
    assert second["location"] == {"row": 10, "column": 9}
    assert second["end_location"] == {"row": 10, "column": 19}
    assert json.loads(json_format.text([])) == []


def test_full_names_the_cell_of_another_place_in_a_notebook(report: FileReport) -> None:
    finding = report.findings[0]
    notebook = Source(finding.file, TEXT, cells=(0, TEXT.index("for")))
    printed = plain(full.lines([replace(report, sources={**report.sources, finding.file: notebook})]))
    assert ":cell 1:1:13\n" in printed
    assert "  = backward is here (cell 2):\n" in printed
    assert "  = the learning rate is here (lib.py):\n" in printed


def test_github(report: FileReport, tmp_path: Path) -> None:
    file = f"{tmp_path}/train%2C 100%25.py"
    assert github.text([report]).splitlines() == [
        f"::error title=lossflow (LF101),file={file},line=1,col=13,endLine=1,endColumn=40::"
        "train, 100%25.py:1:13: LF101 The loss grows at 100%25. Doubling B doubles it. Use `mean`, or divide: by B.",
        f"::error title=lossflow (LF201),file={file},line=10,col=9,endLine=10,endColumn=19::"
        "train, 100%25.py:10:9: LF201 It raises.",
    ]


@pytest.mark.parametrize(
    ("clean", "failed", "flagged", "lines"),
    [
        (1, 0, 0, "Found no problem in 1 file.\n"),
        (3, 0, 0, "Found no problem in 3 files.\n"),
        (1, 0, 1, "Found 2 problems in 1 file.\n1 fixable with --fix --unsafe-fixes.\n"),
        (
            0,
            1,
            2,
            "Found 4 problems in 2 files.\n2 fixable with --fix --unsafe-fixes.\n1 file could not be analysed.\n",
        ),
        (1, 2, 0, "Found no problem in 1 file.\n2 files could not be analysed.\n"),
        (0, 1, 0, "1 file could not be analysed.\n"),
        (0, 0, 0, ""),
    ],
)
def test_summary(report: FileReport, clean: int, failed: int, flagged: int, lines: str) -> None:
    reports = [FileReport("a.py")] * clean + [FileReport("b.py", failure="no")] * failed + [report] * flagged
    assert plain(summary.lines(reports)) == lines


def test_the_summary_counts_notebooks_that_lost_a_cell(report: FileReport) -> None:
    reports = [replace(report, omitted=("cell 2, no",)), FileReport("b.ipynb", omitted=("cell 1, no", "cell 3, no"))]
    assert plain(summary.lines(reports)) == (
        "Found 2 problems in 1 file.\n1 fixable with --fix --unsafe-fixes.\n"
        "2 notebooks could be analysed only in part.\n"
    )
