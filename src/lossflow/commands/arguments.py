"""What the command line takes, and what its options mean as a layer of the configuration."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from lossflow import __version__
from lossflow.configuration.config import Config, anchored
from lossflow.configuration.tables import Table, suggestion
from lossflow.errors import UsageError
from lossflow.formats import FORMATS

SHELLS = ("bash", "zsh", "fish", "tcsh", "powershell")
"""The shells that shtab writes completions for."""

_OPTIONAL = ("--add-noqa",)
"""Options that take a value behind `=` alone: what follows them may be a path."""

ORIGIN = "the command line"


def parse(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """The options of a command line, `argv` or that of the process; raises UsageError for one that there isn't."""
    words = list(sys.argv[1:] if argv is None else argv)
    end = words.index("--") if "--" in words else len(words)
    words[:end] = [f"{word}=" if word in _OPTIONAL else word for word in words[:end]]
    options, unknown = parser().parse_known_args(words)
    if unknown:
        offered = [f"--{name.replace('_', '-')}" for name in vars(options)]
        word = unknown[0].partition("=")[0]
        raise UsageError(f"`lossflow {options.command}` takes no `{word}`.{suggestion(word, offered)}")
    if options.command == "check":
        _read_environment(options)
    if "cache_dir" in options:
        options.cache_dir = options.cache_dir or _variable("cache-dir")
    return options


def parser() -> argparse.ArgumentParser:
    """The parser of `lossflow`; the name of the command is `command` in what it returns."""
    top = argparse.ArgumentParser(
        prog="lossflow",
        description="Find PyTorch updates that depend on the batch size by accident, and losses never reduced.",
        allow_abbrev=False,
    )
    top.add_argument("--version", action="version", version=f"lossflow {__version__}")
    commands = top.add_subparsers(dest="command", required=True, metavar="COMMAND")
    _add_check(commands.add_parser("check", help="check files and folders", allow_abbrev=False))
    _add_rule(commands.add_parser("rule", help="explain a rule, or all of them", allow_abbrev=False))
    _add_trace(commands.add_parser("trace", help="show the way of losses to their updates", allow_abbrev=False))
    _add_clean(commands.add_parser("clean", help="remove the cache of a project", allow_abbrev=False))
    _add_server(commands.add_parser("server", help="serve an editor, which starts it itself", allow_abbrev=False))
    text = "print a script that completes the command line in a shell"
    completion = commands.add_parser("generate-shell-completion", help=text, allow_abbrev=False)
    completion.add_argument("shell", choices=SHELLS, help="the shell that reads the script")
    return top


def _add_trace(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "target",
        metavar="FILE[:LINE]",
        help="a file, or a line of it that the losses are to pass; CELL:LINE in a notebook",
    )
    command.add_argument("--format", "--output-format", choices=("tree", "json", "mermaid"), default="tree")
    command.add_argument("--color", choices=("auto", "always", "never"), default="auto")
    _add_config(command.add_argument_group("configuration"))


def _add_config(config: argparse._ArgumentGroup) -> None:
    config.add_argument(
        "--config", action="append", default=[], metavar="FILE", help="a configuration file, or a `key = value` of one"
    )
    config.add_argument("--isolated", action="store_true", help="read no configuration file")


def _add_cache(config: argparse._ArgumentGroup) -> None:
    text = "the folder of the cache (default .lossflow_cache in the root of the project)"
    config.add_argument("--cache-dir", metavar="DIR", help=text)


def _add_clean(command: argparse.ArgumentParser) -> None:
    config = command.add_argument_group("configuration")
    _add_config(config)
    _add_cache(config)


