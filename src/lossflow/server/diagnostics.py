"""Findings as diagnostics of the editor."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from lsprotocol import types
from pygls import uris
from pygls.workspace import PositionCodec

from lossflow.findings import Finding, Related, Severity
from lossflow.server import positions
from lossflow.server.analysis import Analysis
from lossflow.server.buffers import Buffer

SOURCE = "lossflow"

_SEVERITY = {
    Severity.ERROR: types.DiagnosticSeverity.Error,
    Severity.WARNING: types.DiagnosticSeverity.Warning,
    Severity.NOTE: types.DiagnosticSeverity.Information,
}


@dataclass(frozen=True, slots=True)
class Shown:
    """A finding as it is shown in a text of the editor."""

    finding: Finding
    part: Buffer
    diagnostic: types.Diagnostic


def shown(analysis: Analysis, codec: PositionCodec) -> Iterator[Shown]:
    """The findings of an analysis, each with its diagnostic."""
    for finding in analysis.report.findings:
        place = analysis.program.range(codec, finding.span)
        if place is not None:
            related = [_related(analysis, each, codec) for each in finding.related]
            yield Shown(
                finding,
                place[0],
                types.Diagnostic(
                    range=place[1],
                    message=finding.message,
                    severity=_SEVERITY[finding.severity],
                    code=finding.code,
                    source=SOURCE,
                    related_information=[each for each in related if each is not None],
                ),
            )


def by_text(analysis: Analysis, codec: PositionCodec) -> Mapping[Buffer, list[types.Diagnostic]]:
    """The diagnostics of every text of the program; empty lists where there are none any more."""
    found: dict[Buffer, list[types.Diagnostic]] = {part: [] for part in analysis.program.parts}
    for each in shown(analysis, codec):
        found[each.part].append(each.diagnostic)
    return found


def _related(analysis: Analysis, related: Related, codec: PositionCodec) -> types.DiagnosticRelatedInformation | None:
    if related.file == analysis.report.file:
        place = analysis.program.range(codec, related.span)
        if place is None:
            return None
        location = types.Location(place[0].uri, place[1])
    else:
        source, span = analysis.report.sources[related.file], related.span
        start, end = (positions.position(codec, source, offset) for offset in (span.start, span.end))
        location = types.Location(uris.from_fs_path(related.file) or "", types.Range(start, end))
    return types.DiagnosticRelatedInformation(location, related.message)
