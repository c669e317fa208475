"""What could not be analysed, in the sentences that standard error and the machine-readable formats share."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from lossflow.checking import FileReport
from lossflow.rendering.places import shown


def called(file: str) -> str:
    """What a file is called in a sentence."""
    return "standard input" if file == "-" else shown(file)


def problems(report: FileReport) -> Iterator[str]:
    """A sentence for each part of the file that was not analysed: for the whole, or for cells of a notebook."""
    if report.failure is not None:
        yield _ended(f"{called(report.file)} was not analysed: {report.failure}")
    for cell in report.omitted:
        yield _ended(f"{called(report.file)} was analysed without {cell}")


def all_problems(reports: Iterable[FileReport]) -> Iterator[tuple[str, str]]:
    """Every such sentence of a run, with the file that it is about."""
    for report in reports:
        for problem in problems(report):
            yield report.file, problem


def _ended(sentence: str) -> str:
    """The sentence with its full stop; Python ends some reasons with a question."""
    return sentence if sentence.endswith(("?", "!")) else f"{sentence}."
