"""The losses of torch, as torch 2.13 has them.

Every row is held against torch itself by `tests/oracle/test_catalog.py`. The order of the parameters matters as much as
their names: where `size_average` comes first, a positional string is taken for it and the loss silently averages.
"""

from __future__ import annotations

from lossflow.catalog.entry import Effect, Loss, Unreduced

_ELEMENTWISE_MEAN = ("elementwise_mean",)
_KL_REDUCTIONS = ("none", "mean", "sum", "batchmean")
_PAIR = "input1 input2 target"
_TRIPLET = "anchor positive negative"
_CTC = "log_probs targets input_lengths target_lengths"

_ELEMENT_LOSSES = (
    Loss(
        "torch.nn.L1Loss",
        "size_average reduce reduction",
        "torch.nn.functional.l1_loss",
        "input target size_average reduce reduction weight",
        deprecated=_ELEMENTWISE_MEAN,
    ),
    Loss(
        "torch.nn.MSELoss",
        "size_average reduce reduction",
        "torch.nn.functional.mse_loss",
        "input target size_average reduce reduction weight",
        deprecated=_ELEMENTWISE_MEAN,
    ),
    Loss(
        "torch.nn.SmoothL1Loss",
        "size_average reduce reduction beta",
        "torch.nn.functional.smooth_l1_loss",
        "input target size_average reduce reduction beta",
        deprecated=_ELEMENTWISE_MEAN,
    ),
    Loss(
        "torch.nn.HuberLoss",
        "reduction delta",
        "torch.nn.functional.huber_loss",
        "input target reduction delta weight",
        deprecated=_ELEMENTWISE_MEAN,
    ),
    Loss(
        "torch.nn.SoftMarginLoss",
        "size_average reduce reduction",
        "torch.nn.functional.soft_margin_loss",
        "input target size_average reduce reduction",
        deprecated=_ELEMENTWISE_MEAN,
    ),
    Loss(
        "torch.nn.HingeEmbeddingLoss",
        "margin size_average reduce reduction",
        "torch.nn.functional.hinge_embedding_loss",
        "input target margin size_average reduce reduction",
        deprecated=_ELEMENTWISE_MEAN,
    ),
    Loss(
        "torch.nn.MarginRankingLoss",
        "margin size_average reduce reduction",
        "torch.nn.functional.margin_ranking_loss",
        f"{_PAIR} margin size_average reduce reduction",
        deprecated=_ELEMENTWISE_MEAN,
        forward=_PAIR,
    ),
)

_LIKELIHOODS = (
    Loss(
        "torch.nn.BCELoss",
        "weight size_average reduce reduction",
        "torch.nn.functional.binary_cross_entropy",
        "input target weight size_average reduce reduction",
        deprecated=_ELEMENTWISE_MEAN,
    ),
    Loss(
        "torch.nn.BCEWithLogitsLoss",
        "weight size_average reduce reduction pos_weight",
        "torch.nn.functional.binary_cross_entropy_with_logits",
        "input target weight size_average reduce reduction pos_weight",
        deprecated=_ELEMENTWISE_MEAN,
    ),
    Loss(
        "torch.nn.KLDivLoss",
        "size_average reduce reduction log_target",
        "torch.nn.functional.kl_div",
        "input target size_average reduce reduction log_target",
        reductions=_KL_REDUCTIONS,
        deprecated=_ELEMENTWISE_MEAN,
        effects=(("batchmean", Effect.MEAN),),
        divergence=True,
    ),
    Loss(
        "torch.nn.PoissonNLLLoss",
        "log_input full size_average eps reduce reduction",
        "torch.nn.functional.poisson_nll_loss",
        "input target log_input full size_average eps reduce reduction",
        forward="log_input target",
        functional_forward="input target",
    ),
    Loss(
        "torch.nn.GaussianNLLLoss",
        "* full eps reduction",
        "torch.nn.functional.gaussian_nll_loss",
        "input target var full eps reduction",
        forward="input target var",
    ),
)

