"""The programs of a session are written and judged once; what is unknown of them stands at the end of its output."""

from __future__ import annotations

import os

import pytest

from .reporting import report
from .verdicts import Verdict, verdicts, written

COMPARED = pytest.StashKey[list[Verdict]]()

PROGRAMS = 200
SEARCHED = 20_000
"""The programs of a search, unless `LOSSFLOW_PROGRAMS` says another number; `LOSSFLOW_SEED` gives other ones."""


@pytest.fixture(scope="session")
def compared(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> list[Verdict]:
    """The verdict on each of the programs."""
    number, start = PROGRAMS, 0
    if os.environ.get("LOSSFLOW_SEARCH"):
        number = int(os.environ.get("LOSSFLOW_PROGRAMS", SEARCHED))
        start = int(os.environ.get("LOSSFLOW_SEED", 0))
    found = list(verdicts(written(number, start), tmp_path_factory.mktemp("programs")))
    request.config.stash[COMPARED] = found
    return found


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    found = config.stash.get(COMPARED, [])
    if found:
        terminalreporter.section("generated programs")
        for line in report(found):
            terminalreporter.write_line(line)
