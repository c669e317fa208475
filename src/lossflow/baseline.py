"""The baseline of a project: the findings that it had when it adopted lossflow, which no longer count.

A finding is known by its code, the text of its line, and the functions and classes around it: so it is known again when
lines above it come or go. Where the functions were renamed, or the file, the text of the line is enough.
"""

from __future__ import annotations

import json
import os
import tokenize
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from io import StringIO
from pathlib import Path

from lossflow.checking import FileReport
from lossflow.errors import ConfigError, NotWritten
from lossflow.findings import Finding
from lossflow.fixing.writing import write
from lossflow.source import STDIN, Source

_VERSION = 1


@dataclass(frozen=True, slots=True, order=True)
class Known:
    """What is remembered of a finding; `path` is relative to the folder of the baseline, `scope` is dotted."""

    path: str
    code: str
    scope: str
    line: str


@dataclass(frozen=True, slots=True)
class Comparison:
    """The reports without the findings that are known, and how many of those there are; `gone` are no longer there."""

    reports: tuple[FileReport, ...]
    known: int
    gone: int


@dataclass(frozen=True)
class Baseline:
    """The findings that are known, with how often each is there, and the file that remembers them."""

    file: Path
    counts: Mapping[Known, int]

    @staticmethod
    def read(file: Path) -> Baseline:
        """The baseline in a file; raises ConfigError where there is none."""
        try:
            data = file.read_bytes()
        except FileNotFoundError:
            raise ConfigError(
                f"there is no baseline {file}: write one with `--write-baseline`, or correct the name."
            ) from None
        except OSError as error:
            raise ConfigError(f"the baseline {file} can't be read: {error.strerror or error}.") from None
        return Baseline(file, _parsed(file, data))

    @staticmethod
    def written(file: Path, reports: Iterable[FileReport]) -> Baseline:
        """Remember the findings of a run, in the place of what the file says of the files that the run has analysed."""
        kept = Baseline.read(file).counts if file.exists() else {}
        reports = list(reports)
        new = Counter(known for report in reports for known in _all_known(report, file.parent))
        analysed = _analysed(reports, file.parent)
        for known, number in kept.items():
            # What stays is of other files, or of those that this run could not analyse, unless they are gone.
            if known.path not in analysed and (file.parent / known.path).exists():
                new[known] = max(number, new[known])
        baseline = Baseline(file, new)
        baseline._write()
        return baseline

    def compare(self, reports: Iterable[FileReport]) -> Comparison:
        """What of the findings of a run is new."""
        reports = fresh = list(reports)
        left = Counter(dict(self.counts))
        for blurred, may_match in self._stages():
            index: dict[Known, list[Known]] = {}
            for known in filter(may_match, sorted(self.counts)):
                index.setdefault(blurred(known), []).append(known)
            fresh = [self._compared(report, left, blurred, index) for report in fresh]
        analysed = _analysed(reports, self.file.parent)
        gone = sum(number for known, number in left.items() if known.path in analysed or not self._has_file(known))
        before, after = (sum(len(report.findings) for report in each) for each in (reports, fresh))
        return Comparison(tuple(fresh), before - after, gone)

    def _stages(self) -> tuple[tuple[Callable[[Known], Known], Callable[[Known], bool]], ...]:
        """What of a finding must be the same, and which entries it may be, the closest first.

        Only an entry whose file is gone may be a finding in another file: then that has moved.
        """
        return (
            (lambda known: known, lambda _: True),
            (lambda known: replace(known, scope=""), lambda _: True),
            (lambda known: replace(known, scope="", path=""), lambda known: not self._has_file(known)),
        )

    def _compared(
        self,
        report: FileReport,
        left: Counter[Known],
        blurred: Callable[[Known], Known],
        index: Mapping[Known, Sequence[Known]],
    ) -> FileReport:
        """The report without the findings that are left in the baseline, which are taken out of it."""
        new = []
        for finding, known in zip(report.findings, _all_known(report, self.file.parent)):
            same = next((each for each in index.get(blurred(known), ()) if left[each] > 0), None)
            if same is None:
                new.append(finding)
            else:
                left[same] -= 1
        return replace(report, findings=tuple(new))

    def _has_file(self, known: Known) -> bool:
        return (self.file.parent / known.path).exists()

    def _write(self) -> None:
        rows = [
            {"path": each.path, "code": each.code, "scope": each.scope, "line": each.line, "count": number}
            for each, number in sorted(self.counts.items())
        ]
        data = (json.dumps({"version": _VERSION, "findings": rows}, indent=2, ensure_ascii=False) + "\n").encode()
        try:
            if self.file.exists():
                write(self.file, data, expected=self.file.read_bytes())
            else:
                self.file.write_bytes(data)
        except NotWritten as error:
            raise ConfigError(f"the baseline {self.file} was not written: {error}.") from None
        except OSError as error:
            raise ConfigError(f"the baseline {self.file} was not written: {error.strerror or error}.") from None


