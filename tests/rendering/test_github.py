"""Workflow commands, read back as the runner of GitHub reads them."""

from __future__ import annotations

import re
from pathlib import Path

from tests.rendering.conftest import ODD, Project

_COMMAND = re.compile(r"::(?P<name>[a-z]+) (?P<properties>[^\n]*?)::(?P<data>[^\n]*)")


def read(output: str) -> list[tuple[dict[str, str], str]]:
    """The properties and the message of each command, one a line."""
    commands = []
    for line in output.split("\n")[:-1]:
        match = _COMMAND.fullmatch(line)
        assert match is not None, line
        assert match["name"] == "error"
        pairs = (pair.split("=", 1) for pair in match["properties"].split(","))
        commands.append(({key: _plain(value, "%3A:", "%2C,") for key, value in pairs}, _plain(match["data"])))
    return commands


def _plain(text: str, *more: str) -> str:
    for escaped in ("%0D\r", "%0A\n", *more, "%25%"):
        text = text.replace(escaped[:3], escaped[3])
    return text


def test_a_project(project: Project) -> None:
    commands = read(project.run("github"))
    code = str(project.code)
    assert len(commands) == 9
    assert sorted(command["title"] for command, _ in commands) == [
        *["lossflow"] * 2,
        *["lossflow (LF101)"] * 3,
        *["lossflow (LF301)"] * 3,
        "lossflow (LF302)",
    ]
    properties, message = next(each for each in commands if each[0]["file"].endswith("train.py"))
    assert properties == {
        "title": "lossflow (LF101)",
        "file": f"{code}/{ODD}/train.py",
        "line": "6",
        "col": "13",
        "endLine": "6",
        "endColumn": "19",
    }
    assert message.startswith(f"{ODD}/train.py:6:13: LF101 `nn.MSELoss` ")


def test_columns_are_those_of_a_single_line(project: Project) -> None:
    Path("summed.py").write_text(
        Path("summed.py").read_text().replace('nn.MSELoss(reduction="sum")', 'nn.MSELoss(\n    reduction="sum"\n)')
    )
    ((properties, _),) = read(project.run("github", "summed.py", status=1))
    assert {key: properties.get(key) for key in ("line", "endLine", "col", "endColumn")} == {
        "line": "5",
        "endLine": "7",
        "col": None,
        "endColumn": None,
    }


def test_a_notebook_is_annotated_on_its_first_line_and_the_cell_named(project: Project) -> None:
    (properties, message), *_ = read(project.run("github", "book.ipynb"))
    assert properties == {"title": "lossflow (LF101)", "file": f"{project.code}/book.ipynb", "line": "1"}
    assert message.startswith("book.ipynb:cell 2:2:13: LF101 ")


def test_what_was_not_analysed_is_an_error_of_its_file(project: Project) -> None:
    (cell, cell_says), (broken, broken_says) = sorted(read(project.run("github"))[-2:], key=lambda each: each[1])
    assert cell == {"title": "lossflow", "file": f"{project.code}/book.ipynb"}
    assert cell_says.startswith("book.ipynb was analysed without cell 3, which is not valid Python")
    assert broken == {"title": "lossflow", "file": f"{project.code}/{ODD}/broken.py"}
    assert broken_says.startswith(f"{ODD}/broken.py was not analysed: it is not valid Python: line 2")
