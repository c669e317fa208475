"""Workflow commands, which GitHub shows as annotations on the lines of a pull request."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from lossflow.checking import FileReport
from lossflow.findings import Finding
from lossflow.rendering.places import at, findings
from lossflow.rendering.problems import all_problems
from lossflow.source import Source


def text(reports: Iterable[FileReport]) -> str:
    """One command for each finding, and for each file that was not analysed."""
    reports = list(reports)
    commands = []
    for finding, source, _ in findings(reports):
        place = at(finding.file, source.location(finding.span.start))
        commands.append(_command(_properties(finding, source), f"{place}: {finding.code} {finding.message}"))
    for file, problem in all_problems(reports):
        commands.append(_command({"title": "lossflow", "file": file}, problem))
    return "".join(commands)


def _properties(finding: Finding, source: Source) -> dict[str, object]:
    start, end = source.location(finding.span.start), source.location(finding.span.end)
    properties = {"title": f"lossflow ({finding.code})", "file": finding.file}
    if start.cell is not None:
        return {**properties, "line": 1}  # GitHub counts the lines of the JSON: the message names the cell
    if start.row != end.row:
        return {**properties, "line": start.row, "endLine": end.row}  # and takes columns on a single line alone
    return {**properties, "line": start.row, "col": start.column, "endLine": end.row, "endColumn": end.column}


def _command(properties: Mapping[str, object], message: str) -> str:
    listed = ",".join(f"{key}={_property(str(value))}" for key, value in properties.items())
    return f"::error {listed}::{_data(message)}\n"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
