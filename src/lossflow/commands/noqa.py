"""`lossflow check --add-noqa`: what is found gets a comment that silences it, in the place of a report."""

from __future__ import annotations

import sys
from argparse import Namespace
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from lossflow.checking import FileReport, check, read_file
from lossflow.commands import inputs, progress, reporting
from lossflow.configuration.files import Configs
from lossflow.discovery import Found
from lossflow.errors import NotAnalysed, NotWritten, UsageError
from lossflow.fixing.run import trees
from lossflow.fixing.writing import target, write
from lossflow.rendering.places import at, shown
from lossflow.rendering.styled import count
from lossflow.suppression.edits import Silenced, silenced

Known = Callable[[FileReport], FileReport]
"""Takes the findings out of a report that need no comment."""


@dataclass(frozen=True, slots=True)
class _Commented:
    """What became of a file; `refused` says why it could not be written."""

    report: FileReport
    silenced: Silenced | None = None
    refused: str = ""


def run(options: Namespace, configs: Configs, known: Known) -> int:
    """Add the comments to what the options name; the result is the exit status."""
    if inputs.from_stdin(options):
        raise UsageError("`--add-noqa` changes files, so it can't be used with standard input.")
    reason = options.add_noqa.strip()
    if not reason.isprintable():
        raise UsageError("the reason of `--add-noqa` must be a single line of text.")
    within = trees(inputs.paths(options))
    found = inputs.files(options, configs)
    looked_at = progress.shown(found, len(found), quiet=options.quiet)
    # All of them first: a run that is interrupted while it looks at the files has changed none.
    planned = [_planned(file, configs, known, reason) for file in looked_at]
    files = [_written(file, within) for file in planned]
    reporting.complain([file.report for file in files], verbose=options.verbose)
    _tell(files, quiet=options.quiet)
    if any(file.refused or not file.report.whole for file in files):
        return reporting.FAILURE
    left = any(file.silenced and file.silenced.refused for file in files)
    return reporting.FINDINGS if left and not options.exit_zero else reporting.CLEAN


def _planned(file: Found, configs: Configs, known: Known, reason: str) -> _Commented:
    name = str(file.path)
    if file.problem:
        return _Commented(FileReport(name, failure=file.problem))
    try:
        document = read_file(file.path)
    except NotAnalysed as error:
        return _Commented(FileReport(name, failure=str(error)))
    report = known(check(document.source, configs.of(file.path.parent)))
    return _Commented(report, silenced(document, report.findings, reason) if report.findings else None)


def _written(file: _Commented, within: Sequence[Path]) -> _Commented:
    if file.silenced is None or not file.silenced.done:
        return file
    path = Path(file.report.file)
    try:
        write(target(path, within), file.silenced.document.data, expected=file.silenced.before.data)
    except NotWritten as error:
        return _Commented(file.report, refused=str(error))
    return file


def _tell(files: Sequence[_Commented], *, quiet: bool) -> None:
    for file in files:
        if file.refused:
            print(f"error: {shown(file.report.file)} was not changed: {file.refused}.", file=sys.stderr)
        for finding, reason in file.silenced.refused if file.silenced else ():
            place = at(finding.file, file.report.sources[finding.file].location(finding.span.start))
            print(f"warning: {place}: {finding.code} got no comment: {reason}.", file=sys.stderr)
    done = [len(file.silenced.done) for file in files if file.silenced and file.silenced.done]
    if not quiet:
        said = f"{count(sum(done), 'problem')} in {count(len(done), 'file')}" if done else "nothing"
        print(f"Added `# noqa` for {said}.")
