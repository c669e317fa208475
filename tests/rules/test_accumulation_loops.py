"""LF107: which loops, branches and files make gradients add up."""

from __future__ import annotations

import pytest

from lossflow.catalog import Catalog
from lossflow.domain.trace import Guard, Period, Step, StepKind
from lossflow.domain.values import Term
from lossflow.interp import interpret
from lossflow.source import Source

from .traces import Script, codes, findings, only, power, stands_at

HEADS = """\
import torch
from torch import nn
criterion = nn.MSELoss()
def train(model, heads, loader):
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    for i, (x, y) in enumerate(loader):
        {first}
        for head in heads:
            criterion(head(model(x)), y).backward()
        if (i + 1) % 4 == 0:
            optimizer.step()
            optimizer.zero_grad()
"""


@pytest.mark.parametrize(("first", "expected"), [("pass", ["LF107"]), ("optimizer.zero_grad()", [])])
def test_what_is_cleared_before_the_heads_of_a_batch_never_adds_up(first: str, expected: list[str]) -> None:
    trace = interpret(Source("script.py", HEADS.format(first=first)), catalog=Catalog.default())
    assert [finding.code for finding in findings(trace)] == expected


RARE = """\
import torch
from torch import nn
criterion = nn.MSELoss()
def train(model, loader):
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    for i, (x, y) in enumerate(loader):
        if i % {backward}:
            criterion(model(x), y).backward()
        if i % {step}:
            optimizer.step()
            optimizer.zero_grad()
"""


@pytest.mark.parametrize(
    ("backward", "step", "expected"),
    [("5 == 0", "5 == 0", []), ("2 == 0", "8 == 0", ["LF107"]), ("5 != 0", "5 == 0", ["LF107"])],
)
def test_a_backward_that_waits_for_the_same_rounds_does_not_add_up(
    backward: str, step: str, expected: list[str]
) -> None:
    trace = interpret(Source("script.py", RARE.format(backward=backward, step=step)), catalog=Catalog.default())
    assert [finding.code for finding in findings(trace)] == expected


TWO = """\
import torch
from torch import nn
criterion = nn.MSELoss()
def train(model, other, loader):
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    for i, (x, y) in enumerate(loader):
        criterion(model(x), y).backward()
        criterion(other(x), y).backward()
        if (i + 1) % 4 == 0:
            optimizer.step()
            optimizer.zero_grad()
"""


def test_each_of_two_losses_is_reported() -> None:
    trace = interpret(Source("script.py", TWO), catalog=Catalog.default())
    assert [finding.code for finding in findings(trace)] == ["LF107", "LF107"]


INNER = """\
import torch
from torch import nn
criterion = nn.MSELoss()
def train(model, loader, batches):
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    for x, y in loader:
        for step in range({k}):
            {first}
            criterion(model(x), y).backward()
        optimizer.step()
        optimizer.zero_grad()
"""


@pytest.mark.parametrize(
    ("first", "k", "expected"),
    [
        ("x, y = next(batches)", "4", ["LF107"]),
        ("x, y = next(batches)", "1", []),
        ("x, y = next(batches)", "num_tasks", []),
        ("x, y = next(batches)", "len(heads)", []),
        ("pass", "4", []),  # steps in time, or restarts: what adds up are terms of one objective
    ],
)
def test_an_inner_loop_counts_where_it_draws_batches(first: str, k: str, expected: list[str]) -> None:
    trace = interpret(Source("script.py", INNER.format(first=first, k=k)), catalog=Catalog.default())
    assert [finding.code for finding in findings(trace)] == expected


def accumulated(script: Script, term: Term) -> Script:
    """The loop of another file steps on the gradients of several batches."""
    period = Period(script.site("lr=args.lr"), "lr")
    guard = Guard(script.place("for x, y in loader"), period, rare=True)
    site = script.abroad("self.loss.backward()", "trainer.fit(loader)")
    return script.backward([term], site=site).step(script.adam(), guards=(guard,))


def test_a_loop_of_another_file_is_reported_where_this_file_brings_the_mean() -> None:
    for elsewhere in (False, True):
        script = Script()
        trace = accumulated(script, script.averaged()).trace(elsewhere=elsewhere)
        assert only(trace).code == "LF107"
        assert stands_at(trace, only(trace)) == "trainer.fit(loader)"


def test_what_the_other_file_brings_together_is_not_repeated() -> None:
    script = Script()
    step = Step(StepKind.AVERAGED, script.abroad("make_criterion()", "trainer.fit(loader)"), power(0))
    accumulated(script, Term().step(step))
    assert codes(script.trace(elsewhere=True)) == []
    assert codes(script.trace()) == ["LF107"]
    assert codes(accumulated(Script(), Term()).trace()) == []
