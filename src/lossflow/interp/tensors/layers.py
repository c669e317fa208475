"""Layers and whole models: what a module of which only the kind is known makes of a batch."""

from __future__ import annotations

from dataclasses import replace

import libcst as cst

from lossflow.domain import arithmetic
from lossflow.domain.axes import Axes, Tail
from lossflow.domain.exponent import Exponent
from lossflow.domain.values import Ref, Tensor, Term, Unknown, Value
from lossflow.interp.engine.frames import Arguments
from lossflow.interp.engine.machine import Machine
from lossflow.interp.tensors import recurrent

_SAME_RANK = frozenset(
    [
        "Linear",
        "LazyLinear",
        "Bilinear",
        "ReLU",
        "LeakyReLU",
        "GELU",
        "ELU",
        "SELU",
        "SiLU",
        "Sigmoid",
        "Tanh",
        "Softplus",
        "Softmax",
        "LogSoftmax",
        "Softmax2d",
        "Dropout",
        "Dropout2d",
        "Identity",
        "LayerNorm",
        "BatchNorm1d",
        "BatchNorm2d",
        "BatchNorm3d",
        "GroupNorm",
        "InstanceNorm1d",
        "InstanceNorm2d",
        "RMSNorm",
        "Conv1d",
        "Conv2d",
        "Conv3d",
        "ConvTranspose1d",
        "ConvTranspose2d",
        "ConvTranspose3d",
        "MaxPool1d",
        "MaxPool2d",
        "AvgPool2d",
        "AdaptiveAvgPool2d",
        "Upsample",
        "PReLU",
        "Hardtanh",
        "ReLU6",
    ]
)
_OF_FEATURES = frozenset(
    ["Linear", "LazyLinear", "Conv1d", "Conv2d", "Conv3d", "ConvTranspose1d", "ConvTranspose2d", "ConvTranspose3d"]
)
"""Layers that mix the features of an example, so that there is at least one dimension beside that of the examples."""
_MODEL_MAKERS = (
    "torchvision.models.",
    "timm.create_model",
    "timm.models.",
    "efficientnet_pytorch.",
    "segmentation_models_pytorch.",
    "torch.hub.load",
    "torch_geometric.nn.",
)


HAS_PARAMETERS = "parameters()"
"""The mark of an object out of sight whose `parameters()` were asked for: it is a module, whatever its class."""


def is_layer(dotted: str) -> bool:
    """True for a class of torch.nn that is a layer, and for what makes a model."""
    if dotted.startswith("torch.nn."):
        leaf = dotted.rpartition(".")[2]
        return leaf[0].isupper() and not leaf.endswith("Loss")
    return dotted.startswith(_MODEL_MAKERS) or dotted.endswith(".from_pretrained")


def apply(
    machine: Machine,
    dotted: str,
    arguments: Arguments,
    node: cst.CSTNode | None = None,
    *,
    batch_first: Value | None = None,
) -> Value:
    """The output of a layer or model for these arguments: the examples stay first, and gradients flow."""
    leaf, first = dotted.rpartition(".")[2], arguments.get(0, "input")
    if isinstance(first, Ref) and node is not None and recurrent.is_packed(machine, first):
        return recurrent.of_packed(machine, leaf, first, machine.grad_enabled, node)
    tensors = [v for v in (*arguments.positional, *arguments.keywords.values()) if isinstance(v, Tensor)]
    if not tensors:
        return Unknown(computed=True, why="" if isinstance(first, Unknown) else "what goes into the model")
    given = tensors[0]
    flow = machine.grad_enabled
    plain = given.exponent.is_zero or arithmetic.is_activation(given)
    exponent = Exponent.ZERO if plain else Exponent.UNKNOWN
    out = Tensor(_axes(leaf, given.axes), (Term(exponent),), flow, synthetic=given.synthetic)
    if leaf in recurrent.KINDS:
        return recurrent.outputs(leaf, given, out, batch_first if given is first else None)
    opaque = leaf not in _SAME_RANK and not dotted.startswith("torch.nn.")
    if opaque and len(tensors) > 1:
        out = replace(out, axes=Axes.UNKNOWN)  # what is given the targets as well may return its loss, of each device
    return replace(out, data=opaque, axes=replace(out.axes, certain=out.axes.certain and not opaque))


def of_examples(value: Value, arguments: Arguments) -> Value:
    """What a module of the program returns for a batch: where its shape was lost on the way, the examples are first.

    A module out of sight is taken to do the same. What has been reduced, or computed by a loss, is left as it is.
    """
    given = next((v for v in arguments.positional if isinstance(v, Tensor)), None)
    if given is None or not given.axes.per_example:
        return value
    if not isinstance(value, Tensor) or value.axes != Axes.UNKNOWN or not value.differentiable or value.loss:
        return value
    if any(term.trail for term in value.terms):
        return value
    first = given.axes.dims[:1] == (True,)
    axes = replace(Axes.EXAMPLES if first else Axes.SOMEWHERE, certain=False)
    return replace(value, axes=axes, terms=(Term(),))


def _with_features(axes: Axes) -> Axes:
    """One more dimension at the end, as an embedding has."""
    if not axes.known:
        return axes
    return axes.with_one(-1) if axes.rank is not None else replace(axes, tail=Tail.SOME)


def _axes(leaf: str, axes: Axes) -> Axes:
    if leaf in _OF_FEATURES and axes.known and axes.tail is Tail.ANY and all(axes.dims):
        return replace(axes, tail=Tail.SOME)  # the examples have features, which a sum over the last dimension adds up
    if leaf in _SAME_RANK:
        return axes
    if leaf in ("Embedding", "embedding"):
        return _with_features(axes)
    if axes.known and axes.dims[:1] == (True,) and sum(axes.dims) == 1:
        return Axes((True,), Tail.ANY)
    if axes.reduced:
        return Axes.PLAIN if axes.rank else Axes.UNKNOWN
    return axes if not axes.known else Axes.UNKNOWN
