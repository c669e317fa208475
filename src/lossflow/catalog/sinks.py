"""Where a loss ends: the calls that compute gradients from it, scale it for them, or let an optimizer step."""

from __future__ import annotations

from lossflow.catalog.entry import RECEIVER, Sink, SinkKind

_SCALERS = (
    "torch.amp.GradScaler",
    "torch.cuda.amp.GradScaler",
    "torch.cpu.amp.GradScaler",
    "torch.distributed.fsdp.sharded_grad_scaler.ShardedGradScaler",
    "torch_xla.amp.GradScaler",
)
_LIGHTNING_MODULES = (
    "pytorch_lightning.LightningModule",
    "lightning.LightningModule",
    "lightning.pytorch.LightningModule",
)
_FABRICS = ("lightning.Fabric", "lightning.fabric.Fabric", "lightning_fabric.Fabric")

_TORCH = (
    Sink("torch.Tensor.backward", SinkKind.BACKWARD, RECEIVER, gradient=(0, "gradient")),
    Sink("torch.autograd.backward", SinkKind.BACKWARD, 0, "tensors", gradient=(1, "grad_tensors")),
    Sink("torch.autograd.grad", SinkKind.GRAD, 0, "outputs", gradient=(2, "grad_outputs")),
    Sink("torch.optim.Optimizer.step", SinkKind.STEP, RECEIVER),
    Sink("torch.optim.Optimizer.zero_grad", SinkKind.ZERO_GRAD, RECEIVER),
    Sink("torch.nn.Module.zero_grad", SinkKind.ZERO_GRAD, RECEIVER),
)

_AMP = tuple(
    sink
    for scaler in _SCALERS
    for sink in (
        Sink(f"{scaler}.scale", SinkKind.SCALE, 0, "outputs"),
        Sink(f"{scaler}.unscale_", SinkKind.UNSCALE, 0, "optimizer"),
        Sink(f"{scaler}.step", SinkKind.STEP, 0, "optimizer"),
    )
)

# Accelerator.backward divides the loss by `gradient_accumulation_steps`, which is 1 unless it was given.
_ACCELERATE = (
    Sink("accelerate.Accelerator.backward", SinkKind.BACKWARD, 0, "loss", True, "gradient_accumulation_steps"),
)

_LIGHTNING = tuple(
    Sink(f"{module}.manual_backward", SinkKind.BACKWARD, 0, "loss") for module in _LIGHTNING_MODULES
) + tuple(Sink(f"{fabric}.backward", SinkKind.BACKWARD, 0, "tensor") for fabric in _FABRICS)

# The engine divides by its configuration's gradient_accumulation_steps, and its step is the wrapped optimizer's.
_DEEPSPEED = (
    Sink("deepspeed.DeepSpeedEngine.backward", SinkKind.BACKWARD, 0, "loss", True),
    Sink("deepspeed.DeepSpeedEngine.step", SinkKind.STEP, RECEIVER),
)

_CLIPPING = (
    Sink("torch.nn.utils.clip_grad_norm_", SinkKind.CLIP, 1, "max_norm"),
    Sink("torch.nn.utils.clip_grad_norm", SinkKind.CLIP, 1, "max_norm"),
    Sink("torch.nn.utils.clip_grad_value_", SinkKind.CLIP, 1, "clip_value"),
    Sink("accelerate.Accelerator.clip_grad_norm_", SinkKind.CLIP, 1, "max_norm"),
    Sink("accelerate.Accelerator.clip_grad_value_", SinkKind.CLIP, 1, "clip_value"),
    Sink("torch.distributed.fsdp.FullyShardedDataParallel.clip_grad_norm_", SinkKind.CLIP, 0, "max_norm"),
    *(Sink(f"{fabric}.clip_gradients", SinkKind.CLIP, 2, "clip_val max_norm") for fabric in _FABRICS),
    *(Sink(f"{module}.clip_gradients", SinkKind.CLIP, 1, "gradient_clip_val") for module in _LIGHTNING_MODULES),
)

_OTHERS = (
    Sink("apex.amp.scale_loss", SinkKind.SCALE, 0, "loss", context=True),
    Sink("torch_xla.core.xla_model.optimizer_step", SinkKind.STEP, 0, "optimizer"),
    Sink("colossalai.booster.Booster.backward", SinkKind.BACKWARD, 0, "loss"),
)

SINKS = _TORCH + _AMP + _ACCELERATE + _LIGHTNING + _DEEPSPEED + _CLIPPING + _OTHERS

METHODS = {
    ("scale", "scaler"): "torch.amp.GradScaler.scale",
    ("unscale_", "scaler"): "torch.amp.GradScaler.unscale_",
    ("step", "scaler"): "torch.amp.GradScaler.step",
    ("backward", "accelerator"): "accelerate.Accelerator.backward",
    ("backward", "fabric"): "lightning.fabric.Fabric.backward",
    ("backward", "booster"): "colossalai.booster.Booster.backward",
    ("backward", "engine"): "deepspeed.DeepSpeedEngine.backward",
    ("step", "engine"): "deepspeed.DeepSpeedEngine.step",
    ("clip_grad_norm_", "accelerator"): "accelerate.Accelerator.clip_grad_norm_",
    ("clip_grad_value_", "accelerator"): "accelerate.Accelerator.clip_grad_value_",
    ("clip_gradients", "fabric"): "lightning.fabric.Fabric.clip_gradients",
    ("manual_backward", ""): "lightning.pytorch.LightningModule.manual_backward",
}
"""The sink that a method is by its name and the last word of its receiver's ("" for any), its class out of sight."""
