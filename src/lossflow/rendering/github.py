"""Workflow commands, which GitHub shows as annotations on the lines of a pull request."""

from __future__ import annotations

from collections.abc import Iterable

from lossflow.checking import FileReport
from lossflow.rendering.places import at, findings


def text(reports: Iterable[FileReport]) -> str:
    """One command a finding."""
    commands = []
    for finding, source, _ in findings(reports):
        start, end = source.location(finding.span.start), source.location(finding.span.end)
        properties = {
            "title": f"lossflow ({finding.code})",
            "file": finding.file,
            "line": start.row,
            "col": start.column,
            "endLine": end.row,
            "endColumn": end.column,
        }
        command = ",".join(f"{key}={_property(str(value))}" for key, value in properties.items())
        commands.append(f"::error {command}::{_data(f'{at(finding.file, start)}: {finding.code} {finding.message}')}\n")
    return "".join(commands)


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
