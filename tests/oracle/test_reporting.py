"""Torch computes the averages of LF401's fixtures at B and at 2 B: the wrong ones, and only these, follow B.

What the fixes make of them follows it no more.
"""

from __future__ import annotations

import json
import math
import subprocess
import sys
from collections.abc import Mapping

import pytest

from ..fixtures_harness.markers import ROOT, Fixture
from ..fixtures_harness.repairs import Repair, collect_repairs
from .judging import RUNNABLE, is_

FIXTURES = [each for each in RUNNABLE if each.path.parent.name == "average-off-by-batch-size"]
REPAIRS = [each for each in collect_repairs() if each.code == "LF401" and each.path.exists()]
Numbers = Mapping[str, tuple[list[float], list[float]]]


@pytest.fixture(scope="module")
def numbers() -> Numbers:
    """What each fixture prints of its losses at B and at 2 B, and what it prints when it is fixed."""
    paths = [*(fixture.path for fixture in FIXTURES), *(repair.path for repair in REPAIRS)]
    asked = json.dumps([str(path) for path in paths])
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


@pytest.mark.parametrize("repair", REPAIRS, ids=lambda repair: repair.id)
def test_fixed_averages_do_not(repair: Repair, numbers: Numbers) -> None:
    small, large = numbers[str(repair.path)]
    off = [each for each in zip(small, large, strict=True) if not is_(math.log2(each[1] / each[0]), 0)]
    left = repair.findings(repair.text)
    assert len(off) <= len(left) < len(repair.findings(repair.fixture.text))
