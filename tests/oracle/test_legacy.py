"""The truth table of `size_average` and `reduce` is torch's own."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
import torch
from torch.nn._reduction import legacy_get_string

from lossflow.catalog.legacy import effective_reduction, legacy_reduction
from lossflow.catalog.torch_losses import TORCH_LOSSES
from lossflow.checking import check
from lossflow.configuration.config import Config
from lossflow.source import Source, apply_edits

VALUES = (None, True, False)
PAIRS = list(itertools.product(VALUES, VALUES))


@pytest.mark.parametrize(("size_average", "reduce"), PAIRS)
def test_table_is_torchs(size_average: bool | None, reduce: bool | None) -> None:
    assert legacy_reduction(size_average, reduce) == legacy_get_string(size_average, reduce, emit_warning=False)


@pytest.mark.parametrize("value", ["sum", "", 0, 1, 0.5])
def test_other_values_count_by_their_truth(value: object) -> None:
    assert legacy_reduction(value, None) == legacy_get_string(value, None, emit_warning=False)  # type: ignore[arg-type]
    assert legacy_reduction(None, value) == legacy_get_string(None, value, emit_warning=False)  # type: ignore[arg-type]


@pytest.mark.parametrize(("size_average", "reduce"), PAIRS)
@pytest.mark.parametrize("reduction", ["none", "mean", "sum"])
@pytest.mark.filterwarnings("ignore:size_average and reduce")
def test_reduction_in_force(size_average: bool | None, reduce: bool | None, reduction: str) -> None:
    criterion = torch.nn.MSELoss(size_average=size_average, reduce=reduce, reduction=reduction)
    assert effective_reduction(size_average, reduce, reduction) == criterion.reduction


# --- the fix of LF301 --------------------------------------------------------------------------------------------

HELD = """\
def make({name}=True):
    return {loss}({name}={name})
"""
LOSSES = [row.name for row in TORCH_LOSSES if "size_average" in row.params]


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("name", ["size_average", "reduce"])
@pytest.mark.filterwarnings("ignore:size_average and reduce")
def test_the_fix_of_a_variable_is_torchs_table(loss: str, name: str) -> None:
    text = "import torch\n\n\n" + HELD.format(loss=loss, name=name)
    (finding,) = check(Source("held.py", text), Config()).findings
    assert finding.fix is not None
    before: dict[str, Any] = {}
    after: dict[str, Any] = {}
    exec(text, before)
    exec(apply_edits(text, finding.fix.edits), after)
    for value in (None, True, False, 0, 1, "sum", "", torch.tensor(False), torch.tensor(1)):
        assert before["make"](value).reduction == after["make"](value).reduction
