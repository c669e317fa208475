"""What a run tells people: the findings in the format that they asked for, and what could not be done."""

from __future__ import annotations

import os
import sys
from argparse import Namespace
from collections.abc import Mapping, Sequence
from typing import TextIO

from lossflow.arguments import FixMode
from lossflow.checking import FileReport
from lossflow.fixing import Fixed
from lossflow.inputs import STDIN
from lossflow.rendering.places import at, shown

CLEAN, FINDINGS, FAILURE = 0, 1, 2
"""The exit status of a run."""


def complain(reports: Sequence[FileReport], *, verbose: bool) -> None:
    """Name what was not analysed, and for `--verbose` what was."""
    for report in reports:
        name = "standard input" if report.file == STDIN else shown(report.file)
        if report.failure is not None:
            print(f"error: {name} was not analysed: {report.failure}.", file=sys.stderr)
        elif verbose:
            print(f"checked {name}", file=sys.stderr)
        for cell in report.omitted:
            print(f"error: {name} was analysed without {cell}.", file=sys.stderr)
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
    """Print the findings; `fixed` is what a run that fixes did. The formats are imported on use: a run prints one."""
    if options.statistics:
        from lossflow.rendering import statistics

        form = statistics.json_text if options.output_format == "json" else statistics.text
        to.write(form(reports, unsafe=mode.unsafe))
    elif options.output_format == "json":
        from lossflow.rendering import json_format

        to.write(json_format.text(reports))
    elif options.output_format == "github":
        from lossflow.rendering import github

        to.write(github.text(reports))
    else:
        _report_to_people(reports, options, mode, to=to, fixed=fixed)


def _report_to_people(
    reports: Sequence[FileReport],
    options: Namespace,
    mode: FixMode,
    *,
    to: TextIO,
    fixed: Mapping[str, Fixed] | None,
) -> None:
    from lossflow.rendering import concise, full, summary
    from lossflow.rendering.styled import coloured, plain

    lines = [*(full if options.output_format == "full" else concise).lines(reports, unsafe=mode.unsafe)]
    if fixed and mode.show:
        from lossflow.rendering import fixes

        lines += fixes.lines(fixed, done=True)
    if not options.quiet:
        counts = None if fixed is None else {name: each.count for name, each in fixed.items()}
        lines += summary.lines(reports, unsafe=mode.unsafe, fixed=counts)
    to.write(coloured(lines) if lines and wants_colour(options.color, to) else plain(lines))


def report_fixes(fixed: Mapping[str, Fixed], options: Namespace, mode: FixMode, *, to: TextIO) -> None:
    """Print what was fixed, or would be, and nothing of what is left."""
    from lossflow.rendering import fixes
    from lossflow.rendering.styled import coloured, plain

    lines = [*fixes.lines(fixed, done=not mode.diff)] if fixed and mode.show else []
    if not options.quiet:
        lines += fixes.summary(fixed, done=not mode.diff)
    to.write(coloured(lines) if lines and wants_colour(options.color, to) else plain(lines))


def wants_colour(choice: str, stream: TextIO) -> bool:
    """True where the output is to be coloured: as `--color` says, else as the environment and the terminal do."""
    if choice == "auto":
        if os.environ.get("NO_COLOR"):
            return False
        return bool(os.environ.get("FORCE_COLOR")) or stream.isatty()
    return choice == "always"