def _count(text: str) -> int:
    """A number of processes; raises ArgumentTypeError for what is none."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"it must be a whole number from 1, but it is `{text}`")
    return int(text)


def _add_server(command: argparse.ArgumentParser) -> None:
    command.description = (
        "Speak the Language Server Protocol on standard input and output. An editor starts this command; it takes its "
        "settings from the configuration files of the project, as `lossflow check` does."
    )
    command.add_argument(
        "--stdio", action="store_true", help="accepted because some editors add it; there is no other way"
    )


def _add_rule(command: argparse.ArgumentParser) -> None:
    command.add_argument("code", nargs="?", metavar="CODE", help="the code of the rule, such as LF101")
    command.add_argument("--all", action="store_true", help="explain every rule")
    command.add_argument("--output-format", choices=("text", "json", "markdown"), default="text")


def _add_check(command: argparse.ArgumentParser) -> None:
    command.add_argument("paths", nargs="*", metavar="PATH", help="files, folders, `-` for standard input (default .)")
    rules = command.add_argument_group("rules")
    for name, text in (
        ("--select", "turn on these rules and no others: codes, prefixes such as LF1, or ALL"),
        ("--extend-select", "turn on these rules as well"),
        ("--ignore", "turn off these rules"),
        ("--per-file-ignores", "turn off rules in some files: PATTERN:CODE"),
    ):
        rules.add_argument(name, action="append", metavar="LIST", help=f"{text} (comma-separated, repeatable)")
    _add_fixes(command.add_argument_group("fixes"))
    _add_suppression(command.add_argument_group("suppression"))
    files = command.add_argument_group("files")
    files.add_argument("--exclude", action="append", metavar="LIST", help="patterns to leave out, for the default ones")
    files.add_argument("--extend-exclude", action="append", metavar="LIST", help="patterns to leave out as well")
    for name, text in (
        ("--force-exclude", "leave out even what is named as a path"),
        ("--respect-gitignore", "leave out what git ignores (the default)"),
    ):
        files.add_argument(name, action=argparse.BooleanOptionalAction, help=text)
    files.add_argument("--show-files", action="store_true", help="print which files would be checked, and check none")
    files.add_argument("--stdin-filename", metavar="PATH", help="the name of the file that comes from standard input")
    config = command.add_argument_group("configuration")
    _add_config(config)
    config.add_argument("--show-settings", action="store_true", help="print the settings of the paths, and check none")
    _add_cache(config)
    config.add_argument("-n", "--no-cache", action="store_true", help="read and write no cache")
    config.add_argument(
        "--jobs", "-j", type=_count, metavar="N", help="how many processes analyse files (default: all processors)"
    )
    output = command.add_argument_group("output")
    output.add_argument("--output-format", choices=tuple(FORMATS), help="how findings are printed (default full)")
    output.add_argument("--output-file", "-o", metavar="FILE", help="write the report to a file, in UTF-8")
    output.add_argument("--statistics", action="store_true", help="print how often each rule fired, and nothing else")
    output.add_argument(
        "--show-untraced",
        action=argparse.BooleanOptionalAction,
        help="name the losses that reach a training step but could not be followed, with the value that was unknown",
    )
    output.add_argument("--exit-zero", "-e", action="store_true", help="exit with 0 though there are findings")
    output.add_argument("--color", choices=("auto", "always", "never"), default="auto")
    output.add_argument("--quiet", "-q", action="store_true", help="print findings and errors, and nothing else")
    output.add_argument("--verbose", "-v", action="store_true", help="print what was checked and where a limit was met")


def _add_suppression(suppression: argparse._ArgumentGroup) -> None:
    # `parse` gives an empty reason where none is given, so that no path is taken for it.
    text = "add `# noqa` comments for what is found, with a reason if `=REASON` gives one"
    suppression.add_argument("--add-noqa", nargs="?", metavar="REASON", help=text)
    suppression.add_argument("--ignore-noqa", action="store_true", help="report what `# noqa` comments silence as well")
    suppression.add_argument(
        "--report-unused-noqa",
        action="store_true",
        help="name codes of lossflow in `# noqa` comments that silence nothing",
    )
    suppression.add_argument("--baseline", metavar="FILE", help="leave out the findings that this file remembers")
    suppression.add_argument("--no-baseline", action="store_true", help="report what the baseline remembers as well")
    suppression.add_argument("--write-baseline", action="store_true", help="let the baseline remember what is found")


def _read_environment(options: argparse.Namespace) -> None:
    """Fill in what the command line leaves open; only for `check`, so that a mistake there spoils nothing else."""
    options.output_format = options.output_format or _variable("output-format", tuple(FORMATS)) or "full"
    options.output_file = options.output_file or _variable("output-file")
    options.no_cache = options.no_cache or _switch("no-cache")


def _variable(option: str, choices: Sequence[str] | None = None) -> str | None:
    """What the environment says of an option; None where it says nothing. Raises UsageError for what can't be meant."""
    name = f"LOSSFLOW_{option.upper().replace('-', '_')}"
    value = os.environ.get(name)
    if value and choices is not None and value not in choices:
        allowed = ", ".join(choices)
        raise UsageError(
            f"the environment variable `{name}` must be one of {allowed}, but it is `{value}`."
            + suggestion(value, choices)
        )
    return value or None


