"""Which imports of which files led where: what a result depends on besides the file that it is about.

An import that leads nowhere is noted too: a file that comes later may be what it means.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

Imports = Mapping[str, "str | None"]
"""The file that each dotted name means, None for one that is not of the project."""


@dataclass(frozen=True, slots=True)
class Node:
    """A file as it was read, and where those of its imports led that anything asked for."""

    digest: str
    imports: Imports


def reachable(files: Iterable[str], imports: Mapping[str, Imports]) -> set[str]:
    """The files, and all those that their imports lead to."""
    found, waiting = set(files), list(files)
    while waiting:
        for target in imports.get(waiting.pop(), {}).values():
            if target is not None and target not in found:
                found.add(target)
                waiting.append(target)
    return found


def dependents(files: Iterable[str], imports: Mapping[str, Imports]) -> set[str]:
    """The files, and all those whose imports lead to them."""
    importers: dict[str, list[str]] = {}
    for file, led in imports.items():
        for target in {target for target in led.values() if target is not None}:
            importers.setdefault(target, []).append(file)
    found = set(files)
    waiting = list(found)
    while waiting:
        for file in importers.get(waiting.pop(), ()):
            if file not in found:
                found.add(file)
                waiting.append(file)
    return found
