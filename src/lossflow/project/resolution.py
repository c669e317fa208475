"""Where an import statement leads: to a file of the same project, or out of sight.

Only files below the project's root are followed, so that neither the standard library nor installed packages are read.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from functools import lru_cache
from itertools import islice
from pathlib import Path

from lossflow.errors import NotAnalysed
from lossflow.source import Source

ROOT_MARKS = ("pyproject.toml", "setup.cfg", "setup.py", ".git")
"""What stands in the root folder of a project."""
MAX_BYTES = 1_000_000
"""A larger file is generated, and not followed into."""


MAX_ENTRIES = 200
"""How much of a folder is looked at for modules: it may be one of data."""


def resolve(file: str, dotted: str) -> Source | None:
    """The file that `dotted` means in an import statement of `file`; leading dots are relative.

    None for a module that is not part of the project, and for a file that can't be read.
    """
    folder = os.path.dirname(file)
    if not _is_folder(folder):
        return None
    found = _find(folder, dotted)
    if found is None and not dotted.startswith(".") and _adds_to_path(file):
        found = _find_below(folder, dotted)
    if found is None or found == file:
        return None
    try:
        return _read(found, *_stamp(found))
    except FileNotFoundError:
        return Source.from_bytes(found, b"")  # a folder of modules without an `__init__.py`


@lru_cache(maxsize=1024)
def _is_folder(folder: str) -> bool:
    return os.path.isdir(folder) and bool(os.path.basename(folder))


def _stamp(file: str) -> tuple[int, int]:
    """What changes when the file does, so that what was read of it is read again; raises OSError."""
    status = os.stat(file)
    return status.st_mtime_ns, status.st_size


@lru_cache(maxsize=512)
def _read(file: str, changed: int, size: int) -> Source | None:
    if size > MAX_BYTES:
        return None
    try:
        return Source.from_bytes(file, Path(file).read_bytes())
    except (OSError, NotAnalysed):
        return None


@lru_cache(maxsize=8192)
def _find(folder: str, dotted: str) -> str | None:
    """The path of the module, or of a package's `__init__.py`."""
    name = dotted.lstrip(".")
    parts = name.split(".") if name else []
    dots = len(dotted) - len(name)
    here = Path(folder)
    if dots:
        start = here
        for _ in range(dots - 1):
            start = start.parent
        return _module(start, parts) or _namespace(start, parts)
    root = root_of(folder)
    for find in (_module, _namespace):
        for start in _starts(here, root):
            found = find(start, parts)
            if found is not None and Path(found).is_relative_to(root):
                return found
    return None


def _starts(here: Path, root: Path) -> Iterator[Path]:
    """Where an absolute import may begin: beside a script, beside its package, in the root or its `src`."""
    yield here
    package = here
    while (package / "__init__.py").is_file() and package != package.parent:
        package = package.parent
    yield package
    yield root
    yield root / "src"
    # A script in a folder of its own that puts the folder above on the path.
    for folder in here.parents:
        if folder == root or not folder.is_relative_to(root):
            break
        yield folder


def _adds_to_path(file: str) -> bool:
    """True for a script that writes `sys.path` itself, or by importing an `_init_paths.py` beside it."""
    path = Path(file)
    try:
        return _mentions_path(file, *_stamp(file)) or (path.parent / "_init_paths.py").is_file()
    except OSError:
        return False


@lru_cache(maxsize=512)
def _mentions_path(file: str, changed: int, size: int) -> bool:
    return b"sys.path" in Path(file).read_bytes()[:MAX_BYTES]


@lru_cache(maxsize=1024)
def _find_below(folder: str, dotted: str) -> str | None:
    """The module in a folder below the script or the root, where only one has it: `lib/models/losses.py`."""
    parts = dotted.split(".")
    if parts[0] in sys.stdlib_module_names:
        return None
    found = {
        module
        for start in {Path(folder), root_of(folder)}
        for below in islice(start.iterdir(), MAX_ENTRIES)
        if below.is_dir() and (module := _module(below, parts)) is not None
    }
    return found.pop() if len(found) == 1 else None


def _module(start: Path, parts: list[str]) -> str | None:
    if not parts:
        package = start / "__init__.py"
        return str(package) if package.is_file() else None
    path = start.joinpath(*parts)
    for candidate in (path / "__init__.py", path.with_name(f"{path.name}.py")):
        if candidate.is_file():
            return str(candidate)
    return None


def _namespace(start: Path, parts: list[str]) -> str | None:
    """The `__init__.py` that a folder of modules doesn't have: Python imports such a folder as a package too."""
    folder = start.joinpath(*parts)
    if not parts or not folder.is_dir():
        return None
    below = (inner for inner in islice(folder.iterdir(), MAX_ENTRIES) if inner.is_dir())
    if any(_has_modules(each) for each in (folder, *below)):
        return str(folder / "__init__.py")
    return None  # a folder of data, or of a tool: `wandb`, `runs`


def _has_modules(folder: Path) -> bool:
    try:
        return any(entry.suffix == ".py" for entry in islice(folder.iterdir(), MAX_ENTRIES))
    except OSError:
        return False


@lru_cache(maxsize=1024)
def root_of(folder: str) -> Path:
    """The nearest folder with a mark of a project's root, else the folder itself."""
    here = Path(folder)
    for above in (here, *here.parents):
        if any((above / mark).exists() for mark in ROOT_MARKS):
            return above
    return here


def forget() -> None:
    """Look for files and folders anew: some may have come, or gone."""
    for known in (_is_folder, _find, _find_below, root_of):
        known.cache_clear()
