"""What the editor has to change so that a program becomes another one."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher

from lsprotocol import types
from pygls.workspace import PositionCodec

from lossflow.document import Document
from lossflow.server import positions
from lossflow.server.programs import Program
from lossflow.source import Edit, Source, Span

_LINE = re.compile(r"[^\r\n]*(?:\r\n?|\n)|[^\r\n]+")


def workspace_edit(program: Program, after: Document, codec: PositionCodec, *, versions: bool) -> types.WorkspaceEdit:
    """The edits of the texts of a program; `versions` is False for an editor that can't take those of one version."""
    assert program.document is not None
    pairs = zip(program.parts, program.texts(program.document), program.texts(after))
    changed = {part: _text_edits(before, now, codec) for part, before, now in pairs if before != now}
    if not versions:
        return types.WorkspaceEdit(changes={part.uri: edits for part, edits in changed.items()})
    documents = [
        types.TextDocumentEdit(types.OptionalVersionedTextDocumentIdentifier(part.uri, part.version), edits)
        for part, edits in changed.items()
    ]
    return types.WorkspaceEdit(document_changes=documents)


def _text_edits(before: str, after: str, codec: PositionCodec) -> list[types.TextEdit]:
    text = Source("", before)
    return [
        types.TextEdit(
            types.Range(
                positions.position(codec, text, edit.span.start), positions.position(codec, text, edit.span.end)
            ),
            edit.content,
        )
        for edit in _edits(before, after)
    ]


def _edits(before: str, after: str) -> Iterator[Edit]:
    """Edits that make one text of the other: of the lines that differ, and there of what lies between equal ends."""
    old, new = _LINE.findall(before), _LINE.findall(after)
    head = _common(old, new)
    tail = _common(old[head:][::-1], new[head:][::-1])  # what is left is short, whatever the length of the text
    old, new, start = old[head : len(old) - tail], new[head : len(new) - tail], sum(map(len, old[:head]))
    for kind, i, j, k, m in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        pairs = zip(old[i:j], new[k:m]) if j - i == m - k else [("".join(old[i:j]), "".join(new[k:m]))]
        for was, now in pairs:
            if kind != "equal" and was != now:
                yield _edit(start, was, now)
            start += len(was)


def _edit(start: int, was: str, now: str) -> Edit:
    same = _common(was, now)
    rest = _common(was[same:][::-1], now[same:][::-1])
    return Edit(Span(start + same, start + len(was) - rest), now[same : len(now) - rest])


def _common(one: Sequence[str], other: Sequence[str]) -> int:
    """How many characters two texts begin with alike, or how many lines."""
    pairs = enumerate(zip(one, other))
    return next((index for index, (a, b) in pairs if a != b), min(len(one), len(other)))
