"""How often each rule fired."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable

from lossflow.checking import FileReport
from lossflow.rendering.places import findings


def _rows(reports: Iterable[FileReport]) -> list[tuple[int, str, str]]:
    """Count, code and name of each rule that fired, the most frequent first."""
    counts = Counter((finding.code, finding.name) for finding, _, _ in findings(reports))
    return sorted(((count, *rule) for rule, count in counts.items()), key=lambda row: (-row[0], row[1]))


def text(reports: Iterable[FileReport]) -> str:
    """A line for each rule."""
    rows = _rows(reports)
    width = len(str(max((count for count, _, _ in rows), default=0)))
    return "".join(f"{count:>{width}}  {code}  {name}\n" for count, code, name in rows)


def json_text(reports: Iterable[FileReport]) -> str:
    """A JSON list with an object for each rule."""
    rows = [{"code": code, "name": name, "count": count} for count, code, name in _rows(reports)]
    return json.dumps(rows, indent=2) + "\n"
