"""What the editor shows where the cursor is."""

from __future__ import annotations

import pytest
from lsprotocol import types

from tests.programs import SUMMED
from tests.server.editor import Editor

pytestmark = pytest.mark.asyncio(loop_scope="module")


def text(hover: types.Hover | None) -> str:
    assert hover is not None
    assert isinstance(hover.contents, types.MarkupContent)
    assert hover.contents.kind is types.MarkupKind.Markdown
    return hover.contents.value


async def test_a_finding_shows_the_page_of_its_rule(editor: Editor) -> None:
    uri = editor.open("train.py", SUMMED)
    hover = await editor.hover(uri, 4, 20)
    page = text(hover)
    assert page.startswith("**LF101 sum-with-fixed-lr**\n")
    assert "```python\nimport torch\n" in page
    assert hover is not None
    assert hover.range == types.Range(types.Position(4, 12), types.Position(4, 39))
    assert await editor.hover(uri, 4, 5) is None
    assert await editor.hover(uri, 40, 5) is None


async def test_a_code_in_a_comment_shows_its_page(editor: Editor) -> None:
    line = 'about = "\N{ROCKET}"  # noqa: E501, LF301,LF2'
    uri = editor.open("train.py", SUMMED + line)
    row = SUMMED.count("\n")
    column = line.index("LF301") + 1  # the rocket is two units
    hover = await editor.hover(uri, row, column)
    assert text(hover).startswith("**LF301 legacy-reduction-arguments**\n")
    assert hover is not None
    assert hover.range == types.Range(types.Position(row, column), types.Position(row, column + 5))
    several = text(await editor.hover(uri, row, column + 8))
    assert [each.split(" ")[1] for each in several.splitlines()] == ["**LF201", "**LF202", "**LF203", "**LF204"]
    assert await editor.hover(uri, row, column - 4) is None


async def test_a_code_elsewhere_is_a_word_like_any_other(editor: Editor) -> None:
    uri = editor.open("train.py", SUMMED + "about = 1  # LF301 is what it is\n")
    assert await editor.hover(uri, SUMMED.count("\n"), 15) is None
