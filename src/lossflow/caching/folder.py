"""The folder of the cache: marked as one, so that neither git nor a backup keeps it."""

from __future__ import annotations

import os
from pathlib import Path
from shutil import rmtree

from lossflow.errors import UsageError

NAME = ".lossflow_cache"
"""The name of the folder in the root of a project."""
MAX_FILES = 10
"""How many files the folder holds, one for each version and settings; the oldest make way."""

_TAG = "CACHEDIR.TAG"
_SIGNATURE = "Signature: 8a477f597d28d172789f06886806bc55"  # https://bford.info/cachedir/
_MARKS = {
    ".gitignore": "# Made by lossflow.\n*\n",
    _TAG: f"{_SIGNATURE}\n# This folder is the cache of lossflow; it can be deleted at any time.\n",
}


def prepare(folder: Path) -> None:
    """Make the folder with its marks; raises OSError."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in _MARKS.items():
        mark = folder / name
        if not mark.is_file() or mark.read_bytes() != text.encode():  # a disk that was full may have left a part
            mark.write_bytes(text.encode())


def prune(folder: Path) -> None:
    """Remove the files that were not used for longest; raises OSError."""
    files = sorted(folder.glob("*.cache"), key=lambda file: file.stat().st_mtime_ns, reverse=True)
    for file in files[MAX_FILES:]:
        file.unlink(missing_ok=True)


def clean(folder: Path) -> bool:
    """Remove the folder; False where there is none. Raises UsageError for one that is no cache, or can't be removed."""
    if not os.path.lexists(folder):
        return False
    tag = folder / _TAG
    try:
        ours = folder.is_dir() and not folder.is_symlink() and tag.read_text(encoding="utf-8").startswith(_SIGNATURE)
    except (OSError, UnicodeDecodeError):
        ours = False
    if not ours:
        raise UsageError(f"`{folder}` has no `{_TAG}`, so it is no cache of lossflow, and was left alone.")
    try:
        rmtree(folder)
    except OSError as error:
        raise UsageError(f"`{folder}` could not be removed: {error.strerror or error}.") from None
    return True
