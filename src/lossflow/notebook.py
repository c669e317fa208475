"""Notebooks as lossflow sees them: all code cells, in order, as one program.

What IPython adds to Python is taken out of the cells that are not Python without that. A cell that is not Python even
then becomes comments, and is named: IPython would refuse it too, and run the others. Nothing of the notebook itself is
changed.
"""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass

from lossflow.errors import NotAnalysed
from lossflow.magics import without_magics
from lossflow.nesting import refuse_deep_nesting
from lossflow.source import Source
from lossflow.unwarned import unwarned

SUFFIX = ".ipynb"

_PYTHON_MAGICS = frozenset({"time", "timeit", "capture", "prun", "python", "python3", "debug"})
"""Cell magics below which the cell is Python of the same program."""
_INDENTED = re.compile(r"(?:[ \t]*\n)*[ \t]+\S")
_BLOCK = "if True:\n"
"""Stands above a cell that is indented as a whole, which IPython shifts to the left: so its columns stay."""


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
    text, starts, broken = "", [], []
    for number, written in enumerate(_code_cells(notebook) if _is_python(notebook) else (), start=1):
        cell = _runnable(written.replace("\r\n", "\n").replace("\r", "\n"))
        if cell.problem:
            broken.append(f"cell {number}, {cell.problem}")
        text += cell.above
        starts.append(len(text))
        text += cell.text.rstrip("\n") + "\n"
    return Source(name, text, cells=tuple(starts), broken=tuple(broken))


def code_cells(data: bytes) -> tuple[str, ...]:
    """The text of each code cell as it stands in the bytes of a notebook, magics included."""
    return tuple(_code_cells(json.loads(data.decode("utf-8-sig"))))


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


@dataclass(frozen=True, slots=True)
class _Cell:
    """A code cell as Python, line for line; `above` stands before it, and `problem` is why it is not Python."""

    text: str
    above: str = ""
    problem: str = ""


def _runnable(cell: str) -> _Cell:
    """The cell without what IPython adds, if need be."""
    first = cell.lstrip().partition("\n")[0]
    if first.startswith("%%") and first[2:].split(" ")[0].strip() not in _PYTHON_MAGICS:
        return _Cell("\n".join("pass" for _ in cell.split("\n")))
    if not _problem(cell):
        return _Cell(cell)
    python, above = without_magics(cell), _BLOCK if _INDENTED.match(cell) else ""
    problem = _problem(python, above)
    if problem and not _is_newer_python(above + python):
        return _Cell("\n".join(f"# {line}" for line in cell.split("\n")), problem=problem)
    return _Cell(python, above)


def _problem(text: str, above: str = "") -> str:
    """Why Python refuses the text; empty where it doesn't."""
    try:
        with unwarned():
            ast.parse(above + text)
    except SyntaxError as error:
        row = max(1, (error.lineno or 1) - above.count("\n"))
        return f"which is not valid Python: line {row}, {error.msg}"
    except (ValueError, RecursionError, MemoryError):
        return "which Python can't parse"
    return ""


def _is_newer_python(text: str) -> bool:
    """True for syntax that the Python which runs lossflow doesn't know yet, and the parser of lossflow does."""
    import libcst  # a quarter of a second, for the few cells that are broken

    try:
        refuse_deep_nesting(text)
        libcst.parse_module(text)
    except (NotAnalysed, libcst.ParserSyntaxError, libcst.CSTValidationError, RecursionError):
        return False
    return True
