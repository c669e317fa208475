"""The command line: argv to configuration, configuration to reports, reports to an exit status."""

from __future__ import annotations

import os
import sys
from argparse import Namespace
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NoReturn

from lossflow.checking import FileReport, check, check_file
from lossflow.commands import adoption, arguments, inputs, progress, reporting
from lossflow.commands.arguments import FixMode
from lossflow.commands.reporting import CLEAN, FAILURE, FINDINGS
from lossflow.configuration.config import Config
from lossflow.configuration.files import Configs, inline
from lossflow.configuration.tables import suggestion
from lossflow.discovery import Found
from lossflow.errors import LossflowError, NotAnalysed, UsageError
from lossflow.notebook import read

_INTERRUPTED, _BROKEN_PIPE = 130, 141  # what a shell says of a process that SIGINT or SIGPIPE ended


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; the result is the exit status."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")  # a terminal that lacks a character is no reason to fail
    try:
        options = arguments.parse(argv)
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
    config = configs.of(Path.cwd())
    if options.show_files or options.show_settings:
        return _show(options, configs)
    mode, known = FixMode.of(options, config), adoption.Adoption.of(options, config)
    if known.comments:
        from lossflow.commands import noqa  # most runs change nothing

        return noqa.run(options, configs, known.left_out)
    if mode.applies and not known.writes:  # `fix = true` stands in the configuration, and is not what is asked for
        from lossflow.commands import fix

        return fix.run(options, configs, mode, known)
    reports = list(_from_stdin(options, configs) if inputs.from_stdin(options) else _from_paths(options, configs))
    reporting.complain(reports, verbose=options.verbose)
    reports = known.apply(reports)
    reporting.report(reports, options, mode, to=sys.stdout)
    if not all(report.whole for report in reports):
        return FAILURE
    return FINDINGS if any(map(known.counts, reports)) and not options.exit_zero else CLEAN


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
    yield check(source, config, noqa=not options.ignore_noqa)


def _from_paths(options: Namespace, configs: Configs) -> Iterator[FileReport]:
    for file in progress.shown(inputs.files(options, configs), quiet=options.quiet):
        yield _report(file, configs, noqa=not options.ignore_noqa)


def _report(file: Found, configs: Configs, *, noqa: bool) -> FileReport:
    if file.problem:
        return FileReport(str(file.path), failure=file.problem)
    return check_file(file.path, configs.of(file.path.parent), noqa=noqa)


def _show(options: Namespace, configs: Configs) -> int:
    """Print what would be checked, or by which settings, and check nothing."""
    from lossflow.commands import settings  # few runs ask for it
    from lossflow.rendering.places import shown

    if inputs.from_stdin(options):
        raise UsageError("`--show-files` and `--show-settings` are about files, not about standard input.")
    if options.show_settings:
        folders = {path: Path(os.path.abspath(path)) for path in map(str, inputs.paths(options))}
        for name, path in folders.items():
            config = configs.of(path if path.is_dir() else path.parent)
            sys.stdout.write(settings.text(name, config, configs))
    else:
        files = inputs.files(options, configs)
        reporting.complain([FileReport(str(file.path), failure=file.problem or None) for file in files], verbose=False)
        sys.stdout.writelines(f"{shown(str(file.path))}\n" for file in files if not file.problem)
        if any(file.problem for file in files):
            return FAILURE
    return CLEAN


# --- trace --------------------------------------------------------------------------------------------------------


def _trace(options: Namespace) -> int:
    from lossflow.commands import trace

    return trace.run(options, _configs(options))


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


# --- server -------------------------------------------------------------------------------------------------------


def _server(options: Namespace) -> NoReturn:
    try:
        from lossflow.server.stdio import serve
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in ("pygls", "lsprotocol"):
            raise
        hint = 'install it with `pip install "lossflow[lsp]"`'
        raise UsageError(f"`lossflow server` needs pygls, which is not installed: {hint}.") from None
    serve()


# --- generate-shell-completion ------------------------------------------------------------------------------------


def _completion(options: Namespace) -> int:
    from lossflow.commands import completion

    sys.stdout.write(completion.script(options.shell))
    return CLEAN


_COMMANDS: Mapping[str, Callable[[Namespace], int]] = {
    "check": _check,
    "rule": _rule,
    "server": _server,
    "trace": _trace,
    "generate-shell-completion": _completion,
}
