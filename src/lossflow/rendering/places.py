"""How places are written: names of files, lines and columns."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator

from lossflow.checking import FileReport
from lossflow.findings import Finding
from lossflow.source import Location, Source


def shown(file: str) -> str:
    """The name of a file for people: relative to the current folder where it is inside."""
    inside = os.path.join(os.getcwd(), "")
    return file.removeprefix(inside)


def at(file: str, location: Location) -> str:
    """`path:row:column`, and the cell of a notebook: `path:cell 3:row:column`."""
    cell = f"cell {location.cell}:" if location.cell is not None else ""
    return f"{shown(file)}:{cell}{location.row}:{location.column}"


def in_words(location: Location) -> str:
    """The place within a file, for formats that have no numbers for it: `cell 3, line 2, column 5`."""
    cell = f"cell {location.cell}, " if location.cell is not None else ""
    return f"{cell}line {location.row}, column {location.column}"


def findings(reports: Iterable[FileReport]) -> Iterator[tuple[Finding, Source, FileReport]]:
    """Every finding with the source that it stands in, and the report that it is from."""
    for report in reports:
        for finding in report.findings:
            yield finding, report.sources[finding.file], report


def by_file(reports: Iterable[FileReport]) -> Iterator[tuple[str, list[tuple[Finding, Source, FileReport]]]]:
    """The same, for each file that has any."""
    for report in reports:
        if report.findings:
            yield report.file, [*findings([report])]
