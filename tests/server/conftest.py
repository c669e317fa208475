"""Editors with the server behind them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio

from tests.server.editor import Editor


@pytest_asyncio.fixture
async def idle(tmp_path: Path) -> AsyncIterator[Editor]:
    """An editor whose server is still to be started."""
    editor = Editor(tmp_path)
    yield editor
    await editor.stop()


@pytest_asyncio.fixture
async def editor(idle: Editor) -> Editor:
    """An editor that can do what all of them can."""
    await idle.start()
    return idle
