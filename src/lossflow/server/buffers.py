"""What the editor has open, as it tells: texts, and notebooks made of cells.

The server keeps its own copies, because those of pygls go wrong after a form feed; see `positions`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from functools import cached_property

from lsprotocol import types
from pygls.workspace import PositionCodec

from lossflow.server import positions
from lossflow.source import Source

PYTHON = "python"


@dataclass(frozen=True)
class Buffer:
    """A text of the editor: a file, or a cell of a notebook. An edit of it holds for its version alone."""

    uri: str
    version: int | None
    text: str
    language: str = PYTHON

    @cached_property
    def lines(self) -> Source:
        """The text by its lines."""
        return Source(self.uri, self.text)


@dataclass(frozen=True, slots=True)
class Notebook:
    """A notebook of the editor: the addresses of its code cells, in order."""

    uri: str
    cells: tuple[str, ...]


@dataclass
class Buffers:
    """The texts and notebooks that are open, by their addresses."""

    texts: dict[str, Buffer] = field(default_factory=dict)
    notebooks: dict[str, Notebook] = field(default_factory=dict)
    _all_cells: dict[str, list[types.NotebookCell]] = field(default_factory=dict)

    def owner(self, uri: str) -> str:
        """The address of what is analysed as one with a text: of its notebook, or its own."""
        return next((key for key, notebook in self.notebooks.items() if uri in notebook.cells), uri)

    def open_text(self, item: types.TextDocumentItem) -> None:
        """Take a text that was opened, in place of what was known under its address."""
        self.texts[item.uri] = Buffer(item.uri, item.version, item.text, item.language_id)

    def change_text(
        self,
        document: types.VersionedTextDocumentIdentifier,
        changes: Iterable[types.TextDocumentContentChangeEvent],
        codec: PositionCodec,
    ) -> None:
        """Apply changes, each of which is about the text that the one before it left."""
        buffer = self.texts[document.uri]
        for change in changes:
            buffer = replace(buffer, text=_changed(buffer, change, codec))
        self.texts[document.uri] = replace(buffer, version=document.version)

    def close_text(self, uri: str) -> None:
        """Forget a text."""
        self.texts.pop(uri, None)

    def open_notebook(self, params: types.DidOpenNotebookDocumentParams) -> None:
        """Take a notebook that was opened, and its cells."""
        for item in params.cell_text_documents:
            self.open_text(item)
        self._keep_cells(params.notebook_document.uri, list(params.notebook_document.cells))

    def change_notebook(self, uri: str, change: types.NotebookDocumentCellChanges, codec: PositionCodec) -> list[str]:
        """Apply changes of cells, or of their order; the result are the cells that were closed."""
        structure = change.structure
        closed = [item.uri for item in structure.did_close or ()] if structure is not None else []
        if structure is not None:
            cells, array = self._all_cells[uri], structure.array
            cells[array.start : array.start + array.delete_count] = array.cells or ()
            for item in structure.did_open or ():
                self.open_text(item)
        for content in change.text_content or ():
            self.change_text(content.document, content.changes, codec)
        for cell in closed:
            self.close_text(cell)
        self._keep_cells(uri, self._all_cells[uri])
        return closed

    def close_notebook(self, uri: str) -> list[str]:
        """Forget a notebook; the result are its cells."""
        self._all_cells.pop(uri, None)
        notebook = self.notebooks.pop(uri, None)
        cells = list(notebook.cells) if notebook is not None else []
        for cell in cells:
            self.close_text(cell)
        return cells

    def _keep_cells(self, uri: str, cells: list[types.NotebookCell]) -> None:
        self._all_cells[uri] = cells
        code = (cell.document for cell in cells if cell.kind == types.NotebookCellKind.Code)
        # A code cell of a notebook may be in another language: Markdown, SQL.
        python = (cell for cell in code if cell in self.texts and self.texts[cell].language == PYTHON)
        self.notebooks[uri] = Notebook(uri, tuple(python))


def _changed(buffer: Buffer, change: types.TextDocumentContentChangeEvent, codec: PositionCodec) -> str:
    if not isinstance(change, types.TextDocumentContentChangePartial):
        return change.text
    start = positions.offset(codec, buffer.lines, change.range.start)
    end = positions.offset(codec, buffer.lines, change.range.end)
    return buffer.text[:start] + change.text + buffer.text[end:]
