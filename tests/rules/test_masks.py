"""LF203 and LF204: what is a mask, what makes up for it, and what the messages say."""

from __future__ import annotations

import pytest

from lossflow.catalog import Catalog
from lossflow.findings import Finding
from lossflow.interp import interpret
from lossflow.source import Source

from .traces import findings

LOSS = """
import torch
import torch.nn.functional as F

def loss(output, target, mask, lengths, weight):
    losses = F.mse_loss(output, target, reduction="none")
    {body}
"""


def found(body: str) -> list[Finding]:
    return findings(interpret(Source("loss.py", LOSS.replace("{body}", body)), catalog=Catalog.default()))


def codes(body: str) -> list[str]:
    return [finding.code for finding in found(body)]


MASKS = (
    "mask",
    "mask.unsqueeze(-1)",
    "mask[:, None]",
    "mask.float()",
    "~mask",
    "(1 - mask)",
    "(target != -100)",
    "(target == 0)",
    "(mask & (target != 0))",
    "(mask | target.eq(0))",
    "(mask * (target != 0))",
    "(target > 0)",
    "target.ne(0)",
    "torch.ne(target, 0)",
    "torch.isfinite(target)",
    "torch.unsqueeze(mask, -1)",
    "torch.logical_not(mask)",
    "(torch.arange(9)[None] < lengths[:, None])",
    "target['is_pad']",
    "(~target.isnan())",
)
NO_MASKS = (
    "weight",
    "(output > 0.95)",
    "(output.softmax(-1).max(-1)[0] >= weight)",
    "(weight == 1)",
    "(mask / mask.sum())",
    "(mask + 1)",
    "torch.rand(4)",
    "(torch.rand(4) > 0.5)",
    "torch.unsqueeze(weight, -1)",
)


@pytest.mark.parametrize("mask", MASKS)
def test_it_is_a_mask(mask: str) -> None:
    assert codes(f"return (losses * {mask}).mean()") == ["LF203"]


@pytest.mark.parametrize("factor", NO_MASKS)
def test_it_is_none(factor: str) -> None:
    assert codes(f"return (losses * {factor}).mean()") == []


@pytest.mark.parametrize(
    "mean",
    [
        "torch.mean(losses * mask)",
        "losses.mul(mask).mean()",
        "losses.masked_fill(mask, 0).mean()",
        "torch.where(mask, losses, 0.0).mean()",
        "(losses * mask).mean(dim=1)",
        "(losses * mask).mean(dim=(1, 2))",
        "(losses * mask).mean() * 0.5",
        "0.5 * (losses * mask).mean()",
        "(losses * mask * 0.5).mean()",
        "(0.5 * (losses * mask)).mean()",
        "(losses * mask * args.beta).mean()",
        "(losses * mask / 2).mean()",
        "(losses * mask + 1e-8).mean()",
        "(losses * mask + losses.size(1)).mean()",
        "(losses * mask).sum() / losses.numel()",
        "(losses * mask).sum() / (losses.size(0) * losses.size(1))",
        "F.l1_loss(output * mask, target * mask)",
    ],
)
def test_the_mean_counts_what_is_masked(mean: str) -> None:
    assert codes(f"return {mean}") == ["LF203"]


@pytest.mark.parametrize(
    "mean",
    [
        "(losses * mask).sum() / mask.sum()",
        "(losses * mask).mean() / mask.mean()",
        "(losses * mask).mean(dim=-1).sum() / mask.sum()",
        "(losses * mask)[mask].mean()",
        "losses[mask].mean()",
        "(losses * mask).sum() / losses.size(0)",
        "(losses * mask / count_kept(mask)).mean()",
        "(losses * mask * (mask.numel() / mask.sum())).mean()",
        "(losses * mask * rescaled(mask)).mean()",
        "(losses * mask + losses).mean()",
        "(output * mask - target).abs().mean()",
        "(losses * mask).sum(dim=1).mean()",
        "(losses * mask + losses * (1 - mask)).mean()",
        "losses.masked_fill(mask, -1).mean()",
        "F.l1_loss(output * mask, target)",
        "losses.detach().mul(mask).mean()",
    ],
)
def test_the_mean_is_right_or_out_of_sight(mean: str) -> None:
    assert codes(f"return {mean}") == []


def test_a_metric_is_no_loss() -> None:
    script = LOSS.replace("def loss(", "def evaluate(").replace("{body}", "return (losses * mask).mean()")
    assert findings(interpret(Source("loss.py", script), catalog=Catalog.default())) == []


def test_the_message_names_the_mask_and_the_function() -> None:
    (finding,) = found("losses = losses * mask\n    return losses.mean()")
    assert "a mask has set to zero on line 7 included, and is returned by `loss` (line 5)" in finding.message
    assert [related.message for related in finding.related] == ["elements are set to zero here"]


def test_ignored_targets_are_told_from_masked_ones() -> None:
    (finding,) = found('return F.cross_entropy(output, target, ignore_index=0, reduction="none").mean()')
    assert finding.message.startswith("This mean counts the targets that `ignore_index` leaves out")


