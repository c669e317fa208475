"""What must hold of any program: it is analysed, and what its fixes make of it is Python still."""

from __future__ import annotations

import ast
import warnings
from functools import partial

from lossflow.checking import FileReport, check
from lossflow.configuration.config import Config
from lossflow.document import Document
from lossflow.fixing.rounds import fix
from lossflow.source import Source

NAME = "/train.py"


def assert_survives(text: str) -> FileReport:
    """The report of the program, whose fixes were tried: each alone, the safe ones together, and all of them."""
    document = Document.of(NAME, text.encode())
    report = check(document.source, Config())
    assert report.failure is None, f"{report.failure}\n\n{text}"
    for finding in report.findings:
        if finding.fix is not None and finding.file == NAME:
            _assert_parses(document.edited(finding.fix.edits).source, text)
    for unsafe in (False, True):
        fixed = fix(document, partial(check, config=Config()), unsafe=unsafe)
        assert not fixed.dropped, f"{fixed.dropped[0].reason}\n\n{text}"
        _assert_parses(fixed.after.source, text)
    return report


def _assert_parses(after: Source, before: str) -> None:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of `1 is x`, which was there before
            ast.parse(after.text)
    except SyntaxError as error:
        raise AssertionError(f"{error}\n\n{after.text}\n\nwas made of\n\n{before}") from None
