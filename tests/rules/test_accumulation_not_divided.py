"""LF107: which rounds, divisions and resets make an accumulation right or wrong, and in which words."""

from __future__ import annotations

import pytest

from lossflow.catalog import Catalog
from lossflow.findings import Finding, Role, Severity
from lossflow.interp import interpret
from lossflow.source import Source

from .traces import findings

SCRIPT = """\
import torch
from torch import nn
criterion = nn.MSELoss()
def train(args, model, loader):
    optimizer = {optimizer}
    k = {k}
    count = 0
    {before}
    for i, (x, y) in enumerate(loader):
        count += 1
        {first}
        loss = criterion(model(x), y)
        {divide}
        loss.backward()
        {test}
            {scale}
            optimizer.step()
            optimizer.zero_grad()
            count = 0
        {last}
"""
SGD = "torch.optim.SGD(model.parameters(), lr=0.1)"


def found(
    divide: str = "pass",
    test: str = "if (i + 1) % k == 0:",
    *,
    k: str = "4",
    first: str = "pass",
    scale: str = "pass",
    optimizer: str = SGD,
    last: str = "pass",
    before: str = "pass",
) -> list[Finding]:
    script = SCRIPT.format(
        divide=divide, test=test, k=k, first=first, scale=scale, optimizer=optimizer, last=last, before=before
    )
    trace = interpret(Source("script.py", script), catalog=Catalog.default())
    return [finding for finding in findings(trace) if finding.code == "LF107"]


def test_the_message_says_how_often_what_is_added_up() -> None:
    (finding,) = found()
    assert finding.severity is Severity.ERROR
    assert finding.message == (
        "This loss is a mean over each batch (chosen on line 3), and `backward` adds its gradients up over `k` batches "
        "before the optimizer steps on line 17: the step of SGD, which is proportional to the gradient, is 4 times "
        "what it is for one batch of the same examples. Divide the loss by `k`, which is 4, before backward."
    )
    assert [each.role for each in finding.related] == [Role.REDUCTION, Role.OPTIMIZER]


def test_an_adaptive_optimizer_is_said_to_even_the_scale_out() -> None:
    (finding,) = found(k="args.accum", optimizer="torch.optim.Adam(model.parameters())")
    assert "Adam sees `k` times the gradient of one batch of the same examples, and while it evens" in finding.message
    assert finding.message.endswith("Divide the loss by `k` before backward.")


def test_an_optimizer_out_of_sight_sees_the_gradient() -> None:
    (finding,) = found("pass", "if i % args.gradient_accumulation_steps == 0:", optimizer="make_optimizer(model)")
    assert "it sees `args.gradient_accumulation_steps` times the gradient of one batch" in finding.message


@pytest.mark.parametrize(
    "test",
    [
        "if (i + 1) % k == 0 or i + 1 == len(loader):",
        "if i > 0 and i % k == 0:",
        "if not (i + 1) % k:",
        "if 0 == i % k:",
        "if i % k == k - 1:",
        "if count == k:",
        "if count >= k or last_batch(i):",
        "if not i % k != 0:",
    ],
)
def test_tests_of_rounds(test: str) -> None:
    assert found("pass", test)


@pytest.mark.parametrize("test", ["if True:", "if i < k:", "if i > 0:", "if epoch % k == 0:", "if x.sum() % k == 0:"])
def test_other_tests(test: str) -> None:
    assert not found("pass", test)


@pytest.mark.parametrize(
    "divide",
    [
        "loss = loss / k",
        "loss /= k",
        "loss = loss * (1 / k)",
        "loss = loss.div(k)",
        "loss = torch.div(loss, 4)",
        "loss = 0.25 * loss",
        "loss = loss / args.accum_steps",
        "loss = loss / args.rounds",
        "if k > 1: loss = loss / k",
        "loss = loss / k if k > 1 else loss",
        "loss = loss * args.loss_weight / k",
    ],
)
def test_whatever_may_divide_by_the_number_of_batches_silences(divide: str) -> None:
    assert not found(divide)


