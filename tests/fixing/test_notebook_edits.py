"""Edits of a notebook's program change the lines that they are about in the JSON text, and nothing else."""

from __future__ import annotations

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lossflow.errors import NotEdited
from lossflow.notebook import code_cells, read
from lossflow.notebook_edits import edited
from lossflow.source import Edit, Source, Span


def made(*cells: object, **options) -> bytes:
    """A notebook of code cells between two others, with outputs that look like cells."""
    rows: list[object] = [{"cell_type": "markdown", "source": ["bad\n"]}]
    for cell in cells:
        output = {"output_type": "stream", "text": ["bad\n"], "cells": [{"cell_type": "code", "source": "bad"}]}
        rows.append({"cell_type": "code", "metadata": {"source": "bad"}, "outputs": [output], "source": cell})
    return json.dumps({"metadata": {"n": "bad"}, "cells": rows, "nbformat": 4}, **options).encode()


def lines(text: str) -> list[str]:
    return text.splitlines(keepends=True)


def edits(source: Source, pattern: str, content: str) -> list[Edit]:
    return [Edit(Span(*match.span()), match.expand(content)) for match in re.finditer(pattern, source.text)]


def replaced(data: bytes, pattern: str, content: str) -> bytes:
    source = read("a.ipynb", data)
    return edited(data, source, edits(source, pattern, content))


@pytest.mark.parametrize("indent", [None, 1, 4, "\t"])
@pytest.mark.parametrize("ascii_only", [True, False])
@pytest.mark.parametrize("end", [b"", b"\n", b"\r\n"])
def test_the_layout_of_the_file_stays(indent: int | str | None, ascii_only: bool, end: bytes) -> None:
    options = {"indent": indent, "ensure_ascii": ascii_only}
    data = made(lines("x = 'é\t'\nx = bad\nz = 'é'"), lines("y = bad"), **options) + end
    expected = made(lines("x = 'é\t'\nx = good\nz = 'é'"), lines("y = good"), **options) + end
    assert replaced(data, "bad", "good") == expected


@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_newlines_and_the_byte_order_mark_of_the_file_stay(line_end: str, mark: bytes) -> None:
    data = mark + made(lines("x = bad\n"), indent=1).replace(b"\n", line_end.encode())
    assert replaced(data, "bad", "good") == data.replace(b"x = bad", b"x = good")


def test_the_spelling_of_what_is_not_replaced_stays() -> None:
    strange = (
        rb'{"cells": [{"cell_type": "code", "source": ["\u0078 = \"\/\ud83d\ude00\u00e9'
        + "é".encode()
        + rb'\" + bad"]}]}'
    )
    assert replaced(strange, "bad", "good") == strange.replace(b"bad", b"good")


def test_one_string_is_a_cell_too() -> None:
    data = made("x = 1\nx = bad\n\ny = bad", indent=1)
    assert replaced(data, "bad", "good") == made("x = 1\nx = good\n\ny = good", indent=1)


@pytest.mark.parametrize("key", ["input", "source"])
def test_the_format_of_2011(key: str) -> None:
    cells = [{"cell_type": "code", key: ["x = bad\n"], "language": "python"}]
    data = json.dumps({"nbformat": 3, "worksheets": [{"cells": cells}, {"cells": [{"x": "bad"}]}]}, indent=1).encode()
    assert replaced(data, "bad", "good") == data.replace(b"x = bad", b"x = good")


def test_the_last_of_equal_keys_is_the_one_that_is_read() -> None:
    data = b'{"cells": [], "cells": [{"source": "no", "cell_type": "code", "source": ["x = bad"]}]}'
    assert replaced(data, "bad", "good") == data.replace(b"bad", b"good")


@pytest.mark.parametrize(
    ("before", "pattern", "content", "after"),
    [
        ("a\nbad\nb", "bad\n", "", "a\nb"),
        ("bad\nb", "bad\n", "", "b"),
        ("a\nbad", "bad\n", "", "a\n"),
        ("a\nbad\n", "bad\n", "", "a\n"),
        ("bad", "bad\n", "", ""),
        ("a\nbad\nb", "bad", "one\ntwo", "a\none\ntwo\nb"),
        ("a\nb\nc", "(?=b)", "new\n", "a\nnew\nb\nc"),
        ("a\nb\nc", "(?<=b)", "\nnew", "a\nb\nnew\nc"),
        ("a\nb", "(?<=b)", "\nnew", "a\nb\nnew"),
        ("a\nb", "b\n", "c\n", "a\nc"),
        ("(a,\n b,\n c)", r"a,\n b", "ab", "(ab,\n c)"),
        ("(a,\n b,\n c)", r",\n b,\n c", "", "(a)"),
        ("(a,\n b,\n c)", r"\n", " ", "(a,  b,  c) "),
        ("a\n\nb\n", r"\n\nb", "\nc", "a\nc\n"),
    ],
)
@pytest.mark.parametrize("listed", [True, False])
def test_lines_come_and_go(before: str, pattern: str, content: str, after: str, listed: bool) -> None:
    form = lines if listed else str
    data = made(form(before), form("last"), indent=1)
    expected = form(after) or [""] if listed else after
    source = read("a.ipynb", data)
    # The last newline of a cell is the program's, unless the cell has one: it joins nothing.
    chosen = [edit for edit in edits(source, pattern, content) if edit.span.start < source.cells[1] - (content == " ")]
    changed = edited(data, source, chosen)
    assert changed == made(expected if content != " " else form(after.rstrip()), form("last"), indent=1)


