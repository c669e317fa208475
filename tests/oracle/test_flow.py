"""What the flow fixtures reveal is what torch shows: which dimensions follow the batch, and how values grow with it."""

from __future__ import annotations

from pathlib import Path

import pytest

from ..fixtures_harness.markers import Fixture
from .judging import FLOWS, Judgement


@pytest.mark.parametrize("fixture", FLOWS, ids=lambda fixture: fixture.path.name)
def test_torch_shows_what_is_revealed(fixture: Fixture, judgements: dict[Path, Judgement]) -> None:
    judgement = judgements[fixture.path]
    assert judgement.error is None
    assert dict(judgement.reveals) == fixture.revealed
