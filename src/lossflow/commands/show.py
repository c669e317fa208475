"""`lossflow check --show-files` and `--show-settings`: what would be checked, and by which settings."""

from __future__ import annotations

import os
import sys
from argparse import Namespace
from pathlib import Path

from lossflow.checking import FileReport
from lossflow.commands import inputs, reporting, settings
from lossflow.commands.reporting import CLEAN, FAILURE
from lossflow.configuration.files import Configs
from lossflow.errors import UsageError
from lossflow.rendering.places import shown


def run(options: Namespace, configs: Configs) -> int:
    """Print what would be checked, or by which settings, and check nothing."""
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
