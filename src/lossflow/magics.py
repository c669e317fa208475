"""What IPython adds to Python, taken out of a cell: `%magic`, `!shell`, `name?`, `files = !ls`.

IPython looks for these where a logical line begins, or ends, and so does this module: brackets, backslashes and strings
over several lines continue a line, so that the `%` of

    print("loss %f"
          % loss)

is an operator. Every line keeps its number, and what is left of it its column.
"""

from __future__ import annotations

import re

_ESCAPES = "%!?,;/"
"""A logical line of Python begins with none of these."""
_START = re.compile(rf"[ \t]*(?=[{re.escape(_ESCAPES)}])")
_ASSIGNED = re.compile(r"[ \t]*(?:!|%[ \t]*[^\W\d])")
_CONTINUED = re.compile(r"(?:[^\n]*\\\n)*[^\n]*")
"""The rest of a line, and the lines that backslashes join to it: nothing else continues a command."""
_TOKEN = re.compile(
    r"""(?P<skip>\#[^\n]*|\\\n"""
    r"""|'''(?:\\.|[^\\])*?'''|\"\"\"(?:\\.|[^\\])*?\"\"\"|'(?:\\.|[^\\'\n])*'|"(?:\\.|[^\\"\n])*")"""
    r"""|(?P<open>[(\[{])|(?P<close>[)\]}])|(?P<operator>[-+*/%&|^@=!<>:]=)|(?P<equals>=)"""
    r"""|(?P<newline>\n)|(?P<blank>[ \t]+)|(?P<other>.)""",
    re.DOTALL,
)


def without_magics(cell: str) -> str:
    """The cell as Python, with as many lines as before."""
    pieces: list[str] = []
    start = 0
    while start < len(cell):
        escaped = _START.match(cell, start)
        if escaped is not None:
            end = _end_of_command(cell, escaped.end())
            pieces.append(_replaced(cell, start, escaped.end(), end, by="pass"))
        else:
            end, assigned, asked = _logical_line(cell, start)
            if assigned is not None:
                end = _end_of_command(cell, assigned)
                pieces.append(_replaced(cell, start, assigned, end, by=" None"))
            elif asked:
                indent = len(cell[start:]) - len(cell[start:].lstrip(" \t"))
                pieces.append(_replaced(cell, start, start + indent, end, by="pass"))
            else:
                pieces.append(cell[start:end])
        start = end
    return "".join(pieces)


def _end_of_command(cell: str, start: int) -> int:
    """Where a command ends that begins at `start`, its newline included."""
    found = _CONTINUED.match(cell, start)
    assert found is not None
    return min(found.end() + 1, len(cell))


def _replaced(cell: str, start: int, kept: int, end: int, *, by: str) -> str:
    """The characters up to `kept`, then `by` and the newlines of the rest."""
    return cell[start:kept] + by + "\n" * cell.count("\n", kept, end)


def _logical_line(cell: str, start: int) -> tuple[int, int | None, bool]:
    """Where the logical line ends, where a magic begins that it assigns, and whether it ends with a question mark."""
    depth, last, assigns = 0, "", False
    for token in _TOKEN.finditer(cell, start):
        match token.lastgroup:
            case "open":
                depth += 1
            case "close":
                depth = max(0, depth - 1)
            case "newline" if not depth:
                return token.end(), None, last == "?"
            case "equals" if not depth and not assigns:
                assigns = True  # IPython looks behind the first `=` alone
                if _ASSIGNED.match(cell, token.end()):
                    return token.end(), token.end(), False
        if token.lastgroup not in ("newline", "blank"):
            last = token.group()
    return len(cell), None, last == "?" and not depth
