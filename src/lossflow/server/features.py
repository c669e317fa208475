"""What the server answers to: each function is one message of the protocol."""

from __future__ import annotations

import asyncio
from pathlib import PurePath

from lsprotocol import types
from pygls import uris

from lossflow.configuration.files import NAMES
from lossflow.server import diagnostics, hover
from lossflow.server.actions import FIX_ALL, KINDS, QUICK_FIX, Offer, wants
from lossflow.server.language_server import Server

_ACTIONS = types.CodeActionOptions(code_action_kinds=list(KINDS))
_DIAGNOSTICS = types.DiagnosticOptions(inter_file_dependencies=True, workspace_diagnostics=False, identifier="lossflow")
_WATCHED = ("**/*.py", *(f"**/{name}" for name in NAMES))


def register(server: Server) -> None:
    """Let a server answer."""
    for register_some in (_register_texts, _register_notebooks, _register_files, _register_questions):
        register_some(server)


def _register_texts(server: Server) -> None:
    @server.feature(types.TEXT_DOCUMENT_DID_OPEN)
    def opened(params: types.DidOpenTextDocumentParams) -> None:
        uri = params.text_document.uri
        server.buffers.open_text(params.text_document)
        server.ask(uri)
        server.ask_followers(uri)

    @server.feature(types.TEXT_DOCUMENT_DID_CHANGE)
    def changed(params: types.DidChangeTextDocumentParams) -> None:
        uri = params.text_document.uri
        server.buffers.change_text(params.text_document, params.content_changes, server.codec)
        server.ask(server.buffers.owner(uri), typed=True)
        server.ask_followers(uri, typed=True)

    @server.feature(types.TEXT_DOCUMENT_DID_SAVE)
    def saved(params: types.DidSaveTextDocumentParams) -> None:
        uri = params.text_document.uri
        if PurePath(uri).name in NAMES:
            server.ask_all()
            return
        server.ask(uri, elsewhere=True)  # no change of the text, so that the editor need not ask by itself
        server.ask_followers(uri)

    @server.feature(types.TEXT_DOCUMENT_DID_CLOSE)
    def closed(params: types.DidCloseTextDocumentParams) -> None:
        uri = params.text_document.uri
        server.buffers.close_text(uri)
        server.clear(uri, [uri])
        server.ask_followers(uri)


def _register_notebooks(server: Server) -> None:
    @server.feature(types.NOTEBOOK_DOCUMENT_DID_OPEN)
    def opened(params: types.DidOpenNotebookDocumentParams) -> None:
        server.buffers.open_notebook(params)
        server.ask(params.notebook_document.uri)

    @server.feature(types.NOTEBOOK_DOCUMENT_DID_CHANGE)
    def changed(params: types.DidChangeNotebookDocumentParams) -> None:
        if params.change.cells is not None:
            uri = params.notebook_document.uri
            server.take_away(server.buffers.change_notebook(uri, params.change.cells, server.codec))
            server.ask(uri, typed=True)

    @server.feature(types.NOTEBOOK_DOCUMENT_DID_SAVE)
    def saved(params: types.DidSaveNotebookDocumentParams) -> None:
        server.ask(params.notebook_document.uri)

    @server.feature(types.NOTEBOOK_DOCUMENT_DID_CLOSE)
    def closed(params: types.DidCloseNotebookDocumentParams) -> None:
        uri = params.notebook_document.uri
        server.clear(uri, server.buffers.close_notebook(uri))


def _register_files(server: Server) -> None:
    @server.feature(types.INITIALIZED)
    def initialized(params: types.InitializedParams) -> None:
        workspace = server.client_capabilities.workspace
        watched = workspace.did_change_watched_files if workspace is not None else None
        if watched is not None and watched.dynamic_registration:
            watchers = [types.FileSystemWatcher(glob_pattern=pattern) for pattern in _WATCHED]
            options = types.DidChangeWatchedFilesRegistrationOptions(watchers)
            what = types.Registration("files", types.WORKSPACE_DID_CHANGE_WATCHED_FILES, options)
            server.client_register_capability(types.RegistrationParams([what]))

    @server.feature(types.WORKSPACE_DID_CHANGE_WATCHED_FILES)
    def changed(params: types.DidChangeWatchedFilesParams) -> None:
        contents = [each.uri for each in params.changes if each.type == types.FileChangeType.Changed]
        configured = any(PurePath(uris.to_fs_path(uri) or uri).name in NAMES for uri in contents)
        if configured or len(contents) < len(params.changes):
            server.ask_all()  # a file that came or went may be one that an import leads to
            return
        for uri in contents:
            if uri not in server.buffers.texts:
                server.ask_followers(uri)


def _register_questions(server: Server) -> None:
    @server.feature(types.TEXT_DOCUMENT_DIAGNOSTIC, _DIAGNOSTICS)
    async def diagnostic(params: types.DocumentDiagnosticParams) -> types.DocumentDiagnosticReport:
        uri = params.text_document.uri
        analysis = await server.schedule.latest(uri)  # nothing for a cell, whose diagnostics are sent
        found = diagnostics.by_text(analysis, server.codec).values() if analysis is not None else ()
        return types.RelatedFullDocumentDiagnosticReport([each for part in found for each in part])

    @server.feature(types.TEXT_DOCUMENT_CODE_ACTION, _ACTIONS)
    async def code_action(params: types.CodeActionParams) -> list[types.CodeAction]:
        uri, only = params.text_document.uri, params.context.only
        analysis = await server.schedule.latest(server.buffers.owner(uri))
        if analysis is None:
            return []
        offer = Offer(analysis, server.codec, uri, params.range, server.takes_versions)
        # Not in the worker, which may be at the next analysis; nor here, for a long text takes a second.
        actions = await asyncio.to_thread(list, offer.quick_fixes()) if wants(QUICK_FIX, only) else []
        if wants(FIX_ALL, only) and offer.offers_all_fixes():
            after = await server.schedule.in_worker(analysis.all_safe_fixes)
            actions += [offer.all_fixes(after)] if after is not None else []
        return actions

    @server.feature(types.TEXT_DOCUMENT_HOVER)
    async def hovered(params: types.HoverParams) -> types.Hover | None:
        uri, at = params.text_document.uri, params.position
        buffer = server.buffers.texts.get(uri)
        page = hover.of_comment(buffer, at, server.codec) if buffer is not None else None
        if page is not None:
            return page
        analysis = await server.schedule.latest(server.buffers.owner(uri))
        return hover.of_findings(analysis, uri, at, server.codec) if analysis is not None else None
