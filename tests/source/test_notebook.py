"""Notebooks: all code cells are one program, and findings stand in their cell."""

from __future__ import annotations

import json
import warnings
from pathlib import Path

import pytest

from lossflow import notebook
from lossflow.checking import check_file
from lossflow.configuration.config import Config
from lossflow.errors import NotAnalysed
from lossflow.notebook import read
from lossflow.source import Location

SETUP = "import torch\nfrom torch import nn\n\nmodel = nn.Linear(4, 1)\n"
TRAIN = (
    "optimizer = torch.optim.SGD(model.parameters(), lr=0.1)\n"
    'criterion = nn.MSELoss(reduction="sum")\n'
    "for x, y in torch.utils.data.DataLoader([]):\n"
    "    optimizer.zero_grad()\n"
    "    criterion(model(x), y).backward()\n"
    "    optimizer.step()"
)


def _notebook(*cells: str | tuple[str, str], metadata: object = None) -> bytes:
    made = []
    for cell in cells:
        kind, text = cell if isinstance(cell, tuple) else ("code", cell)
        made.append({"cell_type": kind, "source": text.splitlines(keepends=True)})
    return json.dumps({"cells": made, "metadata": metadata or {}, "nbformat": 4}).encode()


def _findings(path: Path, data: bytes) -> list[tuple[str, Location]]:
    path.write_bytes(data)
    report = check_file(path, Config())
    assert report.whole
    return [(f.code, report.sources[f.file].location(f.span.start)) for f in report.findings]


def test_a_loss_is_followed_from_cell_to_cell(tmp_path: Path) -> None:
    data = _notebook(SETUP, ("markdown", "# Training"), TRAIN)
    assert _findings(tmp_path / "a.ipynb", data) == [("LF101", Location(2, 13, 2))]


@pytest.mark.parametrize(
    "line",
    [
        "%matplotlib inline",
        "!pip install torch",
        "files = !ls",
        "device = %env DEVICE",
        "model?",
        "torch.nn??",
        "?model",
        "  %timeit -n 1 print()".strip(),
    ],
)
def test_what_ipython_adds_does_not_break_the_program(tmp_path: Path, line: str) -> None:
    data = _notebook(SETUP + line + "\n", f"{line}\n" + TRAIN)
    assert _findings(tmp_path / "a.ipynb", data) == [("LF101", Location(3, 13, 2))]


def test_a_magic_in_an_indented_line(tmp_path: Path) -> None:
    data = _notebook(SETUP, "if True:\n    %time print(1)\n" + TRAIN)
    assert _findings(tmp_path / "a.ipynb", data) == [("LF101", Location(4, 13, 2))]


def test_a_cell_of_another_language_is_passed_over(tmp_path: Path) -> None:
    data = _notebook(SETUP, "%%bash\nfor x in a; do echo $x; done\n", "%%time\n" + TRAIN)
    assert _findings(tmp_path / "a.ipynb", data) == [("LF101", Location(3, 13, 3))]


def test_a_percent_sign_at_the_start_of_a_line_of_python_is_left_alone() -> None:
    cell = "text = '''\n%d of them\n'''\nrest = (7\n% 4)\n"
    assert read("a.ipynb", _notebook(cell)).text == cell


def test_a_percent_sign_that_continues_a_line_is_left_alone_below_a_magic(tmp_path: Path) -> None:
    printed = '\n    print("step %d"\n          % 3)\n'
    data = _notebook(SETUP, "%matplotlib inline\n" + TRAIN + printed)
    assert _findings(tmp_path / "a.ipynb", data) == [("LF101", Location(3, 13, 2))]


def test_a_cell_that_is_indented_as_a_whole_keeps_its_columns(tmp_path: Path) -> None:
    indented = "\n" + "".join(f"  {line}\n" for line in TRAIN.split("\n"))
    data = _notebook(SETUP, indented, "%time\nprint(criterion)")
    assert _findings(tmp_path / "a.ipynb", data) == [("LF101", Location(3, 15, 2))]


