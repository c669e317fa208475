"""Which optimizers have a row for each example to optimise, by what they are given."""

from __future__ import annotations

import pytest

from lossflow.catalog import Catalog
from lossflow.domain.trace import OptimizerStep
from lossflow.interp import interpret
from lossflow.source import Source

SCRIPT = """\
import torch
from torch import nn

model = nn.Linear(3, 2)
loader = torch.utils.data.DataLoader(dataset, batch_size=8)

def attack({arguments}):
    {made}
    optimizer = torch.optim.Adam({given}, lr=0.1)
    model(x + delta).sum().backward()
    optimizer.step()

{called}
"""
CALLED = "for x, y in loader:\n    attack(x, y)"


def perturbs(made: str, given: str, called: str = CALLED, arguments: str = "x, y") -> bool:
    script = SCRIPT.format(made=made, given=given, called=called, arguments=arguments)
    trace = interpret(Source("train.py", script), catalog=Catalog.default())
    (step,) = {event.optimizer for event in trace.events if isinstance(event, OptimizerStep)}
    return step.perturbs


@pytest.mark.parametrize(
    "made",
    [
        "delta = torch.zeros_like(x, requires_grad=True)",
        "delta = x.clone().requires_grad_()",
        "delta = x.detach().clone(); delta.requires_grad = True",
        "delta = torch.randn(x.shape, requires_grad=True)",
        "delta = torch.zeros(x.size(0), 3).requires_grad_()",
        "delta = torch.zeros(len(x), 3, requires_grad=True)",
        "delta = nn.Parameter(torch.zeros_like(x))",
        "delta = torch.autograd.Variable(torch.zeros(x.shape), requires_grad=True)",
    ],
)
@pytest.mark.parametrize("given", ["[delta]", "[{'params': [delta]}]", "[{'params': delta}]", "(delta,)"])
def test_a_tensor_with_a_row_for_each_example(made: str, given: str) -> None:
    assert perturbs(made, given)


@pytest.mark.parametrize(
    "made",
    ["delta = torch.zeros_like(x, requires_grad=True)", "delta = x.clone()", "delta = nn.Parameter(x)"],
)
def test_a_tensor_that_may_have_them(made: str) -> None:
    assert perturbs(made, "[delta]", called="")


@pytest.mark.parametrize(
    ("made", "given"),
    [
        ("delta = torch.zeros(3, requires_grad=True)", "[delta]"),
        ("delta = nn.Parameter(torch.zeros(3))", "[delta]"),
        ("delta = torch.zeros_like(x, requires_grad=True)", "[delta, *model.parameters()]"),
        ("delta = torch.zeros_like(x, requires_grad=True)", "[delta] + list(model.parameters())"),
        ("delta = torch.zeros_like(x, requires_grad=True)", "[{'params': [delta]}, {'params': model.parameters()}]"),
        ("delta = nn.Parameter(weight)", "[delta]"),
        ("delta = 0", "model.parameters()"),
        ("delta = 0", "[p for p in model.parameters() if p.requires_grad]"),
        ("delta = 0", "[model.weight, model.bias]"),
        ("delta = 0", "out_of_sight"),
    ],
)
def test_weights(made: str, given: str) -> None:
    assert not perturbs(made, given)
