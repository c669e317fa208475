"""What the editor offers for a finding."""

from __future__ import annotations

import pytest
from lsprotocol import types

from tests.programs import CLEAN, LEGACY, SUMMED
from tests.server.editor import Editor, applied, edits

pytestmark = pytest.mark.asyncio(loop_scope="module")

FIX_ALL = "source.fixAll.lossflow"


def titles(actions: list[types.CodeAction]) -> list[str]:
    return [each.title for each in actions]


def after(action: types.CodeAction, text: str) -> str:
    """The text after an action that changes nothing else."""
    (changes,) = edits(action).values()
    return applied(text, changes)


async def test_the_safety_of_a_fix_stands_in_its_title(editor: Editor) -> None:
    summed, legacy = editor.open("summed.py", SUMMED), editor.open("legacy.py", LEGACY)
    unsafe, disable = await editor.actions(summed, 4)
    assert unsafe.title == (
        'Write `reduction="mean"`, and tune the learning rate again (LF101, unsafe: changes the numbers)'
    )
    assert disable.title == "Disable LF101 for this line"
    assert after(unsafe, SUMMED) == SUMMED.replace('"sum"', '"mean"')
    safe, disable, _ = await editor.actions(legacy, 4)
    assert safe.title.endswith("(LF301, safe)")
    assert after(safe, LEGACY) == LEGACY.replace("size_average=True", 'reduction="mean"')
    assert [each.is_preferred for each in (unsafe, safe, disable)] == [None, True, None]
    assert [each.kind for each in (unsafe, safe, disable)] == ["quickfix"] * 3


async def test_an_edit_changes_only_what_is_wrong_and_holds_for_one_version(editor: Editor) -> None:
    uri = editor.open("train.py", CLEAN)
    editor.change(uri, 2, SUMMED)
    fix, _ = await editor.actions(uri, 4)
    (((where, version), (edit,)),) = edits(fix).items()
    assert (where, version) == (uri, 2)
    assert (edit.range, edit.new_text) == (types.Range(types.Position(4, 34), types.Position(4, 37)), "mean")
    assert fix.diagnostics is not None
    assert [each.code for each in fix.diagnostics] == ["LF101"]


async def test_an_editor_without_versions_gets_edits_all_the_same(idle: Editor) -> None:
    await idle.start(types.ClientCapabilities())
    uri = idle.open("train.py", SUMMED)
    fix, _ = await idle.actions(uri, 4)
    assert list(edits(fix)) == [(uri, None)]
    assert after(fix, SUMMED) == SUMMED.replace('"sum"', '"mean"')


async def test_there_is_nothing_to_do_elsewhere(editor: Editor) -> None:
    uri = editor.open("train.py", SUMMED)
    assert await editor.actions(uri, 0, last=3) == []
    assert await editor.actions(editor.uri("closed.py"), 4) == []


async def test_all_safe_fixes_are_made_in_one_go(editor: Editor) -> None:
    text = LEGACY.replace("optimizer =", "other = nn.L1Loss(reduce=False)\noptimizer =") + SUMMED
    uri = editor.open("train.py", text)
    (action,) = await editor.actions(uri, 0, only=[FIX_ALL])
    assert (action.kind, action.title) == (FIX_ALL, "Fix all safely fixable lossflow problems")
    fixed = text.replace("size_average=True", 'reduction="mean"').replace("reduce=False", 'reduction="none"')
    assert after(action, text) == fixed  # the unsafe fix of the sum is left to the user
    (changes,) = edits(action).values()
    assert len(changes) == 2


async def test_fixes_of_fixes_are_made_too(editor: Editor) -> None:
    text = LEGACY.replace("size_average=True", "size_average=False, reduce=False")
    uri = editor.open("train.py", text)
    (action,) = await editor.actions(uri, 0, only=[FIX_ALL])
    expected = LEGACY.replace("size_average=True", 'reduction="none"')
    assert after(action, text) == expected.replace(".backward()", ".mean().backward()")


@pytest.mark.parametrize(
    ("only", "expected"),
    [
        (None, {"quickfix", FIX_ALL}),
        ([""], {"quickfix", FIX_ALL}),
        (["quickfix"], {"quickfix"}),
        (["source"], {FIX_ALL}),
        (["source.fixAll"], {FIX_ALL}),
        (["source.fixAll.ruff", "refactor"], set()),
    ],
)
async def test_the_editor_gets_the_kinds_that_it_asks_for(
    editor: Editor, only: list[str] | None, expected: set[str]
) -> None:
    uri = editor.open("train.py", LEGACY)
    assert {each.kind for each in await editor.actions(uri, 4, only=only)} == expected


async def test_there_is_no_fixing_of_all_where_no_fix_is_safe(editor: Editor) -> None:
    uri = editor.open("train.py", SUMMED)
    assert await editor.actions(uri, 4, only=["source"]) == []


