"""The programs in the editor: an open file, or the code cells of an open notebook in their order."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from tokenize import detect_encoding
from urllib.parse import unquote, urlsplit

from lsprotocol import types
from pygls import uris
from pygls.workspace import PositionCodec

from lossflow.document import Document
from lossflow.errors import NotAnalysed
from lossflow.notebook import SUFFIX, code_cells
from lossflow.server import positions
from lossflow.server.buffers import PYTHON, Buffer, Buffers
from lossflow.source import Source, Span

_UNTITLED = "untitled"


@dataclass(frozen=True, slots=True)
class Program:
    """What is analysed as one, under the address `uri`; `parts` are the texts of the editor that it is made of.

    There is no document where Python could not read the text either, for the reason `unreadable`.
    """

    uri: str
    path: Path
    parts: tuple[Buffer, ...]
    document: Document | None
    unreadable: str = ""

    def range(self, codec: PositionCodec, span: Span) -> tuple[Buffer, types.Range] | None:
        """The text in which a part of the program stands, and where; None for what is no cell's."""
        assert self.document is not None
        start = self._place(codec, self.document.source, span.start)
        end = self._place(codec, self.document.source, span.end)
        if start is None or end is None or start[0].uri != end[0].uri:
            return None
        return start[0], types.Range(start[1], end[1])

    def texts(self, document: Document) -> tuple[str, ...]:
        """The texts of the parts in a document that was made of the program's."""
        return code_cells(document.data) if document.is_notebook else (document.source.text,)

    def _place(self, codec: PositionCodec, source: Source, offset: int) -> tuple[Buffer, types.Position] | None:
        location = source.location(offset)
        if location.cell is None and source.cells:
            return None
        part = self.parts[(location.cell or 1) - 1]
        # The line as it stands in the cell: the program has `pass` where IPython's own syntax was.
        start = part.lines.offset(min(location.row, part.lines.row(len(part.text))))
        return part, positions.position(codec, part.lines, min(start + location.column - 1, len(part.text)))


def program(buffers: Buffers, uri: str, root: Path) -> Program | None:
    """What is open under the address, None where that is no Python; `root` is the folder of what is not saved yet."""
    notebook = buffers.notebooks.get(uri)
    if notebook is not None:
        path = _path(uri, root)
        if path is None:
            return None
        path = path if path.suffix == SUFFIX else path.with_name(path.name + SUFFIX)
        parts = tuple(buffers.texts[cell] for cell in notebook.cells)
        cells = [{"cell_type": "code", "source": part.text} for part in parts]
        return _read(uri, path, parts, json.dumps({"cells": cells}).encode())
    buffer, path = buffers.texts.get(uri), _path(uri, root)
    if buffer is None or path is None or buffers.owner(uri) != uri or path.suffix == SUFFIX:
        return None
    if buffer.language != PYTHON and path.suffix != ".py":
        return None
    return _of_text(uri, path, buffer)


def unsaved(buffers: Buffers, root: Path, *, without: str) -> Iterator[Source]:
    """The other open files, which imports lead to in place of what is on disk."""
    for uri in buffers.texts:
        other = program(buffers, uri, root) if uri != without else None
        if other is not None and other.document is not None:
            yield other.document.source


def _path(uri: str, root: Path) -> Path | None:
    """The file that an address means; None for what is neither a file nor to become one, such as an old version."""
    path = uris.to_fs_path(uri)
    if path is not None:
        return Path(os.path.abspath(path))
    parts = urlsplit(uri)
    return root / Path(unquote(parts.path)).name if parts.scheme == _UNTITLED else None


def _of_text(uri: str, path: Path, buffer: Buffer) -> Program:
    try:
        data = _encoded(buffer.text)
    except UnicodeEncodeError:
        reason = "it has a character that the encoding which it declares lacks"
        return Program(uri, path, (buffer,), None, unreadable=reason)
    return _read(uri, path, (buffer,), data)


def _read(uri: str, path: Path, parts: tuple[Buffer, ...], data: bytes) -> Program:
    try:
        return Program(uri, path, parts, Document.of(str(path), data))
    except NotAnalysed as error:
        return Program(uri, path, parts, None, unreadable=str(error))


def _encoded(text: str) -> bytes:
    """The bytes of a text as they would be saved, so that a fix of them is one of the text."""
    data = text.encode()
    try:
        encoding, _ = detect_encoding(BytesIO(data).readline)
    except SyntaxError:
        return data  # the encoding is unknown, which the document says in its own words
    return data if encoding.startswith("utf-8") else text.encode(encoding)
