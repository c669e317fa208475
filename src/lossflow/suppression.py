"""`# noqa` comments, read as flake8 7.5 reads them, so that a comment means the same to both front ends."""

from __future__ import annotations

import re
import tokenize
from functools import cached_property
from io import StringIO

# A blank before the colon, or two after it, make it a comment without codes, which silences everything.
_LINE = re.compile(r"# noqa(?::\s?(?P<codes>(?:[A-Z]+[0-9]+[,\s]*)+))?", re.IGNORECASE)
# Only at the start of a line; what follows is not read, so that codes there change nothing: the whole file is silent.
_FILE = re.compile(r"\s*# flake8[:=]\s*noqa", re.IGNORECASE)


class Suppressions:
    """The `# noqa` comments of a text."""

    def __init__(self, text: str) -> None:
        """Read the comments of `text` when they are first asked for."""
        self._lines = StringIO(text, newline=None).readlines()

    @cached_property
    def whole_file(self) -> bool:
        """True when the file asks for no findings at all."""
        return any(_FILE.match(line) for line in self._lines)

    def silences(self, code: str, row: int) -> bool:
        """True when a comment silences the code on that line, from 1."""
        if self.whole_file:
            return True
        found = self._comments.get(row)
        if found is None:
            return False
        codes: str | None = found["codes"]
        # Upper and lower case count here, though the pattern takes both.
        return codes is None or code.startswith(tuple(word for word in re.split(r"[,\s]", codes) if word))

    @cached_property
    def _comments(self) -> dict[int, re.Match[str]]:
        """The comment that holds for each line: the first one of the lines that are joined with it."""
        comments: dict[int, re.Match[str]] = {}
        if any(_LINE.search(line) for line in self._lines):
            for first, last in self._joined():
                found = _LINE.search("".join(self._lines[first - 1 : last]))
                if found:
                    comments.update(dict.fromkeys(range(first, last + 1), found))
        return comments

    def _joined(self) -> list[tuple[int, int]]:
        """The first and last line of every run of lines that a multi-line string or a backslash joins."""
        runs = []
        first, last = len(self._lines) + 1, 0
        lines = iter(self._lines)
        try:
            for token in tokenize.generate_tokens(lambda: next(lines)):
                if token.type in (tokenize.ENDMARKER, tokenize.DEDENT):
                    continue  # these stand after the line that they end
                first, last = min(first, token.start[0]), max(last, token.end[0])
                if token.type in (tokenize.NL, tokenize.NEWLINE):
                    runs.append((first, last))
                    first, last = len(self._lines) + 1, 0
        except (tokenize.TokenError, SyntaxError):
            return [(row, row) for row in range(1, len(self._lines) + 1)]
        return runs
