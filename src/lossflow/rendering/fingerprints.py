"""Fingerprints, by which a site knows a finding again after the lines above it have moved."""

from __future__ import annotations

import re
from collections import Counter
from hashlib import sha256

from lossflow.source import Source

_WINDOW = 100  # characters that a hash covers
_NEWLINE = re.compile(r"\r\n?")
_END = "\uffff" + "\0" * _WINDOW


class LineHashes:
    """The hash of each line of a source, as the `upload-sarif` action of GitHub computes it.

    It covers the hundred characters from the start of the line on, whitespace left out, and counts how often they have
    come up so far. The action computes it where a report has none, and complains where a report has another one.
    """

    def __init__(self, source: Source) -> None:
        """Of a notebook, the lines are those of its program."""
        # GitHub takes every file for UTF-8, and a byte-order mark for a character of the first line.
        text = ("\ufeff" if source.bom else "") + source.text
        dense = _NEWLINE.sub("\n", text).replace(" ", "").replace("\t", "")
        self._units = (dense + _END).encode("utf-16-le")  # a character of JavaScript is two bytes
        self._starts = _line_starts(dense.encode("utf-16-le"))

    def of(self, row: int) -> str:
        """The hash of a line of the whole, from 1."""
        window = self._window(row)
        seen = sum(self._window(other) == window for other in range(1, row + 1))
        value = 0
        for at in range(0, len(window), 2):
            value = (value * 37 + int.from_bytes(window[at : at + 2], "little")) % 2**64
        return f"{value:x}:{seen}"

    def _window(self, row: int) -> bytes:
        start = self._starts[row - 1]
        return self._units[start : start + 2 * _WINDOW]


def _line_starts(units: bytes) -> list[int]:
    return [0, *(at + 2 for at in range(0, len(units), 2) if units[at : at + 2] == b"\n\0")]


class Fingerprints:
    """Gives each finding of a run a fingerprint of its own, and the same in every run."""

    def __init__(self) -> None:
        """No finding has one yet."""
        self._lines: dict[str, LineHashes] = {}
        self._given: Counter[tuple[str, ...]] = Counter()

    def line(self, source: Source, row: int) -> str:
        """The hash of a line of the whole, as GitHub computes it."""
        if source.name not in self._lines:
            self._lines[source.name] = LineHashes(source)
        return self._lines[source.name].of(row)

    def of(self, *parts: str) -> str:
        """The fingerprint of what these parts make up, told apart from what was made up of the same ones before."""
        self._given[parts] += 1
        return sha256("\0".join((*parts, str(self._given[parts]))).encode("utf-8", "surrogatepass")).hexdigest()
