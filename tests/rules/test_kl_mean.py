"""LF303: a divergence that averages over its elements, as an objective."""

from __future__ import annotations

from dataclasses import replace

import pytest

from lossflow.catalog import Catalog
from lossflow.domain.trace import BoundArgument, LossCall, OptimizerFacts, Step, StepKind
from lossflow.domain.values import Const, Term
from lossflow.findings import Role
from lossflow.interp import interpret
from lossflow.source import Source

from .traces import Script, codes, findings, only, stands_at, way

CONSTRUCTOR = 'nn.MSELoss(reduction="sum")'
CALL = "criterion(prediction, y)"


def divergence(
    script: Script,
    *,
    loss: str = "torch.nn.KLDivLoss",
    reduction: str = "mean",
    default: bool = False,
    made: bool = True,
) -> Term:
    constructed = Step(StepKind.CONSTRUCTED, script.site(CONSTRUCTOR), loss=loss, reduction=reduction, default=default)
    computed = Step(StepKind.COMPUTED, script.site(CALL), loss=loss, reduction=reduction, default=default)
    return Term(trail=(constructed,) if made else ()).step(computed)


def test_a_mean_divergence_is_reported_at_its_constructor() -> None:
    script = Script()
    trace = script.backward([divergence(script)]).step(script.sgd()).trace()
    finding = only(trace)
    assert (finding.code, stands_at(trace, finding)) == ("LF303", CONSTRUCTOR)
    assert way(trace, finding)[0] == (Role.BACKWARD, "loss.backward()")
    assert finding.message == (
        '`nn.KLDivLoss` with `reduction="mean"` reaches backward on line 11. The mean divides by the number of all '
        "elements, classes included, so this is not the divergence but a fraction of it. Use "
        '`reduction="batchmean"`; it is as many times larger as an example has elements, so tune the weight of this '
        "term again."
    )


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        ({"reduction": "batchmean"}, []),
        ({"reduction": "none"}, []),
        ({"loss": "torch.nn.MSELoss"}, []),
        ({"loss": "lab.KLDivLoss"}, []),
        ({"default": True}, ["LF303"]),
        ({"loss": "torch.nn.functional.kl_div", "made": False}, ["LF303"]),
        ({"loss": "torch.kl_div", "made": False}, ["LF303"]),
    ],
)
def test_only_the_mean_of_a_divergence_counts(facts: dict[str, object], expected: list[str]) -> None:
    script = Script()
    script.backward([divergence(script, **facts)]).step(script.sgd())  # type: ignore[arg-type]
    assert codes(script.trace()) == expected


def test_a_default_and_a_function_without_batchmean_are_called_so() -> None:
    script = Script()
    term = divergence(script, loss="torch.kl_div", default=True, made=False)
    trace = script.backward([term]).step(script.sgd()).trace()
    assert stands_at(trace, only(trace)) == CALL
    assert only(trace).message.startswith('`kl_div` with `reduction="mean"`, its default, reaches backward on line')
    assert 'Use `F.kl_div` with `reduction="batchmean"`' in only(trace).message


def test_it_counts_as_one_term_among_others() -> None:
    script = Script()
    terms = [script.averaged(), divergence(script).step(Step(StepKind.SCALED, script.site("weighted")))]
    assert codes(script.backward(terms).step(script.adam()).trace()) == ["LF303"]


@pytest.mark.parametrize("optimizer", ["adam", "unseen"])
def test_whatever_the_optimizer(optimizer: str) -> None:
    script = Script()
    facts = {"adam": script.adam(), "unseen": OptimizerFacts()}[optimizer]
    assert codes(script.backward([divergence(script)]).step(facts).trace()) == ["LF303"]


def test_it_must_be_an_objective_of_training() -> None:
    script = Script()
    assert codes(script.backward([divergence(script)]).trace()) == []
    script = Script()
    script.backward([divergence(script)], grad_enabled=False).step(script.sgd())
    assert codes(script.trace()) == []
    script = Script()
    assert codes(script.backward([divergence(script)], framework="Lightning").trace()) == ["LF303"]


def test_two_uses_of_one_criterion_are_one_finding() -> None:
    script = Script()
    term = divergence(script)
    script.backward([term, term.step(Step(StepKind.SCALED, script.site("weighted")))]).step(script.sgd())
    assert codes(script.trace()) == ["LF303"]


def test_a_string_that_went_astray_is_lf304_alone() -> None:
    """`nn.KLDivLoss("batchmean")` averages because the string lands in `size_average`."""
    script = Script()
    bound = BoundArgument("size_average", Const("batchmean"), script.place('"sum"'), False)
    script.events.append(
        LossCall(script.site(CONSTRUCTOR), loss="torch.nn.KLDivLoss", constructor=True, arguments=(bound,))
    )
    script.backward([divergence(script)]).step(script.sgd())
    assert codes(script.trace()) == ["LF304"]


def test_another_file_brings_its_own_together() -> None:
    script = Script()
    term = divergence(script, made=False)
    (step,) = term.trail
    foreign = replace(step, site=script.abroad("make_criterion()", "trainer.fit(loader)"))
    script.backward([Term(trail=(foreign,))], site=script.abroad("self.loss.backward()", "trainer.fit(loader)"))
    script.step(script.sgd())
    assert codes(script.trace(elsewhere=True)) == []
    assert codes(script.trace()) == ["LF303"]


DISTILLATION = """
import torch.nn.functional as F

def distillation_loss(outputs, teacher_outputs):
    return F.kl_div(F.log_softmax(outputs, dim=1), F.softmax(teacher_outputs, dim=1){reduction})

def evaluate(outputs, teacher_outputs):
    return F.kl_div(F.log_softmax(outputs, dim=1), F.softmax(teacher_outputs, dim=1))
"""


@pytest.mark.parametrize(("reduction", "rows"), [("", [5]), (', reduction="batchmean"', [])])
def test_a_divergence_that_a_loss_function_returns_is_an_objective(reduction: str, rows: list[int]) -> None:
    """Nobody calls it in this file; what an evaluation returns is none."""
    source = Source("losses.py", DISTILLATION.replace("{reduction}", reduction))
    found = findings(interpret(source, catalog=Catalog.default()))
    assert [(each.code, source.location(each.span.start).row) for each in found] == [("LF303", row) for row in rows]
    assert all("is returned by `distillation_loss` (line 4)" in each.message for each in found)
