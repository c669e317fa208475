"""The flake8 plugin: flake8's lines in, `check`'s findings out at the same places.

Rows, columns and codes are those of `lossflow check`; `# noqa`, `--select` and `--ignore` are flake8's own business,
on top of what `[tool.lossflow]` says.
"""

from __future__ import annotations

import ast
import os
from argparse import Namespace
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from lossflow.checking import check
from lossflow.configuration.files import Configs
from lossflow.configuration.tables import Table
from lossflow.discovery import Walk
from lossflow.errors import ConfigError
from lossflow.source import Source

if TYPE_CHECKING:
    from flake8.options.manager import OptionManager

NOT_ANALYSED = "LF900"
"""The code under which flake8 shows a file that could not be analysed. What isn't Python is flake8's own E999."""

_Row = tuple[int, int, str, type["Plugin"]]


class Plugin:
    """One file of a run of flake8."""

    configs: ClassVar[Configs] = Configs()

    def __init__(self, tree: ast.AST, filename: str, lines: Sequence[str]) -> None:
        """Take flake8's view of the file; `tree` is what makes flake8 call a plugin once for each file that parses."""
        self._name = os.path.abspath(filename)
        self._text = "".join(lines)

    @staticmethod
    def add_options(manager: OptionManager) -> None:
        """Declare the options, which flake8 reads from its own configuration files too."""
        manager.add_option(
            "--lossflow-config", parse_from_config=True, normalize_paths=True, metavar="FILE",
            help="A configuration file of lossflow to use for every file, in place of the nearest one.",
        )  # fmt: skip
        manager.add_option(
            "--lossflow-isolated", parse_from_config=True, action="store_true", default=False,
            help="Read no configuration file of lossflow.",
        )  # fmt: skip
        manager.add_option(
            "--lossflow-extend-select", parse_from_config=True, comma_separated_list=True, default=[], metavar="LIST",
            help="Rules that lossflow leaves off by default, to turn on.",
        )  # fmt: skip
        manager.add_option(
            "--lossflow-batch-size-names", parse_from_config=True, comma_separated_list=True, default=[],
            metavar="LIST", help="Names that mean a batch size, on top of those that lossflow knows.",
        )  # fmt: skip

    @classmethod
    def parse_options(cls, options: Namespace) -> None:
        """Turn flake8's options into a layer of the configuration."""
        values = {
            "extend-select": list(options.lossflow_extend_select),
            "batch-size-names": list(options.lossflow_batch_size_names),
        }
        layer = Table("the configuration of flake8", "", {key: value for key, value in values.items() if value})
        explicit = Path(options.lossflow_config) if options.lossflow_config else None
        if explicit is not None and options.lossflow_isolated:
            from flake8.exceptions import ExecutionError

            raise ExecutionError(
                "lossflow-isolated reads no configuration file: it can't stand beside lossflow-config."
            )
        cls.configs = Configs(explicit, options.lossflow_isolated, (layer,))

    def run(self) -> Iterator[_Row]:
        """The findings, with columns from 0: flake8 adds 1. None in a file that the configuration excludes."""
        try:
            config = self.configs.of(Path(self._name).parent)
            if Walk(self.configs.of).excluded(Path(self._name)):
                return
        except ConfigError as error:
            yield (1, 0, f"{NOT_ANALYSED} lossflow did not analyse this file: {error}", Plugin)
            return
        source = Source(self._name, self._text)
        report = check(source, config, noqa=False)
        if report.failure is not None:
            yield (1, 0, f"{NOT_ANALYSED} lossflow did not analyse this file: {report.failure}.", Plugin)
        for finding in report.findings:
            start = source.location(finding.span.start)
            yield (start.row, start.column - 1, f"{finding.code} {finding.message}", Plugin)
