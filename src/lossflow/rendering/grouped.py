"""The findings of a file below its name, each on one line."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from lossflow.checking import FileReport
from lossflow.rendering.places import by_file, shown
from lossflow.rendering.styled import Line, Piece, fix_mark


def lines(reports: Iterable[FileReport], *, unsafe: bool = False) -> Iterator[Line]:
    """The lines of the format, in columns; `unsafe` where a fix may be unsafe to be offered."""
    for file, found in by_file(reports):
        yield (Piece(f"{shown(file)}:", "bold underline"),)
        starts = [source.location(finding.span.start) for finding, source, _ in found]
        rows = max(len(str(start.row)) for start in starts)
        columns = max(len(str(start.column)) for start in starts)
        for start, (finding, _, _) in zip(starts, found):
            cell = f"cell {start.cell}:" if start.cell is not None else ""
            gap = " " * (rows - len(str(start.row)))
            place = f"  {gap}{cell}{start.row}:{start.column:<{columns}}"
            mark = fix_mark(finding, unsafe=unsafe)
            yield (Piece(f"{place} "), Piece(finding.code, "bold red"), *mark, Piece(f" {finding.message}"))
        yield ()
