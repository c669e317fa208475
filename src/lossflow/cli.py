"""The command line: argv to configuration, configuration to reports, reports to an exit status."""

from __future__ import annotations

import os
import sys
from argparse import Namespace
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from importlib import import_module
from typing import NoReturn

from lossflow.commands import arguments
from lossflow.commands.reporting import FAILURE
from lossflow.errors import LossflowError, UsageError

_INTERRUPTED, _BROKEN_PIPE = 130, 141  # what a shell says of a process that SIGINT or SIGPIPE ended


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; the result is the exit status."""
    _replace_closed_streams()
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
        with suppress(OSError):  # the messages may go to that disk, too
            print(f"error: the output could not be written: {error.strerror or error}", file=sys.stderr)
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILURE


def _replace_closed_streams() -> None:
    """Let the null device stand for a stream that whoever started this process has closed: Python has None for it."""
    for name, flag, mode in (("stdin", os.O_RDONLY, "r"), ("stdout", os.O_WRONLY, "w"), ("stderr", os.O_WRONLY, "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, os.fdopen(os.open(os.devnull, flag), mode))


def _of_module(name: str) -> Callable[[Namespace], int]:
    """The command that a module implements, which is imported when it is run."""

    def run(options: Namespace) -> int:
        status: int = import_module(f"lossflow.commands.{name}").run(options)
        return status

    return run


def _server(options: Namespace) -> NoReturn:
    try:
        from lossflow.server.stdio import serve
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in ("pygls", "lsprotocol"):
            raise
        hint = 'install it with `pip install "lossflow[lsp]"`'
        raise UsageError(f"`lossflow server` needs pygls, which is not installed: {hint}.") from None
    serve()


_COMMANDS: Mapping[str, Callable[[Namespace], int]] = {
    "check": _of_module("check"),
    "clean": _of_module("clean"),
    "rule": _of_module("rule"),
    "server": _server,
    "trace": _of_module("trace"),
    "generate-shell-completion": _of_module("completion"),
}
