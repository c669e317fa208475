"""Where the fixes of masked losses are offered, how they are written, and where the outcome would not be certain."""

from __future__ import annotations

import ast

import pytest

from lossflow.catalog import Catalog
from lossflow.edits.syntax import syntax_of
from lossflow.interp import interpret
from lossflow.rules.fixes.reductions import only_use
from lossflow.source import Source, apply_edits

from .traces import findings

HEAD = """\
import torch
import torch.nn.functional as F
from torch import nn

"""


def fixed(script: str, code: str) -> str | None:
    """The script after the fix of its only finding of that code; None where none is offered."""
    trace = interpret(Source("script.py", HEAD + script), catalog=Catalog.default())
    (found,) = [each for each in findings(trace) if each.code == code]
    return None if found.fix is None else apply_edits(HEAD + script, found.fix.edits).removeprefix(HEAD)


LOSS = """\
def loss(output, target, mask, weight):
    losses = F.mse_loss(output, target, reduction="none")
    """


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("return losses.mul(mask).mean()", "return losses.mul(mask).sum() / mask.expand_as(losses).sum().clamp(min=1)"),
        (
            "return torch.mul(losses, mask).mean(dim=1).mean()",
            "return torch.mul(losses, mask).sum() / mask.expand_as(losses).sum().clamp(min=1)",
        ),
        (
            "return torch.mean(torch.mean(losses * mask, 1))",
            "return (losses * mask).sum() / mask.expand_as(losses).sum().clamp(min=1)",
        ),
        ("return (losses * mask).mean(dim=1)", None),  # whether a whole row is masked decides what should follow
        (
            "return (losses * mask).sum() / losses.numel()",
            "return (losses * mask).sum() / mask.expand_as(losses).sum().clamp(min=1)",
        ),
        ("return (losses * mask).sum() / (losses.size(0) * losses.size(1))", None),  # may leave out a dimension
        (
            "losses[mask == 0] = 0\n    return losses.mean()",
            "losses[mask == 0] = 0\n    return losses.sum() / torch.ones_like(losses)[mask != 0].sum().clamp(min=1)",
        ),
        (
            "losses[mask] = 0\n    return losses.mean()",
            "losses[mask] = 0\n    return losses.sum() / torch.ones_like(losses)[~mask].sum().clamp(min=1)",
        ),
        (
            "losses.masked_fill_(~mask, 0)\n    return losses.mean()",
            "losses.masked_fill_(~mask, 0)\n    return losses.sum() / mask.expand_as(losses).sum().clamp(min=1)",
        ),
        (
            "return torch.where(mask, 0.0, losses).mean()",
            "return torch.where(mask, 0.0, losses).sum() / (~mask).expand_as(losses).sum().clamp(min=1)",
        ),
        (
            "keep = weight.isnan()\n    return (losses * keep).mean()",
            "keep = weight.isnan()\n    return (losses * keep).sum() / keep.expand_as(losses).sum().clamp(min=1)",
        ),
        ("losses = losses * mask\n    mask = mask[:1]\n    return losses.mean()", None),
        # Of two masks the count of the second is too large.
        ("losses = losses * mask\n    losses = losses * (target != 0)\n    return losses.mean()", None),
        ("losses = losses * mask\n    return (losses * (target != 0)).mean()", None),
        ("kept = losses * mask\n    kept *= target != 0\n    return kept.mean()", None),
        ("losses[mask == 0] = 0\n    losses[target == 0] = 0\n    return losses.mean()", None),
        ("losses.masked_fill_(~mask, 0)\n    losses = losses * (target != 0)\n    return losses.mean()", None),
        (
            "kept = losses * mask\n    kept = kept * weight\n    kept = kept * (target != 0)\n    return kept.mean()",
            None,
        ),
        (
            "kept = losses * mask\n    print(kept.sum())\n    kept = losses\n    kept = kept * mask\n"
            "    return kept.mean()",
            "kept = losses * mask\n    print(kept.sum())\n    kept = losses\n    kept = kept * mask\n"
            "    return kept.sum() / mask.expand_as(kept).sum().clamp(min=1)",
        ),
        (
            "print(losses[mask].mean())\n    return (losses * mask).mean()",
            "print(losses[mask].mean())\n    return (losses * mask).sum() / mask.expand_as(losses).sum().clamp(min=1)",
        ),
        (
            "losses = losses * weight\n    losses = losses * mask\n    return losses.mean()",
            "losses = losses * weight\n    losses = losses * mask\n"
            "    return losses.sum() / mask.expand_as(losses).sum().clamp(min=1)",
        ),
        ("if weight:\n        losses = losses * mask\n    return losses.mean()", None),
        (
            "return (losses * mask).mean().sqrt()",
            "return ((losses * mask).sum() / mask.expand_as(losses).sum().clamp(min=1)).sqrt()",
        ),
        (
            "return (\n        losses\n        * mask  # pads\n    ).mean()",
            "return (\n        losses\n        * mask  # pads\n    ).sum() / mask.expand_as(losses).sum().clamp(min=1)",
        ),
    ],
)
def test_means_of_masked_losses(before: str, after: str | None) -> None:
    assert fixed(LOSS + before, "LF203") == (None if after is None else LOSS + after)


