"""The results of earlier runs under one key, and the files that they depend on.

A result holds as long as every file that it depends on is as it was, and every import in these leads where it led.
Whenever something is saved, this is true of what is kept: the results that no longer hold are dropped by the run that
sees it, so that two runs at a time can only lose each other's results.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from lossflow.caching.folder import prepare, prune
from lossflow.caching.reports import Plain, is_kept, packed, unpacked
from lossflow.checking import FileReport, read_file
from lossflow.errors import NotAnalysed
from lossflow.project.files import UNSTABLE, digest, digest_of
from lossflow.project.graph import Node, dependents, reachable
from lossflow.project.resolution import located

_DAMAGE = (ValueError, TypeError, KeyError, IndexError, AttributeError)
"""What comes of data that have another form than ours."""


@dataclass(frozen=True, slots=True)
class State:
    """The files that results depend on, and the results, both by the path of the file."""

    nodes: Mapping[str, Node] = field(default_factory=dict)
    results: Mapping[str, Plain] = field(default_factory=dict)

    def fresh(self, files: Iterable[str]) -> dict[str, FileReport]:
        """The results that hold for what is on disk now, of these files."""
        asked = [file for file in files if file in self.results]
        met = reachable(asked, self._imports)
        stale = dependents((file for file in met if not self._is_as_it_was(file)), self._imports)
        found: dict[str, FileReport] = {}
        for file in asked:
            if file not in stale:
                with suppress(NotAnalysed, *_DAMAGE):  # a source has gone since
                    found[file] = unpacked(file, self.results[file], lambda name: read_file(Path(name)).source)
        return found

    def updated(self, reports: Iterable[FileReport], seen: Mapping[str, Node]) -> State:
        """The state after a run that read the files of `seen`; what it saw otherwise than it was noted is dropped."""
        changed = {file for file, node in seen.items() if file in self.nodes and _differ(self.nodes[file], node)}
        gone = {file for file in self.results if not os.path.lexists(file)}
        dropped = dependents(changed, self._imports) | gone
        nodes = {**self.nodes}
        for file, node in seen.items():
            nodes[file] = node if file in changed else joined(nodes.get(file, node), node)
        unstable = dependents(
            (file for file, node in nodes.items() if node.digest == UNSTABLE),
            {file: node.imports for file, node in nodes.items()},
        )
        results = {file: result for file, result in self.results.items() if file not in dropped}
        results |= {report.file: packed(report) for report in reports if is_kept(report)}
        results = {file: result for file, result in results.items() if file not in unstable}
        needed = reachable(results, {file: node.imports for file, node in nodes.items()})
        return State({file: node for file, node in nodes.items() if file in needed}, results)

    def _is_as_it_was(self, file: str) -> bool:
        node = self.nodes.get(file)
        if node is None or digest(file) != node.digest:
            return False
        return all(located(file, dotted) == led for dotted, led in node.imports.items())

    @property
    def _imports(self) -> Mapping[str, Mapping[str, str | None]]:
        return {file: node.imports for file, node in self.nodes.items()}


def joined(left: Node, right: Node) -> Node:
    """A file as two have seen it, who were asked for different imports perhaps."""
    return Node(UNSTABLE if _differ(left, right) else left.digest, {**left.imports, **right.imports})


def _differ(left: Node, right: Node) -> bool:
    both = left.imports.keys() & right.imports.keys()
    return left.digest != right.digest or any(left.imports[dotted] != right.imports[dotted] for dotted in both)


# --- on disk ------------------------------------------------------------------------------------------------------


def load(path: Path) -> State:
    """The state that a file holds; an empty one where there is none, or where it is damaged."""
    try:
        head, _, body = path.read_bytes().partition(b"\n")
        return _parsed(json.loads(body)) if head == _checksum(body) else State()
    except (OSError, *_DAMAGE):
        return State()


def save(path: Path, state: State) -> None:
    """Put the state in the place of what the file holds, in one step; raises OSError."""
    import tempfile  # takes longer to import than a run without changes may take

    prepare(path.parent)
    body = json.dumps(_plain(state), separators=(",", ":")).encode("ascii")
    handle, temporary = tempfile.mkstemp(suffix=".tmp", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(_checksum(body) + b"\n" + body)
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise
    prune(path.parent)


def _checksum(body: bytes) -> bytes:
    return digest_of(body).encode("ascii")


def _plain(state: State) -> Plain:
    """The state with a number for each path: a file is imported by many."""
    paths = sorted({*state.nodes, *state.results, *(led for node in state.nodes.values() for led in _led(node))})
    number = {path: index for index, path in enumerate(paths)}
    return {
        "paths": paths,
        "nodes": [
            [number[file], node.digest, {name: led and number[led] for name, led in node.imports.items()}]
            for file, node in state.nodes.items()
        ],
        "results": [[number[file], result] for file, result in state.results.items()],
    }


def _led(node: Node) -> Iterable[str]:
    return (led for led in node.imports.values() if led is not None)


def _parsed(plain: Plain) -> State:
    paths = plain["paths"]
    nodes = {
        paths[file]: Node(digest, {name: None if led is None else paths[led] for name, led in imports.items()})
        for file, digest, imports in plain["nodes"]
    }
    return State(nodes, {paths[file]: result for file, result in plain["results"]})
