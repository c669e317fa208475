"""What a dotted name leads to."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter

import pytest

from lossflow.catalog import RECEIVER, Catalog, Effect, Loss, Optimizer, Scale, Sink, SinkKind

CATALOG = Catalog.default()
ROWS = [pytest.param(row, id=row.name or row.functional) for row in CATALOG.losses]


def test_importing_the_catalogue_imports_neither_torch_nor_libcst() -> None:
    program = "import sys, lossflow.catalog; print({'torch', 'libcst', 'numpy'} & set(sys.modules))"
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "set()"


def test_no_name_belongs_to_two_rows() -> None:
    names = [name for row in CATALOG.losses for name in (row.name, row.functional, *row.aliases) if name]
    names += [name for row in CATALOG.optimizers for name in (row.name, *row.aliases)]
    names += [row.name for row in CATALOG.sinks]
    names += [base for row in CATALOG.frameworks for base in row.bases]
    assert [name for name, count in Counter(names).items() if count > 1] == []


@pytest.mark.parametrize("row", ROWS)
def test_rows_are_consistent(row: Loss) -> None:
    assert row.name or row.functional
    known = {*row.reductions, *row.deprecated, *dict(row.effects)}
    assert row.default in {*known, ""}
    for word in {*row.reductions, *row.deprecated} - {word for word, effect in row.effects if effect is None}:
        assert isinstance(row.effect(word), Effect)
    assert row.effect("no such word") is None
    assert row.has_reduction or row.default in dict(row.effects)
    for name in (row.name, row.functional):
        match = CATALOG.loss(name) if name else None
        if match is None:
            continue
        assert len(set(match.params)) == len(match.params)
        assert match.keyword_only <= set(match.params)
        assert match.positional == tuple(p for p in match.params if p not in match.keyword_only)
        assert set(row.upsets) <= set(match.params)
        if not match.constructor:
            assert match.params[0] in match.inputs


@pytest.mark.parametrize(
    ("dotted", "row"),
    [
        ("torch.nn.MSELoss", "torch.nn.MSELoss"),
        ("torch.nn.modules.loss.MSELoss", "torch.nn.MSELoss"),
        ("torch.nn.modules.loss._Loss", "torch.nn.modules.loss._Loss"),
        ("torch.nn.NLLLoss2d", "torch.nn.NLLLoss"),
        ("torch.nn.functional.mse_loss", "torch.nn.MSELoss"),
        ("kornia.losses.focal.FocalLoss", "kornia.losses.FocalLoss"),
        ("kornia.losses.focal_loss", "kornia.losses.FocalLoss"),
        ("monai.losses.dice.DiceLoss", "monai.losses.DiceLoss"),
        ("monai.losses.Dice", "monai.losses.DiceLoss"),
        ("timm.loss.cross_entropy.SoftTargetCrossEntropy", "timm.loss.SoftTargetCrossEntropy"),
        ("segmentation_models_pytorch.losses.focal.FocalLoss", "segmentation_models_pytorch.losses.FocalLoss"),
        ("segmentation_models_pytorch.utils.losses.MSELoss", "segmentation_models_pytorch.utils.losses.MSELoss"),
    ],
)
def test_losses_are_found_by_every_path(dotted: str, row: str) -> None:
    match = CATALOG.loss(dotted)
    assert match is not None
    assert match.row.name == row
    assert match.constructor == dotted.rpartition(".")[2][0].isupper() or dotted.endswith("_Loss")


@pytest.mark.parametrize(
    "dotted",
    [
        "",
        "MSELoss",
        "torch",
        "torch.nn",
        "torch.nn.Linear",
        "torch.nn.MSELoss.forward",
        "torch.nn.functional.softmax",
        "torch.scatter_reduce",
        "mypackage.losses.FocalLoss",
        "detectron2.layers.sigmoid_focal_loss",
        "transformers.loss.loss_for_object_detection.sigmoid_focal_loss",
        "segmentation_models_pytorch.utils.losses.DiceLoss",
        "sklearn.metrics.log_loss",
    ],
)
def test_other_names_are_no_losses(dotted: str) -> None:
    assert CATALOG.loss(dotted) is None


def test_a_function_of_torch_namespace_is_not_the_functional() -> None:
    match = CATALOG.loss("torch.kl_div")
    assert match is not None
    assert match.row.integers
    assert match.row.spelled(2) == "sum"
    assert match.row.spelled(True) is None
    assert match.row.spelled(3) is None
    assert match.row.spelled("sum") is None


def test_arguments_bind_as_the_library_binds_them() -> None:
    mse = CATALOG.loss("torch.nn.functional.mse_loss")
    assert mse is not None
    assert mse.positional[2] == "size_average"
    assert mse.inputs == ("input", "target")
    poisson = CATALOG.loss("torch.nn.functional.poisson_nll_loss")
    assert poisson is not None
    assert poisson.inputs == ("input", "target")
    fused = CATALOG.loss("torch.nn.LinearCrossEntropyLoss")
    assert fused is not None
    assert "reduction" in fused.keyword_only
    assert fused.positional == ("in_features", "num_classes")


@pytest.mark.parametrize(
    ("dotted", "reduction", "effect"),
    [
        ("torch.nn.KLDivLoss", "batchmean", Effect.MEAN),
        ("torch.nn.MSELoss", "batchmean", None),
        ("torch.nn.MSELoss", "elementwise_mean", Effect.MEAN),
        ("torch.nn.GaussianNLLLoss", "elementwise_mean", None),
        ("kornia.losses.total_variation", "sum", Effect.PER_EXAMPLE),
        ("segmentation_models_pytorch.losses._functional.focal_loss_with_logits", "batchwise_mean", Effect.BATCH_SUM),
        ("timm.loss.AsymmetricLossSingleLabel", "sum", Effect.NONE),
        ("monai.losses.AUCMLoss", "sum", Effect.MEAN),
        ("monai.losses.LogHausdorffDTLoss", "sum", None),
    ],
)
def test_effects(dotted: str, reduction: str, effect: Effect | None) -> None:
    match = CATALOG.loss(dotted)
    assert match is not None
    assert match.row.effect(reduction) is effect


@pytest.mark.parametrize("name", ["sigmoid_focal_loss", "generalized_box_iou_loss", "complete_box_iou_loss"])
def test_torchvision_reduces_nothing_by_default(name: str) -> None:
    for module in ("", "focal_loss.", "giou_loss.", "ciou_loss."):
        match = CATALOG.loss(f"torchvision.ops.{module}{name}")
        assert match is not None
        assert match.row.default == "none"


@pytest.mark.parametrize(
    ("dotted", "reduction"),
    [
        ("monai.utils.LossReduction.SUM", "sum"),
        ("monai.utils.enums.LossReduction.NONE", "none"),
        ("monai.utils.LossReduction.MEAN.value", "mean"),
        ("pytorch_metric_learning.reducers.SumReducer", "sum"),
        ("pytorch_metric_learning.reducers.DoNothingReducer", None),
        ("monai.utils.LossReduction", None),
    ],
)
def test_names_that_stand_for_a_reduction(dotted: str, reduction: str | None) -> None:
    assert CATALOG.reduction(dotted) == reduction


@pytest.mark.parametrize(
    ("dotted", "scale"),
    [
        ("torch.optim.SGD", Scale.PROPORTIONAL),
        ("torch.optim.sgd.SGD", Scale.PROPORTIONAL),
        ("torch.optim.adamw.AdamW", Scale.INVARIANT),
        ("apex.optimizers.FusedSGD", Scale.PROPORTIONAL),
        ("apex.optimizers.fused_adam.FusedAdam", Scale.INVARIANT),
        ("transformers.optimization.Adafactor", Scale.INVARIANT),
        ("bitsandbytes.optim.AdamW8bit", Scale.INVARIANT),
        ("bitsandbytes.optim.SGD8bit", Scale.PROPORTIONAL),
        ("lion_pytorch.Lion", Scale.INVARIANT),
        ("schedulefree.SGDScheduleFree", Scale.PROPORTIONAL),
        ("deepspeed.ops.adam.cpu_adam.DeepSpeedCPUAdam", Scale.INVARIANT),
    ],
)
def test_optimizers(dotted: str, scale: Scale) -> None:
    row = CATALOG.optimizer(dotted)
    assert row is not None
    assert row.scale is scale


@pytest.mark.parametrize(
    "dotted",
    ["torch.optim.Optimizer", "torch.optim.lr_scheduler.StepLR", "timm.optim.MADGRAD", "timm.optim.Lars", "my.SGD"],
)
def test_other_names_are_no_optimizers(dotted: str) -> None:
    assert CATALOG.optimizer(dotted) is None


@pytest.mark.parametrize(
    ("dotted", "kind", "position"),
    [
        ("torch.Tensor.backward", SinkKind.BACKWARD, RECEIVER),
        ("torch.autograd.backward", SinkKind.BACKWARD, 0),
        ("torch.autograd.grad", SinkKind.GRAD, 0),
        ("torch.cuda.amp.GradScaler.scale", SinkKind.SCALE, 0),
        ("torch.amp.grad_scaler.GradScaler.step", SinkKind.STEP, 0),
        ("accelerate.accelerator.Accelerator.backward", SinkKind.BACKWARD, 0),
        ("lightning.fabric.fabric.Fabric.backward", SinkKind.BACKWARD, 0),
        ("deepspeed.runtime.engine.DeepSpeedEngine.backward", SinkKind.BACKWARD, 0),
        ("pytorch_lightning.LightningModule.manual_backward", SinkKind.BACKWARD, 0),
        ("apex.amp.scale_loss", SinkKind.SCALE, 0),
        ("torch_xla.core.xla_model.optimizer_step", SinkKind.STEP, 0),
    ],
)
def test_sinks(dotted: str, kind: SinkKind, position: int) -> None:
    sink = CATALOG.sink(dotted)
    assert sink is not None
    assert (sink.kind, sink.position) == (kind, position)


def test_accelerate_divides_only_when_told_the_steps_and_fabric_never() -> None:
    accelerate = CATALOG.sink("accelerate.Accelerator.backward")
    fabric = CATALOG.sink("lightning.Fabric.backward")
    assert accelerate is not None
    assert fabric is not None
    assert (accelerate.divides, accelerate.divides_if) == (True, "gradient_accumulation_steps")
    assert not fabric.divides


@pytest.mark.parametrize(
    ("method", "receiver", "name"),
    [
        ("scale", "scaler", "torch.amp.GradScaler.scale"),
        ("scale", "self.grad_scaler", "torch.amp.GradScaler.scale"),
        ("scale", "ampScaler", "torch.amp.GradScaler.scale"),
        ("backward", "accelerator", "accelerate.Accelerator.backward"),
        ("backward", "self.fabric", "lightning.fabric.Fabric.backward"),
        ("backward", "model_engine", "deepspeed.DeepSpeedEngine.backward"),
        ("manual_backward", "self", "lightning.pytorch.LightningModule.manual_backward"),
    ],
)
def test_methods_of_receivers_out_of_sight(method: str, receiver: str, name: str) -> None:
    sink = CATALOG.method_sink(method, receiver)
    assert sink is not None
    assert sink.name == name


@pytest.mark.parametrize(
    ("method", "receiver"), [("scale", "ax"), ("scale", "std_scaler.fit"), ("backward", "loss"), ("step", "optimizer")]
)
def test_other_methods_say_nothing(method: str, receiver: str) -> None:
    assert CATALOG.method_sink(method, receiver) is None


@pytest.mark.parametrize(
    ("base", "method"),
    [
        ("pytorch_lightning.LightningModule", "training_step"),
        ("pytorch_lightning.core.module.LightningModule", "training_step"),
        ("lightning.LightningModule", "training_step"),
        ("lightning.pytorch.core.LightningModule", "training_step"),
        ("transformers.Trainer", "compute_loss"),
        ("transformers.trainer.Trainer", "compute_loss"),
        ("transformers.trainer_seq2seq.Seq2SeqTrainer", "compute_loss"),
        ("trl.trainer.sft_trainer.SFTTrainer", "compute_loss"),
        ("composer.models.base.ComposerModel", "loss"),
    ],
)
def test_frameworks(base: str, method: str) -> None:
    framework = CATALOG.framework(base)
    assert framework is not None
    assert framework.method == method


@pytest.mark.parametrize("base", ["pytorch_lightning.Trainer", "torch.nn.Module", "my.Trainer"])
def test_other_classes_belong_to_no_framework(base: str) -> None:
    assert CATALOG.framework(base) is None


def test_a_users_rows_are_added_and_win() -> None:
    extended = CATALOG.extended(
        losses=[Loss("my.FocalLoss", "gamma reduction", default="none")],
        optimizers=[Optimizer("torch.optim.SGD", Scale.INVARIANT)],
        sinks=[Sink("my.Engine.learn", SinkKind.BACKWARD)],
        batch_size_names=["shots"],
    )
    match = extended.loss("my.FocalLoss")
    assert match is not None
    assert match.params == ("gamma", "reduction")
    sgd = extended.optimizer("torch.optim.SGD")
    assert sgd is not None
    assert sgd.scale is Scale.INVARIANT
    assert extended.sink("my.Engine.learn") is not None
    assert extended.batch_size_names == CATALOG.batch_size_names | {"shots"}
    assert CATALOG.loss("my.FocalLoss") is None
    original = CATALOG.optimizer("torch.optim.SGD")
    assert original is not None
    assert original.scale is Scale.PROPORTIONAL
