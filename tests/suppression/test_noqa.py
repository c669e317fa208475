"""`# noqa` means to `lossflow check` what it means to flake8: both run on the same tricky files."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from lossflow.checking import check
from lossflow.configuration.config import Config
from lossflow.source import Source
from lossflow.suppression.comments import Suppressions

HEAD = """\
import torch
from torch import nn

model = nn.Linear(4, 1)
optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
"""
TAIL = """
for inputs, targets in loader:
    optimizer.zero_grad()
    criterion(model(inputs), targets).backward()
    optimizer.step()
"""
SUM = 'criterion = nn.MSELoss(reduction="sum")'

# What stands between HEAD and TAIL, and whether flake8 7.5 shows the LF101 in it.
CASES = {
    "no comment": (SUM, True),
    "bare": (f"{SUM}  # noqa", False),
    "this code": (f"{SUM}  # noqa: LF101", False),
    "another code": (f"{SUM}  # noqa: LF102", True),
    "a prefix": (f"{SUM}  # noqa: LF1", False),
    "the whole family": (f"{SUM}  # noqa: LF", False),
    "letters alone are no code": (f"{SUM}  # noqa: all", False),
    "a list": (f"{SUM}  # noqa: E501,LF101", False),
    "a list with blanks": (f"{SUM}  # noqa: E501 , LF101", False),
    "a list without commas": (f"{SUM}  # noqa: E501 LF101", False),
    "a list of others": (f"{SUM}  # noqa: E501,W291", True),
    "codes glued together": (f"{SUM}  # noqa: E501LF101", True),
    "two blanks after the colon": (f"{SUM}  # noqa:  E501", False),
    "no blank after the colon": (f"{SUM}  # noqa:LF101", False),
    "a blank before the colon": (f"{SUM}  # noqa : E501", False),
    "upper case": (f"{SUM}  # NOQA: LF101", False),
    "a code in lower case": (f"{SUM}  # noqa: lf101", True),
    "no blank after the hash": (f"{SUM}  #noqa", True),
    "two blanks after the hash": (f"{SUM}  #  noqa", True),
    "a word that starts so": (f"{SUM}  # noqabc", False),
    "after another comment": (f"{SUM}  # summed on purpose # noqa: LF101", False),
    "with a reason": (f"{SUM}  # noqa: LF101 - the batch never changes", False),
    "two comments, the first counts": (f"{SUM}  # noqa: E501 # noqa: LF101", True),
    "inside a string": (f'{SUM}; text = "# noqa"', False),
    "on the line before": (f"# noqa\n{SUM}", True),
    "on the line after": (f"{SUM}\n# noqa", True),
    "on the first line of a bracket": ('criterion = nn.MSELoss(  # noqa\n    reduction="sum"\n)', False),
    "on an inner line of a bracket": ('criterion = nn.MSELoss(\n    reduction="sum"  # noqa\n)', True),
    "on the last line of a bracket": ('criterion = nn.MSELoss(\n    reduction="sum"\n)  # noqa', True),
    "after a backslash": ('criterion = \\\n    nn.MSELoss(reduction="sum")  # noqa', False),
    "after two backslashes": ('criterion \\\n    = \\\n    nn.MSELoss(reduction="sum")  # noqa: LF101', False),
    "after a multi-line string": (f'{SUM}; text = """\none\ntwo"""  # noqa', False),
    "within a multi-line string": (f'{SUM}; text = """\n# noqa\ntwo"""', False),
    "after a multi-line f-string": (f"{SUM}; text = f'''\n{{1}}\ntwo'''  # noqa", False),
    "of a string that ended before": (f'text = """\none"""  # noqa\n{SUM}', True),
    "for the file": (f"# flake8: noqa\n{SUM}", False),
    "for the file, indented": (f"    # flake8: noqa\n{SUM}", False),
    "for the file, with an equals sign": (f"# flake8=noqa\n{SUM}", False),
    "for the file, upper case": (f"# FLAKE8: NOQA\n{SUM}", False),
    "for the file, with codes": (f"# flake8: noqa: E501\n{SUM}", False),
    "for the file, after code": (f"x = 1  # flake8: noqa\n{SUM}", True),
    "for the file, after the code itself": (f"{SUM}  # flake8: noqa", True),
    "for the file, in a string": (f'text = """\n# flake8: noqa\n"""\n{SUM}', False),
    "for the file, over two lines": (f"# flake8:\n# noqa\n{SUM}", True),
    "for the file, without blank": (f"# flake8:noqa\n{SUM}", False),
    "with CRLF": (f"{SUM}  # noqa\r\n", False),
    "with CRLF and a backslash": ('criterion = \\\r\n    nn.MSELoss(reduction="sum")  # noqa\r\n', False),
}


@pytest.fixture(scope="module")
def shown_by_flake8(tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    """The cases in which flake8 itself shows LF101, from one run over a file for each."""
    folder = tmp_path_factory.mktemp("noqa")
    for number, (code, _) in enumerate(CASES.values()):
        (folder / f"case{number}.py").write_bytes(f"{HEAD}{code}\n{TAIL}".encode())
    command = [sys.executable, "-m", "flake8", "--isolated", "--select=LF", "--format=%(path)s %(code)s", str(folder)]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    assert not run.stderr
    shown = {Path(line.split()[0]).stem for line in run.stdout.splitlines() if line.endswith("LF101")}
    return {name for number, name in enumerate(CASES) if f"case{number}" in shown}


def _shown_by_check(code: str) -> bool:
    report = check(Source("x.py", f"{HEAD}{code}\n{TAIL}"), Config())
    assert report.failure is None
    return [finding.code for finding in report.findings] == ["LF101"]


@pytest.mark.parametrize("case", CASES)
def test_check_and_flake8_read_the_comment_alike(case: str, shown_by_flake8: set[str]) -> None:
    code, shown = CASES[case]
    assert (_shown_by_check(code), case in shown_by_flake8) == (shown, shown)


def test_comments_of_text_that_cannot_be_tokenized_hold_for_their_own_line() -> None:
    comments = Suppressions('x = 1  # noqa\ny = (  # noqa: LF101\nz = """\n')
    assert [comments.silences("LF101", row) for row in (1, 2, 3, 4)] == [True, True, False, False]


def test_a_front_end_may_read_the_comments_itself() -> None:
    source = Source("x.py", f"{HEAD}{SUM}  # noqa\n{TAIL}")
    assert not check(source, Config()).findings
    assert [finding.code for finding in check(source, Config(), noqa=False).findings] == ["LF101"]
