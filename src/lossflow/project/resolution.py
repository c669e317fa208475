"""Where an import statement leads: to a file of the same project, or out of sight.

Only files below the project's root are followed, so that neither the standard library nor installed packages are read.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from functools import cache, lru_cache

from lossflow.project import files, folders
from lossflow.project.graph import Node
from lossflow.source import Source

ROOT_MARKS = ("pyproject.toml", "setup.cfg", "setup.py", ".git")
"""What stands in the root folder of a project."""
MAX_ENTRIES = 200
"""How much of a folder is looked at for modules: it may be one of data."""

_asked: dict[str, dict[str, str | None]] = {}


def resolve(file: str, dotted: str) -> Source | None:
    """The file that `dotted` means in an import statement of `file`; leading dots are relative.

    None for a module that is not part of the project, and for a file that can't be read.
    """
    asked = _asked.setdefault(file, {})
    if dotted not in asked:
        asked[dotted] = located(file, dotted)
    found = asked[dotted]
    return None if found is None else files.source(found)


def located(file: str, dotted: str) -> str | None:
    """The path of the file that `dotted` means in an import statement of `file`."""
    folder = os.path.dirname(file)
    if not _is_folder(folder):
        return None
    found = _find(folder, dotted)
    if found is None and not dotted.startswith("."):
        below = _find_below(folder, dotted)
        found = below if below is not None and _adds_to_path(file) else None
    return None if found == file else found


def take_asked(about: str) -> dict[str, Node]:
    """Where the imports led that were asked for since the last time, by their files, and the file it is `about`."""
    led = {about: {}, **_asked}
    _asked.clear()
    targets = {target for imports in led.values() for target in imports.values() if target is not None}
    return {file: Node(files.digest(file), led.get(file, {})) for file in {*led, *targets}}


@lru_cache(maxsize=1024)
def _is_folder(folder: str) -> bool:
    return os.path.isdir(folder) and bool(os.path.basename(folder))


@cache
def _find(folder: str, dotted: str) -> str | None:
    """The path of the module, or of a package's `__init__.py`."""
    name = dotted.lstrip(".")
    parts = name.split(".") if name else []
    dots = len(dotted) - len(name)
    if dots:
        start = folder
        for _ in range(dots - 1):
            start = os.path.dirname(start)
        return _module(start, parts) or _namespace(start, parts)
    root = root_of(folder)
    for find in (_module, _namespace):
        for start in _starts(folder):
            found = find(start, parts)
            if found is not None and _is_below(found, root):
                return found
    return None


def _is_below(path: str, folder: str) -> bool:
    return path.startswith(folder if folder.endswith(os.sep) else folder + os.sep)


@lru_cache(maxsize=1024)
def _starts(here: str) -> tuple[str, ...]:
    """Where an absolute import may begin: beside a script, beside its package, in the root or its `src`."""
    package, root = _above_package(here), root_of(here)
    # A script in a folder of its own may put a folder above it on the path.
    above = (folder for folder in _parents(here) if _is_below(folder, root))
    return tuple(dict.fromkeys((here, package, root, os.path.join(root, "src"), *above)))


def _above_package(folder: str) -> str:
    """The nearest folder that is no package: the folder itself, where it is none."""
    while folders.is_file(folder, "__init__.py") and folder != os.path.dirname(folder):
        folder = os.path.dirname(folder)
    return folder


def _parents(folder: str) -> Iterator[str]:
    while (above := os.path.dirname(folder)) != folder:
        yield above
        folder = above


def _adds_to_path(file: str) -> bool:
    """True for a script that writes `sys.path` itself, or by importing an `_init_paths.py` beside it."""
    return files.seen(file).writes_path or folders.is_file(os.path.dirname(file), "_init_paths.py")


@cache
def _find_below(folder: str, dotted: str) -> str | None:
    """The module in a folder below the script or the root, where only one has it: `lib/models/losses.py`."""
    parts = dotted.split(".")
    if parts[0] in sys.stdlib_module_names:
        return None
    found = {
        module
        for start in {folder, root_of(folder)}
        for below in _folders_below(start)
        if (module := _module(below, parts)) is not None
    }
    return found.pop() if len(found) == 1 else None


@lru_cache(maxsize=1024)
def _folders_below(start: str) -> tuple[str, ...]:
    inner = (name for name in folders.names(start, MAX_ENTRIES) if folders.is_folder(start, name))
    return tuple(os.path.join(start, name) for name in inner)


def _module(start: str, parts: list[str]) -> str | None:
    folder = folders.below(start, parts[:-1])
    if folder is None:
        return None
    if not parts:
        return os.path.join(folder, "__init__.py") if folders.is_file(folder, "__init__.py") else None
    name = parts[-1]
    if folders.is_folder(folder, name):
        package = os.path.join(folder, name)
        if folders.is_file(package, "__init__.py"):
            return os.path.join(package, "__init__.py")
    return os.path.join(folder, f"{name}.py") if folders.is_file(folder, f"{name}.py") else None


def _namespace(start: str, parts: list[str]) -> str | None:
    """The `__init__.py` that a folder of modules doesn't have: Python imports such a folder as a package too."""
    folder = folders.below(start, parts) if parts else None
    if folder is None:
        return None
    if any(_has_modules(each) for each in (folder, *_folders_below(folder))):
        return os.path.join(folder, "__init__.py")
    return None  # a folder of data, or of a tool: `wandb`, `runs`


def _has_modules(folder: str) -> bool:
    return any(name.endswith(".py") for name in folders.names(folder, MAX_ENTRIES))


@lru_cache(maxsize=1024)
def root_of(folder: str) -> str:
    """The nearest folder with a mark of a project's root.

    Where none has one, it is the working directory, as it is for the settings; outside of that, the folder above the
    package, from which Python would import it.
    """
    marked = next((above for above in (folder, *_parents(folder)) if _is_marked(above)), None)
    if marked is not None:
        return marked
    here = _working_directory()
    return here if here is not None and _is_below(os.path.join(folder, ""), here) else _above_package(folder)


@cache
def _working_directory() -> str | None:
    """Where lossflow was started; nobody keeps one project in his home, or in the root of the file system."""
    here = os.getcwd()
    return None if here in (os.path.expanduser("~"), os.path.dirname(here)) else here


@lru_cache(maxsize=1024)
def _is_marked(folder: str) -> bool:
    return any(os.path.exists(os.path.join(folder, mark)) for mark in ROOT_MARKS)


def forget() -> None:
    """Look for files and folders anew, and read them anew: some may have come, changed, or gone."""
    files.forget()
    folders.forget()
    _asked.clear()
    for known in (_is_folder, _find, _starts, _find_below, _folders_below, root_of, _is_marked, _working_directory):
        known.cache_clear()
