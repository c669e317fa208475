"""Every optimizer of torch takes steps at a gradient g and at 16 g, and the steps compare as its row says.

The rows of other packages are not run here, because the tests install none of them: those that run without a GPU were
measured in the same way when they were written, at the versions that their module names.
"""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor

from lossflow.catalog import Catalog, Optimizer, Scale
from lossflow.catalog.torch_optimizers import TORCH_OPTIMIZERS

FACTOR = 16.0
STEPS = 10
PROPORTIONAL_STEPS = 5
"""The steps that RAdam takes before its second moment counts."""

EXPONENT = {Scale.PROPORTIONAL: 1.0, Scale.INVARIANT: 0.0}


def _class(row: Optimizer) -> type[torch.optim.Optimizer]:
    return getattr(torch.optim, row.name.removeprefix("torch.optim."))


def _gradients(norm: float) -> list[Tensor]:
    """Gradients of this norm that differ from step to step, as those of training do."""
    generator = torch.Generator().manual_seed(1)
    trend = torch.randn(8, 6, generator=generator)
    drawn = [trend + 0.2 * torch.randn(8, 6, generator=generator) for _ in range(STEPS)]
    return [gradient * (norm / gradient.norm()) for gradient in drawn]


def _steps(row: Optimizer, scale: float) -> list[float]:
    """The length of each step with gradients of norm `scale`."""
    weight = torch.nn.Parameter(torch.full((8, 6), 0.5))
    optimizer = _class(row)([weight], lr=0.01)
    lengths = []
    for gradient in _gradients(1.0):
        before = weight.detach().clone()
        scaled = gradient * scale
        weight.grad = scaled.to_sparse() if row.name.endswith("SparseAdam") else scaled
        optimizer.step()
        lengths.append(float((weight.detach() - before).norm()))
    return lengths


def _quadratic(scale: float, start: float) -> list[float]:
    """The length of each step of LBFGS on `scale` times a bowl, from a place where its gradient is `scale * start`."""
    weight = torch.nn.Parameter(torch.tensor([start, 0.0]))
    bowl = torch.tensor([1.0, 3.0])
    optimizer = torch.optim.LBFGS([weight], lr=0.1, max_iter=1)

    def closure() -> Tensor:
        optimizer.zero_grad()
        loss = scale * (bowl * weight.square()).sum() / 2
        loss.backward()
        return loss

    lengths = []
    for _ in range(3):
        before = weight.detach().clone()
        optimizer.step(closure)
        lengths.append(float((weight.detach() - before).norm()))
    return lengths


def _exponents(steps: Callable[[float], list[float]]) -> list[float]:
    return [math.log(large / small, FACTOR) for small, large in zip(steps(1.0), steps(FACTOR))]


FIRST_ORDER = [row for row in TORCH_OPTIMIZERS if not row.name.endswith(("RAdam", "LBFGS"))]


@pytest.mark.parametrize("row", FIRST_ORDER, ids=lambda row: row.name)
def test_steps_scale_as_the_row_says(row: Optimizer) -> None:
    measured = _exponents(lambda scale: _steps(row, scale))
    assert measured == pytest.approx([EXPONENT[row.scale]] * STEPS, abs=0.02)
    assert row.exception == ""


def test_radam_is_proportional_for_five_steps() -> None:
    row = Catalog.default().optimizer("torch.optim.RAdam")
    assert row is not None
    assert row.scale is Scale.INVARIANT
    assert "first five steps" in row.exception
    expected = [1.0] * PROPORTIONAL_STEPS + [0.0] * (STEPS - PROPORTIONAL_STEPS)
    assert _exponents(lambda scale: _steps(row, scale)) == pytest.approx(expected, abs=0.02)


def test_lbfgs_is_invariant_from_a_gradient_of_one() -> None:
    row = Catalog.default().optimizer("torch.optim.LBFGS")
    assert row is not None
    assert row.scale is Scale.INVARIANT
    assert "at least 1" in row.exception
    assert _exponents(lambda scale: _quadratic(scale, 2.0)) == pytest.approx([0.0] * 3, abs=0.02)
    assert _exponents(lambda scale: _quadratic(scale / 64, 2.0))[0] == pytest.approx(1.0, abs=0.02)


@pytest.mark.parametrize("row", TORCH_OPTIMIZERS, ids=lambda row: row.name)
def test_signature_is_torchs(row: Optimizer) -> None:
    parameters: dict[str, Any] = dict(inspect.signature(_class(row).__init__).parameters)
    del parameters["self"]
    positional, _, keyword_only = row.params.partition("*")
    assert [*positional.split(), *keyword_only.split()] == list(parameters)
    kinds = {name for name, parameter in parameters.items() if parameter.kind is inspect.Parameter.KEYWORD_ONLY}
    assert set(keyword_only.split()) == kinds
    assert row.default_lr == (parameters["lr"].default is not inspect.Parameter.empty)


def test_every_optimizer_has_a_row() -> None:
    defined = {
        name
        for name, found in vars(torch.optim).items()
        if inspect.isclass(found) and issubclass(found, torch.optim.Optimizer) and found is not torch.optim.Optimizer
    }
    assert {f"torch.optim.{name}" for name in defined} == {row.name for row in TORCH_OPTIMIZERS}


def test_defining_modules_lead_to_the_row() -> None:
    catalog = Catalog.default()
    for row in TORCH_OPTIMIZERS:
        cls = _class(row)
        assert catalog.optimizer(f"{cls.__module__}.{cls.__name__}") is row
