"""The Reviewdog Diagnostic Format, which reviewdog turns into review comments with suggestions."""

from __future__ import annotations

import json
from collections.abc import Iterable

from lossflow.checking import FileReport
from lossflow.findings import Finding, Fix, Severity
from lossflow.rendering.places import findings, in_words, shown
from lossflow.rendering.problems import all_problems
from lossflow.source import Edit, Source, Span, apply_edits

_SEVERITIES = {Severity.ERROR: "ERROR", Severity.WARNING: "WARNING", Severity.NOTE: "INFO"}


def text(reports: Iterable[FileReport]) -> str:
    """One result, with a diagnostic for each finding, and for each file that was not analysed."""
    reports = list(reports)
    diagnostics = [_finding(finding, source, report) for finding, source, report in findings(reports)]
    for file, problem in all_problems(reports):
        diagnostics.append({"message": problem, "location": {"path": shown(file)}, "severity": "ERROR"})
    result = {"source": {"name": "lossflow"}, "severity": "WARNING", "diagnostics": diagnostics}
    return json.dumps(result, indent=2) + "\n"


def _finding(finding: Finding, source: Source, report: FileReport) -> dict[str, object]:
    diagnostic: dict[str, object] = {
        "message": _message(source, finding.span, finding.message),
        "location": _location(source, finding.span),
        "severity": _SEVERITIES[finding.severity],
        "code": {"value": finding.code},
    }
    if finding.related:
        diagnostic["related_locations"] = [
            {
                "message": _message(report.sources[place.file], place.span, place.message),
                "location": _location(report.sources[place.file], place.span),
            }
            for place in finding.related
        ]
    if finding.fix is not None and not source.cells:
        diagnostic["suggestions"] = [_suggestion(finding.fix, source)]
    return diagnostic


def _message(source: Source, span: Span, message: str) -> str:
    """The message; in a notebook with the place, because reviewdog would take it for one in the JSON."""
    return f"{in_words(source.location(span.start))}: {message}" if source.cells else message


def _location(source: Source, span: Span) -> dict[str, object]:
    path: dict[str, object] = {"path": shown(source.name)}
    return path if source.cells else {**path, "range": _range(source, span)}


def _range(source: Source, span: Span) -> dict[str, object]:
    return {"start": _position(source, span.start), "end": _position(source, span.end)}


def _position(source: Source, offset: int) -> dict[str, int]:
    """A line and column from 1, where columns count the bytes of UTF-8."""
    start = source.location(offset)
    before = source.text[offset - start.column + 1 : offset]
    return {"line": start.row, "column": len(before.encode()) + 1}


def _suggestion(fix: Fix, source: Source) -> dict[str, object]:
    """All edits of a fix in one: reviewdog takes several suggestions for alternatives."""
    whole = Span(min(edit.span.start for edit in fix.edits), max(edit.span.end for edit in fix.edits))
    shifted = [
        Edit(Span(edit.span.start - whole.start, edit.span.end - whole.start), edit.content) for edit in fix.edits
    ]
    return {"range": _range(source, whole), "text": apply_edits(source.text[whole.start : whole.end], shifted)}
