"""LF106: which clipping of which gradients, and what its threshold means at another batch size."""

from __future__ import annotations

import pytest

from lossflow.catalog import Catalog
from lossflow.findings import Finding, Role, Severity
from lossflow.interp import interpret
from lossflow.source import Source

from .traces import findings

SCRIPT = """\
import math
import torch
from torch import nn
from torch.nn.utils import clip_grad_norm_, clip_grad_value_
criterion = nn.MSELoss(reduction="{reduction}")
def train(args, model, loader, batch_size, accelerator, fabric):
    optimizer = torch.optim.Adam(model.parameters())
    for x, y in loader:
        optimizer.zero_grad()
        loss = criterion(model(x), y){divide}
        loss.backward()
        {before}
        {clip}
        optimizer.step()
"""


def found(clip: str, *, reduction: str = "sum", divide: str = "", before: str = "pass") -> list[Finding]:
    script = SCRIPT.format(clip=clip, reduction=reduction, divide=divide, before=before)
    trace = interpret(Source("script.py", script), catalog=Catalog.default())
    return [finding for finding in findings(trace) if finding.code == "LF106"]


def test_the_message_says_what_the_threshold_amounts_to() -> None:
    (finding,) = found("clip_grad_norm_(model.parameters(), 1.0)")
    assert finding.severity is Severity.NOTE
    assert finding.message == (
        "`clip_grad_norm_` clips at a fixed 1 the gradients of a sum over the batch (chosen on line 5), which reaches "
        "backward on line 11: they grow as B, B being the batch size, and the threshold does not: for the gradient of "
        "the mean it amounts to 0.016 in a batch of 64, for example, and to 0.0078 in one of 128. Doubling the batch "
        "doubles them and clips them that much harder. Average the loss over the batch, and choose the threshold for "
        "the mean."
    )
    assert [each.role for each in finding.related] == [Role.REDUCTION, Role.BACKWARD]


def test_a_threshold_out_of_sight_is_named() -> None:
    (finding,) = found("clip_grad_norm_(model.parameters(), args.clip)")
    assert "clips at the fixed `args.clip` the gradients" in finding.message
    assert (
        "it amounts to 1/64 of its value in a batch of 64, for example, and to 1/128 of its value in" in finding.message
    )


@pytest.mark.parametrize(
    "clip",
    [
        "clip_grad_value_(model.parameters(), clip_value=0.5)",
        "torch.nn.utils.clip_grad_norm(model.parameters(), args.max_grad_norm)",
        "nn.utils.clip_grad_norm_(model.parameters(), max_norm=args.train.grad_clip)",
        "accelerator.clip_grad_norm_(model.parameters(), 1.0)",
        "fabric.clip_gradients(model, optimizer, max_norm=1.0)",
        "fabric.clip_gradients(model, optimizer, clip_val=0.5)",
        "if args.clip > 0: clip_grad_norm_(model.parameters(), args.clip)",
    ],
)
def test_ways_to_clip(clip: str) -> None:
    assert found(clip)


@pytest.mark.parametrize(
    "clip",
    [
        'clip_grad_norm_(model.parameters(), float("inf"))',
        "clip_grad_norm_(model.parameters(), math.inf)",
        "clip_grad_norm_(model.parameters(), torch.inf)",
        "clip_grad_norm_(model.parameters(), 0.1 * batch_size)",
        "clip_grad_norm_(model.parameters(), threshold_of(model))",
        "pass",
    ],
)
def test_thresholds_that_may_be_no_limit_or_grow_are_silent(clip: str) -> None:
    assert not found(clip)


def test_gradients_that_do_not_grow_are_silent() -> None:
    assert not found("clip_grad_norm_(model.parameters(), 1.0)", reduction="mean")
    assert not found("clip_grad_norm_(model.parameters(), 1.0)", divide=" / x.size(0)")
    scaled = "for p in model.parameters(): p.grad /= batch_size"
    assert not found("clip_grad_norm_(model.parameters(), 1.0)", before=scaled)


def test_gradients_are_taken_as_they_are_when_they_are_clipped() -> None:
    clipped_first = "clip_grad_norm_(model.parameters(), 1.0)"
    (finding,) = found("for p in model.parameters(): p.grad /= batch_size", before=clipped_first)
    assert finding.code == "LF106"


@pytest.mark.parametrize(("option", "count"), [("0.5", 1), ("None", 0), ("0", 0), ("args.clip", 1)])
def test_an_option_of_the_trainer_that_fits_the_module(option: str, count: int) -> None:
    script = f"""\
import lightning as L
import torch
from torch import nn
class Module(L.LightningModule):
    def training_step(self, batch, batch_idx):
        return nn.functional.mse_loss(self.model(batch[0]), batch[1], reduction="sum")
    def configure_optimizers(self):
        return torch.optim.Adam(self.parameters())
def main(args):
    trainer = L.Trainer(gradient_clip_val={option})
    trainer.fit(Module())
"""
    trace = interpret(Source("script.py", script), catalog=Catalog.default())
    clips = [finding for finding in findings(trace) if finding.code == "LF106"]
    assert len(clips) == count
    assert all(
        "`gradient_clip_val` clips" in each.message and "is handed to Lightning" in each.message for each in clips
    )