INLINE = """\
def loss(output, target, mask, weight):
    """


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (
            'loss = (F.mse_loss(output, target, reduction="none") * mask).mean()\n    return loss',
            'loss = F.mse_loss(output, target, reduction="none") * mask\n'
            "    loss = loss.sum() / mask.expand_as(loss).sum().clamp(min=1)\n    return loss",
        ),
        (
            'return 0.5 * (F.mse_loss(output, target, reduction="none") * mask).mean()',
            'losses = F.mse_loss(output, target, reduction="none") * mask\n'
            "    return 0.5 * losses.sum() / mask.expand_as(losses).sum().clamp(min=1)",
        ),
        (
            'losses = 2\n    return (F.mse_loss(output, target, reduction="none")\n            * mask).mean() * losses',
            'losses = 2\n    masked_losses = (F.mse_loss(output, target, reduction="none")\n            * mask)\n'
            "    return masked_losses.sum() / mask.expand_as(masked_losses).sum().clamp(min=1) * losses",
        ),
        (
            'mask = (F.mse_loss(output, target, reduction="none") * mask).mean()\n    return mask',
            None,  # the name that would hold the losses is that of the mask
        ),
        ('return (F.mse_loss(output, target, reduction="none") * mask).mean() if weight else 0', None),
        ('if weight: return (F.mse_loss(output, target, reduction="none") * mask).mean()', None),
        (
            "return F.l1_loss(output * mask, target * mask)",
            'return F.l1_loss(output * mask, target * mask, reduction="sum")'
            " / mask.expand_as(target).sum().clamp(min=1)",
        ),
        (
            'return F.l1_loss(output * mask, target * mask, reduction="none").mean()',
            'return F.l1_loss(output * mask, target * mask, reduction="none").sum()'
            " / mask.expand_as(target).sum().clamp(min=1)",
        ),
        ("return F.l1_loss(output.exp() * mask, target.exp() * mask)", None),  # nothing in the loss's shape has a name
        (
            "error = output * mask\n    wanted = target * mask\n    return F.l1_loss(error, wanted)",
            "error = output * mask\n    wanted = target * mask\n"
            '    return F.l1_loss(error, wanted, reduction="sum") / mask.expand_as(error).sum().clamp(min=1)',
        ),
        ("error = output * mask\n    wanted = target * mask[:1]\n    return F.l1_loss(error, wanted)", None),
        ("error = output * mask\n    wanted = target * mask\n    mask = 1\n    return F.l1_loss(error, wanted)", None),
        ("how = 'mean'\n    return F.l1_loss(output * mask, target * mask, reduction=how)", None),
        # These have a value for each example, which has several elements.
        ("return F.cross_entropy(output * mask, target * mask)", None),
        ("return F.multilabel_soft_margin_loss(output * mask, target * mask)", None),
        # This one takes no reduction.
        ("import kornia\n    return kornia.losses.TverskyLoss(0.5, 0.5)(output * mask, target * mask)", None),
    ],
)
def test_means_of_masked_losses_without_a_name(before: str, after: str | None) -> None:
    assert fixed(INLINE + before, "LF203") == (None if after is None else INLINE + after)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (
            'return F.cross_entropy(output, target, ignore_index=0, reduction="none").mean()',
            'return F.cross_entropy(output, target, ignore_index=0, reduction="mean")',
        ),
        (
            'return nn.NLLLoss(ignore_index=0, reduction="none")(output, target).mean()',
            'return nn.NLLLoss(ignore_index=0, reduction="mean")(output, target)',
        ),
        (
            'losses = F.nll_loss(output, target, ignore_index=0, reduction="none")\n    return losses.mean(1).mean()',
            'losses = F.nll_loss(output, target, ignore_index=0, reduction="mean")\n    return losses',
        ),
        (
            'losses = F.nll_loss(output, target, ignore_index=0, reduction="none")\n'
            "    losses = losses.mean()\n    return losses",
            'losses = F.nll_loss(output, target, ignore_index=0, reduction="mean")\n    return losses',
        ),
        (
            'losses = F.nll_loss(output, target, ignore_index=0, reduction="none")\n'
            "    return losses.mean() * losses.shape[0]",
            None,
        ),
        ('return F.nll_loss(output, target, weight, ignore_index=0, reduction="none").mean()', None),
        ('return F.nll_loss(output, target, ignore_index=0, reduction="none").view(4, -1).mean()', None),
    ],
)
def test_means_of_losses_with_ignored_targets(before: str, after: str | None) -> None:
    assert fixed(INLINE + before, "LF203") == (None if after is None else INLINE + after)


