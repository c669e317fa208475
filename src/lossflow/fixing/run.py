"""A run that fixes: every file in memory first, then all of them on disk.

A fix in one file may settle or change what is found in the files that import it, so these are analysed again.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

from lossflow.checking import FileReport, check, read_file
from lossflow.configuration.config import Config
from lossflow.document import Document
from lossflow.errors import NotAnalysed, NotWritten
from lossflow.findings import fixable
from lossflow.fixing.rounds import Applied, Dropped, Fixed, fix
from lossflow.fixing.writing import target, write
from lossflow.source import Source

MAX_PASSES = 10
"""How often the files of a run are gone through, because others that they import have changed."""


@dataclass(frozen=True, slots=True)
class FixedFile:
    """What became of one file; `fixed` is None where nothing was fixed, and `refused` says why nothing could be."""

    report: FileReport
    fixed: Fixed | None = None
    dropped: tuple[Dropped, ...] = ()
    refused: str = ""

    @property
    def count(self) -> int:
        """How many findings are gone."""
        return self.fixed.count if self.fixed is not None else 0


@dataclass
class FixRun:
    """The fixes of the files of a run; `trees` are the folders in which files may be written.

    `noqa` is False where the comments in the files don't count.
    """

    config_of: Callable[[Path], Config]
    unsafe: bool
    trees: tuple[Path, ...] = ()
    noqa: bool = True
    files: dict[str, FixedFile] = field(default_factory=dict)
    _first: dict[str, FileReport] = field(default_factory=dict)
    _changes: list[str] = field(default_factory=list)
    _seen: dict[str, int] = field(default_factory=dict)

    def fix_all(self, reports: Iterable[FileReport]) -> None:
        """Fix the files of the reports in memory, until no fix of one concerns another any more."""
        for report in reports:
            if not any(fixable(finding, unsafe=self.unsafe) for finding in report.findings):
                self.files[report.file] = FixedFile(report)
            elif Path(report.file).is_fifo():  # what comes through it can't be read twice
                self.files[report.file] = FixedFile(report, refused="it is not a regular file")
            else:
                self._fix(Path(report.file))
        for _ in range(MAX_PASSES - 1):
            if not (concerned := list(self._concerned())):
                break
            for name in concerned:
                self._fix(Path(name))

    def write_all(self) -> None:
        """Write what was fixed; a file that can't be written keeps its findings, and gets the reason."""
        for name, file in self.files.items():
            if file.fixed is not None:
                try:
                    write(target(Path(name), self.trees), file.fixed.after.data, expected=file.fixed.before.data)
                except NotWritten as error:
                    self.files[name] = FixedFile(self._first[name], refused=str(error))

    def _fix(self, path: Path) -> None:
        name = str(path)
        before = self.files.get(name)
        if before is not None and before.refused:
            return
        try:
            document = before.fixed.after if before is not None and before.fixed is not None else read_file(path)
        except NotAnalysed as error:
            self.files[name] = FixedFile(FileReport(name, failure=str(error)))
            return
        self._seen[name] = len(self._changes)
        self._keep(name, self._fixed(document, before.report if before is not None else None))

    def _fixed(self, document: Document, known: FileReport | None) -> Fixed:
        name = document.source.name
        unsaved = tuple(source for other, source in self._unsaved().items() if other != name)
        look = partial(check, config=self.config_of(Path(name).parent), noqa=self.noqa, unsaved=unsaved)

        def first_kept(source: Source) -> FileReport:
            report = look(source)
            self._first.setdefault(name, report)
            return report

        return fix(document, first_kept, unsafe=self.unsafe, known=known)

    def _unsaved(self) -> Mapping[str, Source]:
        return {name: file.fixed.after.source for name, file in self.files.items() if file.fixed is not None}

    def _keep(self, name: str, fixed: Fixed) -> None:
        """Remember what became of a file, on top of what earlier passes did to it."""
        before = self.files.get(name)
        dropped = fixed.dropped
        if fixed.changed:
            try:
                target(Path(name), self.trees)
            except NotWritten as error:
                self.files[name] = FixedFile(self._first[name], refused=str(error))
                return
            self._changes.append(name)
        if before is not None:
            dropped = _merged(before.dropped, dropped)
            if before.fixed is not None:
                fixed = _continued(before.fixed, fixed)
        self.files[name] = FixedFile(fixed.report, fixed if fixed.changed else None, dropped)

    def _concerned(self) -> Iterator[str]:
        """The files that were analysed before a file changed that they follow."""
        for name, file in self.files.items():
            if file.report.followed.intersection(self._changes[self._seen.get(name, 0) :]):
                yield name


def fix_one(document: Document, config: Config, *, unsafe: bool, noqa: bool = True) -> FixedFile:
    """Fix a document that stands for itself, such as standard input."""
    fixed = fix(document, partial(check, config=config, noqa=noqa), unsafe=unsafe)
    return FixedFile(fixed.report, fixed if fixed.changed else None, fixed.dropped)


def trees(paths: Iterable[Path]) -> tuple[Path, ...]:
    """The folders that a run is about: the current one, those that it is given, and those of the files that it is."""
    return (Path.cwd(), *(path if path.is_dir() else Path(os.path.abspath(path)).parent for path in paths))


def _continued(before: Fixed, after: Fixed) -> Fixed:
    applied: tuple[Applied, ...] = before.applied + after.applied
    return replace(after, before=before.before, applied=applied, settled=before.settled + after.settled)


def _merged(before: tuple[Dropped, ...], after: tuple[Dropped, ...]) -> tuple[Dropped, ...]:
    return (*before, *(each for each in after if each not in before))
