"""The losses of MONAI, measured with MONAI 1.6.1.

All take a string or a member of the LossReduction enumeration. With `batch=True` the ratio of a Dice-like loss is taken
over the whole batch, so that neither "sum" nor "none" has anything to do with the examples any more.
"""

from __future__ import annotations

from lossflow.catalog.entry import Effect, Loss, Unreduced, always_mean

_HEAD = "include_background to_onehot_y sigmoid softmax other_act"
_SMOOTH = "smooth_nr smooth_dr"
_SHAPE = Unreduced.BATCH_FIRST


def _loss(
    name: str,
    params: str,
    unreduced: Unreduced = Unreduced.ELEMENTWISE,
    *,
    forward: str = "input target",
    effects: tuple[tuple[str, Effect | None], ...] = (),
    aliases: tuple[str, ...] = (),
) -> Loss:
    return Loss(
        f"monai.losses.{name}",
        params,
        unreduced=unreduced,
        forward=forward,
        effects=effects,
        aliases=tuple(f"monai.losses.{alias}" for alias in aliases),
        upsets=("batch",) if "batch" in params.split() else (),
    )


_UNKNOWN_NONE: tuple[tuple[str, Effect | None], ...] = (("none", None),)
# They hand the choice to nobody: whatever is asked for, the mean comes back.
_ALWAYS_MEAN = (("none", Effect.MEAN), ("sum", Effect.MEAN))

_OVERLAP = (
    _loss(
        "DiceLoss",
        f"{_HEAD} squared_pred jaccard reduction {_SMOOTH} batch weight soft_label ignore_index",
        _SHAPE,
        aliases=("Dice",),
    ),
    _loss("MaskedDiceLoss", f"{_HEAD} squared_pred jaccard reduction {_SMOOTH} batch weight soft_label", _SHAPE),
    _loss(
        "GeneralizedDiceLoss",
        f"{_HEAD} w_type reduction {_SMOOTH} batch soft_label",
        _SHAPE,
        aliases=("generalized_dice",),
    ),
    _loss(
        "GeneralizedWassersteinDiceLoss",
        f"dist_matrix weighting_mode reduction {_SMOOTH}",
        Unreduced.PER_EXAMPLE,
        aliases=("generalized_wasserstein_dice",),
    ),
    # Its constructor rejects "none" now and accepted it before: what it then returned depended on the inputs.
    _loss(
        "DiceCELoss",
        f"{_HEAD} squared_pred jaccard reduction {_SMOOTH} batch weight lambda_dice lambda_ce label_smoothing",
        effects=_UNKNOWN_NONE,
        aliases=("dice_ce",),
    ),
    _loss(
        "DiceFocalLoss",
        f"{_HEAD} squared_pred jaccard reduction {_SMOOTH} batch gamma weight lambda_dice lambda_focal alpha",
        aliases=("dice_focal",),
    ),
    _loss(
        "GeneralizedDiceFocalLoss",
        f"{_HEAD} w_type reduction {_SMOOTH} batch gamma weight lambda_gdl lambda_focal",
        aliases=("generalized_dice_focal",),
    ),
    _loss("TverskyLoss", f"{_HEAD} alpha beta reduction {_SMOOTH} batch soft_label ignore_index", _SHAPE),
    _loss("MCCLoss", f"{_HEAD} reduction {_SMOOTH} batch", _SHAPE),
    _loss("SoftclDiceLoss", f"iter_ {_SMOOTH} smooth {_HEAD} reduction", Unreduced.PER_EXAMPLE),
    # Under "none" its two parts, (B, C, 1) and (B,), are broadcast against each other.
    _loss("SoftDiceclDiceLoss", f"iter_ alpha {_SMOOTH} smooth {_HEAD} reduction", effects=_UNKNOWN_NONE),
    _loss("BoundaryLoss", f"{_HEAD} reduction batch", _SHAPE),
    _loss("HausdorffDTLoss", f"alpha {_HEAD} reduction batch", _SHAPE),
    # The logarithm of a sum over the batch.
    _loss("LogHausdorffDTLoss", f"alpha {_HEAD} reduction batch", _SHAPE, effects=(("sum", None),)),
)

_FOCAL = (
    _loss("FocalLoss", "include_background to_onehot_y gamma alpha weight reduction use_softmax ignore_index"),
    _loss(
        "AsymmetricUnifiedFocalLoss",
        "to_onehot_y num_classes weight gamma delta reduction ignore_index",
        forward="y_pred y_true",
        effects=_ALWAYS_MEAN,
    ),
    *(
        Loss(
            f"monai.losses.unified_focal_loss.{name}",
            "to_onehot_y delta gamma epsilon reduction ignore_index",
            unreduced=shape,
            forward="y_pred y_true",
        )
        for name, shape in (("AsymmetricFocalTverskyLoss", _SHAPE), ("AsymmetricFocalLoss", Unreduced.ELEMENTWISE))
    ),
)

_IMAGES = (
    _loss("BendingEnergyLoss", "normalize reduction", _SHAPE, forward="pred"),
    _loss("DiffusionLoss", "normalize reduction", _SHAPE, forward="pred"),
    _loss("BoxGIoULoss", "reduction", Unreduced.PER_EXAMPLE),
    _loss(
        "LocalNormalizedCrossCorrelationLoss",
        f"spatial_dims kernel_size kernel_type reduction {_SMOOTH}",
        forward="pred target",
    ),
    _loss(
        "GlobalMutualInformationLoss",
        f"kernel_type num_bins sigma_ratio reduction {_SMOOTH}",
        Unreduced.PER_EXAMPLE,
        forward="pred target",
    ),
    # Under "none" the scales come first, the examples second.
    _loss("MultiScaleLoss", "loss scales kernel reduction", forward="y_true y_pred", effects=_UNKNOWN_NONE),
    _loss("JukeboxLoss", "spatial_dims fft_signal_size fft_norm reduction"),
    _loss("SSIMLoss", "spatial_dims data_range kernel_type win_size kernel_sigma k1 k2 reduction", _SHAPE),
    # Under "none" it returns a list.
    _loss(
        "PatchAdversarialLoss",
        "reduction criterion no_activation_leastsq",
        forward="input target_is_real for_discriminator",
        effects=_UNKNOWN_NONE,
    ),
    _loss("AUCMLoss", "margin imratio version reduction", effects=_ALWAYS_MEAN),
    always_mean(
        "monai.losses.NACLLoss",
        "classes dim kernel_size kernel_ops distance_type alpha sigma",
        forward="inputs targets",
    ),
)

MONAI_LOSSES = _OVERLAP + _FOCAL + _IMAGES

LOSS_REDUCTION = {f"monai.utils.LossReduction.{word.upper()}": word for word in ("none", "mean", "sum")}
"""The members of MONAI's enumeration, whose values are torch's strings."""
