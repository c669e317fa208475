"""The analysis of one program of the editor. It runs in the worker's thread and touches nothing of the server's."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from lossflow.baseline import Baseline
from lossflow.checking import FileReport, check
from lossflow.configuration.files import Configs
from lossflow.discovery import Walk
from lossflow.document import Document
from lossflow.errors import ConfigError
from lossflow.fixing.rounds import fix
from lossflow.server.programs import Program
from lossflow.source import Source


@dataclass(frozen=True, slots=True)
class Analysis:
    """What was found in a program; `complaint` is the mistake in its configuration for which nothing could be."""

    program: Program
    report: FileReport
    check: Callable[[Source], FileReport] | None = None
    complaint: str = ""

    def all_safe_fixes(self) -> Document | None:
        """The program with all its safe fixes, None where there is none; takes as long as a few analyses."""
        if self.check is None or self.program.document is None:
            return None
        fixed = fix(self.program.document, self.check)
        return fixed.after if fixed.changed else None


def analyse(program: Program, unsaved: tuple[Source, ...]) -> Analysis:
    """Analyse a program with the configuration that stands on disk now; `unsaved` are the other files that are open."""
    nothing, configs = FileReport(str(program.path)), Configs()
    try:
        if Walk(configs.of).excluded(program.path):
            return Analysis(program, nothing)
        config = configs.of(program.path.parent)
        baseline = None if config.baseline is None else Baseline.read(config.baseline)
    except ConfigError as error:
        return Analysis(program, nothing, complaint=str(error))
    if program.document is None:
        return Analysis(program, FileReport(str(program.path), failure=program.unreadable))

    def checked(source: Source) -> FileReport:
        report = check(source, config, unsaved=unsaved)
        return report if baseline is None else baseline.compare([report]).reports[0]

    return Analysis(program, checked(program.document.source), checked)
