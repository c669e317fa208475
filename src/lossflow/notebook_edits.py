"""Edits of a notebook's program, made in the JSON text of the notebook.

Only the characters that an edit replaces change: the spelling of every other character in the strings of a cell stays,
and so do the indent, the order of the keys and the newline at the end of the file.
"""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from lossflow.errors import NotEdited
from lossflow.source import NEWLINE, Edit, Source

_BLANK = re.compile(r"[ \t\r\n]*")
_DECODER = json.JSONDecoder()
_ESCAPED = re.compile(r"\\u(?:00[89a-fA-F]|0[1-9a-fA-F]|[1-9a-fA-F])")
_CHARACTER = re.compile(
    r"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|\\u[0-9a-fA-F]{4}|\\.|.", re.DOTALL
)
"""One character of a JSON string as it is spelled; two escapes may spell one."""


@dataclass(frozen=True, slots=True)
class _Token:
    """A string of the JSON text: where it stands, quotes included, and the spelling of each character."""

    start: int
    end: int
    spelled: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Cell:
    """A code cell: the strings that its text is made of; `listed` where they stand in a list."""

    tokens: tuple[_Token, ...]
    text: str
    listed: bool


@dataclass(frozen=True, slots=True)
class _Change:
    """Characters of a cell's text, and the spelling that takes their place."""

    start: int
    end: int
    spelled: tuple[str, ...]


def edited(data: bytes, source: Source, edits: Iterable[Edit]) -> bytes:
    """The bytes of a notebook with edits of its program applied; raises NotEdited where a line is not the program's.

    `source` is the program that was read from `data`.
    """
    mark = codecs.BOM_UTF8 if data.startswith(codecs.BOM_UTF8) else b""
    text = data[len(mark) :].decode()
    cells = _code_cells(text)
    ascii_only = text.isascii() and _ESCAPED.search(text) is not None
    changes: dict[int, list[_Change]] = {}
    for edit in sorted(edits, key=lambda edit: edit.span):
        number = source.location(edit.span.start).cell or 0
        if not 1 <= number <= len(cells):
            raise NotEdited("it changes code that is no cell's")
        changes.setdefault(number, []).append(_change(source, cells[number - 1], number, edit, ascii_only))
    for number in sorted(changes, reverse=True):
        text = _rewritten(text, cells[number - 1], changes[number])
    return mark + text.encode()


# --- from the program to a cell -----------------------------------------------------------------------------------


def _change(source: Source, cell: _Cell, number: int, edit: Edit, ascii_only: bool) -> _Change:
    """The edit in characters of the cell's own text."""
    start = source.location(edit.span.start)
    above = source.row(edit.span.start) - start.row
    row, column = source.row(edit.span.end) - above, source.location(edit.span.end).column
    starts = (0, *(found.end() for found in NEWLINE.finditer(cell.text)))
    if start.row > len(starts) or row > len(starts) + 1 or not cell.tokens:
        raise NotEdited(f"it changes what is behind the last line of cell {number}")
    last = row - 1 if column == 1 and _ends_lines(edit, start.column) else row
    for each in range(start.row, last + 1):
        if each > len(starts) or source.line(above + each) != _line(cell.text, starts[each - 1]):
            raise NotEdited(f"it changes line {each} of cell {number}, which IPython reads in its own way")
    newline = NEWLINE.search(cell.text)
    content = NEWLINE.sub(newline.group() if newline else "\n", edit.content)
    if row > len(starts):  # the program ends each cell with a newline, which the cell itself need not have
        end, content = len(cell.text), content.removesuffix("\n")
    else:
        end = starts[row - 1] + column - 1
    return _Change(starts[start.row - 1] + start.column - 1, end, _spelled(content, ascii_only))


def _line(text: str, start: int) -> str:
    return NEWLINE.split(text[start:], maxsplit=1)[0]


def _ends_lines(edit: Edit, column: int) -> bool:
    """True when an edit that ends where a line starts leaves that line alone."""
    return edit.content.endswith("\n") or (not edit.content and column == 1)


def _spelled(content: str, ascii_only: bool) -> tuple[str, ...]:
    return tuple(json.dumps(character, ensure_ascii=ascii_only)[1:-1] for character in content)


# --- from a cell to the JSON text ---------------------------------------------------------------------------------


def _rewritten(text: str, cell: _Cell, changes: Sequence[_Change]) -> str:
    """The JSON text with the changed strings of the cell in place of the old ones; the last change comes first."""
    for first, last, group in reversed(_groups(cell, changes)):
        run = cell.tokens[first : last + 1]
        spelled = [character for token in run for character in token.spelled]
        offset = sum(len(token.spelled) for token in cell.tokens[:first])
        for change in reversed(group):
            spelled[change.start - offset : change.end - offset] = change.spelled
        lines = _lines(spelled) if cell.listed and all(len(_lines(token.spelled)) <= 1 for token in run) else [spelled]
        strings = [f'"{"".join(line)}"' for line in lines]
        text = text[: run[0].start] + _between(text, cell).join(strings) + text[run[-1].end :]
    return text


