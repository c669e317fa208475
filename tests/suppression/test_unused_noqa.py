"""Codes of lossflow in `# noqa` comments that silence nothing; everything else in the comments is not ours to judge."""

from __future__ import annotations

import pytest

from lossflow.checking import check
from lossflow.configuration.config import Config
from lossflow.configuration.tables import Table
from lossflow.source import Source
from tests.suppression.test_noqa import HEAD, SUM, TAIL


def unused(code: str, **values: object) -> list[tuple[str, int, int]]:
    """What is unused between HEAD and TAIL: the code, its row from the end of HEAD, and its column."""
    config = Config().apply(Table("test", "", {key.replace("_", "-"): value for key, value in values.items()}))
    report = check(Source("x.py", f"{HEAD}{code}\n{TAIL}"), config)
    assert report.failure is None
    rows = HEAD.count("\n")
    return [(each.code, each.location.row - rows, each.location.column) for each in report.unused]


@pytest.mark.parametrize(
    ("code", "found"),
    [
        (f"{SUM}  # noqa: LF101", []),
        (f"{SUM}  # noqa: LF1", []),
        (f"{SUM}  # noqa: LF102", [("LF102", 1, len(SUM) + 11)]),
        (f"{SUM}  # noqa: E501,LF101, LF303", [("LF303", 1, len(SUM) + 23)]),
        (f"{SUM}  # noqa: LF101,LF101", [("LF101", 1, len(SUM) + 17)]),
        (f"{SUM}\nx = 1  # noqa: LF2", [("LF2", 2, 16)]),
        (f"{SUM}\nx = 1  # noqa: LF999", [("LF999", 2, 16)]),
        (f"{SUM}\nx = 1  # noqa", []),
        (f"{SUM}\nx = 1  # noqa: E501,XLF101", []),
        (f"{SUM}\nx = '# noqa: LF101'", []),
        (f"{SUM}\nx = '''\n# noqa: LF101\n'''  # a comment", []),
        (f"{SUM}\n# flake8: noqa\nx = 1  # noqa: LF101", []),
        ('criterion = \\\n    nn.MSELoss(reduction="sum")  # noqa: LF101', []),
        ('criterion = nn.MSELoss(\n    reduction="sum"  # noqa: LF101\n)', [("LF101", 2, 30)]),
        (f"{SUM}\nx = 1  # noqa: LF108", []),
    ],
)
def test_codes_that_silence_nothing(code: str, found: list[tuple[str, int, int]]) -> None:
    assert unused(code) == found


def test_a_rule_that_is_off_is_not_judged() -> None:
    code = f"{SUM}\nx = 1  # noqa: LF301"
    assert unused(code) == [("LF301", 2, 16)]
    assert unused(code, ignore=["LF301"]) == []
    assert unused(code, per_file_ignores={"x.py": ["LF3"]}) == []
    assert unused(code, select=["LF302"]) == []
    assert unused(f"{SUM}\nx = 1  # noqa: LF108", extend_select=["LF108"]) == [("LF108", 2, 16)]
    # A prefix is there for each of its rules.
    assert unused(f"{SUM}\nx = 1  # noqa: LF3", ignore=["LF301"]) == []


def test_a_file_that_cannot_matter_may_have_such_comments_too() -> None:
    report = check(Source("x.py", "x = 1  # noqa: LF101\n"), Config())
    assert [each.code for each in report.unused] == ["LF101"]


def test_a_front_end_that_reads_the_comments_itself_is_told_nothing() -> None:
    assert check(Source("x.py", "x = 1  # noqa: LF101\n"), Config(), noqa=False).unused == ()