def test_an_indented_cell_reaches_no_further_than_its_end() -> None:
    source = read("a.ipynb", _notebook("    x = 1\n", "y = 2\n", "if True:\r\n    z = 3\n"))
    assert [source.line(source.row(start)) for start in source.cells] == ["    x = 1", "y = 2", "if True:"]
    assert source.described(source.row(source.text.index("z"))) == "line 2 of cell 3"


def test_noqa_silences_a_line_of_a_cell(tmp_path: Path) -> None:
    data = _notebook(SETUP, TRAIN.replace('"sum")', '"sum")  # noqa: LF101'))
    assert _findings(tmp_path / "a.ipynb", data) == []


def test_a_notebook_in_another_language_has_no_findings(tmp_path: Path) -> None:
    data = _notebook("library(torch)\nloss <- 1\n", metadata={"kernelspec": {"language": "R"}})
    assert _findings(tmp_path / "a.ipynb", data) == []


def test_the_format_of_2011_is_read_too() -> None:
    old = {"worksheets": [{"cells": [{"cell_type": "code", "input": ["x = 1\n"]}]}], "nbformat": 3}
    assert read("a.ipynb", json.dumps(old).encode()).text == "x = 1\n"


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b'{"cells": [', "its JSON is broken (line 1)"),
        (b"[]", "its JSON is not an object"),
        (b"\xff\xfe", "not valid UTF-8"),
    ],
)
def test_a_broken_notebook_is_not_analysed(data: bytes, reason: str) -> None:
    with pytest.raises(NotAnalysed) as caught:
        read("a.ipynb", data)
    assert reason in str(caught.value)


def test_a_cell_that_is_not_python_is_named_and_the_others_are_analysed(tmp_path: Path) -> None:
    path = tmp_path / "a.ipynb"
    path.write_bytes(_notebook(SETUP, "%matplotlib inline\ndef broken(:\n    loss\n", TRAIN, "print 'done'"))
    report = check_file(path, Config())
    assert [(each.code, report.sources[each.file].location(each.span.start)) for each in report.findings] == [
        ("LF101", Location(2, 13, 3))
    ]
    assert (report.whole, report.failure) == (False, None)
    first, second = report.omitted
    assert first.startswith("cell 2, which is not valid Python: line 2, ")
    assert second.startswith("cell 4, which is not valid Python: line 1, ")


def test_python_does_not_warn_of_the_cells(recwarn: pytest.WarningsRecorder) -> None:
    warnings.simplefilter("always")
    assert read("a.ipynb", _notebook('x = "\\models"', "y = 'a' b'b'")).broken
    assert [str(each.message) for each in recwarn] == []


def test_a_cell_that_both_parsers_refuse_after_they_read_it_is_named() -> None:
    (reason,) = read("a.ipynb", _notebook("x = 1", "y = 'a' b'b'")).broken
    assert reason.startswith("cell 2, which is not valid Python: line 1, ")


def test_the_words_of_a_broken_cell_still_make_the_notebook_matter(tmp_path: Path) -> None:
    path = tmp_path / "a.ipynb"
    path.write_bytes(_notebook("x = 1", "import torch as"))
    assert len(check_file(path, Config()).omitted) == 1
    path.write_bytes(_notebook("x = 1", "x = "))
    assert check_file(path, Config()).whole


def test_a_broken_cell_that_is_indented_is_named_by_its_own_line() -> None:
    (reason,) = read("a.ipynb", _notebook("  x = 1\n  y = = 2\n")).broken
    assert reason.startswith("cell 1, which is not valid Python: line 2, ")


def test_syntax_that_only_the_parser_of_lossflow_knows_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(text: str) -> None:
        raise SyntaxError("too new")

    monkeypatch.setattr(notebook.ast, "parse", refuse)
    source = read("a.ipynb", _notebook("%cd ..\nx = 1\n", "x = ("))
    assert source.text == "pass\nx = 1\n# x = (\n"
    assert source.broken == ("cell 2, which is not valid Python: line 1, too new",)


def test_the_file_is_left_as_it_is(tmp_path: Path) -> None:
    data = _notebook(SETUP, TRAIN)
    _findings(tmp_path / "a.ipynb", data)
    assert (tmp_path / "a.ipynb").read_bytes() == data
