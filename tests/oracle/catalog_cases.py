"""Inputs for every loss of torch: what to hand it so that it computes something, for a batch repeated k times."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

EXAMPLES = 4
"""The examples of a batch that is not repeated."""

Inputs = Callable[[Tensor, int], tuple[Any, ...]]


@dataclass(frozen=True)
class Case:
    """How to call a loss.

    `inputs(weight, times)` are the arguments of its call, with the examples repeated `times` times; they depend on
    `weight`, the parameter whose gradient is measured. `options` construct the class, and `extra` are the arguments of
    the function that the call of the class doesn't take.
    """

    inputs: Inputs
    shape: tuple[int, ...]
    options: Mapping[str, Any] = field(default_factory=dict)
    extra: Mapping[str, Any] = field(default_factory=dict)


def _random(*shape: int) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(sum(shape)))


def _repeat(examples: Tensor, times: int, dim: int = 0) -> Tensor:
    return torch.cat([examples] * times, dim)


def _elementwise(activation: Callable[[Tensor], Tensor], target: Tensor) -> Case:
    def inputs(weight: Tensor, times: int) -> tuple[Tensor, Tensor]:
        return activation(_repeat(_random(EXAMPLES, 3), times) * weight), _repeat(target, times)

    return Case(inputs, (3,))


def _classes(activation: Callable[[Tensor], Tensor], *positions: int) -> Case:
    """Logits of five classes for every position, and targets of class indices."""
    target = torch.arange(EXAMPLES * math.prod(positions)).reshape(EXAMPLES, *positions) % 5

    def inputs(weight: Tensor, times: int) -> tuple[Tensor, Tensor]:
        logits = _random(EXAMPLES, 5, *positions)
        return activation(_repeat(logits, times) * weight.reshape(5, *(1 for _ in positions))), _repeat(target, times)

    return Case(inputs, (5,))


def _embeddings(count: int, *constants: Tensor) -> Case:
    """`count` tensors of embeddings that depend on the weight, and constants."""

    def inputs(weight: Tensor, times: int) -> tuple[Tensor, ...]:
        made = [_repeat(_random(EXAMPLES, 3) * (i + 1) + i, times) * (weight if i == 0 else 1.0) for i in range(count)]
        return (*made, *(_repeat(constant, times) for constant in constants))

    return Case(inputs, (3,), options={"margin": 5.0} if count == 3 else {})


def _ctc(weight: Tensor, times: int) -> tuple[Tensor, ...]:
    log_probs = (_repeat(_random(6, EXAMPLES, 5), times, 1) * weight).log_softmax(2)
    targets = _repeat(torch.tensor([[1, 2, 3], [4, 3, 2], [1, 1, 2], [3, 4, 1]]), times)
    batch = EXAMPLES * times
    return log_probs, targets, torch.full((batch,), 6), _repeat(torch.tensor([3, 2, 2, 1]), times)


def _gaussian(weight: Tensor, times: int) -> tuple[Tensor, ...]:
    mean = _repeat(_random(EXAMPLES, 3), times) * weight
    return mean, _repeat(_random(EXAMPLES, 3).flip(0), times), torch.ones_like(mean).detach() * 0.5


def _signs(*shape: int) -> Tensor:
    return 1.0 - 2.0 * (torch.arange(math.prod(shape)).reshape(shape) % 2)


def _identity(logits: Tensor) -> Tensor:
    return logits


def _log_softmax(logits: Tensor) -> Tensor:
    return logits.log_softmax(1)


_ZEROS_AND_ONES = (_random(EXAMPLES, 3) > 0).float()
_MANY_LABELS = torch.tensor([[0, 2, -1], [1, -1, -1], [2, 1, -1], [0, -1, -1]])
_LINEAR = {"linear_weight": _random(7, 5)}

CASES: dict[str, tuple[Case, ...]] = {
    "L1Loss": (_elementwise(_identity, _random(EXAMPLES, 3) + 9.0),),
    "MSELoss": (_elementwise(_identity, _random(EXAMPLES, 3) + 1.0),),
    "SmoothL1Loss": (_elementwise(_identity, _random(EXAMPLES, 3) + 9.0),),
    "HuberLoss": (_elementwise(_identity, _random(EXAMPLES, 3) + 9.0),),
    "SoftMarginLoss": (_elementwise(_identity, _signs(EXAMPLES, 3)),),
    "HingeEmbeddingLoss": (_elementwise(_identity, _signs(EXAMPLES, 3)),),
    "MarginRankingLoss": (_embeddings(2, _signs(EXAMPLES, 3)),),
    "BCELoss": (_elementwise(torch.sigmoid, _ZEROS_AND_ONES),),
    "BCEWithLogitsLoss": (_elementwise(_identity, _ZEROS_AND_ONES),),
    "KLDivLoss": (_elementwise(_log_softmax, _random(EXAMPLES, 3).softmax(1)),),
    "PoissonNLLLoss": (_elementwise(_identity, _ZEROS_AND_ONES),),
    "GaussianNLLLoss": (Case(_gaussian, (3,)),),
    "CrossEntropyLoss": (_classes(_identity), _classes(_identity, 2), _classes(_identity, 2, 3)),
    "NLLLoss": (_classes(_log_softmax), _classes(_log_softmax, 2), _classes(_log_softmax, 2, 3)),
    "LinearCrossEntropyLoss": (
        Case(_classes(_identity).inputs, (5,), options={"in_features": 5, "num_classes": 7}, extra=_LINEAR),
    ),
    "MultiMarginLoss": (_classes(_identity),),
    "MultiLabelMarginLoss": (_elementwise(_identity, _MANY_LABELS),),
    "MultiLabelSoftMarginLoss": (_elementwise(_identity, _ZEROS_AND_ONES),),
    "AdaptiveLogSoftmaxWithLoss": (
        Case(_classes(_identity).inputs, (5,), options={"in_features": 5, "n_classes": 7, "cutoffs": [3]}),
    ),
    "CTCLoss": (Case(_ctc, (5,)),),
    "CosineEmbeddingLoss": (_embeddings(2, _signs(EXAMPLES)),),
    "TripletMarginLoss": (_embeddings(3),),
    "TripletMarginWithDistanceLoss": (_embeddings(3),),
}
"""Cases by the name of the class; more than one where the shapes of the targets make a difference."""

# The functions of the torch namespace are the ones below those of torch.nn.functional; one of them leaves no default.
NATIVE: dict[str, tuple[str, Mapping[str, Any]]] = {
    "binary_cross_entropy_with_logits": ("BCEWithLogitsLoss", {}),
    "cosine_embedding_loss": ("CosineEmbeddingLoss", {}),
    "ctc_loss": ("CTCLoss", {}),
    "hinge_embedding_loss": ("HingeEmbeddingLoss", {}),
    "kl_div": ("KLDivLoss", {}),
    "margin_ranking_loss": ("MarginRankingLoss", {}),
    "poisson_nll_loss": ("PoissonNLLLoss", {"log_input": True, "full": False, "eps": 1e-8}),
    "triplet_margin_loss": ("TripletMarginLoss", {"margin": 5.0}),
}
"""The case of each function of the torch namespace, and what it must be given besides."""
