"""One line a finding: `path:row:column: CODE message`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from lossflow.checking import FileReport
from lossflow.rendering.places import at, findings
from lossflow.rendering.styled import Line, Piece, fix_mark


def lines(reports: Iterable[FileReport], *, unsafe: bool = False) -> Iterator[Line]:
    """The lines of the format; `unsafe` where a fix may be unsafe to be offered."""
    for finding, source, _ in findings(reports):
        place = at(finding.file, source.location(finding.span.start))
        mark = fix_mark(finding, unsafe=unsafe)
        yield (Piece(place, "bold"), Piece(": "), Piece(finding.code, "bold red"), *mark, Piece(f" {finding.message}"))
