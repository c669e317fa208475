"""GitLab's Code Quality report, which shows findings in merge requests."""

from __future__ import annotations

import json
from collections.abc import Iterable

from lossflow.checking import FileReport
from lossflow.findings import Finding, Severity
from lossflow.rendering.fingerprints import Fingerprints
from lossflow.rendering.places import findings, in_words
from lossflow.rendering.problems import all_problems
from lossflow.rendering.repository import Repository
from lossflow.source import Source

_SEVERITIES = {Severity.ERROR: "major", Severity.WARNING: "minor", Severity.NOTE: "info"}


def text(reports: Iterable[FileReport]) -> str:
    """A list with an object for each finding, and for each file that was not analysed."""
    reports = list(reports)
    repository, fingerprints = Repository.here(), Fingerprints()
    rows = [
        _finding(finding, source, repository.path(finding.file), fingerprints)
        for finding, source, _ in findings(reports)
    ]
    for file, problem in all_problems(reports):
        path = repository.path(file)
        own = fingerprints.of(path, "not-analysed")
        rows.append(_row("not-analysed", problem, "critical", fingerprint=own, path=path, lines=(1, 1)))
    return json.dumps(rows, indent=2) + "\n"


def _finding(finding: Finding, source: Source, path: str, fingerprints: Fingerprints) -> dict[str, object]:
    start, end = source.location(finding.span.start), source.location(finding.span.end)
    line = fingerprints.line(source, source.row(finding.span.start))
    # GitLab shows the description alone, and counts the lines of a notebook's JSON.
    place = f"{in_words(start)}: " if start.cell is not None else ""
    return _row(
        finding.code,
        f"{finding.code}: {place}{finding.message}",
        _SEVERITIES[finding.severity],
        fingerprint=fingerprints.of(path, finding.code, line),
        path=path,
        lines=(1, 1) if start.cell is not None else (start.row, end.row),
    )


def _row(
    check: str, description: str, severity: str, *, fingerprint: str, path: str, lines: tuple[int, int]
) -> dict[str, object]:
    return {
        "check_name": check,
        "description": description,
        "severity": severity,
        "fingerprint": fingerprint,
        "location": {"path": path, "lines": {"begin": lines[0], "end": lines[1]}},
    }
