"""The optimizers of torch, as torch 2.13 has them, and how their steps answer to the gradient's scale.

The answers are measured, not read off the papers: `tests/oracle/test_optimizers.py` takes steps at a gradient g and at
16 g, with gradient norms around 1, and compares.
"""

from __future__ import annotations

from lossflow.catalog.entry import Optimizer, Scale

_FLAGS = "foreach maximize capturable differentiable"

TORCH_OPTIMIZERS = (
    Optimizer(
        "torch.optim.SGD",
        Scale.PROPORTIONAL,
        "params lr momentum dampening weight_decay nesterov * maximize foreach differentiable fused",
    ),
    Optimizer(
        "torch.optim.ASGD",
        Scale.PROPORTIONAL,
        "params lr lambd alpha t0 weight_decay foreach maximize differentiable capturable",
    ),
    Optimizer(
        "torch.optim.Adam",
        Scale.INVARIANT,
        f"params lr betas eps weight_decay amsgrad * {_FLAGS} fused decoupled_weight_decay",
    ),
    Optimizer(
        "torch.optim.AdamW",
        Scale.INVARIANT,
        "params lr betas eps weight_decay amsgrad * maximize foreach capturable differentiable fused",
    ),
    Optimizer(
        "torch.optim.Adamax",
        Scale.INVARIANT,
        "params lr betas eps weight_decay foreach * maximize differentiable capturable",
    ),
    Optimizer(
        "torch.optim.NAdam",
        Scale.INVARIANT,
        f"params lr betas eps weight_decay momentum_decay decoupled_weight_decay * {_FLAGS}",
    ),
    # Until the variance of its adaptive term is tractable, it takes momentum steps (Liu et al. 2020, algorithm 2).
    Optimizer(
        "torch.optim.RAdam",
        Scale.INVARIANT,
        f"params lr betas eps weight_decay decoupled_weight_decay * {_FLAGS}",
        exception="except in its first five steps, which are proportional to the gradient",
    ),
    Optimizer("torch.optim.SparseAdam", Scale.INVARIANT, "params lr betas eps maximize"),
    Optimizer(
        "torch.optim.RMSprop",
        Scale.INVARIANT,
        "params lr alpha eps weight_decay momentum centered capturable foreach maximize differentiable",
    ),
    Optimizer(
        "torch.optim.Rprop",
        Scale.INVARIANT,
        "params lr etas step_sizes * capturable foreach maximize differentiable",
    ),
    Optimizer(
        "torch.optim.Adagrad",
        Scale.INVARIANT,
        "params lr lr_decay weight_decay initial_accumulator_value eps foreach * maximize differentiable fused",
    ),
    Optimizer(
        "torch.optim.Adadelta",
        Scale.INVARIANT,
        "params lr rho eps weight_decay foreach * capturable maximize differentiable",
    ),
    Optimizer("torch.optim.Adafactor", Scale.INVARIANT, "params lr beta2_decay eps d weight_decay * foreach maximize"),
    Optimizer(
        "torch.optim.Muon",
        Scale.INVARIANT,
        "params lr weight_decay momentum nesterov ns_coefficients eps ns_steps adjust_lr_fn",
    ),
    # The first step is min(1, 1 / |g|_1) * lr * g, and the curvature estimates of the later ones are free of the scale.
    Optimizer(
        "torch.optim.LBFGS",
        Scale.INVARIANT,
        "params lr max_iter max_eval tolerance_grad tolerance_change history_size line_search_fn",
        exception="as long as the sum of the gradient's absolute values is at least 1",
    ),
)
