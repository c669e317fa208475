"""pygls's server with what lossflow knows of the editor, and the order in which things happen."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

from lsprotocol import types
from pygls import uris
from pygls.lsp.server import LanguageServer
from pygls.protocol import LanguageServerProtocol, lsp_method
from pygls.workspace import PositionCodec

from lossflow import __version__
from lossflow.checking import forget
from lossflow.server import diagnostics
from lossflow.server.analysis import Analysis, analyse
from lossflow.server.buffers import PYTHON, Buffers
from lossflow.server.programs import program, unsaved
from lossflow.server.schedule import DELAY, Schedule

_NOTEBOOKS = types.NotebookDocumentSyncOptions(
    [types.NotebookDocumentFilterWithCells(cells=[types.NotebookCellLanguage(language=PYTHON)])]
)


class _Protocol(LanguageServerProtocol):
    """The protocol without pygls's copies of the changed texts, for which it rewrites the positions that it is sent."""

    @lsp_method(types.TEXT_DOCUMENT_DID_CHANGE)
    def lsp_text_document__did_change(self, params: types.DidChangeTextDocumentParams) -> Iterator[Any]:
        yield self.fm.features[types.TEXT_DOCUMENT_DID_CHANGE], (params,), None

    @lsp_method(types.NOTEBOOK_DOCUMENT_DID_CHANGE)
    def lsp_notebook_document__did_change(self, params: types.DidChangeNotebookDocumentParams) -> Iterator[Any]:
        yield self.fm.features[types.NOTEBOOK_DOCUMENT_DID_CHANGE], (params,), None


class Server(LanguageServer):
    """A session with one editor."""

    def __init__(self) -> None:
        """Nothing is open yet; what the server answers to is the business of `features`."""
        super().__init__(
            "lossflow", __version__, protocol_cls=_Protocol, notebook_document_sync=_NOTEBOOKS, max_workers=1
        )
        self.buffers = Buffers()
        self.schedule = Schedule(self._finished)
        self._complaints: dict[str, str] = {}
        self._failures: dict[str, str] = {}
        self._elsewhere: set[str] = set()

    # --- what the editor can do -----------------------------------------------------------------------------------

    @property
    def codec(self) -> PositionCodec:
        """The units of columns that were agreed on."""
        return self.workspace.position_codec

    @property
    def root(self) -> Path:
        """The folder that is open in the editor: where what has no file yet would be."""
        return Path(self.workspace.root_path or Path.cwd())

    @property
    def takes_versions(self) -> bool:
        """True when the editor refuses an edit of a text that has changed since."""
        workspace = self.client_capabilities.workspace
        return bool(workspace and workspace.workspace_edit and workspace.workspace_edit.document_changes)

    @property
    def is_asked(self) -> bool:
        """True when the editor asks for diagnostics: it would show those that are sent on top a second time."""
        texts = self.client_capabilities.text_document
        return texts is not None and texts.diagnostic is not None

    @property
    def _refreshes(self) -> bool:
        workspace = self.client_capabilities.workspace
        return bool(workspace and workspace.diagnostics and workspace.diagnostics.refresh_support)

    # --- analyses -------------------------------------------------------------------------------------------------

    def ask(self, uri: str, *, typed: bool = False, elsewhere: bool = False) -> None:
        """Have what is open under the address analysed; `typed` while more may follow, `elsewhere` for others' changes.

        What is `typed` changes no file, so that what is known of these still holds.
        """
        opened = program(self.buffers, uri, self.root)
        if opened is None:
            return
        if elsewhere:
            self._elsewhere.add(uri)
        if not typed:
            self.schedule.submit(forget)
        others = tuple(unsaved(self.buffers, self.root, without=uri))
        self.schedule.ask(uri, partial(analyse, opened, others), delay=DELAY if typed else 0)

    def ask_followers(self, uri: str, *, typed: bool = False) -> None:
        """Have the programs analysed that import the file under the address."""
        path = uris.to_fs_path(uri)
        for follower in self.schedule.followers(path) if path is not None else ():
            if follower != uri:
                self.ask(follower, typed=typed, elsewhere=True)

    def ask_all(self) -> None:
        """Have everything that is open analysed."""
        for uri in {self.buffers.owner(each) for each in self.buffers.texts}:
            self.ask(uri, elsewhere=True)

    def clear(self, uri: str, texts: Iterable[str]) -> None:
        """Forget a program that was closed, and take its diagnostics away."""
        self.schedule.close(uri)
        for known in (self._complaints, self._failures):
            known.pop(uri, None)
        self.take_away(texts)

    def take_away(self, texts: Iterable[str]) -> None:
        """Show no diagnostics any more for texts that are gone."""
        for text in texts:
            self.text_document_publish_diagnostics(types.PublishDiagnosticsParams(text, []))

    def _finished(self, analysis: Analysis) -> None:
        uri = analysis.program.uri
        self._tell(analysis)
        # Editors ask about files, and not all of them about cells.
        if not self.is_asked or uri in self.buffers.notebooks:
            for part, found in diagnostics.by_text(analysis, self.codec).items():
                sent = types.PublishDiagnosticsParams(part.uri, found, version=part.version)
                self.text_document_publish_diagnostics(sent)
        elif uri in self._elsewhere and self._refreshes:
            self.workspace_diagnostic_refresh(None)
        self._elsewhere.discard(uri)

    def _tell(self, analysis: Analysis) -> None:
        """Show a mistake in a configuration once, and note, where few look, what could not be analysed."""
        uri, complaint, failure = analysis.program.uri, analysis.complaint, analysis.report.failure or ""
        if complaint and complaint not in self._complaints.values():
            said = f"lossflow checks nothing until its configuration is mended: {complaint}"
            self.window_show_message(types.ShowMessageParams(types.MessageType.Error, said))
        self._complaints[uri] = complaint
        if failure and failure != self._failures.get(uri):
            said = f"{analysis.program.path} was not analysed: {failure}."
            self.window_log_message(types.LogMessageParams(types.MessageType.Log, said))
        self._failures[uri] = failure