CRITERION = """\
criterion = nn.CrossEntropyLoss(ignore_index=0, reduction="{}")

def loss(output, target):
    return criterion(output, target){}
"""


def test_the_reduction_of_a_criterion_is_given_where_it_is_made() -> None:
    assert fixed(CRITERION.format("none", ".mean()"), "LF203") == CRITERION.format("mean", "")


ATTRIBUTE = """\
class Model(nn.Module):
    def __init__(self):
        super().__init__()
        self.criterion = nn.CrossEntropyLoss(ignore_index=0, reduction="{}")
        self.other = nn.CrossEntropyLoss()

    def loss(self, output, target):
        return self.criterion(output, target){}
"""


@pytest.mark.parametrize(
    ("more", "offered"),
    [
        ("", True),
        ("\n    def more(self, output, target):\n        return self.other(output, target)\n", True),
        ("\n    def more(self, output, target):\n        return self.criterion(output, target).sum()\n", False),
        ("\nmodel = Model()\ntrainer.fit(model.criterion)\n", False),
    ],
)
def test_a_criterion_that_an_object_holds_may_have_another_use(more: str, offered: bool) -> None:
    before, after = ATTRIBUTE.format("none", ".mean()"), ATTRIBUTE.format("mean", "")
    assert fixed(before + more, "LF203") == (after + more if offered else None)


@pytest.mark.parametrize(
    "other",
    [
        "def report(output, target):\n    print(criterion(output, target))\n",
        "trainer.fit(criterion)\n",
        "other = criterion\n",
    ],
)
def test_a_criterion_with_another_use_stays(other: str) -> None:
    assert fixed(CRITERION.format("none", ".mean()") + other, "LF203") is None


@pytest.mark.parametrize("held", ['setattr(self, "criterion", {})', 'self.add_module("criterion", {})'])
def test_of_two_criteria_that_an_object_may_hold_none_is_changed(held: str) -> None:
    """Without the mean that the loss was given, the other one would go to backward unreduced."""
    other = held.format('nn.CrossEntropyLoss(ignore_index=0, label_smoothing=0.1, reduction="none")')
    before = ATTRIBUTE.replace("__init__(self)", "__init__(self, smooth)", 1)
    before = before.replace("self.other = nn.CrossEntropyLoss()", f"if smooth:\n            {other}")
    assert fixed(before.format("none", ".mean()"), "LF203") is None


@pytest.mark.parametrize(
    ("rest", "use"),
    [
        ("print(losses.mean())", "losses"),
        ("kept = losses\nprint(losses.mean())", None),
        ("losses = losses.mean()\nprint(losses)", "losses"),
        ("print(losses.sum())\nlosses = losses.mean()", None),
    ],
)
def test_a_value_is_read_until_its_name_gets_another(rest: str, use: str | None) -> None:
    syntax = syntax_of(Source("script.py", f"losses = compute()\n{rest}\n"))
    assert syntax is not None
    statement = syntax.tree.body[0]
    assert isinstance(statement, ast.Assign)
    found = only_use(syntax, statement.value)
    assert (None if found is None else syntax.text(found)) == use


