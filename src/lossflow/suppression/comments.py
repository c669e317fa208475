"""`# noqa` comments, read as flake8 7.5 reads them, so that a comment means the same to both front ends."""

from __future__ import annotations

import re
import tokenize
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from io import StringIO

# A blank before the colon, or two after it, make it a comment without codes, which silences everything.
_LINE = re.compile(r"# noqa(?::\s?(?P<codes>(?:[A-Z]+[0-9]+[,\s]*)+))?", re.IGNORECASE)
# Only at the start of a line; what follows is not read, so that codes there change nothing: the whole file is silent.
_FILE = re.compile(r"\s*# flake8[:=]\s*noqa", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Code:
    """A code in a `# noqa`: its line and column, both from 1."""

    word: str
    row: int
    column: int


@dataclass(frozen=True, slots=True)
class Run:
    """The lines `first` to `last`, which flake8 reads as one, and the first `# noqa` in them.

    `comment` is the column, from 1, at which the comment on the last line begins: a `# noqa` may stand in a string too.
    """

    first: int
    last: int
    text: str
    comment: int | None
    found: re.Match[str] | None

    @property
    def codes(self) -> tuple[Code, ...] | None:
        """The codes of the `# noqa`; None where it has none, and so silences everything."""
        if self.found is None or self.found["codes"] is None:
            return None
        start, words = self.found.start("codes"), re.finditer(r"[^,\s]+", self.found["codes"])
        return tuple(Code(word.group(), *self._place(start + word.start())) for word in words)

    @property
    def in_comment(self) -> bool:
        """True when the `# noqa` stands in a comment."""
        if self.found is None or self.comment is None:
            return False
        return self._place(self.found.start()) >= (self.last, self.comment)

    def silences(self, code: str) -> bool:
        """True when the `# noqa` silences the code."""
        if self.found is None:
            return False
        # Upper and lower case count here, though the pattern takes both.
        return self.codes is None or any(code.startswith(each.word) for each in self.codes)

    def _place(self, offset: int) -> tuple[int, int]:
        before = self.text[:offset]
        return self.first + before.count("\n"), offset - (before.rfind("\n") + 1) + 1


class Suppressions:
    """The `# noqa` comments of a text."""

    def __init__(self, text: str) -> None:
        """Read the comments of `text` when they are first asked for."""
        self._text = text

    @cached_property
    def _lines(self) -> list[str]:
        return StringIO(self._text, newline=None).readlines()

    @cached_property
    def whole_file(self) -> bool:
        """True when the file asks for no findings at all."""
        return any(_FILE.match(line) for line in self._lines)

    def silences(self, code: str, row: int) -> bool:
        """True when a comment silences the code on that line, from 1."""
        if self.whole_file:
            return True
        found = self._by_row.get(row) if self._any else None
        return found is not None and found.silences(code)

    def commented(self) -> tuple[Run, ...]:
        """The lines with a `# noqa` of their own."""
        return tuple(run for run in self._runs if run.in_comment) if self._any else ()

    def run(self, row: int) -> Run | None:
        """The lines that are read as one with that line; None where the text can't be split into tokens."""
        return self._by_row.get(row) if self._tokenized is not None else None

    @cached_property
    def _any(self) -> bool:
        return any(_LINE.search(line) for line in self._lines)

    @cached_property
    def _by_row(self) -> dict[int, Run]:
        return {row: run for run in self._runs for row in range(run.first, run.last + 1)}

    @cached_property
    def _runs(self) -> list[Run]:
        single = [(row, row, None) for row in range(1, len(self._lines) + 1)]
        runs = []
        for first, last, comment in self._tokenized or single:
            text = "".join(self._lines[first - 1 : last])
            runs.append(Run(first, last, text, comment, _LINE.search(text)))
        return runs

    @cached_property
    def _tokenized(self) -> list[tuple[int, int, int | None]] | None:
        """The first and last line of every run of lines that a multi-line string or a backslash joins.

        With them comes where the comment begins. None for a text that can't be split into tokens.
        """
        try:
            return list(self._joined())
        except (tokenize.TokenError, SyntaxError):
            return None

    def _joined(self) -> Iterator[tuple[int, int, int | None]]:
        first, last, comment = len(self._lines) + 1, 0, None
        lines = iter(self._lines)
        for token in tokenize.generate_tokens(lambda: next(lines)):
            if token.type in (tokenize.ENDMARKER, tokenize.DEDENT):
                continue  # these stand after the line that they end
            first, last = min(first, token.start[0]), max(last, token.end[0])
            if token.type == tokenize.COMMENT:
                comment = token.start[1] + 1
            if token.type in (tokenize.NL, tokenize.NEWLINE):
                yield first, last, comment
                first, last, comment = len(self._lines) + 1, 0, None
