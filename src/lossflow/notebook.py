"""Notebooks as lossflow sees them: all code cells, in order, as one program.

What IPython adds to Python (`%magic`, `!shell`, `name?`) is replaced by `pass`, line by line, and only in cells that
are not Python without it. Nothing of the notebook itself is changed.
"""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator

from lossflow.errors import NotAnalysed
from lossflow.source import Source

SUFFIX = ".ipynb"

_PYTHON_MAGICS = frozenset({"time", "timeit", "capture", "prun", "python", "python3", "debug"})
"""Cell magics below which the cell is Python of the same program."""
_MAGIC = re.compile(r"^(\s*)(?:[%!]|\?)")
_ASSIGNED = re.compile(r"^(\s*[\w.,\s\[\]'\"]+=\s*)[%!].*$")
_HELP = re.compile(r"^(\s*)[\w.*\[\]]+\?{1,2}\s*;?\s*$")


def read(name: str, data: bytes) -> Source:
    """The program of a file: of a notebook by its suffix, else of the bytes as they are.

    Raises NotAnalysed when the file can't be decoded, or when a notebook is not valid JSON.
    """
    return _program(name, data) if name.endswith(SUFFIX) else Source.from_bytes(name, data)


def _program(name: str, data: bytes) -> Source:
    try:
        notebook = json.loads(data.decode("utf-8-sig"))
    except UnicodeDecodeError:
        raise NotAnalysed("it is not valid UTF-8, as notebooks must be") from None
    except (json.JSONDecodeError, RecursionError) as error:
        where = f" (line {error.lineno})" if isinstance(error, json.JSONDecodeError) else ""
        raise NotAnalysed(f"it is not a notebook: its JSON is broken{where}") from None
    if not isinstance(notebook, dict):
        raise NotAnalysed("it is not a notebook: its JSON is not an object")
    text, starts = "", []
    for cell in _code_cells(notebook) if _is_python(notebook) else ():
        starts.append(len(text))
        text += _runnable(cell).rstrip("\n") + "\n"
    return Source(name, text, cells=tuple(starts))


def _is_python(notebook: dict[str, object]) -> bool:
    """True unless the notebook says that it is in another language."""
    metadata = notebook.get("metadata")
    kernel = metadata.get("kernelspec") if isinstance(metadata, dict) else None
    language = kernel.get("language") if isinstance(kernel, dict) else None
    return not isinstance(language, str) or language.lower() == "python"


def _code_cells(notebook: dict[str, object]) -> Iterator[str]:
    """The text of each code cell, in the format of 2011 too."""
    cells = notebook.get("cells")
    if not isinstance(cells, list):
        sheets = notebook.get("worksheets")
        cells = sheets[0].get("cells") if isinstance(sheets, list) and sheets and isinstance(sheets[0], dict) else []
    for cell in cells if isinstance(cells, list) else []:
        if isinstance(cell, dict) and cell.get("cell_type") == "code":
            lines = cell.get("source", cell.get("input", ""))
            yield "".join(map(str, lines)) if isinstance(lines, list) else str(lines)


def _runnable(cell: str) -> str:
    """The cell as Python, with as many lines as before."""
    cell = cell.replace("\r\n", "\n").replace("\r", "\n")
    first = cell.lstrip("\n").partition("\n")[0]
    if first.startswith("%%") and first[2:].split(" ")[0].strip() not in _PYTHON_MAGICS:
        return "\n".join("pass" for _ in cell.split("\n"))
    if _is_valid(cell):
        return cell
    return "\n".join(_plain(line) for line in cell.split("\n"))


def _is_valid(cell: str) -> bool:
    try:
        ast.parse(cell)
    except (SyntaxError, ValueError, RecursionError):
        return False
    return True


def _plain(line: str) -> str:
    """The line without what only IPython understands."""
    magic = _MAGIC.match(line) or _HELP.match(line)
    if magic is not None:
        return f"{magic[1]}pass"
    return _ASSIGNED.sub(r"\1None", line)