def _path(name: str, folder: Path) -> str:
    """The name of a file, relative to the folder of the baseline and the same on every system."""
    return name if name == STDIN else Path(os.path.relpath(name, folder)).as_posix()


def _analysed(reports: Iterable[FileReport], folder: Path) -> set[str]:
    """The files of which a run knows all findings."""
    return {_path(report.file, folder) for report in reports if report.whole}


def _parsed(file: Path, data: bytes) -> dict[Known, int]:
    try:
        content = json.loads(data)
        if content["version"] != _VERSION:
            raise ConfigError(f"{file}: this version of lossflow reads no baseline of version {content['version']!r}.")
        found = {
            Known(*(str(row[key]) for key in ("path", "code", "scope", "line"))): int(row["count"])
            for row in content["findings"]
        }
    except (ValueError, KeyError, TypeError, RecursionError):
        raise ConfigError(f"{file}: this is no baseline, which `--write-baseline` writes.") from None
    return found


# --- one finding --------------------------------------------------------------------------------------------------


def _all_known(report: FileReport, folder: Path) -> Sequence[Known]:
    layouts = {name: _Layout.of(report.sources[name]) for name in {finding.file for finding in report.findings}}
    return [_known(finding, report.sources[finding.file], layouts[finding.file], folder) for finding in report.findings]


def _known(finding: Finding, source: Source, layout: _Layout, folder: Path) -> Known:
    row = source.row(finding.span.start)
    line = source.line(row)[: layout.comments.get(row)]
    return Known(_path(finding.file, folder), finding.code, layout.scopes.get(row, ""), " ".join(line.split()))


@dataclass(frozen=True, slots=True)
class _Layout:
    """The dotted name of the functions and classes around each line, and where comments begin."""

    scopes: Mapping[int, str]
    comments: Mapping[int, int]

    @staticmethod
    def of(source: Source) -> _Layout:
        """Read the tokens, which are the same in every version of Python, unlike what `ast` knows of statements."""
        scopes: dict[int, str] = {}
        comments: dict[int, int] = {}
        blocks: list[str] = []
        named, starts, previous = "", True, ""
        try:
            for token in tokenize.generate_tokens(StringIO(source.text, newline=None).readline):
                if token.type == tokenize.INDENT:
                    blocks.append(named)
                elif token.type == tokenize.DEDENT:
                    blocks.pop()
                elif token.type == tokenize.NEWLINE:
                    starts = True
                elif token.type == tokenize.COMMENT:
                    comments[token.start[0]] = token.start[1]
                elif token.type == tokenize.NAME and starts and token.string not in ("async", "def", "class"):
                    # The first word of a statement, or the name of what it defines.
                    named, starts = token.string if previous in ("def", "class") else "", False
                for row in range(token.start[0], token.end[0] + 1):
                    scopes.setdefault(row, ".".join(filter(None, blocks)))
                previous = token.string
        except (tokenize.TokenError, SyntaxError):
            pass  # what is known up to there is as good
        return _Layout(scopes, comments)
