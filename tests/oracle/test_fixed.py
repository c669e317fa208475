"""Torch runs what fixes make of the fixtures: a safe fix keeps every bit, or repairs what could only raise."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from lossflow.rules.fixes.criterion import OF_LOSSES

from ..fixtures_harness.repairs import Repair, collect_repairs
from .judging import Judgement, judge
from .test_fixtures import RAISES

REPAIRS = [each for each in collect_repairs() if each.path.exists() and not each.fixture.not_run]
SAFE = [each for each in REPAIRS if each.is_safe]


@pytest.fixture(scope="session")
def judged(request: pytest.FixtureRequest) -> dict[Path, Judgement]:
    """Torch's judgement of the fixtures that this session asks for, and of what becomes of them."""
    arguments = [vars(item)["callspec"].params for item in request.session.items if "callspec" in vars(item)]
    chosen = {each["repair"].id for each in arguments if isinstance(each.get("repair"), Repair)}
    return judge([fixture for each in REPAIRS if each.id in chosen for fixture in (each.fixture, each.fixed())])


@pytest.mark.parametrize("repair", REPAIRS, ids=lambda repair: repair.id)
def test_torch_runs_what_was_fixed(repair: Repair, judged: dict[Path, Judgement]) -> None:
    error = judged[repair.path].error
    raising = RAISES.keys() & {code for _, code in repair.fixed().fixed}
    assert (error is not None) == bool(raising), f"torch raised {error}"


@pytest.mark.parametrize("repair", SAFE, ids=lambda repair: repair.id)
def test_a_safe_fix_keeps_every_bit_or_the_code_raised(repair: Repair, judged: dict[Path, Judgement]) -> None:
    before, after = judged[repair.fixture.path], judged[repair.path]
    if before.error is None:
        assert before.numbers == after.numbers != ()


@pytest.mark.parametrize("name", sorted(OF_LOSSES))
def test_what_shows_that_a_loss_was_meant_is_no_business_of_modules(name: str) -> None:
    assert hasattr(torch.Tensor, name)
    assert not hasattr(torch.nn.MSELoss(), name)
