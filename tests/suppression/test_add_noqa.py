"""`--add-noqa`: after it nothing is reported, nothing else has changed, and a second run has nothing to do."""

from __future__ import annotations

import ast
import json
from pathlib import Path

import pytest

from lossflow.checking import check
from lossflow.configuration.config import Config
from lossflow.document import Document
from lossflow.suppression.edits import Silenced, silenced
from tests.suppression.test_noqa import CASES, HEAD, SUM, TAIL

ROOT = Path(__file__).resolve().parents[2]
FIXTURES = sorted((ROOT / "fixtures" / "rules").rglob("flagged_*.py"))


def added(data: bytes, reason: str = "", *, name: str = "x.py") -> Silenced:
    document = Document.of(name, data)
    report = check(document.source, Config())
    assert report.failure is None
    return silenced(document, report.findings, reason)


def left(document: Document) -> list[str]:
    return [finding.code for finding in check(document.source, Config()).findings]


def line(code: str, reason: str = "") -> str:
    """What becomes of the code between HEAD and TAIL."""
    text = added(f"{HEAD}{code}\n{TAIL}".encode(), reason).document.source.text
    assert text.startswith(HEAD)
    assert text.endswith(f"\n{TAIL}")
    return text[len(HEAD) : -len(TAIL) - 1]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (SUM, f"{SUM}  # noqa: LF101"),
        (f"{SUM}   ", f"{SUM}  # noqa: LF101"),
        (f"{SUM}  # on purpose", f"{SUM}  # on purpose  # noqa: LF101"),
        (f"{SUM}  # type: ignore[misc]", f"{SUM}  # type: ignore[misc]  # noqa: LF101"),
        (f"{SUM}  # noqa: E501", f"{SUM}  # noqa: E501, LF101"),
        (f"{SUM}  # noqa: E501,", f"{SUM}  # noqa: E501, LF101,"),
        (f"{SUM}  # noqa:E501,W291", f"{SUM}  # noqa:E501,W291,LF101"),
        (f"{SUM}  # NOQA: E501, W291", f"{SUM}  # NOQA: E501, W291, LF101"),
        (f"{SUM}  # noqa: E501 # type: ignore", f"{SUM}  # noqa: E501, LF101 # type: ignore"),
        (f"{SUM}  # noqa: E501 - a long line", f"{SUM}  # noqa: E501, LF101 - a long line"),
        (f"{SUM}  # noqa: lf101", f"{SUM}  # noqa: lf101, LF101"),
        ("c = nn.MSELoss(  # 1\nNone, None, 'sum')", "c = nn.MSELoss(  # 1  # noqa: LF101\nNone, None, 'sum')"),
        ('c = \\\n    nn.MSELoss(reduction="sum")', 'c = \\\n    nn.MSELoss(reduction="sum")  # noqa: LF101'),
        (f'{SUM}; t = """\n# no\ntwo"""', f'{SUM}; t = """\n# no\ntwo"""  # noqa: LF101'),
        (f'{SUM}; t = """\n# no\ntwo"""  # noqa: E501', f'{SUM}; t = """\n# no\ntwo"""  # noqa: E501, LF101'),
    ],
)  # fmt: skip
def test_the_comment_stands_where_flake8_reads_it(before: str, after: str) -> None:
    tail = TAIL.replace("criterion", "c") if before.startswith("c ") else TAIL
    text = added(f"{HEAD}{before}\n{tail}".encode()).document.source.text
    assert text == f"{HEAD}{after}\n{tail}"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (SUM, f"{SUM}  # noqa: LF101 - v2 needs it"),
        (f"{SUM}  # noqa: E501", f"{SUM}  # noqa: E501, LF101 - v2 needs it"),
        (f"{SUM}  # noqa: E501# type: ignore", f"{SUM}  # noqa: E501, LF101 - v2 needs it # type: ignore"),
        (f"{SUM}  # noqa: E501 for the log", f"{SUM}  # noqa: E501, LF101 for the log"),
    ],
)
def test_a_reason_follows_the_codes(before: str, after: str) -> None:
    assert line(before, "v2 needs it") == after


@pytest.mark.parametrize("case", [case for case, (_, shown) in CASES.items() if shown])
def test_what_flake8_shows_gets_a_comment_that_it_reads(case: str) -> None:
    done = added(f"{HEAD}{CASES[case][0]}\n{TAIL}".encode())
    assert not done.refused
    assert left(done.document) == []
    assert ast.dump(ast.parse(done.document.source.text)) == ast.dump(ast.parse(done.before.source.text))


@pytest.mark.parametrize("case", [case for case, (_, shown) in CASES.items() if not shown])
def test_what_is_silent_stays_as_it_is(case: str) -> None:
    done = added(f"{HEAD}{CASES[case][0]}\n{TAIL}".encode())
    assert done.document.data == done.before.data


@pytest.mark.parametrize("text", ['"# noqa: E501"', '"""\n# noqa: E501\n"""'])
def test_a_string_that_flake8_takes_for_the_comment_is_not_edited(text: str) -> None:
    done = added(f"{HEAD}{SUM}; text = {text}\n{TAIL}".encode())
    assert done.document.data == done.before.data
    ((finding, reason),) = done.refused
    assert finding.code == "LF101"
    assert reason == "flake8 takes the `# noqa` in a string on that line for the comment, and reads no other"


@pytest.mark.parametrize("path", FIXTURES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_every_flagged_fixture_is_silent_after_it_and_stays_as_it_is_after_a_second_time(path: Path) -> None:
    done = added(path.read_bytes(), name=str(path))
    assert not done.refused
    assert ast.dump(ast.parse(done.document.data)) == ast.dump(ast.parse(done.before.data))
    assert left(done.document) == []


@pytest.mark.parametrize(
    ("encoding", "newline", "head"),
    [("utf-8-sig", "\r\n", "# é"), ("latin-1", "\r\n", "# coding: latin-1\n# é"), ("utf-8", "\r", "# é")],
)
def test_encoding_and_newlines_stay(encoding: str, newline: str, head: str) -> None:
    text = f"{head}\n{HEAD}{SUM}  # ü\n{TAIL}".replace("\n", newline)
    after = text.replace("# ü", "# ü  # noqa: LF101")
    assert added(text.encode(encoding)).document.data == after.encode(encoding)


def test_a_file_without_a_newline_at_its_end() -> None:
    data = f"{HEAD}{SUM}\nloss = criterion(model(x), y)\nloss.backward(); optimizer.step()".encode()
    assert left(added(data).document) == []


def test_a_reason_that_the_encoding_lacks_is_refused() -> None:
    done = added(f"# coding: latin-1\n{HEAD}{SUM}\n{TAIL}".encode(), "日")
    assert done.document.data == done.before.data
    assert "lacks a character" in done.refused[0][1]


def test_a_notebook_keeps_its_json_and_its_magics() -> None:
    cells = [["%matplotlib inline\n", *HEAD.splitlines(keepends=True)], [f"{SUM}"], [TAIL]]
    notebook = {"cells": [{"cell_type": "code", "source": source} for source in cells], "nbformat": 4}
    text = json.dumps(notebook, indent=1) + "\n"
    done = added(text.encode(), name="x.ipynb")
    quoted = json.dumps(SUM)[:-1]
    assert done.document.data.decode() == text.replace(quoted, f"{quoted}  # noqa: LF101")
    assert left(done.document) == []
