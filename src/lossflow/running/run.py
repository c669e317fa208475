"""The reports on the files of a run, in their order: from the cache, by a look at the words, or by analysis."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from lossflow.caching.cache import Cache
from lossflow.checking import FileReport, forget, read_file, ruled_out
from lossflow.configuration.config import Config
from lossflow.configuration.files import Configs
from lossflow.discovery import Found
from lossflow.errors import NotAnalysed
from lossflow.project.files import seen
from lossflow.project.resolution import take_asked
from lossflow.running.tasks import Result, Task, perform

MIN_SHARED = 4
"""With fewer files to analyse, starting processes takes longer than they save."""


def processors() -> int:
    """How many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@dataclass
class Run:
    """One run over files; `noqa` is False where the comments in them don't count, `cache` None where there is none."""

    configs: Configs
    noqa: bool = True
    jobs: int = 1
    cache: Cache | None = None
    notes: list[str] = field(default_factory=list)

    def reports(self, files: Sequence[Found]) -> Iterator[FileReport]:
        """A report on each of the files. What was found out until an interruption is kept in the cache."""
        forget()
        try:
            yield from self._reports(files)
        finally:
            if self.cache is not None and (problem := self.cache.save()):
                self.notes.append(problem)

    def _reports(self, files: Sequence[Found]) -> Iterator[FileReport]:
        configs = {str(file.path): self.configs.of(file.path.parent) for file in files if not file.problem}
        reports = {str(file.path): FileReport(str(file.path), failure=file.problem) for file in files if file.problem}
        if self.cache is not None:
            # A way that was lost is not kept in the cache: it is as large as the file.
            kept = {name: each for name, each in configs.items() if not each.show_untraced and os.path.isfile(name)}
            reports |= self.cache.known(kept)
        tasks = []
        for name, config in configs.items():
            if name not in reports:
                first = self._first_look(name, config)
                if isinstance(first, FileReport):
                    reports[name] = first
                else:
                    tasks.append(first)
        analysed = self._analysed(tasks)
        for file in files:
            yield reports.get(str(file.path)) or next(analysed)

    def _first_look(self, name: str, config: Config) -> FileReport | Task:
        """The report on a file, or the task to analyse it. A file is read once: it may be a pipe."""
        try:
            source = read_file(Path(name)).source
        except NotAnalysed as error:
            return FileReport(name, failure=str(error))
        report = ruled_out(source, config, noqa=self.noqa)
        if report is None:
            return Task(source, config, self.noqa, seen(name))
        self._keep(report, config)
        return report

    def _analysed(self, tasks: Sequence[Task]) -> Iterator[FileReport]:
        for task, result in zip(tasks, self._performed(tasks), strict=True):
            if self.cache is not None:
                self.cache.see(result.seen)
            self._keep(result.report, task.config)
            yield result.report

    def _performed(self, tasks: Sequence[Task]) -> Iterator[Result]:
        jobs = min(self.jobs, len(tasks))
        if jobs == 1 or len(tasks) < MIN_SHARED:
            return map(perform, tasks)
        from lossflow.running.workers import shared  # most runs are over before processes could be started

        return shared(tasks, jobs)

    def _keep(self, report: FileReport, config: Config) -> None:
        if self.cache is not None and os.path.isfile(report.file):
            self.cache.see(take_asked(report.file))
            self.cache.remember(report, config)
