"""The last line of a run: how much was found and checked."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from lossflow.checking import FileReport
from lossflow.rendering.styled import Line, Piece


def lines(reports: Sequence[FileReport]) -> Iterator[Line]:
    """One line with the findings and the files, and one with the files that were not analysed, or not wholly."""
    failures = sum(report.failure is not None for report in reports)
    findings = sum(len(report.findings) for report in reports)
    files = sum(bool(report.findings) for report in reports)
    if findings:
        yield (Piece(f"Found {_count(findings, 'problem')} in {_count(files, 'file')}.", "bold red"),)
    elif len(reports) > failures:
        yield (Piece(f"Found no problem in {_count(len(reports) - failures, 'file')}.", "bold green"),)
    if failures:
        yield (Piece(f"{_count(failures, 'file')} could not be analysed.", "bold red"),)
    if parts := sum(bool(report.omitted) for report in reports):
        yield (Piece(f"{_count(parts, 'notebook')} could be analysed only in part.", "bold red"),)


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
