"""The cache of one run: what is known already, and what the run adds to it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from lossflow.caching import store
from lossflow.caching.keys import key
from lossflow.checking import FileReport
from lossflow.configuration.config import Config
from lossflow.project.graph import Node


@dataclass
class Cache:
    """The folder of a cache, as a run uses it; `noqa` is False where the comments in the files don't count."""

    folder: Path
    noqa: bool = True
    _seen: dict[str, Node] = field(default_factory=dict)
    _paths: dict[Config, Path] = field(default_factory=dict)
    _reports: dict[Path, list[FileReport]] = field(default_factory=dict)

    def known(self, files: Mapping[str, Config]) -> dict[str, FileReport]:
        """The reports that need not be made again, of files with their configurations."""
        by_path: dict[Path, list[str]] = {}
        for file, config in files.items():
            by_path.setdefault(self._path(config), []).append(file)
        found: dict[str, FileReport] = {}
        for path, names in by_path.items():
            found |= store.load(path).fresh(names)
            with suppress(OSError):
                os.utime(path)  # it was used, so that it is not the one that makes way
        return found

    def see(self, nodes: Mapping[str, Node]) -> None:
        """Take note of files that results depend on, as they were when they were read."""
        for file, node in nodes.items():
            self._seen[file] = store.joined(self._seen.get(file, node), node)

    def remember(self, report: FileReport, config: Config) -> None:
        """Keep a report for the next run."""
        self._reports.setdefault(self._path(config), []).append(report)

    def save(self) -> str:
        """Write what the run adds to the cache; the result says why that could not be done, or is empty.

        What another run has saved meanwhile is read again, and kept.
        """
        try:
            for path, reports in self._reports.items():
                store.save(path, store.load(path).updated(reports, self._seen))
        except OSError as error:
            return f"the cache in {self.folder} could not be written: {error.strerror or error}"
        return ""

    def _path(self, config: Config) -> Path:
        if config not in self._paths:
            self._paths[config] = self.folder / f"{key(config, noqa=self.noqa)}.cache"
        return self._paths[config]
