"""The command line: argv to configuration, configuration to reports, reports to an exit status."""

from __future__ import annotations

import os
import sys
from argparse import Namespace
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from lossflow import arguments, inputs, progress, reporting
from lossflow.arguments import FixMode
from lossflow.checking import FileReport, check, check_file
from lossflow.config import Config
from lossflow.config_files import Configs, inline
from lossflow.discovery import Found
from lossflow.errors import LossflowError, NotAnalysed, UsageError
from lossflow.notebook import read
from lossflow.reporting import CLEAN, FAILURE, FINDINGS
from lossflow.schema import suggestion

_INTERRUPTED, _BROKEN_PIPE = 130, 141  # what a shell says of a process that SIGINT or SIGPIPE ended


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; the result is the exit status."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")  # a terminal that lacks a character is no reason to fail
    try:
        options = arguments.parser().parse_args(argv)
        status = _COMMANDS[options.command](options)
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
    inputs.refuse_mixture(options)
    mode = FixMode.of(options, configs.of(Path.cwd()))
    if mode.applies:
        from lossflow import fix_command  # most runs fix nothing

        return fix_command.run(options, configs, mode)
    reports = list(_from_stdin(options, configs) if inputs.from_stdin(options) else _from_paths(options, configs))
    reporting.complain(reports, verbose=options.verbose)
    reporting.report(reports, options, mode, to=sys.stdout)
    if not all(report.whole for report in reports):
        return FAILURE
    return FINDINGS if any(report.findings for report in reports) and not options.exit_zero else CLEAN


def _configs(options: Namespace) -> Configs:
    explicit, inlined = arguments.config_files(options.config)
    if explicit is not None and options.isolated:
        raise UsageError("`--isolated` reads no configuration file, so it can't be combined with `--config FILE`.")
    own = (arguments.overrides(options),) if options.command == "check" else ()
    overrides = (*map(inline, inlined), *own)
    for table in overrides:
        Config().apply(table)  # a mistake in an option is one even where there is nothing to check
    return Configs(explicit, options.isolated, overrides)


def _from_stdin(options: Namespace, configs: Configs) -> Iterator[FileReport]:
    name, config = inputs.stdin(options, configs)
    if config is None:
        return
    try:
        source = read(name, sys.stdin.buffer.read())
    except NotAnalysed as error:
        yield FileReport(name, failure=str(error))
        return
    yield check(source, config)


def _from_paths(options: Namespace, configs: Configs) -> Iterator[FileReport]:
    for file in progress.shown(inputs.files(options, configs), quiet=options.quiet):
        yield _report(file, configs)


def _report(file: Found, configs: Configs) -> FileReport:
    if file.problem:
        return FileReport(str(file.path), failure=file.problem)
    return check_file(file.path, configs.of(file.path.parent))


# --- trace --------------------------------------------------------------------------------------------------------


def _trace(options: Namespace) -> int:
    from lossflow import trace_command

    return trace_command.run(options, _configs(options))


# --- rule ---------------------------------------------------------------------------------------------------------


def _rule(options: Namespace) -> int:
    from lossflow.rendering import rule_markdown, rule_page
    from lossflow.rules import RULES

    if options.all == (options.code is not None):
        raise UsageError("`lossflow rule` takes the code of one rule, or `--all`.")
    chosen = [rule for rule in RULES if options.all or rule.code == options.code.upper()]
    if not chosen:
        hint = suggestion(options.code.upper(), [rule.code for rule in RULES])
        raise UsageError(f"there is no rule `{options.code}`.{hint}")
    forms = {"text": rule_page.text, "json": rule_page.json_text, "markdown": rule_markdown.text}
    sys.stdout.write(forms[options.output_format](chosen))
    return CLEAN


_COMMANDS: Mapping[str, Callable[[Namespace], int]] = {"check": _check, "rule": _rule, "trace": _trace}
