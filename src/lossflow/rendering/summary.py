"""The last lines of a run: how much was found, checked and fixed, and what could be."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from lossflow.checking import FileReport
from lossflow.findings import fixable
from lossflow.rendering.styled import Line, Piece, count


def lines(
    reports: Sequence[FileReport], *, unsafe: bool = False, fixed: Mapping[str, int] | None = None
) -> Iterator[Line]:
    """What was found, what can be fixed, and which files were not analysed, or not wholly.

    `fixed` counts the findings that a run which fixes has done away with, by file; None where a run doesn't.
    """
    failures = sum(report.failure is not None for report in reports)
    left = sum(len(report.findings) for report in reports)
    gone = sum((fixed or {}).values())
    files = sum(bool(report.findings or (fixed or {}).get(report.file)) for report in reports)
    how = f" ({gone} fixed, {left} remaining)" if gone else ""
    if left or gone:
        said = f"Found {count(left + gone, 'problem')} in {count(files, 'file')}{how}."
        yield (Piece(said, "bold red" if left else "bold green"),)
    elif len(reports) > failures:
        yield (Piece(f"Found no problem in {count(len(reports) - failures, 'file')}.", "bold green"),)
    if new := sum(len(report.new) for report in reports):
        yield (Piece(f"{count(new, 'problem')} came to light through a fix."),)
    yield from _offer(reports, unsafe=unsafe, fixing=fixed is not None)
    if failures:
        yield (Piece(f"{count(failures, 'file')} could not be analysed.", "bold red"),)
    if parts := sum(bool(report.omitted) for report in reports):
        yield (Piece(f"{count(parts, 'notebook')} could be analysed only in part.", "bold red"),)


def _offer(reports: Sequence[FileReport], *, unsafe: bool, fixing: bool) -> Iterator[Line]:
    """How many findings can be fixed, and by which options."""
    offered = [finding for report in reports for finding in report.findings if finding.fix is not None]
    now = 0 if fixing else sum(fixable(finding, unsafe=unsafe) for finding in offered)
    more = 0 if unsafe else sum(not fixable(finding, unsafe=False) for finding in offered)
    if now and more:
        yield (Piece(f"{now} fixable with --fix, {more} more with --unsafe-fixes."),)
    elif now:
        yield (Piece(f"{now} fixable with --fix."),)
    elif more:
        yield (Piece(f"{more} fixable with {'' if fixing else '--fix '}--unsafe-fixes."),)
