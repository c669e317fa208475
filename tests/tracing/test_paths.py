"""The paths say what becomes of each loss, and where knowledge of it ends."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path as FilePath

import pytest

from lossflow.checking import findings, traced
from lossflow.configuration.config import Config
from lossflow.notebook import read
from lossflow.source import Source
from lossflow.tracing import Path, growth, paths, untraced

from ..fixtures_harness.markers import RULE_FIXTURES
from ..programs import CLEAN, SUMMED

HEAD = """\
import torch
import torch.nn.functional as F
from torch import nn

model = nn.Linear(4, 1)
optimizer = torch.optim.SGD(model.parameters(), lr=0.01)


def train(loader, out_of_sight):
    for inputs, targets in loader:
        outputs = model(inputs)
        optimizer.zero_grad()
"""
TAIL = """\
        loss.backward()
        optimizer.step()
"""


def found(text: str) -> tuple[Path, ...]:
    return paths(traced(Source("train.py", text), Config()))


def only(lines: str) -> Path:
    """The path of a script whose loss these lines compute."""
    body = "".join(f"        {line}\n" for line in lines.splitlines())
    (path,) = found(HEAD + body + TAIL)
    return path


def test_a_sum_is_followed_from_its_constructor_to_the_update() -> None:
    (path,) = found(SUMMED)
    (term,) = path.terms
    assert [(stage.words, stage.spot.row, growth(stage.total)) for stage in term.stages] == [
        ("the criterion `nn.MSELoss` is made", 5, "B^0"),
        ('`nn.MSELoss` is computed, with `reduction="sum"`', 10, "B^1"),
    ]
    (driver,) = path.drivers
    assert driver.spot is not None
    assert driver.learning_rate_spot is not None
    assert (driver.spot.row, driver.learning_rate_spot.text, growth(driver.update)) == (6, "0.01", "B^1")
    assert (path.axes, path.verdict, path.reasons) == ("scalar", "update ~ B^1", ())


def test_a_mean_is_independent_of_the_batch_size() -> None:
    (path,) = found(CLEAN)
    assert path.verdict == "update ~ B^0: independent of the batch size"


@pytest.mark.parametrize(
    ("lines", "words", "total"),
    [
        ("loss = F.mse_loss(outputs, targets, reduction='sum') / inputs.size(0)", "divided by what goes as B^1", "B^0"),
        ("loss = F.mse_loss(outputs, targets) * len(inputs)", "multiplied by what goes as B^1", "B^1"),
        ("loss = 0.5 * F.mse_loss(outputs, targets)", "multiplied by 0.5", "B^0"),
        ("loss = F.mse_loss(outputs, targets) / 4", "divided by 4", "B^0"),
        ("loss = (outputs - targets).pow(2).sum()", "summed over the batch", "B^1"),
        ("loss = (outputs - targets).pow(2).sum(1).mean()", "averaged", "B^0"),
    ],
)
def test_the_last_stage(lines: str, words: str, total: str) -> None:
    (term,) = only(lines).terms
    assert (term.stages[-1].words, growth(term.stages[-1].total)) == (words, total)


@pytest.mark.parametrize(
    ("lines", "verdict"),
    [
        (
            "loss = F.mse_loss(outputs, targets) + outputs.pow(2).sum()",
            "the balance of the terms depends on the batch size: one grows as B^1, another as B^0",
        ),
        (
            "loss = F.mse_loss(outputs, targets, reduction='none')",
            "torch refuses it: the objective still has one value for each example",
        ),
    ],
)
def test_verdicts(lines: str, verdict: str) -> None:
    assert only(lines).verdict == verdict


def test_an_optimizer_that_evens_the_scale_out() -> None:
    (path,) = found(SUMMED.replace("SGD", "Adam"))
    assert path.verdict == "update ~ B^0, gradients ~ B^1"


def test_a_loss_that_no_optimizer_in_sight_steps_on() -> None:
    (path,) = found(SUMMED.replace("    optimizer.step()\n", ""))
    assert path.verdict == "gradients ~ B^1; no optimizer is in sight"


@pytest.mark.parametrize(
    ("lines", "words", "row", "text"),
    [
        ("loss = out_of_sight(outputs, targets)", "it is not known what `out_of_sight` returns (line 13)", 13, None),
        (
            "weights = out_of_sight(targets)\nloss = (weights * F.mse_loss(outputs, targets)).mean()",
            "it is not known how `weights` (line 14) depends on the batch size: "
            "it is not known what `out_of_sight` returns (line 13)",
            13,
            "out_of_sight(targets)",
        ),
        (
            "loss = F.mse_loss(outputs, targets) + out_of_sight(outputs).mean()",
            "it is not known what `out_of_sight` returns (line 13)",
            13,
            "out_of_sight(outputs)",
        ),
        (
            "loss = F.mse_loss(outputs, targets, reduction=out_of_sight)",
            "the value of `out_of_sight` (line 13) is out of sight",
            13,
            "out_of_sight",
        ),
        (
            "latent = out_of_sight.encode(inputs)\nscaled = latent.exp() / 2\nloss = torch.log(scaled).mean()",
            "it is not known what `out_of_sight.encode` returns (line 13)",
            13,
            "out_of_sight.encode(inputs)",
        ),
    ],
)
def test_the_first_value_that_is_not_known_is_named(lines: str, words: str, row: int, text: str | None) -> None:
    path = only(lines)
    (reason,) = path.reasons
    assert reason.spot is not None
    assert (reason.words, reason.spot.row) == (words, row)
    assert text is None or reason.spot.text == text
    assert path.verdict.endswith(f", because {words}")


def test_what_a_function_does_not_know_is_not_what_its_caller_does_not_know() -> None:
    path = only("def distance(a, b):\n    device = out_of_sight.device\n    return far(a, b).mean()\n"
                "loss = distance(outputs, targets)")  # fmt: skip
    (reason,) = path.reasons
    assert reason.words == "it is not known what `far` returns (line 15)"


def test_an_optimizer_out_of_sight_is_named() -> None:
    (path,) = found(SUMMED.replace("torch.optim.SGD(model.parameters(), lr=0.01)", "make_optimizer(model)"))
    assert [reason.words for reason in path.reasons] == [
        "the optimizer that steps on it is out of sight or may be of several kinds"
    ]


def test_untraced_are_the_paths_to_a_step_that_end_in_the_dark() -> None:
    body = "        loss = out_of_sight(outputs, targets)\n"
    in_the_dark = Source("train.py", HEAD + body + TAIL)
    assert len(untraced(traced(in_the_dark, Config()))) == 1
    assert not untraced(traced(Source("train.py", SUMMED), Config()))
    no_step = Source("train.py", HEAD + body + TAIL.replace("optimizer.step()", "pass"))
    assert not untraced(traced(no_step, Config()))


def test_a_call_says_more_than_the_function_on_its_own() -> None:
    text = SUMMED.replace("for inputs", "def train(criterion):\n  for inputs").replace("\n    ", "\n      ")
    (path,) = found(text + "\n\ntrain(criterion)\n")
    assert path.verdict == "update ~ B^1"


# --- against the rules ----------------------------------------------------------------------------------------------


@cache
def fixtures() -> tuple[FilePath, ...]:
    return tuple(sorted(RULE_FIXTURES.glob("*/flagged_*.py")))


def _grows(path: Path) -> bool:
    return any((term.exponent + path.scaling).at_least(1) for term in path.terms if not term.batchless)


RULES: dict[str, Callable[[Path], bool]] = {
    "LF101": lambda path: _grows(path) and any(driver.update.at_least(1) for driver in path.drivers),
    "LF102": lambda path: _grows(path) and any(driver.update.is_zero for driver in path.drivers),
    "LF103": _grows,
    "LF105": lambda path: path.verdict.startswith("the balance of the terms depends on the batch size"),
    "LF201": lambda path: path.verdict.startswith("torch refuses it"),
}


@pytest.mark.parametrize("file", fixtures(), ids=lambda file: f"{file.parent.name}/{file.stem}")
def test_the_paths_bear_the_findings_out(file: FilePath) -> None:
    trace = traced(read(str(file), file.read_bytes()), Config())
    everything = paths(trace)
    for finding in findings(trace, Config()):
        if finding.code in RULES:
            places = {(finding.file, finding.span), *((each.file, each.span) for each in finding.related)}
            about = [path for path in everything if (path.spot.source.name, path.spot.span) in places]
            assert any(map(RULES[finding.code], about)), finding.message
