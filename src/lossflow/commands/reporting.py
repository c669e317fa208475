"""What a run tells people: the findings in the format that they asked for, and what could not be done."""

from __future__ import annotations

import os
import sys
from argparse import Namespace
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import TextIO

from lossflow.checking import FileReport
from lossflow.commands.arguments import FixMode
from lossflow.errors import UsageError
from lossflow.fixing.rounds import Fixed
from lossflow.formats import FORMATS
from lossflow.rendering.places import at
from lossflow.rendering.problems import called, problems
from lossflow.rendering.styled import Line

CLEAN, FINDINGS, FAILURE = 0, 1, 2
"""The exit status of a run."""


def complain(reports: Sequence[FileReport], *, verbose: bool) -> None:
    """Name what was not analysed, and for `--verbose` what was."""
    for report in reports:
        if verbose and report.failure is None:
            print(f"checked {called(report.file)}", file=sys.stderr)
        for problem in problems(report):
            print(f"error: {problem}", file=sys.stderr)
        for note in report.notes if verbose else ():
            print(f"note: {note}", file=sys.stderr)
        for path in report.untraced:
            place = at(path.spot.source.name, path.spot.start)
            print(f"{place}: note: {path.words}, and was not followed to the end: {path.verdict}.", file=sys.stderr)


def report(
    reports: Sequence[FileReport],
    options: Namespace,
    mode: FixMode,
    *,
    to: TextIO,
    fixed: Mapping[str, Fixed] | None = None,
) -> None:
    """Write the findings to the file of the options, or to `to`; `fixed` is what a run that fixes did.

    The formats are imported on use: a run prints one. Raises UsageError where the file can't be written.
    """
    form = FORMATS[options.output_format]
    if options.statistics:
        from lossflow.rendering import statistics

        count = statistics.json_text if options.output_format == "json" else statistics.text
        _write(count(reports, unsafe=mode.unsafe), options, to)
        return
    renderer = import_module(f"lossflow.rendering.{form.module}")
    if form.for_people:
        lines = [*renderer.lines(reports, unsafe=mode.unsafe)]
        lines += _around(reports, options, mode, fixed=fixed)
        _write(_styled(lines, options, to), options, to)
    else:
        _write(renderer.text(reports), options, to)


def _around(
    reports: Sequence[FileReport], options: Namespace, mode: FixMode, *, fixed: Mapping[str, Fixed] | None
) -> Iterator[Line]:
    """What people are told besides the findings: the fixes that were made, and how much there was."""
    if fixed and mode.show:
        from lossflow.rendering import fixes

        yield from fixes.lines(fixed, done=True)
    if not options.quiet:
        from lossflow.rendering import summary

        counts = None if fixed is None else {name: each.count for name, each in fixed.items()}
        yield from summary.lines(reports, unsafe=mode.unsafe, fixed=counts)


def report_fixes(
    fixed: Mapping[str, Fixed], reports: Sequence[FileReport], options: Namespace, mode: FixMode, *, to: TextIO
) -> None:
    """Write what was fixed, or would be, and nothing of what is left; raises UsageError as `report` does.

    A program that reads a report gets one without findings.
    """
    from lossflow.rendering import fixes

    if not FORMATS[options.output_format].for_people and (to is sys.stdout or options.output_file is not None):
        report([replace(each, findings=()) for each in reports], options, mode, to=to)
        return
    lines = [*fixes.lines(fixed, done=not mode.diff)] if fixed and mode.show else []
    if not options.quiet:
        lines += fixes.summary(fixed, done=not mode.diff)
    _write(_styled(lines, options, to), options, to)


def _write(text: str, options: Namespace, to: TextIO) -> None:
    """Put the report where it is wanted: all of it, or none where the file can't be written."""
    if options.output_file is None:
        to.write(text)
        return
    path = Path(options.output_file)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        # What UTF-8 lacks are parts of file names that are in no known encoding.
        path.write_bytes(text.encode("utf-8", "backslashreplace"))
    except OSError as error:
        raise UsageError(f"the report could not be written to `{path}`: {error.strerror or error}.") from None


def _styled(lines: Sequence[Line], options: Namespace, to: TextIO) -> str:
    from lossflow.rendering.styled import coloured, plain

    choice = "never" if options.color == "auto" and options.output_file is not None else options.color
    return coloured(lines) if lines and wants_colour(choice, to) else plain(lines)


def wants_colour(choice: str, stream: TextIO) -> bool:
    """True where the output is to be coloured: as `--color` says, else as the environment and the terminal do."""
    if choice == "auto":
        if os.environ.get("NO_COLOR"):
            return False
        return bool(os.environ.get("FORCE_COLOR")) or stream.isatty()
    return choice == "always"
