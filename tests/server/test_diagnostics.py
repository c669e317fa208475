"""What the editor shows of the findings, and when."""

from __future__ import annotations

import pytest
from lsprotocol import types

from tests.programs import CLEAN, LEGACY, SUMMED
from tests.server.editor import Editor

pytestmark = pytest.mark.asyncio(loop_scope="module")

FACTORY = 'from torch import nn\n\n\ndef make():\n    return nn.MSELoss(reduction="sum")\n'
USER = SUMMED.replace("from torch import nn", "from torch import nn\nfrom losses import make").replace(
    'nn.MSELoss(reduction="sum")', "make()"
)
"""LF101 at the call of `make`, where `losses.py` holds `FACTORY`."""


def at(line: int, start: int, end: int) -> types.Range:
    return types.Range(types.Position(line, start), types.Position(line, end))


async def test_a_finding_has_its_code_severity_place_and_the_way_of_the_loss(editor: Editor) -> None:
    uri = editor.open("train.py", SUMMED)
    (found,) = await editor.diagnostics(uri)
    assert (found.code, found.source, found.severity) == ("LF101", "lossflow", types.DiagnosticSeverity.Warning)
    assert found.range == at(4, 12, 39)
    assert found.message.startswith('`nn.MSELoss` with `reduction="sum"` reaches backward on line 10')
    backward = next(each for each in found.related_information or () if each.message.startswith("backward"))
    assert backward.location == types.Location(uri, at(9, 4, 48))


async def test_notes_are_information_and_errors_are_errors(editor: Editor) -> None:
    adam = editor.open("adam.py", SUMMED.replace("optim.SGD", "optim.Adam"))
    none = editor.open("none.py", SUMMED.replace('"sum"', '"none"'))
    (note,), (error,) = await editor.diagnostics(adam), await editor.diagnostics(none)
    assert (note.code, note.severity) == ("LF102", types.DiagnosticSeverity.Information)
    assert (error.code, error.severity) == ("LF201", types.DiagnosticSeverity.Error)


async def test_what_is_typed_counts_and_not_what_is_on_disk(editor: Editor) -> None:
    (editor.root / "train.py").write_text(SUMMED)
    uri = editor.open("train.py", CLEAN)
    assert await editor.codes(uri) == []
    editor.change(uri, 2, ((4, 23), (4, 23), 'reduction="sum"'))
    assert await editor.codes(uri, 2) == ["LF101"]
    editor.change(uri, 3, ((4, 23), (4, 33), ""), ((4, 23), (4, 28), ""))
    assert await editor.codes(uri, 3) == []


async def test_the_last_state_wins(editor: Editor) -> None:
    uri = editor.open("train.py", SUMMED)
    for version in range(2, 9):
        editor.change(uri, version, LEGACY if version % 2 else CLEAN)
    editor.change(uri, 9, SUMMED)
    assert await editor.codes(uri, 9) == ["LF101"]
    versions = [each.version for each in editor.published]
    assert versions == sorted(set(versions))
    assert len(versions) < 9


async def test_a_whole_text_may_be_sent_too(editor: Editor) -> None:
    uri = editor.open("train.py", SUMMED)
    editor.change(uri, 2, LEGACY)
    assert await editor.codes(uri, 2) == ["LF301"]


async def test_columns_are_units_of_utf_16(editor: Editor) -> None:
    text = SUMMED.replace("criterion = ", 'name, criterion = "\N{ROCKET}\N{ROCKET}", ')
    uri = editor.open("train.py", text)
    (found,) = await editor.diagnostics(uri)
    characters = text.splitlines()[4].index("nn.MSE")
    assert found.range == at(4, characters + 2, characters + 2 + 27)
    editor.change(uri, 2, ((4, characters + 2 + 22), (4, characters + 2 + 25), "none"))
    assert await editor.codes(uri, 2) == ["LF201"]


@pytest.mark.parametrize(("encoding", "units"), [("utf-8", 8), ("utf-32", 2), ("utf-16", 4)])
async def test_the_editor_chooses_the_units(idle: Editor, encoding: str, units: int) -> None:
    general = types.GeneralClientCapabilities(position_encodings=[types.PositionEncodingKind(encoding)])
    started = await idle.start(types.ClientCapabilities(general=general))
    assert started.capabilities.position_encoding == encoding
    uri = idle.open("train.py", SUMMED.replace("criterion = ", 'name, criterion = "\N{ROCKET}\N{ROCKET}", '))
    (found,) = await idle.diagnostics(uri)
    assert found.range.start.character == len('name, criterion = "", ') + units


async def test_a_form_feed_ends_no_line(editor: Editor) -> None:
    text = "import os\n\f\n" + SUMMED.replace("# ", "# \u2028")
    uri = editor.open("train.py", text)
    (found,) = await editor.diagnostics(uri)
    assert found.range == at(6, 12, 39)
    editor.change(uri, 2, ((6, 34), (6, 37), "none"))
    (found,) = await editor.diagnostics(uri, 2)
    assert (found.code, found.range.start.line) == ("LF201", 11)


async def test_a_text_that_is_closed_shows_nothing(editor: Editor) -> None:
    uri = editor.open("train.py", SUMMED)
    assert await editor.codes(uri) == ["LF101"]
    editor.close(uri)
    await editor.until(lambda: len(editor.published) == 2)
    assert (editor.published[-1].uri, list(editor.published[-1].diagnostics)) == (uri, [])