def _groups(cell: _Cell, changes: Sequence[_Change]) -> list[tuple[int, int, list[_Change]]]:
    """The changes by the strings that they touch: the first, the last, and those that have these in common."""
    groups: list[tuple[int, int, list[_Change]]] = []
    for change in changes:
        first, last = _touched(cell, change)
        if groups and first <= groups[-1][1]:
            before, end, members = groups.pop()
            groups.append((before, max(end, last), [*members, change]))
        else:
            groups.append((first, last, [change]))
    return groups


def _touched(cell: _Cell, change: _Change) -> tuple[int, int]:
    """The strings that a change has a part in.

    A line that goes, or that another is appended to, takes the string of the next line with it: no string may be left
    empty, and none may hold what follows a newline.
    """
    ends, end = [], 0
    for token in cell.tokens:
        end += len(token.spelled)
        ends.append(end)
    last_token = len(ends) - 1
    first = next((index for index, end in enumerate(ends) if change.start < end), last_token)
    last = next((index for index, end in enumerate(ends) if change.end <= end), last_token)
    whole = change.start == (ends[first - 1] if first else 0) and change.end == ends[last] and not change.spelled
    joins = change.end == ends[last] and change.end > change.start and change.spelled[-1:] != ("\\n",)
    last = min(max(first, last + (whole or joins)), last_token)
    return (first - 1 if whole and last == last_token and first else first), last


def _lines(spelled: Sequence[str]) -> list[list[str]]:
    """The characters of a text by its lines, each with its newline; one empty line for an empty text."""
    lines: list[list[str]] = [[]]
    for index, character in enumerate(spelled):
        lines[-1].append(character)
        if character == "\\n" and index + 1 < len(spelled):
            lines.append([])
    return lines


def _between(text: str, cell: _Cell) -> str:
    """What stands between two strings of the cell's list."""
    if len(cell.tokens) > 1:
        return text[cell.tokens[0].end : cell.tokens[1].start]
    before = text[: cell.tokens[0].start]
    blank = before[len(before.rstrip()) :]
    return f",{blank}" if "\n" in blank else ", "


# --- the JSON text ------------------------------------------------------------------------------------------------


def _code_cells(text: str) -> list[_Cell]:
    """The code cells that `notebook` reads, with the places of their strings."""
    top = _members(text, _past_blank(text, 0))
    if "cells" in top and text[top["cells"]] == "[":
        cells = _items(text, top["cells"])
    else:
        sheets = _items(text, top["worksheets"]) if "worksheets" in top else []
        sheet = _members(text, sheets[0]) if sheets else {}
        cells = _items(text, sheet["cells"]) if "cells" in sheet else []
    found = []
    for keys in (_members(text, at) for at in cells):
        if "cell_type" in keys and _value(text, keys["cell_type"])[0] == "code":
            found.append(_cell(text, keys.get("source", keys.get("input"))))
    return found


def _cell(text: str, at: int | None) -> _Cell:
    if at is None:
        return _Cell((), "", listed=False)
    listed = text[at] == "["
    places = [each for each in (_items(text, at) if listed else [at]) if text[each] == '"']
    values = [_value(text, place) for place in places]
    tokens = tuple(
        _Token(place, end, tuple(_CHARACTER.findall(text[place + 1 : end - 1])))
        for place, (_, end) in zip(places, values)
    )
    return _Cell(tokens, "".join(str(value) for value, _ in values), listed)


def _value(text: str, at: int) -> tuple[object, int]:
    return _DECODER.raw_decode(text, at)


def _members(text: str, at: int) -> dict[str, int]:
    """Where the value of each key of an object begins; nothing for another value. The last of equal keys counts."""
    found: dict[str, int] = {}
    for key in _inside(text, at, "{"):
        name, end = _value(text, key)
        found[str(name)] = _past_blank(text, _past_blank(text, end) + 1)
    return found


def _items(text: str, at: int) -> list[int]:
    """Where each item of a list begins; nothing for another value."""
    return list(_inside(text, at, "["))


def _inside(text: str, at: int, bracket: str) -> Iterator[int]:
    """Where each key of an object, or each item of a list, begins."""
    if text[at] != bracket:
        return
    at = _past_blank(text, at + 1)
    while text[at] not in "]}":
        yield at
        end = _past_blank(text, _value(text, at)[1])
        if text[end] == ":":
            end = _past_blank(text, _value(text, _past_blank(text, end + 1))[1])
        at = _past_blank(text, end + 1) if text[end] == "," else end


def _past_blank(text: str, at: int) -> int:
    found = _BLANK.match(text, at)
    return found.end() if found else at
