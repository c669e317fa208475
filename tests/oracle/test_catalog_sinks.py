"""The sinks of torch take what their rows say, and do with it what their kind says."""

from __future__ import annotations

import inspect
from typing import Any

import pytest
import torch
import torch.distributed.fsdp.sharded_grad_scaler
from torch import Tensor

from lossflow.catalog import RECEIVER, Catalog, Sink, SinkKind
from lossflow.catalog.sinks import SINKS

CALLED = [row for row in SINKS if row.name.startswith("torch.")]


def _function(row: Sink) -> Any:
    found: Any = torch
    for part in row.name.split(".")[1:]:
        found = getattr(found, part)
    return found


def _parameters(row: Sink) -> list[str]:
    """The names of its parameters, without `self`."""
    names = list(inspect.signature(_function(row)).parameters)
    return names[1:] if names[0] == "self" else names


@pytest.mark.parametrize("row", CALLED, ids=lambda row: row.name)
def test_arguments_are_where_torch_has_them(row: Sink) -> None:
    names = _parameters(row)
    if row.position != RECEIVER:
        assert names[row.position] == row.keyword
    if row.gradient is not None:
        position, keyword = row.gradient
        assert names[position] == keyword


def test_every_way_to_a_gradient_gives_the_same_one() -> None:
    gradients = []
    for name in ("torch.Tensor.backward", "torch.autograd.backward", "torch.autograd.grad"):
        row = Catalog.default().sink(name)
        assert row is not None
        weight = torch.ones(3, requires_grad=True)
        loss = (weight * torch.arange(3.0)).sum()
        if row.kind is SinkKind.GRAD:
            gradients += _function(row)(loss, weight)
            assert weight.grad is None
        else:
            assert row.kind is SinkKind.BACKWARD
            _function(row)(loss)
            assert weight.grad is not None
            gradients.append(weight.grad)
    assert all(torch.equal(gradient, torch.arange(3.0)) for gradient in gradients)


@pytest.mark.parametrize("name", ["torch.Tensor.backward", "torch.autograd.backward"])
def test_a_gradient_argument_lets_an_unreduced_loss_pass(name: str) -> None:
    row = Catalog.default().sink(name)
    assert row is not None
    assert row.gradient is not None
    position, keyword = row.gradient
    weight = torch.ones(3, requires_grad=True)
    with pytest.raises(RuntimeError, match="scalar"):
        _function(row)(weight * 2)
    _function(row)(weight * 2, **{keyword: torch.ones(3)})
    # As a function the method takes the tensor first.
    _function(row)(weight * 2, *[None] * (position if row.position == RECEIVER else position - 1), torch.ones(3))
    assert weight.grad is not None
    assert weight.grad.tolist() == [4.0] * 3


def _update(scaler: torch.amp.GradScaler | None) -> tuple[Tensor, Tensor | None]:
    """A step of SGD with and without a scaler, and the gradient before it is unscaled."""
    weight = torch.nn.Parameter(torch.ones(3))
    optimizer = torch.optim.SGD([weight], lr=0.1)
    loss = (weight * torch.arange(3.0)).sum()
    if scaler is None:
        loss.backward()
        optimizer.step()
        return weight.detach(), None
    scaler.scale(loss).backward()
    assert weight.grad is not None
    scaled = weight.grad.clone()
    scaler.step(optimizer)
    return weight.detach(), scaled


def test_the_scalers_factor_is_taken_back_before_the_step() -> None:
    plain, _ = _update(None)
    stepped, scaled = _update(torch.amp.GradScaler("cpu", init_scale=8.0))
    assert scaled is not None
    assert scaled.tolist() == [0.0, 8.0, 16.0]
    assert torch.equal(plain, stepped)