def _switch(option: str) -> bool:
    """True when the environment turns an option on."""
    return (_variable(option, ("0", "1", "false", "true")) or "0") in ("1", "true")


def _add_fixes(fixes: argparse._ArgumentGroup) -> None:
    for name, text in (
        ("--fix", "write safe fixes: those that keep the numbers, or repair code that could only raise"),
        ("--unsafe-fixes", "let unsafe fixes, which change what is computed, count as well"),
        ("--fix-only", "fix, and report nothing of what is left"),
        ("--show-fixes", "list what was fixed"),
    ):
        fixes.add_argument(name, action=argparse.BooleanOptionalAction, help=text)
    fixes.add_argument("--diff", action="store_true", help="print what the fixes would change, and write nothing")
    fixes.add_argument("--exit-non-zero-on-fix", action="store_true", help="exit with 1 when something was fixed")
    for name, text in (
        ("--fixable", "fix these rules and no others"),
        ("--extend-fixable", "fix these rules as well"),
        ("--unfixable", "don't fix these rules"),
    ):
        fixes.add_argument(name, action="append", metavar="LIST", help=f"{text} (comma-separated, repeatable)")


def overrides(options: argparse.Namespace) -> Table:
    """The options of `check` that the configuration has as keys too, as its strongest layer."""
    values: dict[str, object] = {}
    for key in ("select", "extend-select", "ignore", "fixable", "extend-fixable", "unfixable"):
        given = getattr(options, key.replace("-", "_"))
        if given is not None:
            values[key] = _items(given, key)
    for key in ("exclude", "extend-exclude"):
        given = getattr(options, key.replace("-", "_"))
        if given is not None:
            values[key] = [anchored(item, Path.cwd()) for item in _items(given, key)]
    if options.baseline is not None:
        values["baseline"] = os.path.abspath(options.baseline)
    for key in (
        "fix", "unsafe-fixes", "fix-only", "show-fixes", "show-untraced", "force-exclude", "respect-gitignore",
    ):  # fmt: skip
        given = getattr(options, key.replace("-", "_"))
        if given is not None:
            values[key] = given
    if options.per_file_ignores is not None:
        values["per-file-ignores"] = _per_file(_items(options.per_file_ignores, "per-file-ignores"))
    return Table(ORIGIN, "", values)


@dataclass(frozen=True, slots=True)
class FixMode:
    """What a run does about fixes: `applies` them, in memory alone for a `diff`, and tells of what is left or not."""

    applies: bool
    unsafe: bool
    diff: bool
    only: bool
    show: bool

    @staticmethod
    def of(options: argparse.Namespace, config: Config) -> FixMode:
        """The mode of a run, whose current folder has that configuration, with the options on top."""
        only = config.fix_only or options.diff
        return FixMode(config.fix or only, config.unsafe_fixes, options.diff, only, config.show_fixes)


def config_files(given: Iterable[str]) -> tuple[Path | None, list[str]]:
    """The file among the values of `--config`, and those that are `key = value`; raises UsageError."""
    files = [value for value in given if "=" not in value or os.path.exists(value)]
    if len(files) > 1:
        raise UsageError(f"`--config` takes one file, but was given {' and '.join(files)}.")
    return (Path(files[0]) if files else None), [value for value in given if value not in files]


def _items(given: Sequence[str], option: str) -> list[str]:
    items = [item.strip() for value in given for item in value.split(",") if item.strip()]
    if not items:
        raise UsageError(f"`--{option}` needs at least one value.")
    return items


def _per_file(items: Sequence[str]) -> dict[str, list[str]]:
    table: dict[str, list[str]] = {}
    for item in items:
        pattern, _, code = (part.strip() for part in item.rpartition(":"))
        if not (pattern and code):
            raise UsageError(f"`--per-file-ignores` takes PATTERN:CODE, but was given `{item}`.")
        table.setdefault(anchored(pattern, Path.cwd()), []).append(code)
    return table
