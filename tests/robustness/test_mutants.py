"""Programs that nobody would write: fixtures with random changes."""

from __future__ import annotations

import os

from .mutating import mutated
from .surviving import assert_survives

PROGRAMS = 150
SEARCHED = 20_000
"""The programs of a search, unless `LOSSFLOW_PROGRAMS` says another number; `LOSSFLOW_SEED` gives other ones."""


def _seeds() -> range:
    if not os.environ.get("LOSSFLOW_SEARCH"):
        return range(PROGRAMS)
    start = int(os.environ.get("LOSSFLOW_SEED", 0))
    return range(start, start + int(os.environ.get("LOSSFLOW_PROGRAMS", SEARCHED)))


def test_mutants_are_analysed_and_their_fixes_leave_python() -> None:
    reports = [assert_survives(program) for program in mutated(_seeds())]
    assert len(reports) > 0.98 * len(_seeds())
    # Half of the fixtures are clean, and changes leave something of what the others are about.
    for found in (any, lambda findings: any(finding.fix for finding in findings)):
        assert sum(found(report.findings) for report in reports) > 0.05 * len(reports)
