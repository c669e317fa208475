"""LF109: which division shrinks the updates, and where several of them do."""

from __future__ import annotations

import pytest

from lossflow.domain.exponent import Exponent
from lossflow.domain.trace import GradientScaled, Guard, Period, Step, StepKind
from lossflow.domain.values import Term
from lossflow.findings import Role

from .traces import Script, codes, only, power, stands_at, way

SHARE = power(-1)


def divided(script: Script, text: str, term: Term) -> Term:
    return term.step(Step(StepKind.SCALED, script.site(text), SHARE))


def scaled(script: Script, exponent: Exponent) -> None:
    """What multiplies the gradients between backward and step."""
    script.events.append(GradientScaled(script.site("for x, y in loader"), 1, (1,), exponent=exponent))


def test_it_stands_at_the_division_and_names_the_mean() -> None:
    script = Script()
    trace = script.backward([divided(script, "loss * batch_size", script.averaged())]).step(script.sgd()).trace()
    assert only(trace).code == "LF109"
    assert stands_at(trace, only(trace)) == "loss * batch_size"
    assert (Role.REDUCTION, 'nn.L1Loss(reduction="sum")') in way(trace, only(trace))


def test_of_two_divisions_the_first_is_the_one_too_many() -> None:
    script = Script()
    once = divided(script, "first + second", script.averaged())
    trace = script.backward([divided(script, "loss * batch_size", once)]).step(script.sgd()).trace()
    assert stands_at(trace, only(trace)) == "first + second"


@pytest.mark.parametrize("exponent", [power(0), SHARE])
def test_what_scales_the_gradients_afterwards_is_not_the_division(exponent: Exponent) -> None:
    """A division of the loss had taken it below a mean before."""
    script = Script()
    script.backward([divided(script, "loss * batch_size", script.averaged())])
    scaled(script, exponent)
    trace = script.step(script.sgd()).trace()
    assert stands_at(trace, only(trace)) == "loss * batch_size"


@pytest.mark.parametrize(
    ("exponents", "expected"),
    [
        ([SHARE], ["LF109"]),
        ([power(0), SHARE, power(0)], ["LF109"]),
        ([SHARE, power(1)], []),
        ([SHARE, Exponent.UNKNOWN], []),
        ([power("-1/2")], []),
    ],
)
def test_a_division_of_the_gradients_of_a_mean(exponents: list[Exponent], expected: list[str]) -> None:
    script = Script()
    script.backward([script.averaged()])
    for exponent in exponents:
        scaled(script, exponent)
    assert codes(script.step(script.sgd()).trace()) == expected


def test_an_optimizer_that_makes_up_for_it_silences() -> None:
    for rest in ("1", "1/2"):
        script = Script()
        script.backward([divided(script, "loss * batch_size", script.averaged())])
        assert codes(script.step(script.sgd(power(rest))).trace()) == []
    script = Script()
    script.backward([divided(script, "loss * batch_size", script.averaged())])
    assert codes(script.step(script.sgd()).step(script.adam(identity=2)).trace()) == []


def test_one_term_that_does_not_shrink_silences() -> None:
    script = Script()
    unknown = script.summed("first", exponent=Exponent.UNKNOWN)
    script.backward([divided(script, "loss * batch_size", script.averaged()), unknown]).step(script.sgd())
    assert codes(script.trace()) == []


def test_a_framework_that_shows_its_optimizer_steps_after_every_batch() -> None:
    script = Script()
    term = divided(script, "loss * batch_size", script.averaged())
    script.backward([term], framework="Lightning", optimizers=(script.sgd(),))
    assert codes(script.trace()) == ["LF109"]


@pytest.mark.parametrize("facts", [{"loops": ()}, {"root": 2}, {"guards": "rare"}])
def test_shares_of_several_backwards_may_add_up_to_a_batch(facts: dict[str, object]) -> None:
    script = Script()
    if "guards" in facts:
        facts = {"guards": (Guard(script.place("loader"), Period(script.site("loader"), "k"), rare=True),)}
    script.backward([divided(script, "loss * batch_size", script.averaged())]).step(script.sgd(), **facts)
    assert codes(script.trace()) == []


def test_a_division_that_another_file_reports_is_not_repeated() -> None:
    script = Script()
    division = Step(StepKind.SCALED, script.abroad("make_criterion()", "trainer.fit(loader)"), SHARE)
    site = script.abroad("self.loss.backward()", "trainer.fit(loader)")
    script.backward([script.averaged().step(division)], site=site).step(script.sgd())
    assert codes(script.trace(elsewhere=True)) == []
    assert stands_at(script.trace(), only(script.trace())) == "trainer.fit(loader)"
