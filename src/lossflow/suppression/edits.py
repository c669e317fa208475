"""`# noqa` comments that silence findings: where flake8 would read them, and merged into those that are there."""

from __future__ import annotations

import tokenize
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from io import StringIO

from lossflow.document import Document
from lossflow.errors import NotEdited
from lossflow.findings import Finding
from lossflow.source import Edit, Source, Span
from lossflow.suppression.comments import Run, Suppressions


@dataclass(frozen=True, slots=True)
class Silenced:
    """A document before and with comments; `refused` are the findings that none can silence, with the reason."""

    before: Document
    document: Document
    done: tuple[Finding, ...] = ()
    refused: tuple[tuple[Finding, str], ...] = ()


def silenced(document: Document, findings: Iterable[Finding], reason: str = "") -> Silenced:
    """The document with a comment, which gives the reason, for each of the findings."""
    lines: dict[int, list[Finding]] = {}
    comments = Suppressions(document.source.text)
    for finding in findings:
        row = document.source.row(finding.span.start)
        run = comments.run(row)
        lines.setdefault(run.last if run is not None else row, []).append(finding)
    result = Silenced(document, document)
    # From the last line up: so the places of the findings above stay what they are.
    for row in sorted(lines, reverse=True):
        try:
            changed = _commented(result.document, comments.run(row), lines[row], reason)
            result = replace(result, document=changed, done=(*lines[row], *result.done))
        except NotEdited as error:
            refused = tuple((finding, str(error)) for finding in lines[row])
            result = replace(result, refused=refused + result.refused)
    return result


def _commented(document: Document, run: Run | None, findings: Sequence[Finding], reason: str) -> Document:
    """The document with a comment on the last line of the run; raises NotEdited where there can be none."""
    source = document.source
    if run is None:
        raise NotEdited("the file can't be split into tokens, so that it is not known where a comment may stand")
    if run.found is not None and not run.in_comment:
        raise NotEdited("flake8 takes the `# noqa` in a string on that line for the comment, and reads no other")
    codes = sorted({finding.code for finding in findings})
    changed = document.edited([_edit(source, run, codes, reason)])
    if _tokens(changed.source.text) != _tokens(source.text):
        raise NotEdited("a comment on that line would be part of the code")
    comments = Suppressions(changed.source.text)
    if not all(comments.silences(finding.code, source.row(finding.span.start)) for finding in findings):
        raise NotEdited("flake8 would not read a comment there")
    return changed


def _edit(source: Source, run: Run, codes: Sequence[str], reason: str) -> Edit:
    why = f" - {reason}" if reason else ""
    start, line = source.offset(run.last), source.line(run.last)
    if not run.codes:
        end = len(line.rstrip())
        return Edit(Span(start + end, start + len(line)), f"{'  ' if end else ''}# noqa: {', '.join(codes)}{why}")
    last = run.codes[-1]
    end = last.column - 1 + len(last.word)
    separator = "," if "," in line[:end] and ", " not in line[run.codes[0].column - 1 : end] else ", "
    rest = line[end:].strip(", \t")
    # Other words behind the codes are a reason already; another comment there must not be made part of this one.
    blank = " " if rest and line[end] == "#" else ""
    why = why + blank if not rest or rest.startswith("#") else ""
    return Edit(Span(start + end, start + end), "".join(f"{separator}{code}" for code in codes) + why)


def _tokens(text: str) -> list[tuple[int, str]]:
    """The tokens of a text but for its comments, and the newlines that stand for nothing."""
    lines = StringIO(text, newline=None)
    kinds = (tokenize.COMMENT, tokenize.NL)
    return [(each.type, each.string) for each in tokenize.generate_tokens(lines.readline) if each.type not in kinds]
