"""The losses, with the data that they are computed from."""

from __future__ import annotations

import re
from dataclasses import dataclass

EXAMPLES = 24
"""Examples of a data set: six batches of four."""


@dataclass(frozen=True)
class Data:
    """What a loss is computed from. `tensors` are drawn for `{n}` examples, `batch` names those of a batch, `x` first.

    `classes` is the dimension of the classes, or of the features, in what the model makes.
    """

    model: str
    tensors: tuple[str, ...]
    batch: tuple[str, ...] = ("x", "y")
    classes: int = 1


@dataclass(frozen=True)
class Loss:
    """A loss of torch, or one written by hand (`written`, an expression with a value for each element).

    `inputs` are its arguments, made by `before` from `prediction` and the batch. `shape` is that of what `"none"`
    leaves: "elements" (B, D), "positions" (B, T), "examples" (B,), "flat" (B * T,), "maps" (B, C, H, W), "pixels"
    (B, H, W), or "steps" (B, T, D) of which some are padding.
    """

    data: str
    inputs: str
    shape: str
    cls: str = ""
    fn: str = ""
    written: str = ""
    before: tuple[str, ...] = ("prediction = model(x)",)
    options: str = ""
    reductions: tuple[str, ...] = ("mean", "sum", "none")
    legacy: bool = True  # takes `size_average` and `reduce`
    positions: bool = False  # and takes them, and the reduction, as the first arguments after the inputs

    @property
    def names(self) -> str:
        """What the inputs are made from, as parameters and arguments."""
        words = set(re.findall(r"\w+", self.inputs))
        return ", ".join(name for name in ("prediction", "second", "near", "far", "y") if name in words)

    def applied(self, argument: str) -> str:
        """The call of the function."""
        return f"F.{self.fn}({', '.join(each for each in (self.inputs, self.options, argument) if each)})"

    def made(self, argument: str) -> str:
        """The call of the constructor."""
        return f"nn.{self.cls}({', '.join(each for each in (self.options, argument) if each)})"


DATA = {
    "regression": Data("nn.Linear(3, 2)", ("torch.randn({n}, 3)", "torch.randn({n}, 2)")),
    "network": Data(
        "nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 2))", ("torch.randn({n}, 3)", "torch.randn({n}, 2)")
    ),
    "binary": Data("nn.Linear(3, 2)", ("torch.randn({n}, 3)", "torch.randint(0, 2, ({n}, 2)).double()")),
    "labels": Data("nn.Linear(3, 5)", ("torch.randn({n}, 3)", "torch.randint(0, 5, ({n},))")),
    "tokens": Data(
        "nn.Linear(3, 5)",
        (
            "torch.cat([torch.randn({n}, 4, 3), torch.zeros({n}, padding, 3)], dim=1)",
            "torch.cat([torch.randint(0, 5, ({n}, 4)), torch.full(({n}, padding), -100)], dim=1)",
        ),
        classes=2,
    ),
    "sequences": Data(
        "nn.Linear(3, 2)",
        (
            "torch.cat([torch.randn({n}, 4, 3), torch.zeros({n}, padding, 3)], dim=1)",
            "torch.cat([torch.randn({n}, 4, 2), torch.zeros({n}, padding, 2)], dim=1)",
            "torch.cat([torch.ones({n}, 4), torch.zeros({n}, padding)], dim=1)",
        ),
        ("x", "y", "mask"),
        classes=2,
    ),
    "images": Data("nn.Conv2d(1, 2, 3, padding=1)", ("torch.randn({n}, 1, 4, 3)", "torch.randn({n}, 2, 4, 3)")),
    "maps of labels": Data(
        "nn.Conv2d(1, 5, 3, padding=1)", ("torch.randn({n}, 1, 4, 3)", "torch.randint(0, 5, ({n}, 4, 3))")
    ),
    "distributions": Data("nn.Linear(3, 5)", ("torch.randn({n}, 3)", "torch.randn({n}, 5).softmax(1)")),
    "pairs": Data(
        "nn.Linear(3, 4)",
        ("torch.randn({n}, 3)", "torch.randn({n}, 3)", "torch.randint(0, 2, ({n},)) * 2.0 - 1.0"),
        ("x", "other", "y"),
    ),
    "triplets": Data(
        "nn.Linear(3, 4)",
        ("torch.randn({n}, 3)", "torch.randn({n}, 3)", "torch.randn({n}, 3)"),
        ("x", "positive", "negative"),
    ),
}

_SIMPLE = "prediction, y"
_ENCODED = ("prediction = model(x)", "second = model(other)")
_KL = ("prediction = F.log_softmax(model(x), dim=1)",)