async def test_the_configuration_says_what_is_safe(editor: Editor) -> None:
    (editor.root / "lossflow.toml").write_text('extend-safe-fixes = ["LF101"]\nunfixable = ["LF301"]\n')
    summed, legacy = editor.open("summed.py", SUMMED), editor.open("legacy.py", LEGACY)
    (action,) = await editor.actions(summed, 0, only=[FIX_ALL])
    assert after(action, SUMMED) == SUMMED.replace('"sum"', '"mean"')
    assert titles(await editor.actions(legacy, 4)) == ["Disable LF301 for this line"]


@pytest.mark.parametrize("head", ["# -*- coding: latin-1 -*-\n# d\xe9j\xe0 vu\n", "# d\xe9j\xe0 vu\n"])
async def test_the_declared_encoding_of_a_text_is_its_own_business(editor: Editor, head: str) -> None:
    uri = editor.open("train.py", head + LEGACY)
    (action,) = await editor.actions(uri, 0, only=[FIX_ALL])
    assert after(action, head + LEGACY) == head + LEGACY.replace("size_average=True", 'reduction="mean"')


async def test_a_text_that_its_declared_encoding_lacks_is_left_alone(editor: Editor) -> None:
    uri = editor.open("train.py", "# -*- coding: latin-1 -*-\n# \N{ROCKET}\n" + LEGACY)
    assert await editor.codes(uri) == []
    assert await editor.actions(uri, 0, last=20) == []


async def test_ends_of_lines_stay_as_they_are(editor: Editor) -> None:
    text = LEGACY.replace("optimizer =", "other = (\n    nn.L1Loss(\n        reduce=False))\noptimizer =").replace(
        "\n", "\r\n"
    )
    uri = editor.open("train.py", text)
    (action,) = await editor.actions(uri, 0, only=[FIX_ALL])
    fixed = text.replace("size_average=True", 'reduction="mean"').replace("reduce=False", 'reduction="none"')
    assert after(action, text) == fixed


# --- comments -----------------------------------------------------------------------------------------------------


async def disabled(editor: Editor, text: str, line: int) -> str:
    """The text after the last action of a line; the finding must be gone from it."""
    uri = editor.open("train.py", text)
    *_, action = [each for each in await editor.actions(uri, line) if each.title.startswith("Disable")]
    result = after(action, text)
    editor.change(uri, 2, result)
    assert await editor.codes(uri, 2) == []
    return result


async def test_disabling_writes_a_comment(editor: Editor) -> None:
    assert await disabled(editor, SUMMED, 4) == SUMMED.replace('"sum")', '"sum")  # noqa: LF101')


async def test_disabling_extends_a_comment(editor: Editor) -> None:
    text = SUMMED.replace('"sum")', '"sum")  # noqa: E501 too long')
    assert await disabled(editor, text, 4) == text.replace("E501", "E501, LF101")


async def test_disabling_goes_behind_another_comment_and_blanks(editor: Editor) -> None:
    text = SUMMED.replace('"sum")', '"sum")  # as the paper has it   ')
    assert await disabled(editor, text, 4) == text.replace("has it   ", "has it  # noqa: LF101")


async def test_disabling_goes_behind_a_string_of_several_lines(editor: Editor) -> None:
    text = SUMMED.replace("criterion = nn", "criterion, about = nn").replace(
        '"sum")', '"sum"), """a sum\n\nof squares"""'
    )
    assert await disabled(editor, text, 4) == text.replace('squares"""', 'squares"""  # noqa: LF101')


async def test_disabling_goes_behind_lines_that_are_joined(editor: Editor) -> None:
    text = SUMMED.replace('"sum")', '"sum" \\\n    )')
    assert await disabled(editor, text, 4) == text.replace("    )\n", "    )  # noqa: LF101\n")


async def test_disabling_stays_within_brackets(editor: Editor) -> None:
    text = SUMMED.replace('"sum")', '"sum",\n)')
    assert await disabled(editor, text, 4) == text.replace('"sum",', '"sum",  # noqa: LF101')


async def test_a_string_is_not_made_a_comment(editor: Editor) -> None:
    text = SUMMED.replace("criterion =", 'about, criterion = "# noqa: E501",')
    uri = editor.open("train.py", text)
    assert all("Disable" not in each.title for each in await editor.actions(uri, 4))


async def test_each_code_of_a_line_is_disabled_by_itself(editor: Editor) -> None:
    text = SUMMED.replace('reduction="sum"', "size_average=False")
    uri = editor.open("train.py", text)
    codes = await editor.codes(uri)
    offered = titles(await editor.actions(uri, 4, only=["quickfix"]))
    assert {"Disable LF101 for this line", "Disable LF301 for this line"} <= set(offered)
    assert sorted(map(str, codes)) == ["LF101", "LF301"]
