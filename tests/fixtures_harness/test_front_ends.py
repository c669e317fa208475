"""The command line, flake8 and the pipeline they call report the same findings at the same places."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from lossflow.checking import check
from lossflow.configuration.config import Config
from lossflow.source import Source

from .markers import ROOT, RULE_FIXTURES, collect

Report = set[tuple[str, int, int, str]]
"""File, line and column from 1, and code of every finding."""


def run(*command: str) -> str:
    """What `python -m <command>` prints, which must have findings to report."""
    done = subprocess.run([sys.executable, "-m", *command], cwd=ROOT, text=True, capture_output=True, check=False)
    assert done.returncode == 1, done.stderr
    assert not done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def pipeline() -> Report:
    found: Report = set()
    for fixture in collect(RULE_FIXTURES):
        source = Source(str(fixture.path), fixture.text)
        for finding in check(source, Config(root=ROOT)).findings:
            start = source.location(finding.span.start)
            found.add((source.name, start.row, start.column, finding.code))
    return found


def test_the_command_line_reports_the_same(pipeline: Report) -> None:
    printed = json.loads(run("lossflow", "check", "--isolated", "--output-format", "json", str(RULE_FIXTURES)))
    found = {(each["filename"], each["location"]["row"], each["location"]["column"], each["code"]) for each in printed}
    assert found == pipeline
    assert len(printed) == len(found)


def test_flake8_reports_the_same(pipeline: Report) -> None:
    line = "%(path)s\t%(row)d\t%(col)d\t%(code)s"
    printed = run("flake8", "--isolated", "--select=LF", f"--format={line}", str(RULE_FIXTURES))
    rows = [each.split("\t") for each in printed.splitlines()]
    assert {(path, int(row), int(column), code) for path, row, column, code in rows} == pipeline
