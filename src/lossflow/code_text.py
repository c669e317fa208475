"""The code of a text by its looks alone: what neither a comment nor a string is.

A parse is five times as dear, and where a text is not Python there is none.
"""

from __future__ import annotations

import re

_APART = re.compile(
    r"#[^\r\n]*"
    r'|"""[^"\\]*(?:(?:\\.|"(?!""))[^"\\]*)*"""'
    r"|'''[^'\\]*(?:(?:\\.|'(?!''))[^'\\]*)*'''"
    r'|"[^"\\\r\n]*(?:\\.[^"\\\r\n]*)*"'
    r"|'[^'\\\r\n]*(?:\\.[^'\\\r\n]*)*'",
    re.DOTALL,
)


def code_of(text: str) -> str:
    """The text without its comments, and with those strings only that are names or may hold code.

    `getattr(nn, "L1Loss")` has a name, and `f"{loss.item()}"` code.
    """
    return _APART.sub(_kept, text)


def _kept(found: re.Match[str]) -> str:
    part = found.group()
    if part[0] == "#":
        return ""
    if part[1:-1].isidentifier():
        return f" {part[1:-1]} "
    formatted = "f" in found.string[max(0, found.start() - 2) : found.start()].lower()
    return part if formatted else '""'
