"""The related locations of a finding show the whole way of the loss, in order: what a reader clicks through."""

from __future__ import annotations

from pathlib import Path

import pytest

from lossflow.catalog import Catalog
from lossflow.interp import interpret
from lossflow.rules import RULES
from lossflow.source import Source

FIXTURES = Path(__file__).resolve().parents[2] / "fixtures" / "rules"
BACKWARD, LIGHTNING, TRAINER = (
    "backward is here",
    "the objective is handed to Lightning here",
    "the objective is handed to transformers.Trainer here",
)
CALL, RATE = "the loss is computed here", "the learning rate is here"
STEEP, FLAT = "this term grows faster with the batch", "than this term"
SUM, MEAN, REDUCTION = "the sum is chosen here", "the mean is chosen here", "the reduction is chosen here"
STEP = "the optimizer steps here"


@pytest.mark.parametrize(
    ("code", "name", "expected"),
    [
        ("LF101", "sum-with-fixed-lr/flagged_lightning_bug_report", [LIGHTNING, "SGD is here", RATE]),
        ("LF101", "sum-with-fixed-lr/flagged_options_unpacked", [CALL, BACKWARD, "SGD is here"]),
        (
            "LF101",
            "sum-with-fixed-lr/flagged_vae_with_sgd",
            ["this term of the objective is summed too", BACKWARD, "SGD is here", RATE],
        ),
        (
            "LF102",
            "sum-with-adaptive-optimizer/flagged_module_dict_adam_or_adamw",
            [CALL, BACKWARD, "the optimizer is here"],
        ),
        (
            "LF102",
            "sum-with-adaptive-optimizer/flagged_addend_out_of_sight",
            ["this term of the objective could not be followed", BACKWARD, "Adam is here", RATE],
        ),
        ("LF103", "sum-with-unseen-lr/flagged_getattr_optimizer", [BACKWARD]),
        ("LF104", "sum-with-lr-times-batch/flagged_every_group_multiplied", [CALL, BACKWARD, "SGD is here", RATE]),
        (
            "LF105",
            "mixed-reductions/flagged_weighted_dict_of_losses",
            [STEEP, FLAT, BACKWARD, "AdamW is here", RATE],
        ),
        ("LF106", "clip-with-sum/flagged_after_unscaling", [SUM, BACKWARD]),
        ("LF106", "clip-with-sum/flagged_trainer_option", [SUM, LIGHTNING]),
        ("LF107", "accumulation-not-divided/flagged_every_fourth_batch", [MEAN, STEP]),
        (
            "LF107",
            "accumulation-not-divided/flagged_mixed_precision_in_a_branch",
            [MEAN, "backward of the same loss in another branch is here", STEP],
        ),
        (
            "LF107",
            "accumulation-not-divided/flagged_running_counter",
            [MEAN, "the counter divides here", STEP],
        ),
        (
            "LF107",
            "accumulation-not-divided/flagged_sum_over_batch_size",
            [SUM, "the sum is divided here", STEP],
        ),
        (
            "LF108",
            "ignored-num-items/flagged_own_mean",
            ["the number of items is received here", TRAINER],
        ),
        (
            "LF109",
            "normalised-twice/flagged_criterion_divided_in_the_loop",
            ["the loss is averaged here", BACKWARD, "SGD is here", RATE],
        ),
        ("LF201", "unreduced-backward/flagged_mean_over_features", []),
        ("LF201", "unreduced-backward/flagged_criterion_none", [REDUCTION]),
        ("LF202", "unreduced-objective/flagged_lightning_loss_dict", [LIGHTNING]),
        (
            "LF203",
            "masked-mean-counts-padding/flagged_both_arguments",
            ["elements are set to zero here", BACKWARD],
        ),
        ("LF204", "mask-on-reduced-loss/flagged_criterion_by_default", [REDUCTION, BACKWARD]),
        (
            "LF301",
            "legacy-reduction-arguments/flagged_set_after_construction",
            ["the criterion is constructed here"],
        ),
        ("LF303", "kl-mean/flagged_explicit_mean", [BACKWARD, "Adam is here", RATE]),
        ("LF401", "average-off-by-batch-size/flagged_attributes_of_a_trainer", [REDUCTION]),
        (
            "LF401",
            "average-off-by-batch-size/flagged_meter_weighs_sums",
            [REDUCTION, "the division is here"],
        ),
    ],
)
def test_the_way_of_a_loss(code: str, name: str, expected: list[str]) -> None:
    path = FIXTURES / f"{name}.py"
    trace = interpret(Source(str(path), path.read_text(encoding="utf-8")), catalog=Catalog.default())
    (rule,) = (each for each in RULES if each.code == code)
    first = next(iter(rule().check(trace)))
    assert [related.message for related in first.related] == expected
