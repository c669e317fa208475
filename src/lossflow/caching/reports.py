"""Reports as plain data and back: JSON holds no code, so that a cache from elsewhere can at worst be wrong."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from lossflow.checking import FileReport
from lossflow.findings import Finding, Fix, Related, Role, Safety, Severity
from lossflow.source import Edit, Location, Source, Span
from lossflow.suppression.unused import Unused

Plain = Any
"""What JSON can hold."""


def is_kept(report: FileReport) -> bool:
    """True for a report that another run may take: a failure may pass, and a way that was lost is too much to keep."""
    return report.failure is None and not report.untraced and not report.new


def packed(report: FileReport) -> Plain:
    """A report without its sources; `[]` where there is nothing to tell, as for most files."""
    parts = [
        [_finding(finding) for finding in report.findings],
        list(report.notes),
        list(report.omitted),
        sorted(report.followed),
        [[each.code, each.location.row, each.location.column, each.location.cell] for each in report.unused],
    ]
    return parts if any(parts) else []


def unpacked(file: str, plain: Plain, source_of: Callable[[str], Source]) -> FileReport:
    """The report that was packed; raises NotAnalysed or OSError where a source that it names can't be read."""
    if not plain:
        return FileReport(file)
    packed_findings, notes, omitted, followed, idle = plain
    findings = tuple(map(_unpacked_finding, packed_findings))
    sources: Mapping[str, Source] = {name: source_of(name) for finding in findings for name in finding.files}
    return FileReport(
        file,
        findings,
        sources,
        tuple(notes),
        omitted=tuple(omitted),
        followed=frozenset(followed),
        unused=tuple(Unused(code, Location(row, column, cell)) for code, row, column, cell in idle),
    )


def _finding(finding: Finding) -> Plain:
    return [
        finding.code,
        finding.name,
        finding.file,
        _span(finding.span),
        finding.message,
        finding.severity.value,
        [[each.role.value, each.file, _span(each.span), each.message] for each in finding.related],
        None if finding.fix is None else _fix(finding.fix),
    ]


def _fix(fix: Fix) -> Plain:
    return [fix.safety.value, fix.message, [[_span(edit.span), edit.content] for edit in fix.edits]]


def _span(span: Span) -> Plain:
    return [span.start, span.end]


def _unpacked_finding(plain: Plain) -> Finding:
    code, name, file, span, message, severity, related, fix = plain
    return Finding(
        code,
        name,
        file,
        Span(*span),
        message,
        Severity(severity),
        tuple(Related(Role(role), where, Span(*place), text) for role, where, place, text in related),
        None if fix is None else _unpacked_fix(fix),
    )


def _unpacked_fix(plain: Plain) -> Fix:
    safety, message, edits = plain
    return Fix(Safety(safety), message, tuple(Edit(Span(*span), content) for span, content in edits))