LABELS = """\
PAD = 0

def loss(output, labels, mask, other):
    """


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (
            "return (F.cross_entropy(output, labels) * (labels != PAD)).mean()",
            'return (F.cross_entropy(output, labels, reduction="none") * (labels != PAD)).sum()'
            " / (labels != PAD).sum().clamp(min=1)",
        ),
        (
            "mask = labels.ne(-100).float()\n    losses = F.cross_entropy(output, labels)\n"
            "    return (losses * mask).sum() / max(mask.sum().item(), 1)",
            'mask = labels.ne(-100).float()\n    losses = F.cross_entropy(output, labels, reduction="none")\n'
            "    return (losses * mask).sum() / max(mask.sum().item(), 1)",
        ),
        (
            "keep = labels.view(-1) != PAD\n    count = keep.sum() + 1e-8\n"
            "    losses = F.cross_entropy(output, labels.view(-1))\n    losses = losses * keep.float()\n"
            "    return losses.sum() / count",
            "keep = labels.view(-1) != PAD\n    count = keep.sum() + 1e-8\n"
            '    losses = F.cross_entropy(output, labels.view(-1), reduction="none")\n'
            "    losses = losses * keep.float()\n    return losses.sum() / count",
        ),
        (
            "return 2 * torch.sum(F.l1_loss(output, labels) * ~torch.isnan(labels))",
            'return 2 * torch.sum(F.l1_loss(output, labels, reduction="none") * ~torch.isnan(labels))'
            " / (~torch.isnan(labels)).sum().clamp(min=1)",
        ),
        (
            "return ((labels != PAD) * F.l1_loss(output, labels)).mean()",
            'return ((labels != PAD) * F.l1_loss(output, labels, reduction="none")).sum()'
            " / (labels != PAD).sum().clamp(min=1)",
        ),
        (
            "return (F.l1_loss(output, labels) * (1 - labels.eq(PAD).float())).sum()",
            'return (F.l1_loss(output, labels, reduction="none") * (1 - labels.eq(PAD).float())).sum()'
            " / (1 - labels.eq(PAD).float()).sum().clamp(min=1)",
        ),
        (
            "return (F.l1_loss(output, labels) * torch.ne(labels, PAD)).sum() / torch.sum(torch.ne(labels, PAD))",
            'return (F.l1_loss(output, labels, reduction="none") * torch.ne(labels, PAD)).sum()'
            " / torch.sum(torch.ne(labels, PAD))",
        ),
        (
            "return (F.l1_loss(output, labels) * (labels != PAD) * 2).mean()",
            'return (F.l1_loss(output, labels, reduction="none") * (labels != PAD) * 2).sum()'
            " / (labels != PAD).sum().clamp(min=1)",
        ),
        (
            "losses = F.l1_loss(output, labels) * (labels != PAD)\n    return losses.mean() + other.abs().mean()",
            'losses = F.l1_loss(output, labels, reduction="none") * (labels != PAD)\n'
            "    return losses.sum() / (labels != PAD).sum().clamp(min=1) + other.abs().mean()",
        ),
        (
            "loss = 0.5 * (F.l1_loss(output, labels) * (labels != PAD))\n    loss = loss.mean()\n    return loss",
            'loss = 0.5 * (F.l1_loss(output, labels, reduction="none") * (labels != PAD))\n'
            "    loss = loss.sum() / (labels != PAD).sum().clamp(min=1)\n    return loss",
        ),
        # What is reduced has other elements than the product, or more of them are masked.
        ("return (F.l1_loss(output, labels) * (labels != PAD))[:, 1:].mean()", None),
        ("return (F.l1_loss(output, labels) * (labels != PAD)).topk(5)[0].mean()", None),
        ("losses = F.l1_loss(output, labels) * (labels != PAD)\n    return (losses * mask).mean()", None),
        ("losses = F.l1_loss(output, labels) * (labels != PAD)\n    return losses.repeat(3, 1).mean()", None),
        ("losses = torch.exp(F.l1_loss(output, labels) * (labels != PAD))\n    return losses.mean()", None),
        # One place would become a mean, and the other one stay a sum.
        (
            "losses = F.l1_loss(output, labels) * (labels != PAD)\n    return losses.mean() if other else losses.sum()",
            None,
        ),
        (
            "losses = F.l1_loss(output, labels) * (labels != PAD)\n    if other:\n        return losses.mean()\n"
            "    return losses.sum()",
            None,
        ),
        # What is added to each element is not masked, and there are more of them than the mask keeps.
        ("return (F.l1_loss(output, labels) * (labels != PAD) + other.abs()).mean()", None),
        ("losses = F.l1_loss(output, labels) * (labels != PAD)\n    losses += other\n    return losses.mean()", None),
        (
            "loss = 0\n    for i in range(4):\n        loss += F.l1_loss(output[i], labels[i]) * (labels[i] != PAD)\n"
            "    return loss.mean()",
            None,  # the mask of the last round says nothing of the others
        ),
        (
            "penalty = sum(p.norm() for p in model.parameters())\n"
            "    return ((penalty + F.l1_loss(output, labels)) * (labels != PAD)).sum()",
            None,
        ),
        ("return (F.l1_loss(output, labels) * (labels != PAD)).sum() / torch.sum(kept(labels))", None),
        ("return (F.l1_loss(output, labels) * torch.ne(labels, other)).mean()", None),
        ("return (F.l1_loss(output, labels) * ~torch.squeeze(labels).isnan()).mean()", None),
        ("return (F.l1_loss(output, labels) * (labels != PAD)).mean() / (labels != PAD).sum()", None),
        ("return (F.l1_loss(output, labels) * (labels != PAD)).sum() / (labels == PAD).sum().clamp(min=1)", None),
        ("return (F.l1_loss(output, labels) * (labels != PAD)).sum() / max((labels == PAD).sum(), 1)", None),
        ("return (F.l1_loss(output, labels) * (labels != PAD)).sum() / ((labels == PAD).sum() + 1e-8)", None),
        (
            "count = (labels == PAD).sum()\n    return (F.l1_loss(output, labels) * (labels != PAD)).sum() / count",
            None,
        ),
        ("return (F.cross_entropy(output, labels) * mask).mean()", None),  # of any shape
        ("return (F.cross_entropy(output, labels) * (other != PAD)).mean()", None),
        ("return (F.cross_entropy(output, labels) * (labels != PAD).view(-1)).mean()", None),
        ("return (F.cross_entropy(output, labels) * (labels != other)).mean()", None),  # `other` may be a tensor
        ("return (F.multi_margin_loss(output, labels) * (labels != PAD)).mean()", None),
        (
            "keep = labels != PAD\n    labels = labels[:, 1:]\n    return (F.l1_loss(output, labels) * keep).mean()",
            None,
        ),
        ("return (F.l1_loss(output, labels) * (labels != PAD)).sum() / (labels == PAD).sum()", None),
        ("return (F.l1_loss(output, labels) * (labels != PAD)).sum() / labels.numel()", None),
        ("losses = F.l1_loss(output, labels)\n    print(losses)\n    return (losses * (labels != PAD)).mean()", None),
        ("kind = 'mean'\n    return (F.l1_loss(output, labels, reduction=kind) * (labels != PAD)).mean()", None),
        ("return (F.l1_loss(output, labels, False) * (labels != PAD)).mean()", None),
    ],
)
def test_masks_of_reduced_losses(before: str, after: str | None) -> None:
    assert fixed(LABELS + before, "LF204") == (None if after is None else LABELS + after)