LOSSES = {
    "mse": Loss("regression", _SIMPLE, "elements", "MSELoss", "mse_loss", positions=True),
    "l1": Loss("network", _SIMPLE, "elements", "L1Loss", "l1_loss", positions=True),
    "smooth l1": Loss("regression", _SIMPLE, "elements", "SmoothL1Loss", "smooth_l1_loss", positions=True),
    "huber": Loss("regression", _SIMPLE, "elements", "HuberLoss", "huber_loss", legacy=False),
    "bce with logits": Loss(
        "binary", _SIMPLE, "elements", "BCEWithLogitsLoss", "binary_cross_entropy_with_logits"
    ),
    "bce": Loss(
        "binary", _SIMPLE, "elements", "BCELoss", "binary_cross_entropy", before=("prediction = model(x).sigmoid()",)
    ),
    "cross entropy": Loss("labels", _SIMPLE, "examples", "CrossEntropyLoss", "cross_entropy"),
    "label smoothing": Loss(
        "labels", _SIMPLE, "examples", "CrossEntropyLoss", "cross_entropy", options="label_smoothing=0.1"
    ),
    "cross entropy of tokens": Loss(
        "tokens", "prediction.transpose(1, 2), y", "positions", "CrossEntropyLoss", "cross_entropy",
        options="ignore_index=-100",
    ),
    "cross entropy of flat tokens": Loss(
        "tokens", "prediction.view(-1, prediction.size(-1)), y.view(-1)", "flat", "CrossEntropyLoss", "cross_entropy",
    ),
    "mse of steps": Loss("sequences", _SIMPLE, "steps", "MSELoss", "mse_loss", positions=True),
    "l1 of steps": Loss("sequences", _SIMPLE, "steps", "SmoothL1Loss", "smooth_l1_loss", positions=True),
    "mse of images": Loss("images", _SIMPLE, "maps", "MSELoss", "mse_loss", positions=True),
    "cross entropy of pixels": Loss("maps of labels", _SIMPLE, "pixels", "CrossEntropyLoss", "cross_entropy"),
    "nll": Loss(
        "labels", _SIMPLE, "examples", "NLLLoss", "nll_loss", before=("prediction = F.log_softmax(model(x), dim=-1)",)
    ),
    "kl div": Loss(
        "distributions", _SIMPLE, "elements", "KLDivLoss", "kl_div", before=_KL,
        reductions=("batchmean", "sum", "none", "mean"), positions=True,
    ),
    "kl div of logs": Loss(
        "distributions", "prediction, y.log()", "elements", "KLDivLoss", "kl_div", before=_KL,
        options="log_target=True", reductions=("batchmean", "sum", "none", "mean"),
    ),
    "gaussian nll": Loss(
        "regression", "prediction, y, torch.full_like(y, 0.5)", "elements", "GaussianNLLLoss", "gaussian_nll_loss",
        legacy=False,
    ),
    "poisson nll": Loss("binary", _SIMPLE, "elements", "PoissonNLLLoss", "poisson_nll_loss", legacy=True),
    "cosine embedding": Loss(
        "pairs", "prediction, second, y", "examples", "CosineEmbeddingLoss", "cosine_embedding_loss",
        before=_ENCODED, options="margin=-0.5",
    ),
    "triplet": Loss(
        "triplets", "prediction, near, far", "examples", "TripletMarginLoss", "triplet_margin_loss",
        before=("prediction = model(x)", "near = model(positive)", "far = model(negative)"), options="margin=5.0",
    ),
    "margin ranking": Loss(
        "pairs", "prediction.sum(1), second.sum(1), y", "examples", "MarginRankingLoss", "margin_ranking_loss",
        before=_ENCODED, options="margin=3.0",
    ),
    "squares by hand": Loss("regression", _SIMPLE, "elements", written="(prediction - y).pow(2)"),
    "power by hand": Loss("network", _SIMPLE, "elements", written="(prediction - y) ** 2"),
    "absolute by hand": Loss("regression", _SIMPLE, "elements", written="torch.abs(prediction - y)"),
    "likelihood by hand": Loss(
        "labels", _SIMPLE, "examples", written="-prediction.gather(1, y.unsqueeze(1)).squeeze(1)",
        before=("prediction = F.log_softmax(model(x), dim=1)",),
    ),
    "squares of steps by hand": Loss("sequences", _SIMPLE, "steps", written="(prediction - y) ** 2"),
    "absolute of images by hand": Loss("images", _SIMPLE, "maps", written="(prediction - y).abs()"),
    "soft labels by hand": Loss(
        "distributions", _SIMPLE, "elements", written="-(y * torch.log_softmax(prediction, dim=-1))"
    ),
    "squared rows by hand": Loss(
        "regression", _SIMPLE, "examples", written="torch.square(prediction - y).sum(dim=-1)"
    ),
    "hinge by hand": Loss(
        "pairs", "prediction, second, y", "examples", written="F.relu(1.0 - y * (prediction * second).sum(-1))",
        before=_ENCODED,
    ),
}  # fmt: skip
