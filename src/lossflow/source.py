"""Source text as lossflow sees it: decoded once, addressed in character offsets."""
from __future__ import annotations

from dataclasses import dataclass


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
    """A decoded file. `name` is the key under which the run knows it: its absolute path, or the name given for standard input."""

    name: str
    text: str

    def location(self, offset: int) -> Location:
        """The line and column of a character offset."""
        head = self.text[:offset]
        return Location(head.count("\n") + 1, offset - head.rfind("\n"))
