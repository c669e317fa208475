"""Text with colours: lines of styled pieces, which become plain text or, on a terminal, rich's."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from lossflow.findings import Finding, fixable


@dataclass(frozen=True, slots=True)
class Piece:
    """A piece of a line; `style` is in rich's language."""

    text: str
    style: str = ""


Line = tuple[Piece, ...]


def fix_mark(finding: Finding, *, unsafe: bool) -> Line:
    """What stands behind the code of a finding that `--fix` repairs, with `--unsafe-fixes` where that is given."""
    return (Piece(" ["), Piece("*", "cyan"), Piece("]")) if fixable(finding, unsafe=unsafe) else ()


def plain(lines: Iterable[Line]) -> str:
    """The lines without colours."""
    return "".join("".join(piece.text for piece in line).rstrip() + "\n" for line in lines)


def coloured(lines: Iterable[Line]) -> str:
    """The lines with the escape sequences of a terminal."""
    from rich.console import Console  # a pipe needs no colours, and rich takes a while to import
    from rich.text import Text

    console = Console(force_terminal=True, color_system="standard", no_color=False, highlight=False, soft_wrap=True)
    with console.capture() as capture:
        for line in lines:
            console.print(Text.assemble(*((piece.text, piece.style) for piece in line)))
    return capture.get()


def visible(text: str) -> str:
    """The text with its tabs widened and other control characters replaced: a file under check commands no terminal."""
    widened = text.replace("\t", "    ")
    return "".join(char if char.isprintable() or char == " " else "\N{REPLACEMENT CHARACTER}" for char in widened)


def excerpt(code: str, widest: int) -> str:
    """Code on one line of at most that many characters."""
    shown = visible(" ".join(code.split()))
    return shown if len(shown) <= widest else shown[: widest - 3] + "..."


def count(number: int, noun: str) -> str:
    """The number with its noun, in the plural where there are several."""
    return f"{number} {noun}{'' if number == 1 else 's'}"
