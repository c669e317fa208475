"""Where the number of batches means the same beside the loss as in the test that lets the optimizer step."""

from __future__ import annotations

import pytest

from lossflow.catalog import Catalog
from lossflow.interp import interpret
from lossflow.source import Source

from .traces import only

SCRIPT = """\
import torch
import torch.nn.functional as F

{module}
model = torch.nn.Linear(4, 1)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
dataset = torch.utils.data.TensorDataset(torch.randn(32, 4), torch.randn(32, 1))


def step(i, every):
    if (i + 1) % {number} == 0:
        optimizer.step()
        optimizer.zero_grad()


for i, (x, y) in enumerate(torch.utils.data.DataLoader(dataset, batch_size=8)):
    loss = F.mse_loss(model(x), y)
    loss.backward()
    step(i, 4)
"""


@pytest.mark.parametrize(
    ("module", "number", "divisor"),
    [
        ("", "4", "4"),
        ("EVERY = 4", "EVERY", "EVERY"),
        ("EVERY = 4", "(2 * EVERY)", "(2 * EVERY)"),
        ("EVERY = 4\nEVERY = 8", "EVERY", None),
        ("EVERY = 4", "every", None),
        ("EVERY = 4", "max(2, EVERY)", None),
        ("", "(k := 4)", None),
    ],
)
def test_the_loss_is_divided_by_a_number_of_another_function(module: str, number: str, divisor: str | None) -> None:
    source = Source("script.py", SCRIPT.format(module=module, number=number))
    finding = only(interpret(source, catalog=Catalog.default()))
    assert finding.code == "LF107"
    after = None if finding.fix is None else source.edited(finding.fix.edits).text
    assert after == (None if divisor is None else source.text.replace("loss.back", f"(loss / {divisor}).back"))


BRANCHES = """\
import torch
from torch import nn
criterion = nn.MSELoss()
def train(model, amp, scaler, loader):
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    for i, (x, y) in enumerate(loader):
        loss = criterion(model(x), y)
        if amp:
            scaler.scale(loss).backward()
        else:
            {other}
        if (i + 1) % 4 == 0:
            optimizer.step()
            optimizer.zero_grad()
"""


@pytest.mark.parametrize(
    ("other", "after"),
    [
        ("loss.backward()", "(loss / 4).backward()"),
        ("torch.autograd.backward(loss)", "torch.autograd.backward(loss / 4)"),
        ("torch.autograd.backward([loss])", None),
    ],
)
def test_a_loss_is_divided_in_all_branches_or_in_none(other: str, after: str | None) -> None:
    source = Source("script.py", BRANCHES.format(other=other))
    finding = only(interpret(source, catalog=Catalog.default()))
    assert finding.code == "LF107"
    found = None if finding.fix is None else source.edited(finding.fix.edits).text
    divided = BRANCHES.replace("scale(loss)", "scale(loss / 4)")
    assert found == (None if after is None else divided.format(other=after))


@pytest.mark.parametrize(("other", "offered"), [("4", True), ("8", False)])
def test_branches_that_wait_for_different_rounds_have_no_divisor_in_common(other: str, offered: bool) -> None:
    text = """
import torch
from torch import nn
criterion = nn.MSELoss()
def train(model, amp, scaler, loader):
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    for i, (x, y) in enumerate(loader):
        loss = criterion(model(x), y)
        if amp:
            scaler.scale(loss).backward()
            if (i + 1) % 4 == 0:
                optimizer.step()
                optimizer.zero_grad()
        else:
            loss.backward()
            if (i + 1) % {} == 0:
                optimizer.step()
                optimizer.zero_grad()
"""
    finding = only(interpret(Source("script.py", text.format(other)), catalog=Catalog.default()))
    assert finding.code == "LF107"
    assert (finding.fix is not None) == offered
