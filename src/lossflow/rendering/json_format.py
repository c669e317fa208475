"""JSON with ruff's keys, and the related locations on top."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator

from lossflow.checking import FileReport
from lossflow.findings import Finding, Fix
from lossflow.rendering.places import findings
from lossflow.source import Location, Source


def text(reports: Iterable[FileReport]) -> str:
    """A list of findings."""
    return json.dumps([*rows(reports)], indent=2) + "\n"


def rows(reports: Iterable[FileReport]) -> Iterator[dict[str, object]]:
    """The object of each finding."""
    for finding, source, report in findings(reports):
        yield _finding(finding, source, report)


def _finding(finding: Finding, source: Source, report: FileReport) -> dict[str, object]:
    start = source.location(finding.span.start)
    return {
        "code": finding.code,
        "name": finding.name,
        "message": finding.message,
        "filename": finding.file,
        "cell": start.cell,
        "location": location(start),
        "end_location": location(source.location(finding.span.end)),
        "related": [
            {
                "role": place.role.value,
                "filename": place.file,
                "cell": (where := report.sources[place.file].location(place.span.start)).cell,
                "location": location(where),
                "message": place.message,
            }
            for place in finding.related
        ],
        "fix": None if finding.fix is None else _fix(finding.fix, source),
        "url": None,
    }


def _fix(fix: Fix, source: Source) -> dict[str, object]:
    return {
        "applicability": fix.safety.value,
        "message": fix.message,
        "edits": [
            {
                "cell": source.location(edit.span.start).cell,
                "location": location(source.location(edit.span.start)),
                "end_location": location(source.location(edit.span.end)),
                "content": edit.content,
            }
            for edit in fix.edits
        ],
    }


def location(place: Location) -> dict[str, int]:
    """A place of the file, or of its cell, as ruff writes it."""
    return {"row": place.row, "column": place.column}