@pytest.mark.parametrize(
    ("product", "expected"),
    [
        ("(F.mse_loss(output, target) * mask).sum()", ["LF204"]),
        ("(F.mse_loss(output, target) * mask).sum() / mask.sum()", ["LF204"]),
        ("(F.mse_loss(output, target) * mask).mean()", ["LF204"]),
        ("F.mse_loss(output, target) * mask.float().mean()", []),
        ("(F.mse_loss(output, target) * weight).mean()", []),
        ("F.mse_loss(output, target) * mask", []),  # it may be a flag: nothing reduces the product
    ],
)
def test_a_mask_on_a_reduced_loss(product: str, expected: list[str]) -> None:
    assert codes(f"return {product}") == expected


STEP = """
import torch
import torch.nn.functional as F
from torch import nn

model = nn.Linear(4, 1)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
dataset = torch.utils.data.TensorDataset(torch.randn(32, 4), torch.randn(32, 1), torch.ones(32, 1))
for x, y, mask in torch.utils.data.DataLoader(dataset, batch_size=8):
    optimizer.zero_grad()
    loss = F.mse_loss(model(x), y) * {mask}
    loss.backward()
    optimizer.step()
"""


@pytest.mark.parametrize(
    ("mask", "expected"), [("mask", ["LF204"]), ("(y != 0)", ["LF204"]), ("mask.mean()", []), ("0.5", [])]
)
def test_a_reduced_loss_for_each_element_of_a_mask_is_no_matter_of_its_reduction(
    mask: str, expected: list[str]
) -> None:
    """Torch refuses the backward, but a mean of what a mask has not masked would be no better."""
    trace = interpret(Source("step.py", STEP.format(mask=mask)), catalog=Catalog.default())
    assert [finding.code for finding in findings(trace)] == expected


def test_the_message_names_the_reduction() -> None:
    (finding,) = found("return (F.mse_loss(output, target) * mask).sum()")
    assert 'already (`F.mse_loss` with `reduction="mean"`, its default, line 7) and is returned by' in finding.message
    assert finding.message.endswith(
        "in its own shape, as (N,) times (N, 1) is (N, N), and divide the sum by that of the factor."
    )


def test_the_advice_thinks_of_the_other_uses_of_a_criterion() -> None:
    (finding,) = found("return (torch.nn.MSELoss()(output, target) * mask).sum()")
    assert finding.message.endswith("Where the criterion is used without a factor, take the mean there.")


@pytest.mark.parametrize(
    ("masked", "advice"),
    [
        ("losses = losses * mask", "the number of its elements that are kept."),
        ("losses[mask] = 0", "the number of its elements that `~mask` keeps."),
        ("losses[~mask] = 0.0", "the number of its elements that `mask` keeps."),
        ("losses[target == 0] = 0", "the number of its elements that are kept."),
        ("losses = losses.masked_fill(mask, 0)", "the number of its elements that `~mask` keeps."),
        ("losses.masked_fill_(~mask, 0)", "the number of its elements that `mask` keeps."),
        ("losses = losses.masked_fill(target.eq(0), 0)", "the number of its elements that are kept."),
        ("losses = torch.where(mask, 0.0, losses)", "the number of its elements that are kept."),
    ],
)
def test_the_advice_counts_what_the_mask_keeps(masked: str, advice: str) -> None:
    (finding,) = found(f"{masked}\n    return losses.mean()")
    assert finding.message.endswith(f"Divide the sum of the loss by {advice}")


REDUCTIONS = """
import torch.nn.functional as F

def masked_l1(output, target, mask, reduction="mean"):
    losses = F.l1_loss(output, target, reduction="none") * mask
    if reduction == "mean":
        return {mean}
    if reduction == "sum":
        return losses.sum()
    return losses
"""


def returned(mean: str) -> list[Finding]:
    return findings(interpret(Source("loss.py", REDUCTIONS.replace("{mean}", mean)), catalog=Catalog.default()))


def test_each_reduction_that_a_function_offers_is_tried() -> None:
    """None of its branches is lost in the join with the others."""
    (finding,) = returned("losses.mean()")
    assert finding.code == "LF203"
    assert "is returned by `masked_l1` (line 4) where `reduction` is `'mean'`" in finding.message


def test_the_mean_of_a_function_with_several_reductions_may_be_right() -> None:
    assert returned("losses.sum() / mask.sum()") == []


def test_a_method_tries_the_reductions_that_its_class_was_made_with() -> None:
    text = """
import torch.nn.functional as F
from torch import nn

class MaskedLoss(nn.Module):
    def __init__(self, reduction="mean"):
        super().__init__()
        self.reduction = reduction

    def forward(self, output, target, mask):
        losses = F.l1_loss(output, target, reduction="none") * mask
        if self.reduction == "mean":
            return losses.mean()
        if self.reduction == "sum":
            return losses.sum()
        return losses
"""
    (finding,) = findings(interpret(Source("loss.py", text), catalog=Catalog.default()))
    assert finding.code == "LF203"
    assert "is returned by `forward` (line 10) where `reduction` is `'mean'`" in finding.message
