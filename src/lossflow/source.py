"""Source text as lossflow sees it: decoded once, addressed in character offsets."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cached_property
from io import BytesIO
from tokenize import detect_encoding

from lossflow.errors import NotAnalysed

_BOM = b"\xef\xbb\xbf"
STDIN = "-"
"""The name of standard input, where it is given none."""
NEWLINE = re.compile(r"\r\n?|\n")
"""What Python's tokenizer takes for the end of a line. `str.splitlines` would also split at form feeds and U+2028."""


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """Characters `start` to `end` (exclusive) of a decoded text, from 0."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Edit:
    """Replace the characters of `span` by `content`."""

    span: Span
    content: str


@dataclass(frozen=True, slots=True, order=True)
class Location:
    """A line and column as people count them, from 1; `cell` is the number of the code cell of a notebook."""

    row: int
    column: int
    cell: int | None = None


@dataclass(frozen=True)
class Source:
    """A decoded file. `name` is the key under which the run knows it: its absolute path, or the name of standard input.

    `text` has neither a byte-order mark nor translated newlines, so that `to_bytes` gives back what was read.
    """

    name: str
    text: str
    encoding: str = "utf-8"
    bom: bool = False
    cells: tuple[int, ...] = ()  # where the code cells of a notebook begin in `text`
    broken: tuple[str, ...] = ()  # the cells that are only comments in `text`, each with the reason

    @staticmethod
    def from_bytes(name: str, data: bytes) -> Source:
        """Decode a file as PEP 263 says; raises NotAnalysed where Python could not read it either."""
        if b"\0" in data:
            row = data.count(b"\n", 0, data.index(b"\0")) + 1
            raise NotAnalysed(f"it contains a NUL byte on line {row}, so it is not Python source text")
        bom = data.startswith(_BOM)
        body = data[len(_BOM) :] if bom else data
        encoding = _declared_encoding(data)
        return Source(name, _decode(body, encoding), encoding or "utf-8", bom)

    def to_bytes(self) -> bytes:
        """The file as it stands on disk: in its own encoding, with its byte-order mark and its newlines."""
        return (_BOM if self.bom else b"") + self.text.encode(self.encoding)

    def row(self, offset: int) -> int:
        """The line of a character offset in the whole text, from 1."""
        return bisect_right(self._starts, offset)

    def location(self, offset: int) -> Location:
        """The line and column of a character offset; in a notebook, the cell and the line in it."""
        row = self.row(offset)
        column = offset - self._starts[row - 1] + 1
        cell = bisect_right(self.cells, offset)
        return Location(row - self.row(self.cells[cell - 1]) + 1, column, cell) if cell else Location(row, column)

    def offset(self, row: int) -> int:
        """The character at which a line of the whole begins."""
        return self._starts[row - 1]

    def line(self, row: int) -> str:
        """The text of a line of the whole, from 1, without its newline; empty past the end."""
        if not 1 <= row <= len(self._starts):
            return ""
        end = self._starts[row] if row < len(self._starts) else len(self.text)
        return self.text[self._starts[row - 1] : end].rstrip("\r\n")

    def described(self, row: int) -> str:
        """A line of the whole as people find it: `line 12`, or `line 3 of cell 2` of a notebook."""
        place = self.location(self._starts[min(row, len(self._starts)) - 1])
        return f"line {place.row}" if place.cell is None else f"line {place.row} of cell {place.cell}"

    @property
    def newline(self) -> str:
        """The newline that the file uses, by its first line."""
        found = NEWLINE.search(self.text)
        return found.group() if found else "\n"

    def edited(self, edits: Iterable[Edit]) -> Source:
        """The file with `edits` applied to its text."""
        return replace(self, text=apply_edits(self.text, edits))

    @cached_property
    def _starts(self) -> tuple[int, ...]:
        """The offset at which each line starts."""
        return (0, *(found.end() for found in NEWLINE.finditer(self.text)))


def apply_edits(text: str, edits: Iterable[Edit]) -> str:
    """The text with every edit applied; raises ValueError where two overlap, because their order would matter."""
    pieces: list[str] = []
    done = 0
    for edit in sorted(edits, key=lambda edit: edit.span):
        if edit.span.start < done:
            raise ValueError(f"two edits overlap at character {edit.span.start}")
        pieces += (text[done : edit.span.start], edit.content)
        done = edit.span.end
    return "".join((*pieces, text[done:]))


def _declared_encoding(data: bytes) -> str | None:
    """The encoding that the first two lines declare, None where they declare none."""
    head = data.split(b"\n", 2)[:2]
    if not any(b"coding" in line for line in head):
        return None
    try:
        encoding, _ = detect_encoding(BytesIO(data).readline)
    except SyntaxError as error:
        # Python reports bytes that the declared encoding lacks in the same way as an encoding that it doesn't know.
        raise NotAnalysed(f"its encoding could not be made out: {error.msg}") from None
    except (LookupError, ValueError) as error:
        # Python 3.14 decodes the line, and `rot13` is for no text.
        raise NotAnalysed(f"its encoding could not be made out: {error}") from None
    return "utf-8" if encoding == "utf-8-sig" else encoding


def _decode(data: bytes, encoding: str | None) -> str:
    try:
        text = data.decode(encoding or "utf-8")
        text.encode()  # `unicode_escape` and its like yield lone surrogates, which no parser takes
    except UnicodeDecodeError as error:
        row = data.count(b"\n", 0, error.start) + 1
        byte = data[error.start : error.start + 1].hex()
        if encoding is None:
            reason = f"it is not valid UTF-8 (byte 0x{byte} on line {row}) and declares no other encoding"
        else:
            reason = f"it is not valid {encoding}, the encoding that it declares (byte 0x{byte} on line {row})"
        raise NotAnalysed(reason) from None
    except (LookupError, ValueError) as error:
        raise NotAnalysed(f"it declares the encoding {encoding}, which does not decode it: {error}") from None
    return text


_TEST_FILE = re.compile(r"(?:^|[/\\])(?:test_[^/\\]*|[^/\\]*_test)\.py$")
_TEST = re.compile(r"^\s*(?:async )?def test_\w+\(", re.MULTILINE)


def is_test(source: Source) -> bool:
    """True for a file of unit tests: pytest would collect it by its name, and finds tests in it.

    A test takes a few steps on whatever a model returns, to see that something moves: it trains nothing, so that the
    size of its steps is nobody's concern. The name alone is no evidence: `mnist_test.py` may be a training script.
    """
    return bool(_TEST_FILE.search(source.name) and _TEST.search(source.text))