@pytest.mark.parametrize(
    "divide", ["loss = 0.5 * loss", "loss = loss / 100", "loss = args.loss_weight * loss", "loss = loss * 8"]
)
def test_another_number_does_not(divide: str) -> None:
    assert found(divide)


def test_a_constant_may_be_the_number_of_batches_that_is_out_of_sight() -> None:
    assert found("loss = loss * 8", k="args.accum")
    assert not found("loss = loss / 8", k="args.accum")


def test_division_by_the_running_counter_is_no_division_by_their_number() -> None:
    (finding,) = found("loss = loss / count", "if count == k:")
    assert finding.message == (
        "Gradients add up over `k` batches before the optimizer steps on line 17, and line 13 divides the loss by a "
        "counter that goes up with every batch, not by their number: the first batch counts in full, the second half, "
        "and the sum is no mean. Divide by `k`, which is 4, instead."
    )
    assert Role.DIVISION in [each.role for each in finding.related]


@pytest.mark.parametrize(
    "scale",
    [
        "for p in model.parameters(): p.grad /= k",
        "for p in model.parameters(): p.grad.mul_(1 / k)",
        "for p in model.parameters(): p.grad = p.grad / k",
    ],
)
def test_gradients_that_are_divided_themselves_silence(scale: str) -> None:
    assert not found(scale=scale)


@pytest.mark.parametrize(
    "first",
    [
        "optimizer.zero_grad()",
        "model.zero_grad()",
        "for p in model.parameters(): p.grad = None",
        "for p in model.parameters(): p.grad.zero_()",
    ],
)
def test_gradients_that_are_cleared_in_every_round_silence(first: str) -> None:
    assert not found(first=first)


@pytest.mark.parametrize("first", ["if i % k == 0: optimizer.zero_grad()"])
def test_gradients_that_are_cleared_in_some_rounds_do_not(first: str) -> None:
    assert found(first=first)


def test_an_optimizer_that_steps_in_every_round_is_silent() -> None:
    assert not found("pass", "if i % k == 0: print(loss)\n        if True:")


def test_a_learning_rate_that_is_divided_silences() -> None:
    assert not found(optimizer="torch.optim.SGD(model.parameters(), lr=args.lr / k)")


def test_one_batch_is_no_accumulation() -> None:
    assert not found(k="1")


def test_a_backward_in_the_same_rounds_is_silent() -> None:
    text = """\
import torch
from torch import nn

def train(generator, critic, loader, optimizer_g, n_critic):
    for i, x in enumerate(loader):
        if i % n_critic == 0:
            loss = nn.functional.mse_loss(critic(generator(x)), x)
            loss.backward()
        if i % n_critic == 0:
            optimizer_g.step()
            optimizer_g.zero_grad()
"""
    assert not findings(interpret(Source("script.py", text), catalog=Catalog.default()))


def test_single_examples_that_add_up_to_a_batch_are_no_second_finding() -> None:
    """The gradient grows with the number of examples, because their means add up: LF101 would say the same again."""
    text = """
import torch
from torch import nn
from torch.utils.data import DataLoader

def train(dataset, model):
    batch_size = 8
    micro_batch_size = 1
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    for i, (x, y) in enumerate(DataLoader(dataset, batch_size=micro_batch_size)):
        is_accumulating = (i + 1) % (batch_size // micro_batch_size) != 0
        nn.functional.mse_loss(model(x), y).backward()
        if not is_accumulating:
            optimizer.step()
            optimizer.zero_grad()
"""
    trace = interpret(Source("script.py", text), catalog=Catalog.default())
    assert [finding.code for finding in findings(trace)] == ["LF107"]


@pytest.mark.parametrize(("k", "count"), [("1", 0), ("2", 1), ("args.k", 1)])
def test_one_batch_at_a_time_adds_nothing_up(k: str, count: int) -> None:
    assert len(found(k=k)) == count
    assert len(found("loss = loss / 2", k="args.k")) == 0
    assert len(found("loss = loss / 3", k="2")) == 1
