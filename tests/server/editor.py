"""An editor for tests: it starts the server as a process of its own, and remembers all that it is sent."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from lsprotocol import types
from pygls.protocol import default_converter
from pytest_lsp import LanguageClient
from pytest_lsp.client import DEFAULT_CLIENT_FEATURES, register_lsp_features

import lossflow

DEADLINE = 120.0
"""Seconds after which a message that does not come is given up."""

ENVIRONMENT = {**os.environ, "PYTHONPATH": str(Path(lossflow.__file__).parents[1])}
"""The server runs in other folders, where this is to be the lossflow that it is."""
COMMAND = (sys.executable, "-m", "lossflow", "server")

PLAIN = types.ClientCapabilities(
    workspace=types.WorkspaceClientCapabilities(workspace_edit=types.WorkspaceEditClientCapabilities(True)),
)


class Editor:
    """One editor, one server, and a folder."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.published: list[types.PublishDiagnosticsParams] = []
        self.messages: list[types.ShowMessageParams] = []
        self.logged: list[types.LogMessageParams] = []
        self.registered: list[types.Registration] = []
        self.refreshed = 0
        self._open: dict[str, list[str]] = {}
        self._news = asyncio.Condition()
        self.client = LanguageClient(converter_factory=default_converter)
        register_lsp_features(self.client, {**DEFAULT_CLIENT_FEATURES, **self._features()})

    async def start(self, capabilities: types.ClientCapabilities = PLAIN) -> types.InitializeResult:
        await self.client.start_io(*COMMAND, env=ENVIRONMENT)
        return await self.client.initialize_session(types.InitializeParams(capabilities, root_uri=self.root.as_uri()))

    async def stop(self) -> None:
        await self.client.shutdown_session()
        await self.client.stop()

    async def begin(self, root: Path) -> None:
        """Close everything, forget what was said, and go on in another folder."""
        for uri, cells in list(self._open.items()):
            if cells:
                self.close_notebook(uri)
            else:
                self.close(uri)
        await self.hover(self.uri("closed.py"), 0, 0)  # the answer comes after all that was said before
        for heard in (self.published, self.messages, self.logged):
            heard.clear()
        self.root = root

    # --- what the user does ---------------------------------------------------------------------------------------

    def uri(self, name: str) -> str:
        return (self.root / name).as_uri()

    def open(self, name: str, text: str, *, language: str = "python") -> str:
        """Open a text that need not be what is on disk."""
        uri = name if ":" in name else self.uri(name)
        item = types.TextDocumentItem(uri, language, 1, text)
        self._open[uri] = []
        self.client.text_document_did_open(types.DidOpenTextDocumentParams(item))
        return uri

    def change(self, uri: str, version: int, *changes: tuple[tuple[int, int], tuple[int, int], str] | str) -> None:
        """Change the whole text, or parts from one position to another."""
        document = types.VersionedTextDocumentIdentifier(uri=uri, version=version)
        self.client.text_document_did_change(types.DidChangeTextDocumentParams(document, [*map(content, changes)]))

    def save(self, uri: str) -> None:
        self.client.text_document_did_save(types.DidSaveTextDocumentParams(types.TextDocumentIdentifier(uri)))

    def open_notebook(self, name: str, cells: list[types.NotebookCell], items: list[types.TextDocumentItem]) -> str:
        uri = self.uri(name)
        self._open[uri] = [item.uri for item in items]
        notebook = types.NotebookDocument(uri, "jupyter-notebook", 1, cells)
        self.client.notebook_document_did_open(types.DidOpenNotebookDocumentParams(notebook, items))
        return uri

    def close_notebook(self, uri: str) -> None:
        which = types.NotebookDocumentIdentifier(uri)
        cells = [types.TextDocumentIdentifier(cell) for cell in self._open.pop(uri)]
        self.client.notebook_document_did_close(types.DidCloseNotebookDocumentParams(which, cells))

    def close(self, uri: str) -> None:
        del self._open[uri]
        self.client.text_document_did_close(types.DidCloseTextDocumentParams(types.TextDocumentIdentifier(uri)))

    async def actions(
        self, uri: str, line: int, *, last: int | None = None, only: list[str] | None = None
    ) -> list[types.CodeAction]:
        where = types.Range(types.Position(line, 0), types.Position(line if last is None else last, 500))
        asked = types.CodeActionParams(types.TextDocumentIdentifier(uri), where, types.CodeActionContext([], only))
        return list(await asyncio.wait_for(self.client.text_document_code_action_async(asked), DEADLINE) or [])

    async def hover(self, uri: str, line: int, character: int) -> types.Hover | None:
        asked = types.HoverParams(types.TextDocumentIdentifier(uri), types.Position(line, character))
        return await asyncio.wait_for(self.client.text_document_hover_async(asked), DEADLINE)

    # --- what the user sees ---------------------------------------------------------------------------------------

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait for messages until the condition holds."""
        async with self._news:
            await asyncio.wait_for(self._news.wait_for(condition), DEADLINE)

    async def diagnostics(self, uri: str, version: int = 1, *, times: int = 1) -> list[types.Diagnostic]:
        """What the server says about that version of a text, the so many-th time."""

        def said() -> list[types.PublishDiagnosticsParams]:
            return [each for each in self.published if each.uri == uri and each.version == version]

        await self.until(lambda: len(said()) >= times)
        return list(said()[times - 1].diagnostics)

    async def codes(self, uri: str, version: int = 1, *, times: int = 1) -> list[object]:
        return [each.code for each in await self.diagnostics(uri, version, times=times)]

    def _features(self) -> dict[str, Callable[..., object]]:
        """What the editor does with the messages of the server: it keeps them."""

        def keeping(keep: Callable[[Any], object]) -> Callable[..., object]:
            async def hear(params: Any) -> None:
                keep(params)
                async with self._news:
                    self._news.notify_all()

            return hear

        def count(params: None) -> None:
            self.refreshed += 1

        return {
            types.TEXT_DOCUMENT_PUBLISH_DIAGNOSTICS: keeping(self.published.append),
            types.WINDOW_SHOW_MESSAGE: keeping(self.messages.append),
            types.WINDOW_LOG_MESSAGE: keeping(self.logged.append),
            types.WORKSPACE_DIAGNOSTIC_REFRESH: keeping(count),
            types.CLIENT_REGISTER_CAPABILITY: keeping(lambda params: self.registered.extend(params.registrations)),
        }


def content(change: tuple[tuple[int, int], tuple[int, int], str] | str) -> types.TextDocumentContentChangeEvent:
    if isinstance(change, str):
        return types.TextDocumentContentChangeWholeDocument(change)
    start, end, text = change
    return types.TextDocumentContentChangePartial(types.Range(types.Position(*start), types.Position(*end)), text)


def applied(text: str, edits: list[types.TextEdit]) -> str:
    """The text with edits of an action applied, in an alphabet where a character is one unit."""
    lines = text.split("\n")
    starts = [sum(len(line) + 1 for line in lines[:row]) for row in range(len(lines) + 1)]
    for edit in sorted(edits, key=lambda edit: (edit.range.start.line, edit.range.start.character), reverse=True):
        start, end = (starts[each.line] + each.character for each in (edit.range.start, edit.range.end))
        text = text[:start] + edit.new_text + text[end:]
    return text


def edits(action: types.CodeAction) -> dict[tuple[str, int | None], list[types.TextEdit]]:
    """The edits of an action, by the text and the version that they are for."""
    assert action.edit is not None
    if action.edit.changes is not None:
        return {(uri, None): list(each) for uri, each in action.edit.changes.items()}
    found = {}
    for each in action.edit.document_changes or ():
        assert isinstance(each, types.TextDocumentEdit)
        found[each.text_document.uri, each.text_document.version] = [*each.edits]
    return found
