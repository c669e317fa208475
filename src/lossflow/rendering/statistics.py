"""How often each rule fired, and how much of that can be fixed."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from lossflow.checking import FileReport
from lossflow.findings import fixable
from lossflow.rendering.places import findings


@dataclass(frozen=True, slots=True)
class _Row:
    """A rule that fired."""

    count: int
    code: str
    name: str
    fixable: int

    @property
    def mark(self) -> str:
        """`[*]` where every finding can be fixed, `[-]` where some can, `[ ]` where none can."""
        return "[*]" if self.fixable == self.count else "[-]" if self.fixable else "[ ]"


def _rows(reports: Iterable[FileReport], *, unsafe: bool) -> list[_Row]:
    """A row for each rule that fired, the most frequent first."""
    found = [finding for finding, _, _ in findings(reports)]
    counts = Counter((finding.code, finding.name) for finding in found)
    repairs = Counter(finding.code for finding in found if fixable(finding, unsafe=unsafe))
    rows = [_Row(number, code, name, repairs[code]) for (code, name), number in counts.items()]
    return sorted(rows, key=lambda row: (-row.count, row.code))


def text(reports: Iterable[FileReport], *, unsafe: bool = False) -> str:
    """A line for each rule, with marks where any finding can be fixed."""
    rows = _rows(reports, unsafe=unsafe)
    width = len(str(max((row.count for row in rows), default=0)))
    marked = any(row.fixable for row in rows)
    lines = [f"{row.count:>{width}}  {row.code}  {row.mark + ' ' if marked else ''}{row.name}\n" for row in rows]
    return "".join(lines)


def json_text(reports: Iterable[FileReport], *, unsafe: bool = False) -> str:
    """A JSON list with an object for each rule, with ruff's keys."""
    rows = [
        {
            "code": row.code,
            "name": row.name,
            "count": row.count,
            "fixable": row.fixable == row.count,
            "fixable_count": row.fixable,
        }
        for row in _rows(reports, unsafe=unsafe)
    ]
    return json.dumps(rows, indent=2) + "\n"
