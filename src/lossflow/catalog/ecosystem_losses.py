"""The losses of torchvision, torchaudio, timm, pytorch-metric-learning and transformers.

Signatures, accepted strings and exponents were measured with timm 1.0.31 and pytorch-metric-learning 2.9.0; those of
torchvision 0.26, torchaudio 2.11 and transformers 5 are read from their sources. A loss whose gradient is no power of
the batch size (a logsumexp over the batch, a loss over all pairs) has no row: nothing can be said of it.
"""

from __future__ import annotations

from lossflow.catalog.entry import Effect, Loss, Unreduced, always_mean


def _torchvision(name: str, params: str, forward: str, unreduced: Unreduced) -> Loss:
    """Their default is "none"; the usual idiom is the sum divided by the number of positives."""
    return Loss(
        "",
        functional=f"torchvision.ops.{name}",
        functional_params=params,
        default="none",
        unreduced=unreduced,
        forward=forward,
    )


_BOXES = "boxes1 boxes2"

_TORCHVISION = (
    _torchvision("generalized_box_iou_loss", f"{_BOXES} reduction eps", _BOXES, Unreduced.PER_EXAMPLE),
    _torchvision("distance_box_iou_loss", f"{_BOXES} reduction eps", _BOXES, Unreduced.PER_EXAMPLE),
    _torchvision("complete_box_iou_loss", f"{_BOXES} reduction eps", _BOXES, Unreduced.PER_EXAMPLE),
    _torchvision("sigmoid_focal_loss", "inputs targets alpha gamma reduction", "inputs targets", Unreduced.ELEMENTWISE),
)

_RNNT = "logits targets logit_lengths target_lengths"

_TORCHAUDIO = (
    Loss(
        "torchaudio.transforms.RNNTLoss",
        "blank clamp reduction fused_log_softmax",
        "torchaudio.functional.rnnt_loss",
        f"{_RNNT} blank clamp reduction fused_log_softmax",
        unreduced=Unreduced.PER_EXAMPLE,
        forward=_RNNT,
    ),
)


_BATCHMEAN = ("none", "mean", "sum", "batchmean")
_BATCHMEAN_EFFECT = (("batchmean", Effect.MEAN),)

_TIMM = (
    # "batchmean" by default since 1.0.28; before, there was no choice and it was the plain sum.
    Loss(
        "timm.loss.AsymmetricLossMultiLabel",
        "gamma_neg gamma_pos clip eps disable_torch_grad_focal_loss smoothing reduction weight pos_weight",
        default="",
        reductions=_BATCHMEAN,
        effects=_BATCHMEAN_EFFECT,
        forward="x y",
    ),
    # Only "mean" is looked for: with any other string, "sum" among them, the loss stays per example.
    Loss(
        "timm.loss.AsymmetricLossSingleLabel",
        "gamma_pos gamma_neg eps reduction",
        unreduced=Unreduced.PER_TARGET,
        effects=(("sum", Effect.NONE),),
        forward="inputs target",
        lenient=True,
    ),
    Loss(
        "timm.loss.BinaryCrossEntropy",
        "smoothing target_threshold weight reduction sum_classes pos_weight smooth_dense",
        forward="x target",
        upsets=("sum_classes",),
    ),
    Loss(
        "timm.loss.DistributionBalancedLoss",
        "class_counts num_samples map_alpha map_beta map_mu neg_scale init_bias focal_gamma focal_balance smoothing"
        " reduction",
        reductions=_BATCHMEAN,
        effects=_BATCHMEAN_EFFECT,
        forward="x target",
    ),
    Loss(
        "timm.loss.PolyCrossEntropy",
        "epsilon smoothing reduction",
        unreduced=Unreduced.PER_TARGET,
        forward="x target",
    ),
    Loss(
        "timm.loss.PolyBinaryCrossEntropy",
        "epsilon gamma alpha smoothing reduction",
        reductions=_BATCHMEAN,
        effects=_BATCHMEAN_EFFECT,
        forward="x target",
    ),
    always_mean("timm.loss.LabelSmoothingCrossEntropy", "smoothing", forward="x target"),
    always_mean("timm.loss.SoftTargetCrossEntropy", forward="x target"),
    always_mean("timm.loss.JsdCrossEntropy", "num_splits alpha smoothing", forward="output target"),
    always_mean("timm.loss.ZlprLoss", forward="x target"),
)

_REDUCER = "* reducer distance collect_stats embedding_regularizer embedding_reg_weight weight_regularizer"


def _metric(name: str, params: str) -> Loss:
    """A softmax over class proxies: one loss per example, reduced by an object. DoNothingReducer returns a dict."""
    return Loss(
        f"pytorch_metric_learning.losses.{name}",
        f"{params} {_REDUCER} weight_reg_weight weight_init_func",
        reductions=("mean", "sum"),
        forward="embeddings labels",
        parameter="reducer",
    )


_METRIC_LEARNING = (
    _metric("LargeMarginSoftmaxLoss", "num_classes embedding_size margin scale"),
    _metric("SphereFaceLoss", "num_classes embedding_size margin scale"),
    _metric("ArcFaceLoss", "num_classes embedding_size margin scale"),
    _metric("NormalizedSoftmaxLoss", "num_classes embedding_size temperature"),
)

REDUCERS = {
    "pytorch_metric_learning.reducers.MeanReducer": "mean",
    "pytorch_metric_learning.reducers.SumReducer": "sum",
}
"""The classes of the objects that reduce a loss there, and what they do."""

# It is the sum divided by `num_items_in_batch` where that is given, and the mean elsewhere: B^0 either way.
_CROSS_ENTROPY = "transformers.loss.loss_utils"

_TRANSFORMERS = (
    always_mean(
        "",
        functional=f"{_CROSS_ENTROPY}.fixed_cross_entropy",
        functional_params="source target num_items_in_batch ignore_index",
        forward="source target",
    ),
    always_mean(
        "",
        functional=f"{_CROSS_ENTROPY}.ForCausalLMLoss",
        functional_params="logits labels vocab_size num_items_in_batch ignore_index shift_labels",
        forward="logits labels",
    ),
    always_mean(
        "",
        functional=f"{_CROSS_ENTROPY}.ForMaskedLMLoss",
        functional_params="logits labels vocab_size num_items_in_batch ignore_index",
        forward="logits labels",
    ),
    always_mean(
        "",
        functional=f"{_CROSS_ENTROPY}.ForTokenClassification",
        functional_params="logits labels config",
        forward="logits labels",
    ),
    always_mean(
        "",
        functional=f"{_CROSS_ENTROPY}.ForSequenceClassificationLoss",
        functional_params="labels pooled_logits config",
        forward="labels pooled_logits",
    ),
    Loss(
        "",
        functional="transformers.loss.loss_ctc.ForCTCLoss",
        functional_params="logits labels logit_lengths blank_token_id reduction zero_infinity ignore_index",
        unreduced=Unreduced.PER_EXAMPLE,
        forward="logits labels",
    ),
)

ECOSYSTEM_LOSSES = _TORCHVISION + _TORCHAUDIO + _TIMM + _METRIC_LEARNING + _TRANSFORMERS
