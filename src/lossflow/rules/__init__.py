"""The rules, in the order of their codes."""

from __future__ import annotations

from lossflow.rules.accumulation_not_divided import AccumulationNotDivided
from lossflow.rules.average_off_by_batch_size import AverageOffByBatchSize
from lossflow.rules.clip_with_sum import ClipWithSum
from lossflow.rules.ignored_num_items import IgnoredNumItems
from lossflow.rules.invalid_reduction import InvalidReduction
from lossflow.rules.kl_mean import KlMean
from lossflow.rules.legacy_reduction_arguments import LegacyReductionArguments
from lossflow.rules.mask_on_reduced_loss import MaskOnReducedLoss
from lossflow.rules.masked_mean_counts_padding import MaskedMeanCountsPadding
from lossflow.rules.mixed_reductions import MixedReductions
from lossflow.rules.normalised_twice import NormalisedTwice
from lossflow.rules.reduction_in_wrong_position import ReductionInWrongPosition
from lossflow.rules.rule import Rule
from lossflow.rules.sum_with_adaptive_optimizer import SumWithAdaptiveOptimizer
from lossflow.rules.sum_with_fixed_lr import SumWithFixedLr
from lossflow.rules.sum_with_lr_times_batch import SumWithLrTimesBatch
from lossflow.rules.sum_with_unseen_lr import SumWithUnseenLr
from lossflow.rules.tensors_to_constructor import TensorsToConstructor
from lossflow.rules.unreduced_backward import UnreducedBackward
from lossflow.rules.unreduced_objective import UnreducedObjective

RULES: tuple[type[Rule], ...] = (
    SumWithFixedLr,
    SumWithAdaptiveOptimizer,
    SumWithUnseenLr,
    SumWithLrTimesBatch,
    MixedReductions,
    ClipWithSum,
    AccumulationNotDivided,
    IgnoredNumItems,
    NormalisedTwice,
    UnreducedBackward,
    UnreducedObjective,
    MaskedMeanCountsPadding,
    MaskOnReducedLoss,
    LegacyReductionArguments,
    InvalidReduction,
    KlMean,
    ReductionInWrongPosition,
    TensorsToConstructor,
    AverageOffByBatchSize,
)
"""Every rule; what a run uses of them is a question of its configuration."""

__all__ = ["RULES", "Rule"]
