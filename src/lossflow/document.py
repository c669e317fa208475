"""A file with the program in it: what a fix changes, and what is written back."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from lossflow import notebook, notebook_edits
from lossflow.errors import NotAnalysed, NotEdited
from lossflow.source import NEWLINE, Edit, Source


@dataclass(frozen=True, slots=True)
class Document:
    """A program, and the bytes that it was read from: of a notebook, these hold more than the program."""

    source: Source
    data: bytes

    @staticmethod
    def of(name: str, data: bytes) -> Document:
        """The document of a file; raises NotAnalysed where the bytes hold no program."""
        return Document(notebook.read(name, data), data)

    @property
    def is_notebook(self) -> bool:
        """True when the program is made of cells."""
        return self.source.name.endswith(notebook.SUFFIX)

    def edited(self, edits: Iterable[Edit]) -> Document:
        """The document with edits of its program applied; raises NotEdited where they can't be."""
        if self.is_notebook:
            return self._reread(notebook_edits.edited(self.data, self.source, edits))
        if self.source.to_bytes() != self.data:
            raise NotEdited(f"its encoding, {self.source.encoding}, does not give back the bytes that were read")
        newline = self.source.newline
        source = self.source.edited(replace(edit, content=NEWLINE.sub(newline, edit.content)) for edit in edits)
        try:
            return self._reread(source.to_bytes())
        except UnicodeEncodeError:
            raise NotEdited(f"the encoding of the file, {source.encoding}, lacks a character of the fix") from None

    def _reread(self, data: bytes) -> Document:
        try:
            return Document.of(self.source.name, data)
        except NotAnalysed as error:
            raise NotEdited(f"after it, the file could not be read: {error}") from None
