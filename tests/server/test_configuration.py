"""The configuration of a file in the editor is that of the command line."""

from __future__ import annotations

from pathlib import Path

import pytest
from lsprotocol import types

from lossflow.baseline import Baseline
from lossflow.checking import check
from lossflow.configuration.config import Config
from lossflow.source import Source
from tests.programs import SUMMED
from tests.server.editor import Editor

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_the_nearest_file_counts(editor: Editor) -> None:
    (editor.root / "pyproject.toml").write_text('[tool.lossflow]\nignore = ["LF101"]\n')
    (editor.root / "inner").mkdir()
    (editor.root / "inner" / "lossflow.toml").write_text('select = ["LF1"]\n')
    outer, inner = editor.open("train.py", SUMMED), editor.open("inner/train.py", SUMMED)
    assert await editor.codes(outer) == []
    assert await editor.codes(inner) == ["LF101"]


async def test_what_is_excluded_or_ignored_shows_nothing(editor: Editor) -> None:
    (editor.root / "lossflow.toml").write_text(
        'extend-exclude = ["generated"]\nper-file-ignores = { "old.py" = ["LF1"] }\n'
    )
    for name in ("generated/train.py", "old.py"):
        assert await editor.codes(editor.open(name, SUMMED)) == []
    assert await editor.codes(editor.open("train.py", SUMMED)) == ["LF101"]


async def test_what_the_baseline_knows_shows_nothing(editor: Editor) -> None:
    file = editor.root / "known.py"
    file.write_text(SUMMED)
    report = check(Source(str(file), SUMMED), Config())
    (editor.root / "lossflow.toml").write_text('baseline = "known.json"\n')
    Baseline(editor.root / "known.json", {}).written(editor.root / "known.json", [report])
    assert await editor.codes(editor.open("known.py", SUMMED)) == []
    assert await editor.codes(editor.open("train.py", SUMMED)) == ["LF101"]


async def test_a_change_of_the_configuration_is_noticed_when_it_is_saved(editor: Editor) -> None:
    file = editor.root / "lossflow.toml"
    uri = editor.open("train.py", SUMMED)
    assert await editor.codes(uri) == ["LF101"]
    file.write_text('ignore = ["LF101"]\n')
    editor.save(editor.open("lossflow.toml", file.read_text(), language="toml"))
    assert await editor.codes(uri, times=2) == []


async def test_a_change_of_the_configuration_is_noticed_on_disk(idle: Editor) -> None:
    watching = types.DidChangeWatchedFilesClientCapabilities(dynamic_registration=True)
    await idle.start(types.ClientCapabilities(types.WorkspaceClientCapabilities(did_change_watched_files=watching)))
    await idle.until(lambda: bool(idle.registered))
    (registered,) = idle.registered
    assert registered.method == types.WORKSPACE_DID_CHANGE_WATCHED_FILES
    assert "**/pyproject.toml" in str(registered.register_options)
    uri = idle.open("train.py", SUMMED)
    assert await idle.codes(uri) == ["LF101"]
    (idle.root / "pyproject.toml").write_text('[tool.lossflow]\nignore = ["LF101"]\n')
    for times, kind in enumerate((types.FileChangeType.Created, types.FileChangeType.Changed), start=2):
        event = types.FileEvent(idle.uri("pyproject.toml"), kind)
        idle.client.workspace_did_change_watched_files(types.DidChangeWatchedFilesParams([event]))
        assert await idle.codes(uri, times=times) == []


async def test_a_mistake_is_shown_once_and_the_server_goes_on(editor: Editor) -> None:
    file = editor.root / "lossflow.toml"
    file.write_text('selct = ["LF1"]\n')
    first, second = editor.open("train.py", SUMMED), editor.open("other.py", SUMMED)
    assert await editor.codes(first) == await editor.codes(second) == []
    editor.change(first, 2, SUMMED)
    assert await editor.codes(first, 2) == []
    (message,) = editor.messages
    assert message.type is types.MessageType.Error
    assert message.message.startswith("lossflow checks nothing until its configuration is mended: ")
    assert str(Path("lossflow.toml")) in message.message
    assert "`selct`" in message.message
    file.write_text('select = ["LF1"]\n')
    editor.change(first, 3, SUMMED)
    assert await editor.codes(first, 3) == ["LF101"]
    assert len(editor.messages) == 1


async def test_what_could_not_be_analysed_stands_in_the_log(editor: Editor) -> None:
    uri = editor.open("train.py", "import torch\nloss = (\n")
    assert await editor.codes(uri) == []
    (line,) = editor.logged
    assert line.message.startswith(f"{editor.root / 'train.py'} was not analysed: ")
    assert editor.messages == []
