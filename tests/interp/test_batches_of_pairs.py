"""A batch may be a list of examples: what one of them is unpacked into has no dimension over the examples.

No flow fixture, because the oracle makes a larger batch of a longer tensor, and such a batch is a list.
"""

from __future__ import annotations

from lossflow.checking import check
from lossflow.configuration.config import Config
from lossflow.source import Source

SCRIPT = """\
import torch
from torch import nn

model = nn.Linear(4, 3)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for batch in loader:
    {rounds}
        loss = (model(x) - y).pow(2).sum()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
"""
OF_TENSORS = """if True:
        x, y = [t.to("cuda") for t in batch]"""
OF_PAIRS = """for example in batch:
        x, y = [t.to("cuda") for t in example]"""


def codes(rounds: str) -> list[str]:
    report = check(Source("train.py", SCRIPT.format(rounds=rounds)), Config())
    return [finding.code for finding in report.findings]


def test_the_parts_of_a_batch_have_all_examples() -> None:
    assert codes(OF_TENSORS) == ["LF101"]


def test_the_parts_of_an_example_have_none() -> None:
    assert codes(OF_PAIRS) == []
