"""Torch runs the fixtures once a session."""

from __future__ import annotations

from pathlib import Path

import pytest

from ..fixtures_harness.markers import Fixture
from .judging import FLOWS, PROGRAMS, RUNNABLE, Judgement, judge


@pytest.fixture(scope="session")
def judgements(request: pytest.FixtureRequest) -> dict[Path, Judgement]:
    """Torch's judgement of the fixtures that this session asks for."""
    arguments = [vars(item)["callspec"].params for item in request.session.items if "callspec" in vars(item)]
    chosen = {each["fixture"].path for each in arguments if isinstance(each.get("fixture"), Fixture)}
    return judge([fixture for fixture in RUNNABLE + PROGRAMS + FLOWS if fixture.path in chosen])
