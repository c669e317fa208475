"""What is in the folders of a project, each listed once: imports ask for the same few names again and again."""

from __future__ import annotations

import os
from collections.abc import Mapping
from functools import cache

MAX_LISTED = 10_000
"""A folder with more entries is one of data: it is asked for each name instead of being listed."""


def is_file(folder: str, name: str) -> bool:
    """True when the folder has a file of that name, or a link to one."""
    listed = _listing(folder)
    return os.path.isfile(os.path.join(folder, name)) if listed is None else listed.get(name) == "file"


def is_folder(folder: str, name: str) -> bool:
    """True when the folder has a folder of that name, or a link to one."""
    listed = _listing(folder)
    return os.path.isdir(os.path.join(folder, name)) if listed is None else listed.get(name) == "folder"


def names(folder: str, limit: int) -> list[str]:
    """Some of the names in a folder, up to `limit`; none of one that can't be listed."""
    listed = _listing(folder)
    return sorted(listed)[:limit] if listed is not None else []


def below(folder: str, parts: list[str]) -> str | None:
    """The folder that `parts` lead to from an existing one, None where there is none."""
    for part in parts:
        if not is_folder(folder, part):
            return None
        folder = os.path.join(folder, part)
    return folder


@cache
def _listing(folder: str) -> Mapping[str, str] | None:
    """The names in a folder, each with what it is; none where it can't be listed, None where there are too many."""
    found: dict[str, str] = {}
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                if len(found) >= MAX_LISTED:
                    return None
                found[entry.name] = _kind(entry)
    except OSError:
        return {}
    return found


def _kind(entry: os.DirEntry[str]) -> str:
    try:
        return "folder" if entry.is_dir() else "file" if entry.is_file() else "other"
    except OSError:  # a link to itself
        return "other"


def forget() -> None:
    """List the folders anew: files may have come, or gone."""
    _listing.cache_clear()
