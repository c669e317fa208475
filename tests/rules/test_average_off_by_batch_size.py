"""LF401: what the message says of an average, and what silences it."""

from __future__ import annotations

import pytest

from lossflow.catalog import Catalog
from lossflow.findings import Finding, Role, Severity
from lossflow.interp import interpret
from lossflow.source import Source

from .traces import findings

SCRIPT = """\
import math
import numpy as np
import torch
from torch import nn

model = nn.Linear(4, 1)
loader = torch.utils.data.DataLoader(dataset, batch_size=16)
criterion = nn.MSELoss(reduction="{reduction}")
total, seen, steps, listed = 0.0, 0, 0, []
with torch.no_grad():
    for index, (x, y) in enumerate(loader):
        loss = criterion(model(x), y)
        total += {addend}
        seen += x.size(0)
        steps += 1
        listed.append(loss.item())
print({report})
"""


def report(reduction: str, addend: str, average: str) -> list[Finding]:
    script = SCRIPT.format(reduction=reduction, addend=addend, report=average)
    return findings(interpret(Source("script.py", script), catalog=Catalog.default()))


@pytest.mark.parametrize("average", ["total / len(dataset)", "total / seen", "np.sum(listed) / len(loader.dataset)"])
def test_means_over_examples_are_too_small(average: str) -> None:
    (finding,) = report("mean", "loss.item()", average)
    assert (finding.code, finding.severity) == ("LF401", Severity.NOTE)
    assert finding.message == (
        "This average is that of batch means (line 8), divided by the number of examples, so it is too small by a "
        "factor of the batch size. Divide by the number of batches, or multiply each mean by the number of its "
        "examples."
    )
    assert [each.role for each in finding.related] == [Role.REDUCTION]


@pytest.mark.parametrize("average", ["total / len(loader)", "total / steps", "total / (index + 1)", "np.mean(listed)"])
def test_sums_over_batches_are_too_large(average: str) -> None:
    (finding,) = report("sum", "float(loss)", average)
    assert finding.message == (
        "This average is that of batch sums (line 8), divided by the number of batches, so it is too large by a "
        "factor of the batch size. Divide by the number of examples."
    )


def test_means_made_sums_are_told_from_sums() -> None:
    (finding,) = report("mean", "loss.item() * x.size(0)", "total / len(loader)")
    assert "batch means (line 8) times their numbers of examples, divided by the number of batches" in finding.message
    assert "or add up the means as they are" in finding.message


def test_sums_times_batch_sizes_over_examples_are_too_large() -> None:
    (finding,) = report("sum", "loss.item() * len(x)", "total / seen")
    assert "batch sums (line 8) times their numbers of examples, divided by the number of examples" in finding.message


@pytest.mark.parametrize(
    ("addend", "average", "made"),
    [
        ("loss.sum().item() / len(x)", "total / seen", "batch means (line 13), divided by the number of examples"),
        ("loss.mean().item()", "total / seen", "batch means (line 13), divided by the number of examples"),
        ("loss.sum().item()", "total / steps", "batch sums (line 13), divided by the number of batches"),
    ],
)
def test_what_reduces_an_unreduced_loss_is_named(addend: str, average: str, made: str) -> None:
    (finding,) = report("none", addend, average)
    assert made in finding.message


def test_means_times_two_batch_sizes_are_no_sums() -> None:
    (finding,) = report("mean", "loss.item() * len(x) * len(x)", "total / seen")
    assert "losses of batches (line 8), divided by a number that does not fit their reduction" in finding.message
    assert "too large by a factor of the batch size." in finding.message


def test_other_powers_are_named() -> None:
    (finding,) = report("sum", "loss.item() * len(x)", "total / len(loader)")
    assert "too large by a factor of B^2, B being the batch size" in finding.message


@pytest.mark.parametrize(
    ("reduction", "addend", "average"),
    [
        ("mean", "loss.item()", "total / len(loader)"),
        ("mean", "loss.item() * x.size(0)", "total / len(dataset)"),
        ("mean", "loss.item()", "total / 2000"),
        ("mean", "loss.item()", "total / args.log_interval"),
        ("mean", "loss.item()", "total / count_of(loader)"),
        ("mean", "loss.item()", "total * loader.batch_size / len(dataset)"),
        ("mean", "loss.item()", "total / len(dataset) * loader.batch_size"),
        ("mean", "loss.item()", "total / math.ceil(len(dataset) / loader.batch_size)"),
        ("mean", "(y > 0).sum().item()", "total / len(loader)"),
        ("sum", "loss.item()", "total / len(dataset)"),
        ("sum", "loss.item()", "total / len(loader) / loader.batch_size"),
        ("sum", "loss.item() / len(x)", "total / len(loader)"),
        ("sum", "loss.item()", "total / (x != 0).sum()"),
        ("none", "loss.mean().item()", "total / len(loader)"),
        ("none", "loss.sum().item()", "total / seen"),
    ],
)
def test_right_averages_and_unknown_ones_are_silent(reduction: str, addend: str, average: str) -> None:
    assert report(reduction, addend, average) == []
