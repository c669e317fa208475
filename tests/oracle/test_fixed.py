"""Torch runs what fixes make of the fixtures: a safe fix keeps every bit, or repairs what could only raise."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from lossflow.rules.fixes.criterion import OF_LOSSES

from ..fixtures_harness.repairs import Repair, collect_repairs
from .judging import Judgement, is_, judge
from .test_fixtures import RAISES, SCALES

REPAIRS = [each for each in collect_repairs() if each.path.exists() and not each.fixture.not_run]
SAFE = [each for each in REPAIRS if each.is_safe]
SCALED = [each for each in REPAIRS if each.code in SCALES and not each.findings(each.fixed().text)]
"""Those after which no finding of the scale is left: one that has no fix would still grow."""


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


@pytest.mark.parametrize("repair", SCALED, ids=lambda repair: repair.id)
def test_a_fix_of_the_scale_makes_the_gradient_independent_of_the_batch(
    repair: Repair, judged: dict[Path, Judgement]
) -> None:
    _, holds = SCALES[repair.code]
    before, after = judged[repair.fixture.path].steps, judged[repair.path].steps
    off = [index for index, step in enumerate(before) if holds(step)]
    assert off
    assert all(is_(after[index].gradient, 0) for index in off)


@pytest.mark.parametrize(
    "repair", [each for each in REPAIRS if each.code in ("LF107", "LF203", "LF204")], ids=lambda repair: repair.id
)
def test_nor_does_it_depend_on_the_number_of_batches_or_on_padding(
    repair: Repair, judged: dict[Path, Judgement]
) -> None:
    judgement = judged[repair.path]
    measured = judgement.accumulated if repair.code == "LF107" else judgement.padded
    assert measured
    assert all(is_(step.gradient, 0) for step in measured)


@pytest.mark.parametrize("name", sorted(OF_LOSSES))
def test_what_shows_that_a_loss_was_meant_is_no_business_of_modules(name: str) -> None:
    assert hasattr(torch.Tensor, name)
    assert not hasattr(torch.nn.MSELoss(), name)
