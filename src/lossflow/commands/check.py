"""`lossflow check`: findings, unless something is to be changed or shown instead."""

from __future__ import annotations

import sys
from argparse import Namespace
from collections.abc import Iterator
from pathlib import Path

from lossflow.checking import FileReport, check
from lossflow.commands import adoption, inputs, progress, reporting
from lossflow.commands.arguments import FixMode
from lossflow.commands.reporting import CLEAN, FAILURE, FINDINGS
from lossflow.configuration.files import Configs
from lossflow.errors import NotAnalysed
from lossflow.notebook import read


def run(options: Namespace) -> int:
    """Check what the options name; the result is the exit status."""
    configs = inputs.configs(options)
    inputs.refuse_mixture(options)
    config = configs.of(Path.cwd())
    if options.show_files or options.show_settings:
        from lossflow.commands import show

        return show.run(options, configs)
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
    yield from progress.reports(inputs.run(options, configs), inputs.files(options, configs), options)
