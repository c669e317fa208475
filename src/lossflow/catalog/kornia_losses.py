"""The losses of kornia, measured with kornia 0.9.0.

The robust and the focal losses are not reduced unless it is asked for.
"""

from __future__ import annotations

from lossflow.catalog.entry import Effect, Loss, Unreduced, always_mean


def _robust(name: str, function: str, *, none: bool = True) -> Loss:
    """A loss that compares two images element by element."""
    return Loss(
        f"kornia.losses.{name}",
        "reduction",
        f"kornia.losses.{function}",
        "img1 img2 reduction",
        default="none",
        forward="img1 img2",
        none=none,
    )


_PRED = "pred target"
_IMAGES = "img1 img2"
_FOCAL = "alpha gamma reduction weight ignore_index"
_BINARY_FOCAL = "alpha gamma reduction pos_weight weight ignore_index"
_SSIM = "window_size max_val eps reduction padding"

KORNIA_LOSSES = (
    _robust("CauchyLoss", "cauchy_loss"),
    _robust("CharbonnierLoss", "charbonnier_loss"),
    _robust("GemanMcclureLoss", "geman_mcclure_loss"),
    _robust("WelschLoss", "welsch_loss", none=False),
    Loss(
        "kornia.losses.FocalLoss",
        _FOCAL,
        "kornia.losses.focal_loss",
        f"{_PRED} {_FOCAL}",
        default="none",
        forward=_PRED,
    ),
    Loss(
        "kornia.losses.BinaryFocalLossWithLogits",
        _BINARY_FOCAL,
        "kornia.losses.binary_focal_loss_with_logits",
        f"{_PRED} {_BINARY_FOCAL}",
        default="none",
        forward=_PRED,
    ),
    # The divergence of a heat map is already summed over its pixels: "none" leaves (B, N).
    *(
        Loss(
            "",
            functional=f"kornia.losses.{function}",
            functional_params=f"{_PRED} reduction",
            unreduced=Unreduced.BATCH_FIRST,
            forward=_PRED,
        )
        for function in ("js_div_loss_2d", "kl_div_loss_2d")
    ),
    # Both reduce the pixels alone and leave (B, C).
    Loss(
        "kornia.losses.TotalVariation",
        "",
        "kornia.losses.total_variation",
        "img reduction",
        default="sum",
        reductions=("mean", "sum"),
        unreduced=Unreduced.BATCH_FIRST,
        effects=(("mean", Effect.PER_EXAMPLE), ("sum", Effect.PER_EXAMPLE)),
        forward="img",
    ),
    # Under "none" the examples are in the second dimension, behind the iterations.
    *(
        Loss(f"kornia.losses.{name}", "alpha k reduction", effects=(("none", None),), forward=_PRED)
        for name in ("HausdorffERLoss", "HausdorffERLoss3D")
    ),
    Loss("kornia.losses.SSIMLoss", _SSIM, "kornia.losses.ssim_loss", f"{_IMAGES} {_SSIM}", forward=_IMAGES),
    Loss("kornia.losses.SSIM3DLoss", _SSIM, "kornia.losses.ssim3d_loss", f"{_IMAGES} {_SSIM}", forward=_IMAGES),
    Loss(
        "kornia.losses.MS_SSIMLoss",
        "sigmas data_range K alpha compensation reduction",
        unreduced=Unreduced.BATCH_FIRST,
        forward=_IMAGES,
    ),
    always_mean(
        "kornia.losses.DiceLoss",
        "average eps weight ignore_index",
        functional="kornia.losses.dice_loss",
        functional_params=f"{_PRED} average eps weight ignore_index",
        forward=_PRED,
    ),
    always_mean(
        "kornia.losses.TverskyLoss",
        "alpha beta eps ignore_index",
        functional="kornia.losses.tversky_loss",
        functional_params=f"{_PRED} alpha beta eps ignore_index",
        forward=_PRED,
    ),
    always_mean(
        "kornia.losses.LovaszHingeLoss",
        functional="kornia.losses.lovasz_hinge_loss",
        functional_params=_PRED,
        forward=_PRED,
    ),
    always_mean(
        "kornia.losses.LovaszSoftmaxLoss",
        "weight",
        functional="kornia.losses.lovasz_softmax_loss",
        functional_params=f"{_PRED} weight",
        forward=_PRED,
    ),
    always_mean(
        "kornia.losses.PSNRLoss",
        "max_val",
        functional="kornia.losses.psnr_loss",
        functional_params="image target max_val",
        forward="image target",
    ),
    always_mean(
        "kornia.losses.InverseDepthSmoothnessLoss",
        functional="kornia.losses.inverse_depth_smoothness_loss",
        functional_params="idepth image",
        forward="idepth image",
    ),
)
