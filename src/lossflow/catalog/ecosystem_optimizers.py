"""The optimizers of other packages, and how their steps answer to the gradient's scale.

Those of timm 1.0.31, torch_optimizer 0.3.0, pytorch_optimizer 4.1.0, schedulefree 1.4.1, prodigyopt 1.1.2,
dadaptation 3.2, torchao 0.18.0, lion_pytorch 0.2.5, adamp 0.3.0, adabelief_pytorch 0.2.1, came_pytorch 0.1.3 and
galore_torch 1.0 were measured as torch's are; the others, fused ones above all, follow from their update rules. What is
neither has no row:

- MADGRAD (Defazio and Jelassi 2021): the cube root makes the step proportional to the gradient to the power 1/3.
- LARS in timm and torch_optimizer: proportional without weight decay, invariant with it; in bitsandbytes the step is
  clipped to a share of the weights' norm.
- AdaBound and SWATS go over from Adam to SGD while they train.
- RMSpropTF starts its running average at one, and forgets it only over dozens of steps.
- A2Grad, RangerVA and torch_optimizer's Adahessian (by default the square root of the Hessian) lie between the two.
- Apollo is proportional or invariant as its estimate of the curvature is below or above one.
- Sophia divides by a curvature that grows with the square of the gradient: its step shrinks.
"""

from __future__ import annotations

from lossflow.catalog.entry import Optimizer, Scale

_RECTIFIED = "except in its first five steps, which are proportional to the gradient"
_RANGER = "except in its first six steps, which are proportional to the gradient"


def _rows(
    package: str, scale: Scale, names: str, *, default_lr: bool = True, exception: str = ""
) -> tuple[Optimizer, ...]:
    return tuple(
        Optimizer(f"{package}.{name}", scale, default_lr=default_lr, exception=exception) for name in names.split()
    )


_TIMM = (
    *_rows("timm.optim", Scale.PROPORTIONAL, "SGD SGDW"),
    # The projection of SGDP (Heo et al. 2021) takes away the radial part of the step, and is linear in it.
    *_rows("timm.optim", Scale.PROPORTIONAL, "SGDP", default_lr=False),
    *_rows(
        "timm.optim",
        Scale.INVARIANT,
        "Adadelta Adafactor AdafactorBigVision Adagrad Adahessian Adam AdamP AdamW AdamWLegacy Adamax Adan Adopt Lamb"
        " LaProp Lion Mars Muon NAdam NAdamLegacy NAdamW NvNovoGrad RMSprop",
    ),
    *_rows("timm.optim", Scale.INVARIANT, "AdaBelief RAdam RAdamLegacy", exception=_RECTIFIED),
)

_TORCH_OPTIMIZER = (
    *_rows("torch_optimizer", Scale.PROPORTIONAL, "AccSGD AggMo PID QHM SGDP SGDW"),
    *_rows(
        "torch_optimizer",
        Scale.INVARIANT,
        "AdaBelief AdaMod Adafactor AdamP DiffGrad Lamb NovoGrad QHAdam RangerQH Yogi",
    ),
    *_rows("torch_optimizer", Scale.INVARIANT, "RAdam", exception=_RECTIFIED),
    *_rows("torch_optimizer", Scale.INVARIANT, "Ranger", exception=_RANGER),
)

_PYTORCH_OPTIMIZER = (
    # MSVAG and SGDSaI scale by ratios of gradient statistics, Adai adapts the momentum: the gradient keeps its scale.
    *_rows(
        "pytorch_optimizer",
        Scale.PROPORTIONAL,
        "AccSGD Adai AggMo MSVAG PID PNM QHM SGDP SGDSaI SGDW ScheduleFreeSGD TAM",
    ),
    *_rows(
        "pytorch_optimizer",
        Scale.INVARIANT,
        "ADOPT AdEMAMix AdaBelief AdaDelta AdaFactor AdaHessian AdaMax AdaMod AdaNorm AdamP Adan CAME DAdaptAdaGrad"
        " DAdaptAdam DAdaptLion DiffGrad GaLore Grams LaProp Lamb Lion MARS NovoGrad Prodigy QHAdam RAdam SM3 SOAP"
        " ScheduleFreeAdamW ScheduleFreeRAdam SignSGD StableAdamW Tiger Yogi",
    ),
    *_rows("pytorch_optimizer", Scale.INVARIANT, "Ranger", exception=_RANGER),
)

