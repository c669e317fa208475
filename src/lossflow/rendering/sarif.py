"""SARIF 2.1.0, which GitHub's code scanning, Azure DevOps and many editors read."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from lossflow import __version__
from lossflow.checking import FileReport
from lossflow.findings import Finding, Fix, Related
from lossflow.rendering.fingerprints import Fingerprints
from lossflow.rendering.places import findings, in_words
from lossflow.rendering.problems import all_problems
from lossflow.rendering.repository import Repository, uri
from lossflow.rendering.sarif_rules import descriptor
from lossflow.rules import RULES
from lossflow.source import Source, Span

_ROOT = "%SRCROOT%"
_INDEX = {rule.code: index for index, rule in enumerate(RULES)}


def text(reports: Iterable[FileReport]) -> str:
    """A log with one run, which has a result for each finding, and a notification for what was not analysed."""
    log = {
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [_Run(list(reports)).written()],
    }
    return json.dumps(log, indent=2) + "\n"


@dataclass
class _Run:
    """A run of lossflow over the files of one repository."""

    reports: list[FileReport]
    repository: Repository = field(default_factory=Repository.here)
    fingerprints: Fingerprints = field(default_factory=Fingerprints)

    def written(self) -> dict[str, object]:
        driver = {
            "name": "lossflow",
            "version": __version__,
            "semanticVersion": __version__,
            "rules": [descriptor(rule) for rule in RULES],
        }
        return {
            "tool": {"driver": driver},
            # What follows the last slash would name a single run; GitHub compares runs of the same name before it.
            "automationDetails": {"id": "lossflow/"},
            "columnKind": "unicodeCodePoints",
            "originalUriBaseIds": {_ROOT: {"uri": self.repository.root.as_uri().removesuffix("/") + "/"}},
            "invocations": [
                {
                    "executionSuccessful": all(report.whole for report in self.reports),
                    "toolExecutionNotifications": list(self._notifications()),
                }
            ],
            "results": [self._result(*found) for found in findings(self.reports)],
        }

    def _notifications(self) -> Iterator[dict[str, object]]:
        for file, problem in all_problems(self.reports):
            place = {"physicalLocation": {"artifactLocation": self._artifact(file)}}
            yield {"level": "error", "message": {"text": problem}, "locations": [place]}

    def _result(self, finding: Finding, source: Source, report: FileReport) -> dict[str, object]:
        line = self.fingerprints.line(source, source.row(finding.span.start))
        written: dict[str, object] = {
            "ruleId": finding.code,
            "ruleIndex": _INDEX[finding.code],
            "level": finding.severity.value,
            "message": {"text": _message(source, finding.span, finding.message)},
            "locations": [self._location(source, finding.span)],
            "partialFingerprints": {"primaryLocationLineHash": line},
        }
        if finding.related:
            places = [self._related(place, report) for place in finding.related]
            written["relatedLocations"] = [{"id": number, **place} for number, place in enumerate(places, start=1)]
            written["codeFlows"] = [{"threadFlows": [{"locations": list(self._flow(finding, source, report))}]}]
        # The edits of a notebook are those of its cells, and its file has other characters.
        if finding.fix is not None and not source.cells:
            written["fixes"] = [self._fix(finding.fix, source)]
        return written

    def _flow(self, finding: Finding, source: Source, report: FileReport) -> Iterator[dict[str, object]]:
        """The way of the loss: from the constructor over the reduction and backward to the optimizer."""
        comes_before = RULES[_INDEX[finding.code]].comes_before
        name = _message(source, finding.span, f"{finding.code} {finding.name}")
        own = {**self._location(source, finding.span), "message": {"text": name}}
        before = [self._related(place, report) for place in finding.related if place.role in comes_before]
        after = [self._related(place, report) for place in finding.related if place.role not in comes_before]
        for location in (*before, own, *after):
            yield {"location": location}

    def _related(self, place: Related, report: FileReport) -> dict[str, object]:
        source = report.sources[place.file]
        message = _message(source, place.span, place.message)
        return {**self._location(source, place.span), "message": {"text": message}}

    def _location(self, source: Source, span: Span) -> dict[str, object]:
        return {
            "physicalLocation": {
                "artifactLocation": self._artifact(source.name),
                "region": _region(source, span),
            }
        }

    def _artifact(self, file: str) -> dict[str, str]:
        path = self.repository.path(file)
        if Path(path).is_absolute():
            return {"uri": Path(path).as_uri()}
        return {"uri": uri(path), "uriBaseId": _ROOT}

    def _fix(self, fix: Fix, source: Source) -> dict[str, object]:
        replacements = [
            {"deletedRegion": _region(source, edit.span), "insertedContent": {"text": edit.content}}
            for edit in fix.edits
        ]
        return {
            "description": {"text": fix.message},
            "artifactChanges": [{"artifactLocation": self._artifact(source.name), "replacements": replacements}],
            "properties": {"applicability": fix.safety.value},
        }


def _message(source: Source, span: Span, message: str) -> str:
    """The message; in a notebook with the place, for which SARIF has no numbers."""
    return f"{in_words(source.location(span.start))}: {message}" if source.cells else message


def _region(source: Source, span: Span) -> dict[str, int]:
    """The lines and columns of a span; the first character of a notebook, as ruff does it."""
    if source.cells:
        return {"startLine": 1, "startColumn": 1, "endLine": 1, "endColumn": 1}
    start, end = source.location(span.start), source.location(span.end)
    return {"startLine": start.row, "startColumn": start.column, "endLine": end.row, "endColumn": end.column}