def test_a_line_that_is_added_to_a_list_of_one_gets_its_layout() -> None:
    assert replaced(made(["bad"], indent=1), "bad", "a\nb") == made(["a\n", "b"], indent=1)
    assert replaced(made(["bad"]), "bad", "a\nb") == made(["a\n", "b"])


def test_new_characters_are_spelled_as_the_file_spells_them() -> None:
    assert replaced(made("'é' + bad"), "bad", "'ö'") == made("'é' + 'ö'")
    assert replaced(made("'é' + bad", ensure_ascii=False), "bad", "'ö'") == made("'é' + 'ö'", ensure_ascii=False)
    assert replaced(made("bad"), "bad", "'ö'\t\"") == made("'ö'\t\"", ensure_ascii=False)


def test_windows_newlines_in_a_cell_stay() -> None:
    assert replaced(made("a\r\nbad\r\nb"), "bad", "c\nd") == made("a\r\nc\r\nd\r\nb")


@pytest.mark.parametrize(
    ("cells", "pattern", "reason"),
    [
        (["%time x\nbad = %time y"], "None", "it changes line 2 of cell 1, which IPython reads in its own way"),
        (["%time x\nbad"], "pass", "it changes line 1 of cell 1, which IPython reads in its own way"),
        (["x = 1", "  %time bad\n  x = 2"], "if True:", "it changes what is behind the last line of cell 1"),
        (["  %time bad\n  x = 2"], "if True:", "it changes code that is no cell's"),
        (["a", "b"], "a\nb", "it changes line 2 of cell 1"),
        (["a"], r"(?<=a\n)\Z", "it changes what is behind the last line of cell 1"),
        (["a", ""], r"\Z", "it changes what is behind the last line of cell 2"),
        ([["a", 1]], "a1", "it changes line 1 of cell 1"),
    ],
)
def test_what_is_no_line_of_the_cell_is_refused(cells: list[object], pattern: str, reason: str) -> None:
    data = made(*cells)
    source = read("a.ipynb", data)
    chosen = edits(source, pattern, "x")
    assert chosen
    with pytest.raises(NotEdited) as refusal:
        edited(data, source, chosen)
    assert str(refusal.value).startswith(reason)


def test_lines_beside_a_magic_can_be_edited() -> None:
    data = made(lines("%time x\nbad\n!ls\ny = bad"), indent=1)
    expected = made(lines("%time x\ngood\n!ls\ny = good"), indent=1)
    assert replaced(data, "bad", "good") == expected
    assert replaced(data, "(?=bad\npass)", "new\n") == made(lines("%time x\nnew\nbad\n!ls\ny = bad"), indent=1)


WORDS = st.sampled_from(["a", "bad", "é", "\n", "\n", " ", "\U0001f600", '"', "\\", "\t", "#", "'"])


@given(
    cells=st.lists(st.lists(WORDS, max_size=12).map("".join), min_size=1, max_size=3),
    listed=st.booleans(),
    ascii_only=st.booleans(),
    content=st.sampled_from(["", "x", "x\ny", "é\n", "\n"]),
    where=st.integers(0, 40),
    length=st.integers(0, 8),
)
def test_an_edit_does_to_the_cell_what_it_does_to_the_program(
    cells: list[str], listed: bool, ascii_only: bool, content: str, where: int, length: int
) -> None:
    # Comments are Python whatever is in them, so that every line is as it was written.
    texts = ["\n".join("#" + line for line in cell.split("\n")) for cell in cells]
    data = made(*(lines(text) if listed else text for text in texts), ensure_ascii=ascii_only, indent=1)
    source = read("a.ipynb", data)
    edit = Edit(Span(min(where, len(source.text)), min(where + length, len(source.text))), content)
    try:
        changed = edited(data, source, [edit])
    except NotEdited:
        return
    whole = "".join(f"{text}\n" for text in code_cells(changed))
    assert re.sub(r"\n+", "\n", whole).strip() == re.sub(r"\n+", "\n", source.edited([edit]).text).strip()
    before, after = json.loads(data), json.loads(changed)
    for one, other in zip(before["cells"], after["cells"], strict=True):
        written = other["source"]
        assert one["cell_type"] == "code" or written == one["source"]
        assert isinstance(written, str) or not written or written == lines("".join(written)) or written == [""]
        other["source"] = one["source"]
    assert before == after
