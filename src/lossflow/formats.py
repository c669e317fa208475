"""The output formats of `check`, in the one table that the command line, the report and the tests read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Format:
    """A module of `lossflow.rendering`, which is imported when a run prints it, and not before.

    A format for people has a function `lines(reports, unsafe=...)`, and gets colours and a summary. Every other one has
    a function `text(reports)`, which gives all that is printed.
    """

    module: str
    for_people: bool = False


FORMATS: Mapping[str, Format] = {
    "full": Format("full", for_people=True),
    "concise": Format("concise", for_people=True),
    "grouped": Format("grouped", for_people=True),
    "json": Format("json_format"),
    "json-lines": Format("json_lines"),
    "github": Format("github"),
    "gitlab": Format("gitlab"),
    "junit": Format("junit"),
    "rdjson": Format("rdjson"),
    "sarif": Format("sarif"),
}
"""Every format, by the name that `--output-format` takes."""