async def test_a_text_that_is_no_python_yet_shows_nothing_and_says_nothing(editor: Editor) -> None:
    uri = editor.open("train.py", SUMMED)
    assert await editor.codes(uri) == ["LF101"]
    editor.change(uri, 2, ((5, 0), (5, 0), "def (\n"))
    assert await editor.codes(uri, 2) == []
    editor.change(uri, 3, ((5, 0), (6, 0), "\0"))
    assert await editor.codes(uri, 3) == []
    editor.change(uri, 4, ((5, 0), (5, 1), ""))
    assert await editor.codes(uri, 4) == ["LF101"]
    assert editor.messages == []


async def test_only_python_is_analysed(editor: Editor) -> None:
    editor.open("notes.txt", SUMMED, language="plaintext")
    editor.open("git:/train.py", SUMMED)  # an old version, beside the one that is edited
    unnamed = editor.open("untitled:Untitled-1", SUMMED)
    assert await editor.codes(unnamed) == ["LF101"]
    assert {each.uri for each in editor.published} == {unnamed}


async def test_noqa_is_respected(editor: Editor) -> None:
    uri = editor.open("train.py", SUMMED.replace('"sum")', '"sum")  # noqa: LF101'))
    assert await editor.codes(uri) == []


# --- several files ------------------------------------------------------------------------------------------------


async def test_a_place_in_another_file_is_related(editor: Editor) -> None:
    (editor.root / "losses.py").write_text(FACTORY)
    uri = editor.open("train.py", USER)
    (found,) = await editor.diagnostics(uri)
    reduction = next(each for each in found.related_information or () if each.location.uri != uri)
    assert reduction.location == types.Location(editor.uri("losses.py"), at(4, 11, 38))


async def test_an_import_leads_to_what_is_typed_in_another_file(editor: Editor) -> None:
    (editor.root / "losses.py").write_text(FACTORY)
    train = editor.open("train.py", USER)
    assert await editor.codes(train) == ["LF101"]
    losses = editor.open("losses.py", FACTORY)
    assert await editor.codes(train, times=2) == ["LF101"]
    editor.change(losses, 2, ((4, 33), (4, 36), "mean"))
    assert await editor.codes(train, times=3) == []
    editor.change(losses, 3, ((0, 0), (0, 0), "def ("))
    editor.change(losses, 4, FACTORY)
    await editor.until(lambda: [each.code for each in editor.published[-1].diagnostics] == ["LF101"])
    editor.change(losses, 5, FACTORY.replace("sum", "mean"))
    await editor.until(lambda: editor.published[-1].uri == train and not editor.published[-1].diagnostics)
    editor.close(losses)  # and so what is on disk counts again
    await editor.until(lambda: editor.published[-1].uri == train and bool(editor.published[-1].diagnostics))


async def test_a_follower_of_a_broken_file_is_analysed_again_once_that_is_mended(editor: Editor) -> None:
    (editor.root / "losses.py").write_text(FACTORY)
    train = editor.open("train.py", USER)
    assert await editor.codes(train) == ["LF101"]
    losses = editor.open("losses.py", "def (\n" + FACTORY)
    assert await editor.codes(train, times=2) == []
    editor.change(losses, 2, FACTORY)
    assert await editor.codes(train, times=3) == ["LF101"]


async def test_a_file_that_comes_later_is_found(editor: Editor) -> None:
    uri = editor.open("train.py", USER)
    assert await editor.codes(uri) == []
    (editor.root / "losses.py").write_text(FACTORY)
    created = types.FileEvent(editor.uri("losses.py"), types.FileChangeType.Created)
    editor.client.workspace_did_change_watched_files(types.DidChangeWatchedFilesParams([created]))
    assert await editor.codes(uri, times=2) == ["LF101"]
    (editor.root / "losses.py").write_text(FACTORY.replace("sum", "mean"))
    changed = types.FileEvent(editor.uri("losses.py"), types.FileChangeType.Changed)
    editor.client.workspace_did_change_watched_files(types.DidChangeWatchedFilesParams([changed]))
    assert await editor.codes(uri, times=3) == []


# --- an editor that asks ------------------------------------------------------------------------------------------

ASKING = types.ClientCapabilities(
    text_document=types.TextDocumentClientCapabilities(diagnostic=types.DiagnosticClientCapabilities()),
    workspace=types.WorkspaceClientCapabilities(
        workspace_edit=types.WorkspaceEditClientCapabilities(True),
        diagnostics=types.DiagnosticWorkspaceClientCapabilities(refresh_support=True),
    ),
)


async def asked(editor: Editor, uri: str) -> list[object]:
    params = types.DocumentDiagnosticParams(types.TextDocumentIdentifier(uri))
    report = await editor.client.text_document_diagnostic_async(params)
    assert isinstance(report, types.RelatedFullDocumentDiagnosticReport)
    return [each.code for each in report.items]


async def test_an_editor_that_asks_is_answered_and_sent_nothing(idle: Editor) -> None:
    started = await idle.start(ASKING)
    assert started.capabilities.diagnostic_provider is not None
    uri = idle.open("train.py", SUMMED)
    assert await asked(idle, uri) == ["LF101"]
    idle.change(uri, 2, CLEAN)
    assert await asked(idle, uri) == []
    assert await asked(idle, idle.uri("closed.py")) == []
    assert idle.published == []


async def test_an_editor_that_asks_is_told_when_another_file_matters(idle: Editor) -> None:
    await idle.start(ASKING)
    (idle.root / "losses.py").write_text(FACTORY)
    train = idle.open("train.py", USER)
    assert await asked(idle, train) == ["LF101"]
    losses = idle.open("losses.py", FACTORY)
    idle.change(losses, 2, FACTORY.replace("sum", "mean"))
    await idle.until(lambda: idle.refreshed == 1)
    assert await asked(idle, train) == []
