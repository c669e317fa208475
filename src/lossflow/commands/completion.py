"""`lossflow generate-shell-completion`: what a shell needs to complete the commands and options of lossflow."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator

from lossflow.commands.arguments import parser
from lossflow.commands.reporting import CLEAN
from lossflow.errors import UsageError

_FILES = ("PATH", "FILE")
"""The metavars of options that take the name of a file."""


def run(options: argparse.Namespace) -> int:
    """Print the script for the shell that the options name."""
    sys.stdout.write(script(options.shell))
    return CLEAN


def script(shell: str) -> str:
    """The completion script for a shell; raises UsageError where shtab is missing, or too old for it."""
    try:
        import shtab
    except ImportError:
        raise UsageError("shell completion needs shtab: `pip install 'lossflow[completion]'` installs it.") from None
    if shell not in shtab.SUPPORTED_SHELLS:
        raise UsageError(f"the installed shtab has no completion for {shell}: a newer one may have.")
    top = parser()
    for action in _actions(top):
        if action.metavar in _FILES:
            action.complete = shtab.FILE  # type: ignore[attr-defined]
    completed: str = shtab.complete(top, shell)
    return completed


def _actions(command: argparse.ArgumentParser) -> Iterator[argparse.Action]:
    """The arguments of a command and of its subcommands, which argparse keeps to itself, as shtab reads them too."""
    for action in command._actions:
        yield action
        if isinstance(action, argparse._SubParsersAction):
            for below in set(action.choices.values()):
                yield from _actions(below)
