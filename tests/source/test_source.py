"""Text is decoded as Python decodes it, addressed as people count, and given back byte for byte."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lossflow.errors import NotAnalysed
from lossflow.source import Edit, Location, Source, Span, apply_edits


@pytest.mark.parametrize(
    ("data", "text", "encoding"),
    [
        (b"x = 1\n", "x = 1\n", "utf-8"),
        (b"", "", "utf-8"),
        ("é = 1\n".encode(), "é = 1\n", "utf-8"),
        (b"\xef\xbb\xbfx = 1\r\n", "x = 1\r\n", "utf-8"),
        (b"\xef\xbb\xbf# coding: utf-8\nx = 1\n", "# coding: utf-8\nx = 1\n", "utf-8"),
        (b"# -*- coding: latin-1 -*-\ns = '\xe9'\n", "# -*- coding: latin-1 -*-\ns = 'é'\n", "iso-8859-1"),
        (b"#!/usr/bin/python\n# vim: fileencoding=cp1252\ns = '\x80'\n", None, "cp1252"),
        (b"x = 1\ny = 2\n# coding: latin-1\n", None, "utf-8"),
    ],
)
def test_a_file_is_decoded_as_it_declares_and_given_back(data: bytes, text: str | None, encoding: str) -> None:
    source = Source.from_bytes("x.py", data)
    assert source.encoding == encoding
    assert text is None or source.text == text
    assert source.to_bytes() == data


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"x = 1\ns = '\xe9'\n", "not valid UTF-8 (byte 0xe9 on line 2)"),
        (b"x = 1\n\ny = '\0'\n", "NUL byte on line 3"),
        ("x = 1\n".encode("utf-16"), "NUL byte on line 1"),
        (b"# coding: klingon\nx = 1\n", "klingon"),
        (b"# coding: rot13\nk = 1\n", "rot13"),
        (b"# coding: undefined\nk = 1\n", "undefined"),
        (b"# coding: ascii\ns = '\xe9'\n", "not valid ascii"),
        (b"\xef\xbb\xbf# coding: latin-1\n", "utf-8"),
        (b"# coding: unicode_escape\ns = '\\ud800'\n", "unicode_escape"),
    ],
)
def test_a_file_that_python_could_not_read_is_refused_with_the_reason(data: bytes, reason: str) -> None:
    with pytest.raises(NotAnalysed) as refusal:
        Source.from_bytes("x.py", data)
    assert reason in str(refusal.value)


def test_lines_end_where_python_ends_them() -> None:
    source = Source("x.py", "a\r\nb\rc\nd\x0ce\u2028f\n")
    assert [source.line(row) for row in range(7)] == ["", "a", "b", "c", "d\x0ce\u2028f", "", ""]
    assert source.location(source.text.index("f")) == Location(4, 5)
    assert source.newline == "\r\n"


@given(st.text(alphabet="ab\r\n\té𝔸", max_size=40))
def test_a_location_counts_lines_and_characters(text: str) -> None:
    source = Source("x.py", text)
    lines = text.replace("\r\n", "\n\0").replace("\r", "\n").split("\n")
    for offset in range(len(text) + 1):
        if text[offset - 1 : offset + 1] == "\r\n":
            continue  # no place that a finding could have
        where = source.location(offset)
        assert where.row == len(text[:offset].replace("\r\n", "\n").replace("\r", "\n").split("\n"))
        line = lines[where.row - 1].lstrip("\0")
        assert where.column <= len(line) + 1
        assert text[offset : offset + 1] in (line[where.column - 1 : where.column], "\r", "\n", "")


@given(st.binary(max_size=60))
def test_any_bytes_are_decoded_and_given_back_or_refused(data: bytes) -> None:
    try:
        source = Source.from_bytes("x.py", data)
    except NotAnalysed:
        return
    assert source.to_bytes() == data


def test_edits_apply_in_the_order_of_the_text() -> None:
    edits = [Edit(Span(4, 5), "2"), Edit(Span(0, 1), "y"), Edit(Span(5, 5), "  # two")]
    assert apply_edits("x = 1\n", edits) == "y = 2  # two\n"
    assert Source("x.py", "x = 1\n", bom=True).edited(edits).to_bytes() == b"\xef\xbb\xbfy = 2  # two\n"


def test_edits_that_overlap_are_refused() -> None:
    with pytest.raises(ValueError, match="overlap at character 2"):
        apply_edits("abcdef", [Edit(Span(0, 3), "x"), Edit(Span(2, 4), "y")])
