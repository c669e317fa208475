"""Torch computes the averages of LF401's fixtures at B and at 2 B: the wrong ones, and only these, follow B."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from collections.abc import Mapping

import pytest

from ..fixtures_harness.markers import ROOT, Fixture
from .judging import RUNNABLE, is_

FIXTURES = [each for each in RUNNABLE if each.path.parent.name == "average-off-by-batch-size"]
Numbers = Mapping[str, tuple[list[float], list[float]]]


@pytest.fixture(scope="module")
def numbers() -> Numbers:
    """What each fixture prints of its losses at B and at 2 B."""
    asked = json.dumps([str(fixture.path) for fixture in FIXTURES])
    command = [sys.executable, "-m", "tests.oracle.reporting"]
    done = subprocess.run(command, cwd=ROOT, input=asked, text=True, stdout=subprocess.PIPE, check=True)
    answered: Numbers = json.loads(done.stdout)
    return answered


@pytest.mark.parametrize("fixture", FIXTURES, ids=lambda fixture: fixture.id)
def test_wrong_averages_follow_the_batch_size(fixture: Fixture, numbers: Numbers) -> None:
    small, large = numbers[str(fixture.path)]
    powers = [math.log2(after / before) for before, after in zip(small, large, strict=True)]
    off = [power for power in powers if not is_(power, 0)]
    assert all(is_(abs(power), 1) for power in off), f"at B {small}, at 2 B {large}"
    wrong = fixture.lines("LF401")
    assert bool(off) is bool(wrong), f"at B {small}, at 2 B {large}"
    assert len(off) >= len(wrong), f"not every wrong average is printed: at B {small}, at 2 B {large}"
