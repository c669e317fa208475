"""One line a finding: `path:row:column: CODE message`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from lossflow.checking import FileReport
from lossflow.rendering.places import at, findings
from lossflow.rendering.styled import Line, Piece


def lines(reports: Iterable[FileReport]) -> Iterator[Line]:
    """The lines of the format."""
    for finding, source, _ in findings(reports):
        place = at(finding.file, source.location(finding.span.start))
        yield (Piece(place, "bold"), Piece(": "), Piece(finding.code, "bold red"), Piece(f" {finding.message}"))
