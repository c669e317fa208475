"""Unified diffs of what fixes change, such as `patch` takes them: in the bytes of the file."""

from __future__ import annotations

import re
from difflib import unified_diff

from lossflow.document import Document
from lossflow.notebook import code_cells
from lossflow.rendering.places import shown

_BOM = "\N{ZERO WIDTH NO-BREAK SPACE}"
# `\r` alone ends no line for `diff` and `patch`.
_LINE = re.compile(r"[^\n]*\n|[^\n]+")


def text(before: Document, after: Document) -> bytes:
    """The diff of a file, or of each code cell of a notebook; empty where nothing changed."""
    name = "-" if before.source.name == "-" else shown(before.source.name)
    if before.is_notebook:
        cells = enumerate(zip(code_cells(before.data), code_cells(after.data)), start=1)
        return "".join("".join(_diff(f"{name}:cell {n}", old, new, end="\n")) for n, (old, new) in cells).encode()
    head, *body = _diff(name, _whole(before), _whole(after)) or [""]
    return head.encode() + "".join(body).encode(before.source.encoding)


def _whole(document: Document) -> str:
    return (_BOM if document.source.bom else "") + document.source.text


def _diff(name: str, before: str, after: str, *, end: str = "") -> list[str]:
    """The two lines with the name, then the lines of the diff.

    `end` is put at the end of both texts: the last line of a cell has no newline, and nobody misses it.
    """
    if re.search(r"\s", name):
        name += "\t"  # as `git diff` writes it: what is behind the tab is no part of the name
    lines = unified_diff(_LINE.findall(before + end), _LINE.findall(after + end), name, name)
    marked = [line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in lines]
    return ["".join(marked[:2]), *marked[2:]] if marked else []
