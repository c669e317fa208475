"""Editors with the server behind them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from tests.server.editor import Editor


@pytest_asyncio.fixture(loop_scope="module")
async def idle(tmp_path: Path) -> AsyncIterator[Editor]:
    """An editor whose server is still to be started."""
    editor = Editor(tmp_path)
    yield editor
    await editor.stop()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def _running(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Editor]:
    """An editor for all tests of a module: half of a second goes by until its server has been imported."""
    editor = Editor(tmp_path_factory.mktemp("started"))
    await editor.start()
    yield editor
    await editor.stop()


@pytest_asyncio.fixture(loop_scope="module")
async def editor(_running: Editor, tmp_path: Path) -> Editor:
    """An editor that can do what all of them can, with nothing open."""
    await _running.begin(tmp_path)
    return _running
