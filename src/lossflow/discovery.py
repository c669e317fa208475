"""Which files a run checks: the paths that it is given, walked in a fixed order."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from lossflow.configuration.config import Config

if TYPE_CHECKING:
    from pathspec import GitIgnoreSpec

SUFFIXES = (".py", ".ipynb")
"""The files that are taken from a folder; a file that is named is taken whatever its suffix."""


@dataclass(frozen=True, slots=True)
class Found:
    """A file to check, by its absolute path; `problem` says why it can't be."""

    path: Path
    problem: str = ""


@dataclass
class Walk:
    """One walk over the paths of a run; `config_of` gives the configuration of a folder.

    A file or folder is visited once, whatever links lead to it, and by its own name rather than a link's where both
    are in sight.
    """

    config_of: Callable[[Path], Config]
    _seen: set[str] = field(default_factory=set)
    _links: list[Path] = field(default_factory=list)

    def files(self, paths: Iterable[Path]) -> Iterator[Found]:
        """The files under `paths`, in their order, and sorted within a folder."""
        for path in map(_absolute, paths):
            if self.config_of(path.parent).force_exclude and self.excluded(path):
                continue
            if path.is_dir():
                yield from self._tree(path)
            else:
                yield from self._file(path, named=True)

    def _tree(self, top: Path) -> Iterator[Found]:
        yield from self._folder(top, _above(top))
        while self._links:
            link = self._links.pop(0)
            yield from self._folder(link, _above(link))

    def _folder(self, folder: Path, ignores: tuple[Ignore, ...]) -> Iterator[Found]:
        if not self._first(folder):
            return
        try:
            entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
        except OSError as error:
            yield Found(folder, f"it can't be listed: {error.strerror}")
            return
        config = self.config_of(folder)
        ignores = (*ignores, *_own_ignore(folder))
        folders = []
        for entry in entries:
            path, is_folder = folder / entry.name, _is_folder(entry)
            if not is_folder and path.suffix not in SUFFIXES:
                continue
            ignored = config.respect_gitignore and _ignored(path, ignores, folder=is_folder)
            if ignored or config.excludes(str(path)):
                continue
            if not is_folder:
                yield from self._file(path)
            elif entry.is_symlink():
                self._links.append(path)
            else:
                folders.append(path)
        for path in folders:
            yield from self._folder(path, ignores)

    def _file(self, path: Path, *, named: bool = False) -> Iterator[Found]:
        try:
            mode = path.stat().st_mode
        except OSError as error:
            yield Found(path, _missing(path, error))
            return
        if not self._first(path):
            return
        # A pipe that is named, as by `<(git show ...)`, is meant; one that lies about would block the run.
        irregular = not named and not stat.S_ISREG(mode)
        yield Found(path, "it is not a regular file" if irregular else "")

    def _first(self, path: Path) -> bool:
        """True the first time that the file or folder behind `path` is met."""
        real = os.path.realpath(path)
        if real in self._seen:
            return False
        self._seen.add(real)
        return True

    def excluded(self, path: Path) -> bool:
        """True when a pattern of the configuration names the path or a folder above it."""
        config = self.config_of(path.parent)
        return any(config.excludes(str(part)) for part in (path, *path.parents) if config.root in part.parents)


def _absolute(path: Path) -> Path:
    return Path(os.path.abspath(path))  # not `resolve`: a link keeps the name under which the user knows it


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link to itself
        return False


def _missing(path: Path, error: OSError) -> str:
    if path.is_symlink():
        return f"it is a link that leads nowhere ({os.readlink(path)})"
    if isinstance(error, FileNotFoundError):
        return "there is no such file or folder"
    return f"it can't be read: {error.strerror}"


# --- .gitignore ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Ignore:
    """The patterns of the `.gitignore` in a folder."""

    folder: Path
    spec: GitIgnoreSpec


def _ignored(path: Path, ignores: tuple[Ignore, ...], *, folder: bool) -> bool:
    """True when git ignores the path: the last pattern of the nearest file that says anything decides."""
    for ignore in reversed(ignores):
        relative = path.relative_to(ignore.folder).as_posix() + ("/" if folder else "")
        verdict = ignore.spec.check_file(relative).include
        if verdict is not None:
            return verdict
    return False


def _above(folder: Path) -> tuple[Ignore, ...]:
    """The `.gitignore` files of the folders above, up to the root of the repository; none outside of one.

    They say nothing of what is in a folder that they ignore themselves: whoever names it means it.
    """
    if (folder / ".git").exists():
        return ()
    found: list[Ignore] = []
    for parent in folder.parents:
        found = [*_own_ignore(parent), *found]
        if (parent / ".git").exists():
            return () if _ignored(folder, tuple(found), folder=True) else tuple(found)
    return ()


def _own_ignore(folder: Path) -> list[Ignore]:
    found: list[Ignore] = []
    for name in (".git/info/exclude", ".gitignore"):
        try:
            lines = (folder / name).read_text(encoding="utf-8", errors="replace").splitlines()
        except OSError:
            continue
        if any(line.strip() and not line.startswith("#") for line in lines):
            from pathspec import GitIgnoreSpec  # only a folder with patterns needs it

            found.append(Ignore(folder, GitIgnoreSpec.from_lines(lines)))
    return found
