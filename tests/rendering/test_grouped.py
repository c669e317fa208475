"""The findings of each file below its name."""

from __future__ import annotations

import re
from pathlib import Path

from tests.rendering.conftest import Project


def test_findings_stand_below_the_name_of_their_file(project: Project) -> None:
    output = project.run("grouped", "legacy.py", "book.ipynb", "clean.py", "summed.py")
    shown = [re.sub(r"(LF\d+(?: \[\*\])?) .*", r"\1", line) for line in output.splitlines()]
    assert shown == [
        "legacy.py:",
        "  4:36 LF301 [*]",
        "  4:67 LF301 [*]",
        "  5:34 LF302",
        "",
        "book.ipynb:",
        "  cell 2:2:13 LF101",
        "  cell 2:2:37 LF301 [*]",
        "",
        "summed.py:",
        "  5:13 LF101",
        "",
        "Found 6 problems in 3 files.",
        "3 fixable with --fix, 2 more with --unsafe-fixes.",
        "1 notebook could be analysed only in part.",
    ]


def test_rows_and_columns_are_aligned(project: Project) -> None:
    far = f"\n\n\n\n\nf = nn.L1Loss(size_average=True); {'g' * 40} = nn.L1Loss(size_average=True)\n"
    Path("legacy.py").write_text(Path("legacy.py").read_text(encoding="utf-8") + far, encoding="utf-8")
    output = project.run("grouped", "legacy.py", "--quiet", "--select", "LF3", status=1)
    places = [line.partition("LF")[0] for line in output.splitlines()[1:-1]]
    assert places == ["   4:36  ", "   4:67  ", "   5:34  ", "  11:28  ", "  11:101 "]


def test_a_fix_that_the_options_allow_is_marked(project: Project) -> None:
    assert "  5:13 LF101 [*] " in project.run("grouped", "summed.py", "--unsafe-fixes", status=1)
