"""The truth table of `size_average` and `reduce` is torch's own."""

from __future__ import annotations

import itertools

import pytest
import torch
from torch.nn._reduction import legacy_get_string

from lossflow.catalog.legacy import effective_reduction, legacy_reduction

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