_LEARNING_RATE_FREE = (
    *_rows("schedulefree", Scale.PROPORTIONAL, "SGDScheduleFree SGDScheduleFreeClosure SGDScheduleFreeReference"),
    *_rows(
        "schedulefree",
        Scale.INVARIANT,
        "AdamWScheduleFree AdamWScheduleFreeClosure AdamWScheduleFreePaper AdamWScheduleFreeReference RAdamScheduleFree"
        " RAdamScheduleFreeClosure",
    ),
    *_rows("prodigyopt", Scale.INVARIANT, "Prodigy"),
    # D-adaptation divides by the norm of the first gradient (Defazio and Mishchenko 2023), SGD's too.
    *_rows("dadaptation", Scale.INVARIANT, "DAdaptAdaGrad DAdaptAdam DAdaptAdan DAdaptLion DAdaptSGD"),
)

_ADAM_NAMES = "Adam Adam8bit Adam32bit PagedAdam PagedAdam8bit PagedAdam32bit"
_ADAMW_NAMES = "AdamW AdamW8bit AdamW32bit PagedAdamW PagedAdamW8bit PagedAdamW32bit"

_QUANTISED = (
    *_rows("bitsandbytes.optim", Scale.PROPORTIONAL, "SGD SGD8bit SGD32bit", default_lr=False),
    *_rows(
        "bitsandbytes.optim",
        Scale.INVARIANT,
        f"{_ADAM_NAMES} {_ADAMW_NAMES} Adagrad Adagrad8bit Adagrad32bit AdEMAMix AdEMAMix8bit AdEMAMix32bit"
        " PagedAdEMAMix PagedAdEMAMix8bit PagedAdEMAMix32bit LAMB LAMB8bit LAMB32bit Lion Lion8bit Lion32bit PagedLion"
        " PagedLion8bit PagedLion32bit RMSprop RMSprop8bit RMSprop32bit",
    ),
    *_rows("torchao.optim", Scale.INVARIANT, "Adam8bit Adam4bit AdamFp8 AdamW8bit AdamW4bit AdamWFp8"),
    *_rows(
        "torchao.prototype.low_bit_optim", Scale.INVARIANT, "Adam8bit Adam4bit AdamFp8 AdamW8bit AdamW4bit AdamWFp8"
    ),
    # The gradient is projected on a subspace by a matrix with orthonormal columns, and Adam works there.
    *_rows("galore_torch", Scale.INVARIANT, "GaLoreAdamW GaLoreAdamW8bit GaLoreAdafactor"),
)

_FUSED = (
    *_rows("apex.optimizers", Scale.PROPORTIONAL, "FusedSGD", default_lr=False),
    # LAMB and NovoGrad divide by the norm of a layer's gradient (You et al. 2020, Ginsburg et al. 2019).
    *_rows(
        "apex.optimizers", Scale.INVARIANT, "FusedAdam FusedAdagrad FusedLAMB FusedMixedPrecisionLamb FusedNovoGrad"
    ),
    *_rows("deepspeed.ops.adam", Scale.INVARIANT, "FusedAdam DeepSpeedCPUAdam"),
    *_rows("deepspeed.ops.adagrad", Scale.INVARIANT, "DeepSpeedCPUAdagrad"),
    *_rows("deepspeed.ops.lamb", Scale.INVARIANT, "FusedLamb"),
    *_rows("deepspeed.ops.lion", Scale.INVARIANT, "FusedLion DeepSpeedCPULion"),
    *_rows("colossalai.nn.optimizer", Scale.PROPORTIONAL, "FusedSGD", default_lr=False),
    *_rows("colossalai.nn.optimizer", Scale.INVARIANT, "HybridAdam FusedAdam CPUAdam FusedLAMB Lamb"),
    *_rows("torch_xla.amp.syncfree", Scale.PROPORTIONAL, "SGD", default_lr=False),
    *_rows("torch_xla.amp.syncfree", Scale.INVARIANT, "Adam AdamW"),
)

_SINGLE = (
    *_rows("transformers", Scale.INVARIANT, "AdamW Adafactor"),
    *_rows("lion_pytorch", Scale.INVARIANT, "Lion"),
    *_rows("came_pytorch", Scale.INVARIANT, "CAME"),
    *_rows("adamp", Scale.INVARIANT, "AdamP"),
    *_rows("adamp", Scale.PROPORTIONAL, "SGDP", default_lr=False),
    *_rows("adabelief_pytorch", Scale.INVARIANT, "AdaBelief", exception=_RECTIFIED),
    *_rows("monai.optimizers", Scale.INVARIANT, "Novograd"),
    # Newton-Schulz iterations orthogonalise the momentum, whatever its norm.
    *_rows("muon", Scale.INVARIANT, "Muon SingleDeviceMuon"),
)

ECOSYSTEM_OPTIMIZERS = (
    _TIMM + _TORCH_OPTIMIZER + _PYTORCH_OPTIMIZER + _LEARNING_RATE_FREE + _QUANTISED + _FUSED + _SINGLE
)
