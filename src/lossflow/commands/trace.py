"""`lossflow trace FILE[:LINE]`: the way of every loss to its update, or of those that pass a line."""

from __future__ import annotations

import shutil
import sys
from argparse import Namespace
from dataclasses import dataclass
from pathlib import Path

from lossflow import checking
from lossflow.commands import inputs, reporting
from lossflow.configuration.config import Config
from lossflow.errors import NotAnalysed, UsageError
from lossflow.source import Source, is_test
from lossflow.tracing import Path as LossPath
from lossflow.tracing import paths

_Found = tuple[LossPath, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Target:
    """A file, and a line of it; in a notebook, the line of a cell, or all of the cell."""

    path: Path
    row: int | None = None
    cell: int | None = None

    @staticmethod
    def of(written: str) -> Target:
        """`train.py`, `train.py:12`, `train.ipynb:3` for a cell and `train.ipynb:3:12` for a line of it."""
        name, numbers = written, list[int]()
        while not Path(name).exists() and ":" in name and name.rpartition(":")[2].isdecimal() and len(numbers) < 2:
            name, _, number = name.rpartition(":")
            numbers.insert(0, int(number))
        path = Path(name).absolute()
        if path.suffix == ".ipynb":
            return Target(path, *reversed(numbers)) if len(numbers) == 2 else Target(path, None, *numbers)
        if len(numbers) > 1:
            raise UsageError(f"`{written}` has two numbers, but only notebooks have cells.")
        return Target(path, *numbers)

    def passes(self, found: LossPath, source: Source) -> bool:
        """True when something on the way of a loss stands on the line, or in the cell."""
        if self.row is None and self.cell is None:
            return True
        return any(spot.source is source and spot.on(self.row, self.cell) for spot in found.spots)


def run(options: Namespace) -> int:
    """Print the paths in the format that is asked for; raises LossflowError where there are none to be had."""
    target = Target.of(options.target)
    try:
        document = checking.read_file(target.path)
        found, everything = _paths(document.source, inputs.configs(options).of(target.path.parent), target)
    except NotAnalysed as error:
        raise NotAnalysed(f"{target.path}: {error}") from None
    if found or options.format != "tree":
        sys.stdout.write(_rendered(found, options))
    else:
        sys.stdout.write(_nothing(document.source, everything))
    return reporting.CLEAN


def _paths(source: Source, config: Config, target: Target) -> tuple[list[_Found], tuple[LossPath, ...]]:
    """The paths that pass the target, each with the codes of the findings about it; and all that there are."""
    trace = checking.traced(source, config)
    findings = list(checking.findings(trace, config))
    everything = paths(trace)
    found: list[_Found] = []
    for path in everything:
        if target.passes(path, source):
            backward = (path.spot.source.name, path.spot.span)
            about = {
                finding.code
                for finding in findings
                if backward in ((finding.file, finding.span), *((each.file, each.span) for each in finding.related))
            }
            found.append((path, tuple(sorted(about))))
    return found, everything


def _rendered(found: list[_Found], options: Namespace) -> str:
    match options.format:
        case "json":
            from lossflow.rendering import trace_json

            return trace_json.text(found)
        case "mermaid":
            from lossflow.rendering import trace_mermaid

            return trace_mermaid.text(found)
    from lossflow.rendering import trace_tree

    width = shutil.get_terminal_size().columns if sys.stdout.isatty() else None
    return trace_tree.text(found, colour=reporting.wants_colour(options.color, sys.stdout), width=width)


def _nothing(source: Source, everything: tuple[LossPath, ...]) -> str:
    """Why there is nothing to show."""
    if everything:
        lines = dict.fromkeys(path.spot.source.described(path.spot.row) for path in everything)
        return f"No loss passes here on its way to backward. The file hands losses to backward on {', '.join(lines)}.\n"
    if is_test(source):
        return "This is a unit test, whose training steps are not judged.\n"
    return "No loss of this file reaches a backward in sight.\n"
