"""The losses of segmentation-models-pytorch, measured with version 0.6.0."""

from __future__ import annotations

from dataclasses import replace

from lossflow.catalog.entry import Effect, Loss, Unreduced, always_mean
from lossflow.catalog.torch_losses import TORCH_LOSSES

_SMP = "segmentation_models_pytorch.losses"
_BATCHWISE = ("none", "mean", "sum", "batchwise_mean")
_SMP_FORWARD = "y_pred y_true"
_DICE = "mode classes log_loss from_logits smooth ignore_index eps"

# They compare the string with those they know and leave the loss as it is for any other.
_LOSSES = (
    Loss(
        "",
        functional=f"{_SMP}._functional.focal_loss_with_logits",
        functional_params="output target gamma alpha reduction normalized reduced_threshold eps",
        reductions=_BATCHWISE,
        effects=(("batchwise_mean", Effect.BATCH_SUM),),
        forward="output target",
        lenient=True,
        upsets=("normalized",),
    ),
    Loss(
        "",
        functional=f"{_SMP}._functional.softmax_focal_loss_with_logits",
        functional_params="output target gamma reduction normalized reduced_threshold eps",
        reductions=_BATCHWISE,
        unreduced=Unreduced.PER_TARGET,
        effects=(("batchwise_mean", Effect.BATCH_SUM),),
        forward="output target",
        lenient=True,
        upsets=("normalized",),
    ),
    # It flattens the batch first, so that `loss.sum(0)` sums over everything; in mode "multiclass" "none" averages.
    Loss(
        f"{_SMP}.FocalLoss",
        "mode alpha gamma ignore_index from_logits eps reduction normalized reduced_threshold class_weights",
        reductions=_BATCHWISE,
        effects=(("none", None), ("batchwise_mean", Effect.SUM)),
        forward=_SMP_FORWARD,
        lenient=True,
        upsets=("normalized",),
    ),
    Loss(
        f"{_SMP}.SoftBCEWithLogitsLoss",
        "weight ignore_index reduction smooth_factor pos_weight",
        forward=_SMP_FORWARD,
        lenient=True,
    ),
    Loss(
        f"{_SMP}.SoftCrossEntropyLoss",
        "reduction smooth_factor ignore_index dim",
        unreduced=Unreduced.BATCH_FIRST,
        forward=_SMP_FORWARD,
        lenient=True,
    ),
    always_mean(f"{_SMP}.DiceLoss", f"{_DICE} class_weights", forward=_SMP_FORWARD),
    always_mean(f"{_SMP}.JaccardLoss", f"{_DICE} class_weights", forward=_SMP_FORWARD),
    always_mean(f"{_SMP}.TverskyLoss", f"{_DICE} alpha beta gamma class_weights", forward=_SMP_FORWARD),
    always_mean(f"{_SMP}.LovaszLoss", "mode per_image ignore_index from_logits", forward=_SMP_FORWARD),
    always_mean(f"{_SMP}.MCCLoss", "eps", forward=_SMP_FORWARD),
)


def _subclasses() -> tuple[Loss, ...]:
    """`utils.losses` derives six of torch's classes and changes nothing but their name."""
    names = ("L1Loss", "MSELoss", "CrossEntropyLoss", "NLLLoss", "BCELoss", "BCEWithLogitsLoss")
    return tuple(
        replace(
            row,
            name=f"segmentation_models_pytorch.utils.losses.{name}",
            functional="",
            functional_params="",
            aliases=(),
        )
        for row in TORCH_LOSSES
        for name in names
        if row.name == f"torch.nn.{name}"
    )


SEGMENTATION_LOSSES = _LOSSES + _subclasses()
