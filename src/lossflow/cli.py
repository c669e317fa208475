"""The command line: argv to configuration, configuration to reports, reports to an exit status."""

from __future__ import annotations

import os
import sys
from argparse import Namespace
from collections.abc import Iterator, Sequence
from pathlib import Path

from lossflow import arguments, progress
from lossflow.checking import FileReport, check, check_file
from lossflow.config import Config
from lossflow.config_files import Configs, inline
from lossflow.discovery import Found, Walk
from lossflow.errors import LossflowError, NotAnalysed, UsageError
from lossflow.notebook import read
from lossflow.rendering.places import shown
from lossflow.schema import suggestion

CLEAN, FINDINGS, FAILURE = 0, 1, 2
_INTERRUPTED, _BROKEN_PIPE = 130, 141  # what a shell says of a process that SIGINT or SIGPIPE ended
_STDIN = "-"


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; the result is the exit status."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")  # a terminal that lacks a character is no reason to fail
    try:
        options = arguments.parser().parse_args(argv)
        status = _check(options) if options.command == "check" else _rule(options)
        sys.stdout.flush()
        return status
    except LossflowError as error:
        print(f"error: {error}", file=sys.stderr)
        return FAILURE
    except KeyboardInterrupt:
        return _INTERRUPTED
    except BrokenPipeError:
        # Whoever read the output has enough of it; Python must not complain about it at its exit either.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return _BROKEN_PIPE
    except OSError as error:
        # A full disk, where the output goes to a file; Python must not try to write the rest at its exit.
        print(f"error: the output could not be written: {error.strerror or error}", file=sys.stderr)
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILURE


# --- check --------------------------------------------------------------------------------------------------------


def _check(options: Namespace) -> int:
    configs = _configs(options)
    from_stdin = options.paths == [_STDIN] or (not options.paths and options.stdin_filename is not None)
    if _STDIN in options.paths and not from_stdin:
        raise UsageError("`-` stands for standard input and can't be combined with other paths.")
    reports = list(_from_stdin(options, configs) if from_stdin else _from_paths(options, configs))
    _complain(reports, verbose=options.verbose)
    _print(reports, options)
    if not all(report.whole for report in reports):
        return FAILURE
    return FINDINGS if any(report.findings for report in reports) and not options.exit_zero else CLEAN


def _configs(options: Namespace) -> Configs:
    explicit, inlined = arguments.config_files(options.config)
    if explicit is not None and options.isolated:
        raise UsageError("`--isolated` reads no configuration file, so it can't be combined with `--config FILE`.")
    overrides = (*map(inline, inlined), arguments.overrides(options))
    for table in overrides:
        Config().apply(table)  # a mistake in an option is one even where there is nothing to check
    return Configs(explicit, options.isolated, overrides)


def _from_stdin(options: Namespace, configs: Configs) -> Iterator[FileReport]:
    name = os.path.abspath(options.stdin_filename) if options.stdin_filename else _STDIN
    walk = Walk(configs.of)
    if options.force_exclude and options.stdin_filename and walk.excluded(Path(name)):
        return
    config = configs.of(Path(name).parent if options.stdin_filename else Path.cwd())
    try:
        source = read(name, sys.stdin.buffer.read())
    except NotAnalysed as error:
        yield FileReport(name, failure=str(error))
        return
    yield check(source, config)


def _from_paths(options: Namespace, configs: Configs) -> Iterator[FileReport]:
    paths = [Path(path) for path in options.paths or ["."]]
    found = list(Walk(configs.of, force_exclude=options.force_exclude).files(paths))
    if not found and not options.quiet:
        print("warning: there is no Python file under the given paths.", file=sys.stderr)
    for file in progress.shown(found, quiet=options.quiet):
        yield _report(file, configs)


def _report(file: Found, configs: Configs) -> FileReport:
    if file.problem:
        return FileReport(str(file.path), failure=file.problem)
    return check_file(file.path, configs.of(file.path.parent))


def _complain(reports: Sequence[FileReport], *, verbose: bool) -> None:
    """Name what was not analysed, and for `--verbose` what was."""
    for report in reports:
        name = "standard input" if report.file == _STDIN else shown(report.file)
        if report.failure is not None:
            print(f"error: {name} was not analysed: {report.failure}.", file=sys.stderr)
        elif verbose:
            print(f"checked {name}", file=sys.stderr)
        for cell in report.omitted:
            print(f"error: {name} was analysed without {cell}.", file=sys.stderr)
        for note in report.notes if verbose else ():
            print(f"note: {note}", file=sys.stderr)


def _print(reports: Sequence[FileReport], options: Namespace) -> None:
    """The findings in the format that was asked for. The formats are imported on use: a run prints one."""
    if options.statistics:
        from lossflow.rendering import statistics

        sys.stdout.write(statistics.json_text(reports) if options.output_format == "json" else statistics.text(reports))
    elif options.output_format == "json":
        from lossflow.rendering import json_format

        sys.stdout.write(json_format.text(reports))
    elif options.output_format == "github":
        from lossflow.rendering import github

        sys.stdout.write(github.text(reports))
    else:
        _print_for_people(reports, options)


def _print_for_people(reports: Sequence[FileReport], options: Namespace) -> None:
    from lossflow.rendering import concise, full, summary
    from lossflow.rendering.styled import coloured, plain

    lines = [*(full if options.output_format == "full" else concise).lines(reports)]
    if not options.quiet:
        lines += summary.lines(reports)
    sys.stdout.write(coloured(lines) if lines and _wants_colour(options.color) else plain(lines))


def _wants_colour(choice: str) -> bool:
    if choice == "auto":
        if os.environ.get("NO_COLOR"):
            return False
        return bool(os.environ.get("FORCE_COLOR")) or sys.stdout.isatty()
    return choice == "always"


# --- rule ---------------------------------------------------------------------------------------------------------


def _rule(options: Namespace) -> int:
    from lossflow.rendering import rule_page
    from lossflow.rules import RULES

    if options.all == (options.code is not None):
        raise UsageError("`lossflow rule` takes the code of one rule, or `--all`.")
    chosen = [rule for rule in RULES if options.all or rule.code == options.code.upper()]
    if not chosen:
        hint = suggestion(options.code.upper(), [rule.code for rule in RULES])
        raise UsageError(f"there is no rule `{options.code}`.{hint}")
    sys.stdout.write(rule_page.json_text(chosen) if options.output_format == "json" else rule_page.text(chosen))
    return CLEAN
