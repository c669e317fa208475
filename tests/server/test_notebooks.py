"""A notebook's cells are one program, and each is a text of its own to the editor."""

from __future__ import annotations

import pytest
from lsprotocol import types

from tests.server.editor import Editor, applied, content, edits

pytestmark = pytest.mark.asyncio(loop_scope="module")

CELLS = (
    "import torch\nfrom torch import nn\n\nmodel = nn.Linear(4, 1)",
    '%matplotlib inline\ncriterion = nn.MSELoss(reduction="sum")\nold = nn.L1Loss(size_average=True)',
    "optimizer = torch.optim.SGD(model.parameters(), lr=0.01)\n"
    "for inputs, targets in loader:\n"
    "    optimizer.zero_grad()\n"
    "    criterion(model(inputs), targets).backward()\n"
    "    optimizer.step()",
)


def cell(number: int) -> str:
    return f"vscode-notebook-cell:/train.ipynb#{number}"


def item(number: int, text: str, language: str = "python") -> types.TextDocumentItem:
    return types.TextDocumentItem(cell(number), language, 1, text)


def code(number: int) -> types.NotebookCell:
    return types.NotebookCell(types.NotebookCellKind.Code, cell(number))


def open_notebook(editor: Editor, *texts: str) -> str:
    numbers = range(len(texts))
    return editor.open_notebook("train.ipynb", [*map(code, numbers)], [*map(item, numbers, texts)])


def change(editor: Editor, uri: str, cells: types.NotebookDocumentCellChanges) -> None:
    which = types.VersionedNotebookDocumentIdentifier(2, uri)
    changes = types.NotebookDocumentChangeEvent(cells=cells)
    editor.client.notebook_document_did_change(types.DidChangeNotebookDocumentParams(which, changes))


async def test_a_finding_stands_in_its_cell(editor: Editor) -> None:
    open_notebook(editor, *CELLS)
    assert await editor.codes(cell(0)) == await editor.codes(cell(2)) == []
    summed, legacy = await editor.diagnostics(cell(1))
    assert (summed.code, summed.range) == ("LF101", types.Range(types.Position(1, 12), types.Position(1, 39)))
    assert legacy.code == "LF301"
    assert {each.location.uri for each in summed.related_information or ()} == {cell(2)}


async def test_a_change_of_one_cell_concerns_the_others(editor: Editor) -> None:
    uri = open_notebook(editor, *CELLS)
    assert await editor.codes(cell(1)) == ["LF101", "LF301"]
    text = types.NotebookDocumentCellContentChanges(
        types.VersionedTextDocumentIdentifier(uri=cell(2), version=2), [content(((1, 0), (5, 0), ""))]
    )
    change(editor, uri, types.NotebookDocumentCellChanges(text_content=[text]))
    assert await editor.codes(cell(1), times=2) == ["LF301"]
    assert await editor.codes(cell(2), 2) == []


async def test_cells_come_and_go(editor: Editor) -> None:
    uri = open_notebook(editor, *CELLS[:2])
    assert await editor.codes(cell(1)) == ["LF301"]
    added = types.NotebookCellArrayChange(2, 0, [code(2)])
    change(
        editor,
        uri,
        types.NotebookDocumentCellChanges(
            types.NotebookDocumentCellChangeStructure(added, did_open=[item(2, CELLS[2])])
        ),
    )
    assert await editor.codes(cell(1), times=2) == ["LF101", "LF301"]
    removed = types.NotebookCellArrayChange(1, 1, [])
    change(
        editor,
        uri,
        types.NotebookDocumentCellChanges(
            types.NotebookDocumentCellChangeStructure(removed, did_close=[types.TextDocumentIdentifier(cell(1))])
        ),
    )
    assert await editor.codes(cell(2), times=2) == []
    last = [each for each in editor.published if each.uri == cell(1)][-1]
    assert (last.version, list(last.diagnostics)) == (None, [])


async def test_a_cell_in_another_language_is_none_of_the_program(editor: Editor) -> None:
    markup = types.NotebookCell(types.NotebookCellKind.Markup, cell(7))
    cells = [code(0), markup, code(8), code(1), code(2)]
    items = [item(0, CELLS[0]), item(7, "# Title", "markdown"), item(8, "SELECT loss", "sql"), item(1, CELLS[1])]
    editor.open_notebook("train.ipynb", cells, [*items, item(2, CELLS[2])])
    assert await editor.codes(cell(1)) == ["LF101", "LF301"]
    assert {each.uri for each in editor.published} == {cell(0), cell(1), cell(2)}


async def test_edits_are_those_of_cells(editor: Editor) -> None:
    open_notebook(editor, *CELLS)
    fix, disable = await editor.actions(cell(1), 1, only=["quickfix"])
    assert {where: applied(CELLS[1], each) for where, each in edits(fix).items()} == {
        (cell(1), 1): CELLS[1].replace('"sum"', '"mean"')
    }
    assert applied(CELLS[1], edits(disable)[cell(1), 1]) == CELLS[1].replace('"sum")', '"sum")  # noqa: LF101')
    (all_safe,) = await editor.actions(cell(0), 0, only=["source.fixAll"])
    assert applied(CELLS[1], edits(all_safe)[cell(1), 1]) == CELLS[1].replace("size_average=True", 'reduction="mean"')


async def test_hover_works_in_a_cell(editor: Editor) -> None:
    open_notebook(editor, *CELLS)
    hover = await editor.hover(cell(1), 1, 20)
    assert hover is not None
    assert "**LF101" in str(hover.contents)
    assert await editor.hover(cell(2), 1, 20) is None


async def test_a_notebook_that_is_closed_shows_nothing(editor: Editor) -> None:
    uri = open_notebook(editor, *CELLS)
    assert await editor.codes(cell(1)) == ["LF101", "LF301"]
    editor.close_notebook(uri)
    await editor.until(lambda: len(editor.published) == 6)
    assert all(not each.diagnostics for each in editor.published[3:])
    assert {each.uri for each in editor.published[3:]} == {cell(0), cell(1), cell(2)}


async def test_an_editor_that_asks_is_sent_the_diagnostics_of_cells(idle: Editor) -> None:
    diagnostic = types.TextDocumentClientCapabilities(diagnostic=types.DiagnosticClientCapabilities())
    await idle.start(types.ClientCapabilities(text_document=diagnostic))
    open_notebook(idle, *CELLS)
    assert await idle.codes(cell(1)) == ["LF101", "LF301"]
