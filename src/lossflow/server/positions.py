"""Places as the protocol writes them: lines from 0, and columns in the units that the editor and the server agreed on.

pygls counts form feeds and U+2028 as ends of lines, which neither the protocol nor Python does; so it is asked for the
units of a string alone, and `Source` for the lines.
"""

from __future__ import annotations

from lsprotocol import types
from pygls.workspace import PositionCodec

from lossflow.source import Source


def position(codec: PositionCodec, text: Source, offset: int) -> types.Position:
    """The position of a character of a text."""
    row = text.row(offset)
    return types.Position(row - 1, codec.client_num_units(text.text[text.offset(row) : offset]))


def offset(codec: PositionCodec, text: Source, at: types.Position) -> int:
    """The character at a position; one behind the end of its line, or of the text, means that end."""
    if at.line >= text.row(len(text.text)):
        return len(text.text)
    line, units = text.line(at.line + 1), 0
    for index, character in enumerate(line):
        if units >= at.character:
            return text.offset(at.line + 1) + index
        units += codec.client_num_units(character)
    return text.offset(at.line + 1) + len(line)


def contains(within: types.Range, at: types.Position) -> bool:
    """True when the position is in the range, or at one of its ends."""
    return _pair(within.start) <= _pair(at) <= _pair(within.end)


def meet(one: types.Range, other: types.Range) -> bool:
    """True when two ranges have a position in common: a cursor is a range without characters."""
    return _pair(one.start) <= _pair(other.end) and _pair(other.start) <= _pair(one.end)


def _pair(at: types.Position) -> tuple[int, int]:
    return (at.line, at.character)