_CLASSIFICATION = (
    Loss(
        "torch.nn.CrossEntropyLoss",
        "weight size_average ignore_index reduce reduction label_smoothing",
        "torch.nn.functional.cross_entropy",
        "input target weight size_average ignore_index reduce reduction label_smoothing",
        deprecated=_ELEMENTWISE_MEAN,
        unreduced=Unreduced.PER_TARGET,
    ),
    Loss(
        "torch.nn.NLLLoss",
        "weight size_average ignore_index reduce reduction",
        "torch.nn.functional.nll_loss",
        "input target weight size_average ignore_index reduce reduction",
        deprecated=_ELEMENTWISE_MEAN,
        unreduced=Unreduced.PER_TARGET,
        aliases=("torch.nn.NLLLoss2d",),
    ),
    Loss(
        "torch.nn.LinearCrossEntropyLoss",
        "in_features num_classes * out_features bias device dtype reduction weight ignore_index label_smoothing"
        " options",
        "torch.nn.functional.linear_cross_entropy",
        "input linear_weight target * linear_bias weight reduction ignore_index label_smoothing options",
        deprecated=_ELEMENTWISE_MEAN,
        unreduced=Unreduced.PER_TARGET,
    ),
    Loss(
        "torch.nn.MultiMarginLoss",
        "p margin weight size_average reduce reduction",
        "torch.nn.functional.multi_margin_loss",
        "input target p margin weight size_average reduce reduction",
        deprecated=_ELEMENTWISE_MEAN,
        unreduced=Unreduced.PER_EXAMPLE,
    ),
    Loss(
        "torch.nn.MultiLabelMarginLoss",
        "size_average reduce reduction",
        "torch.nn.functional.multilabel_margin_loss",
        "input target size_average reduce reduction",
        deprecated=_ELEMENTWISE_MEAN,
        unreduced=Unreduced.PER_EXAMPLE,
    ),
    Loss(
        "torch.nn.MultiLabelSoftMarginLoss",
        "weight size_average reduce reduction",
        "torch.nn.functional.multilabel_soft_margin_loss",
        "input target weight size_average reduce reduction",
        unreduced=Unreduced.PER_EXAMPLE,
    ),
    # The call returns ASMoutput(output, loss), and the loss is always the mean.
    Loss(
        "torch.nn.AdaptiveLogSoftmaxWithLoss",
        "in_features n_classes cutoffs div_value head_bias device dtype",
        reductions=(),
        effects=(("mean", Effect.MEAN),),
        forward="input_ target_",
        result=("loss", 1),
    ),
)

_SEQUENCES_AND_EMBEDDINGS = (
    # "mean" divides each loss by the length of its target and averages over the batch; "sum" does neither.
    Loss(
        "torch.nn.CTCLoss",
        "blank reduction zero_infinity",
        "torch.nn.functional.ctc_loss",
        f"{_CTC} blank reduction zero_infinity",
        deprecated=_ELEMENTWISE_MEAN,
        unreduced=Unreduced.PER_EXAMPLE,
        forward=_CTC,
    ),
    Loss(
        "torch.nn.CosineEmbeddingLoss",
        "margin size_average reduce reduction",
        "torch.nn.functional.cosine_embedding_loss",
        f"{_PAIR} margin size_average reduce reduction",
        deprecated=_ELEMENTWISE_MEAN,
        unreduced=Unreduced.PER_EXAMPLE,
        forward=_PAIR,
    ),
    Loss(
        "torch.nn.TripletMarginLoss",
        "margin p eps swap size_average reduce reduction",
        "torch.nn.functional.triplet_margin_loss",
        f"{_TRIPLET} margin p eps swap size_average reduce reduction",
        deprecated=_ELEMENTWISE_MEAN,
        unreduced=Unreduced.PER_EXAMPLE,
        forward=_TRIPLET,
    ),
    Loss(
        "torch.nn.TripletMarginWithDistanceLoss",
        "* distance_function margin swap reduction",
        "torch.nn.functional.triplet_margin_with_distance_loss",
        f"{_TRIPLET} * distance_function margin swap reduction",
        unreduced=Unreduced.PER_EXAMPLE,
        forward=_TRIPLET,
    ),
)

# Projects derive their own losses from these two: `self.reduction` is all that they compute.
_BASES = (
    Loss("torch.nn.modules.loss._Loss", "size_average reduce reduction", deprecated=_ELEMENTWISE_MEAN, abstract=True),
    Loss(
        "torch.nn.modules.loss._WeightedLoss",
        "weight size_average reduce reduction",
        deprecated=_ELEMENTWISE_MEAN,
        abstract=True,
    ),
)


def _native(
    name: str,
    options: str,
    *,
    forward: str = "input target",
    unreduced: Unreduced = Unreduced.ELEMENTWISE,
    default: str = "mean",
) -> Loss:
    """A function of the torch namespace, undocumented: its reduction is an integer, and a string raises TypeError."""
    return Loss(
        "",
        functional=f"torch.{name}",
        functional_params=f"{forward} {options}",
        default=default,
        unreduced=unreduced,
        divergence=name == "kl_div",
        forward=forward,
        integers=True,
    )


_NATIVE = (
    _native("binary_cross_entropy_with_logits", "weight pos_weight reduction"),
    _native("cosine_embedding_loss", "margin reduction", forward=_PAIR, unreduced=Unreduced.PER_EXAMPLE),
    _native("ctc_loss", "blank reduction zero_infinity", forward=_CTC, unreduced=Unreduced.PER_EXAMPLE),
    _native("hinge_embedding_loss", "margin reduction"),
    _native("kl_div", "reduction * log_target"),
    _native("margin_ranking_loss", "margin reduction", forward=_PAIR),
    # The only one without a default: it must be given its reduction.
    _native("poisson_nll_loss", "log_input full eps reduction", default=""),
    _native("triplet_margin_loss", "margin p eps swap reduction", forward=_TRIPLET, unreduced=Unreduced.PER_EXAMPLE),
)

TORCH_LOSSES = _ELEMENT_LOSSES + _LIKELIHOODS + _CLASSIFICATION + _SEQUENCES_AND_EMBEDDINGS + _BASES + _NATIVE
