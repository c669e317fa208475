"""The analysis of one file, as it may be handed to another process."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from lossflow.checking import FileReport, analysed, read_file
from lossflow.configuration.config import Config
from lossflow.errors import NotAnalysed
from lossflow.project.graph import Node
from lossflow.project.resolution import take_asked


@dataclass(frozen=True, slots=True)
class Task:
    """A file to analyse; `noqa` is False where the comments in it don't count."""

    file: str
    config: Config
    noqa: bool

    @property
    def path(self) -> Path:
        """The path of the file."""
        return Path(self.file)


@dataclass(frozen=True, slots=True)
class Result:
    """The report on a file, and the files that were read since the result before."""

    report: FileReport
    seen: Mapping[str, Node]


def perform(task: Task) -> Result:
    """Analyse the file of a task."""
    try:
        report = analysed(read_file(task.path).source, task.config, noqa=task.noqa)
    except NotAnalysed as error:
        report = FileReport(task.file, failure=str(error))
    return Result(report, take_asked(task.file))
