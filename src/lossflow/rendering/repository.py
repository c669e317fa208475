"""Names of files for the sites that show findings beside the code: relative to the root of the repository."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote


@dataclass(frozen=True, slots=True)
class Repository:
    """The folder that a site knows as the root of the project."""

    root: Path

    @staticmethod
    def here() -> Repository:
        """The nearest folder with a `.git`, from the current one upwards; without any, the current folder.

        `.git` is a file in a worktree and in a submodule.
        """
        current = Path.cwd()
        return Repository(
            next((folder for folder in (current, *current.parents) if (folder / ".git").exists()), current)
        )

    def path(self, file: str) -> str:
        """The file as the site knows it, with slashes; its absolute path where it lies outside.

        A link is followed, since a site has the file under its own name alone, unless that leads out of the repository.
        """
        for known in (Path(os.path.realpath(file)), Path(os.path.abspath(file))):
            if known.is_relative_to(self.root):
                return known.relative_to(self.root).as_posix()
        return Path(os.path.abspath(file)).as_posix()


def uri(path: str) -> str:
    """A path as a part of a URI: what stands for itself there, and everything else by its bytes."""
    return quote(os.fsencode(path))