STEP = """\
import pytorch_lightning as pl

class Module(pl.LightningModule):
    def training_step(self, batch, index):
        x, y, mask = batch
        losses = F.mse_loss(self(x), y, reduction="none")
        """


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("return losses * mask", "return (losses * mask).sum() / mask.expand_as(losses).sum().clamp(min=1)"),
        (
            "losses *= mask\n        return {'loss': 2 * losses}",
            "losses *= mask\n        return {'loss': (2 * losses).sum() / mask.expand_as(losses).sum().clamp(min=1)}",
        ),
        (
            "return F.l1_loss(self(x), y, reduction='none') * mask",
            "masked_losses = F.l1_loss(self(x), y, reduction='none') * mask\n"
            "        return masked_losses.sum() / mask.expand_as(masked_losses).sum().clamp(min=1)",
        ),
        (
            "return F.cross_entropy(self(x), y, ignore_index=0, reduction='none')",
            "return F.cross_entropy(self(x), y, ignore_index=0, reduction='mean')",
        ),
        (
            "loss = F.nll_loss(self(x), y, ignore_index=0, reduction='none')\n        print(loss)\n        return loss",
            None,
        ),
        ("if index:\n            losses = losses * mask\n        return losses", None),
        ("if index:\n            return losses\n        return 2 * losses", None),  # two places
    ],
)
def test_masked_losses_that_are_returned(before: str, after: str | None) -> None:
    assert fixed(STEP + before, "LF202") == (None if after is None else STEP + after)
