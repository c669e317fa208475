"""What a run reads: standard input under a name, or the files under its paths, and the configuration."""

from __future__ import annotations

import os
import sys
from argparse import Namespace
from pathlib import Path

from lossflow.caching import folder
from lossflow.caching.cache import Cache
from lossflow.commands import arguments
from lossflow.configuration.config import Config
from lossflow.configuration.files import Configs, inline
from lossflow.discovery import Found, Walk
from lossflow.errors import UsageError
from lossflow.running.run import Run, processors
from lossflow.source import STDIN


def from_stdin(options: Namespace) -> bool:
    """True when the run is about standard input."""
    return options.paths == [STDIN] or (not options.paths and options.stdin_filename is not None)


def refuse_mixture(options: Namespace) -> None:
    """Raise UsageError where standard input is asked for along with files."""
    if STDIN in options.paths and not from_stdin(options):
        raise UsageError("`-` stands for standard input and can't be combined with other paths.")


def stdin(options: Namespace, configs: Configs) -> tuple[str, Config | None]:
    """The name of standard input, and the configuration that holds for it: none where the name is excluded."""
    if not options.stdin_filename:
        return STDIN, configs.of(Path.cwd())
    path = Path(os.path.abspath(options.stdin_filename))
    config = configs.of(path.parent)
    excluded = config.force_exclude and Walk(configs.of).excluded(path)
    return str(path), None if excluded else config


def paths(options: Namespace) -> list[Path]:
    """The paths of the run."""
    return [Path(path) for path in options.paths or ["."]]


def files(options: Namespace, configs: Configs) -> list[Found]:
    """The files under the paths of the run."""
    found = list(Walk(configs.of).files(paths(options)))
    if not found and not options.quiet:
        print("warning: there is no Python file under the given paths.", file=sys.stderr)
    return found


def run(options: Namespace, configs: Configs) -> Run:
    """What gives the reports of a run, with as many processes and as much of a cache as the options say."""
    noqa = not options.ignore_noqa
    cache = None if options.no_cache else Cache(cache_folder(options, configs), noqa=noqa)
    return Run(configs, noqa, options.jobs or processors(), cache)


def cache_folder(options: Namespace, configs: Configs) -> Path:
    """The folder of the cache: as the options say, else the configuration, else in the root of the project."""
    if options.cache_dir is not None:
        return Path(os.path.abspath(options.cache_dir))
    config = configs.of(Path.cwd())
    return config.cache_dir or config.root / folder.NAME


def configs(options: Namespace) -> Configs:
    """The configuration of the run, with what the options say on top; raises ConfigError and UsageError."""
    explicit, inlined = arguments.config_files(options.config)
    if explicit is not None and options.isolated:
        raise UsageError("`--isolated` reads no configuration file, so it can't be combined with `--config FILE`.")
    own = (arguments.overrides(options),) if options.command == "check" else ()
    overrides = (*map(inline, inlined), *own)
    for table in overrides:
        Config().apply(table)  # a mistake in an option is one even where there is nothing to check
    return Configs(explicit, options.isolated, overrides)
