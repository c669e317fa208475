"""Unit tests train nothing: the rules about scale are silent in them, those about what torch does are not."""

from __future__ import annotations

import pytest

from lossflow.catalog import Catalog
from lossflow.interp import interpret
from lossflow.source import Source

from .traces import findings

SCRIPT = """
import torch
from torch import nn

def {name}(loader):
    model = nn.Linear(4, 2)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    for x, y in loader:
        optimizer.zero_grad()
        nn.functional.mse_loss(model(x), y, size_average=False).backward()
        optimizer.step()
"""


def codes(file: str, name: str) -> set[str]:
    trace = interpret(Source(file, SCRIPT.replace("{name}", name)), catalog=Catalog.default())
    return {finding.code for finding in findings(trace)}


@pytest.mark.parametrize("file", ["test_model.py", "tests/test_model.py", "tests\\test_model.py", "model_test.py"])
def test_how_large_a_step_is_does_not_matter_in_a_test(file: str) -> None:
    assert codes(file, "test_that_it_moves") == {"LF301"}


@pytest.mark.parametrize(
    ("file", "name"),
    [
        ("mnist_test.py", "test"),  # the part of a training script that evaluates
        ("mnist_test.py", "train"),
        ("latest.py", "test_that_it_moves"),
        ("train.py", "test_and_train"),
        ("test_model/train.py", "test_and_train"),
    ],
)
def test_a_training_script_is_no_test(file: str, name: str) -> None:
    assert codes(file, name) == {"LF101", "LF301"}
