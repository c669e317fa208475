"""For people: the message, the line with the mistake underlined, the way of the loss, and what to do."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from unicodedata import east_asian_width

from lossflow.checking import FileReport
from lossflow.findings import Finding, Related
from lossflow.rendering.places import at, findings, shown
from lossflow.rendering.styled import Line, Piece, fix_mark, visible
from lossflow.source import Source, Span

_CODE = re.compile(r"`([^`]+)`")
# The last sentence of a message is what to do. A sentence starts with a capital letter or with code.
_SENTENCE = re.compile(r"(?<=[.!?])\s+(?=[A-Z`])")


def lines(reports: Iterable[FileReport], *, unsafe: bool = False) -> Iterator[Line]:
    """The lines of the format: one paragraph a finding; `unsafe` where a fix may be unsafe to be offered."""
    for finding, source, report in findings(reports):
        yield from _paragraph(finding, source, report, unsafe=unsafe)
        yield ()


def _paragraph(finding: Finding, source: Source, report: FileReport, *, unsafe: bool) -> Iterator[Line]:
    what, advice = _split(finding.message)
    place = at(finding.file, source.location(finding.span.start))
    name = Piece(f" [{finding.name}]", "red")
    yield (Piece(finding.code, "bold red"), *fix_mark(finding, unsafe=unsafe), name, Piece(f" {what}", "bold"))
    width = max(len(str(row)) for row in _rows(finding, source, report))
    yield (Piece(" " * width + "--> ", "blue"), Piece(place))
    yield _gutter(width)
    yield from _excerpt(source, finding.span, width=width, mark="^", style="bold red")
    for related in finding.related:
        yield from _related(related, finding, report, width=width)
    yield _gutter(width)
    if finding in report.new:
        yield _remark(width, "note", "this came to light through a fix.")
    if advice:
        yield _remark(width, "help", advice)
    if finding.fix is not None and not _says(advice or what, finding.fix.message):
        yield _remark(width, "help", finding.fix.message)


def _remark(width: int, kind: str, text: str) -> Line:
    return (Piece(" " * width + " = ", "blue"), Piece(kind, "bold cyan"), Piece(f": {text}"))


def _says(advice: str, fix: str) -> bool:
    """True when the advice names all the code that the message of a fix names, or is the same sentence."""
    code = _CODE.findall(fix)
    return all(each in advice for each in code) if code else fix.rstrip(".").lower() in advice.lower()


def _related(related: Related, finding: Finding, report: FileReport, *, width: int) -> Iterator[Line]:
    source = report.sources[related.file]
    cell = source.location(related.span.start).cell
    elsewhere = f" ({shown(related.file)})" if related.file != finding.file else ""
    if not elsewhere and cell != source.location(finding.span.start).cell:
        elsewhere = f" (cell {cell})"
    yield _gutter(width)
    yield (*_gutter(width, "="), Piece(f" {related.message}{elsewhere}:", "cyan"))
    yield from _excerpt(source, related.span, width=width, mark="-", style="cyan")


def _rows(finding: Finding, source: Source, report: FileReport) -> Iterator[int]:
    yield source.location(finding.span.start).row
    for related in finding.related:
        yield report.sources[related.file].location(related.span.start).row


def _excerpt(source: Source, span: Span, *, width: int, mark: str, style: str) -> Iterator[Line]:
    """The first line of the span, with what belongs to the span underlined."""
    start = source.location(span.start)
    line = source.line(source.row(span.start))
    last = start.column - 1 + span.end - span.start
    before, inside = line[: start.column - 1], line[start.column - 1 : last]
    yield (Piece(f"{start.row:>{width}} | ", "blue"), Piece(visible(line)))
    underline = mark * max(1, _columns(inside))
    yield (*_gutter(width), Piece(" " + " " * _columns(before)), Piece(underline, style))


def _gutter(width: int, bar: str = "|") -> Line:
    return (Piece(f"{' ' * width} {bar}", "blue"),)


def _columns(text: str) -> int:
    """The columns that a text takes on a terminal, where Chinese characters are two wide."""
    return sum(2 if east_asian_width(char) in "WF" else 1 for char in visible(text))


def _split(message: str) -> tuple[str, str]:
    """The message without its last sentence, and that sentence; a message of one sentence stays whole."""
    sentences = _SENTENCE.split(message)
    return (" ".join(sentences[:-1]), sentences[-1]) if len(sentences) > 1 else (message, "")
