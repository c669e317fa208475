"""The analysis of one file, as it may be handed to another process."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from lossflow.checking import FileReport, analysed
from lossflow.configuration.config import Config
from lossflow.project.files import Read, suppose
from lossflow.project.graph import Node
from lossflow.project.resolution import take_asked
from lossflow.source import Source


@dataclass(frozen=True, slots=True)
class Task:
    """A source to analyse, as it was read; `noqa` is False where the comments in it don't count."""

    source: Source
    config: Config
    noqa: bool
    read: Read


@dataclass(frozen=True, slots=True)
class Result:
    """The report on a file, and the files that were read since the result before."""

    report: FileReport
    seen: Mapping[str, Node]


def perform(task: Task) -> Result:
    """Analyse the source of a task."""
    suppose(task.source.name, task.read)
    report = analysed(task.source, task.config, noqa=task.noqa)
    return Result(report, take_asked(task.source.name))
