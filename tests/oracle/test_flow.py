"""What the flow fixtures reveal is what torch shows: which dimensions follow the batch, and how values grow with it."""

from __future__ import annotations

from pathlib import Path

import pytest

from ..fixtures_harness.markers import Fixture
from .judging import FLOWS, Judgement, shows


@pytest.mark.parametrize("fixture", FLOWS, ids=lambda fixture: fixture.path.name)
def test_torch_shows_what_is_revealed(fixture: Fixture, judgements: dict[Path, Judgement]) -> None:
    judgement = judgements[fixture.path]
    assert judgement.error is None
    said = fixture.revealed | fixture.unrevealed
    assert {line for line, _ in judgement.reveals} == set(said)
    wrong = [f"line {line}: {measured}" for line, measured in judgement.reveals if not shows(said[line], measured)]
    assert not wrong


@pytest.mark.parametrize(
    ("said", "measured", "right"),
    [
        ("scalar, B^1", "scalar, B^1", True),
        ("scalar, B^1", "scalar, B^0", False),
        ("reduced, B^0", "scalar, B^0", True),
        ("scalar, B^0", "reduced, B^0", False),
        ("unknown axes, B^?", "per example, B^1/2", True),
        ("scalar, B^0..1", "scalar, B^1/2", True),
        ("scalar, B^0..1", "scalar, B^2", False),
        ("scalar, B^1..oo", "scalar, B^2", True),
        ("per example, B^0", "scalar, B^0", False),
        ("3", "number, B^0", True),
        ("3", "number, B^1", False),
    ],
)
def test_a_marker_may_leave_open_what_it_does_not_say(said: str, measured: str, right: bool) -> None:
    assert shows(said, measured) is right
