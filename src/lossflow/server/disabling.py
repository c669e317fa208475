"""The `# noqa` comment that disables a code for a line, where flake8 reads it."""

from __future__ import annotations

import re
import tokenize
from io import StringIO

from lossflow.document import Document
from lossflow.errors import NotEdited
from lossflow.findings import Finding
from lossflow.source import Edit, Source, Span
from lossflow.suppression import Suppressions

_CODES = re.compile(r"# noqa:\s?(?:[A-Z]+[0-9]+[,\s]*)*[A-Z]+[0-9]+", re.IGNORECASE)
_LINES = 100
"""How far below a finding its comment may stand: that many lines of a string may follow on it."""


def disabled(document: Document, finding: Finding) -> Document:
    """The document with a comment that silences the finding; raises NotEdited where there can be none.

    The comment is tried at the end of the line, and of each below it, until it silences the finding and leaves the code
    alone: so it ends up behind a string of several lines, or behind lines that backslashes join.
    """
    source = document.source
    row = source.row(finding.span.start)
    tokens = _tokens(source.text)
    for each in range(row, min(row + _LINES, source.row(len(source.text)) + 1)):
        edit = _edit(source, each, finding.code)
        text = source.edited([edit]).text
        if Suppressions(text).silences(finding.code, row) and _tokens(text) == tokens:
            return document.edited([edit])
    raise NotEdited("no comment on that line, or below it, would silence the finding")


def _edit(source: Source, row: int, code: str) -> Edit:
    """The code at the end of the codes of the line's comment, or in a comment of its own."""
    line, start = source.line(row), source.offset(row)
    found = _CODES.search(line)
    if found is not None:
        return Edit(Span(start + found.end(), start + found.end()), f", {code}")
    end = len(line.rstrip())
    return Edit(Span(start + end, start + len(line)), f"  # noqa: {code}")


def _tokens(text: str) -> list[tuple[int, str]] | None:
    """The tokens of the code; None for what has none."""
    kinds = (tokenize.COMMENT, tokenize.NL)
    tokens = tokenize.generate_tokens(StringIO(text, newline=None).readline)
    try:
        return [(token.type, token.string) for token in tokens if token.type not in kinds]
    except (tokenize.TokenError, SyntaxError):
        return None
