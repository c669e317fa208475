"""LF105: when terms are known to differ, at which addition it stands, and in which words."""

from __future__ import annotations

import pytest

from lossflow.catalog import Catalog
from lossflow.domain.exponent import Exponent
from lossflow.domain.trace import OptimizerFacts, Step, StepKind
from lossflow.domain.values import Term
from lossflow.findings import Role, Severity
from lossflow.interp import interpret
from lossflow.source import Source

from .traces import Script, codes, findings, only, power, stands_at, way


def added(script: Script, text: str = "first + second") -> Step:
    return Step(StepKind.ADDED, script.site(text))


def test_a_mean_and_a_sum_are_reported_at_their_addition() -> None:
    script = Script()
    step = added(script)
    script.backward([script.averaged().step(step), script.summed().step(step)]).step(script.sgd())
    trace = script.trace()
    finding = only(trace)
    assert (finding.code, finding.severity) == ("LF105", Severity.ERROR)
    assert stands_at(trace, finding) == "first + second"
    assert way(trace, finding) == [
        (Role.TERM, 'nn.MSELoss(reduction="sum")'),
        (Role.TERM, 'nn.L1Loss(reduction="sum")'),
        (Role.BACKWARD, "loss.backward()"),
        (Role.OPTIMIZER, "SGD(parameters, lr=args.lr)"),
        (Role.LEARNING_RATE, "args.lr"),
    ]
    assert finding.message == (
        "This objective, which reaches backward on line 11, adds a term that grows in proportion to the batch size "
        "(line 1) to a term that does not depend on the batch size (line 2). Doubling the batch doubles the weight of "
        "the first against the second, whatever the optimizer. Give both the same reduction, or divide the first by "
        "the batch size."
    )


@pytest.mark.parametrize(
    ("left", "right", "words", "advice"),
    [
        ("2", "1", "as B^2, B being the batch size (line 1) to a term that", "divide the first by the batch size."),
        ("2", "0", "Doubling the batch quadruples the weight of the first", "bring both to the same power of B."),
        ("0", "-1", "a term that goes as B^-1, B being the batch size (line 2)", "divide the first by the batch size."),
    ],
)
def test_other_powers_are_named(left: str, right: str, words: str, advice: str) -> None:
    script = Script()
    terms = [script.summed(exponent=power(left)), script.summed("second", exponent=power(right))]
    message = only(script.backward(terms).step(script.sgd()).trace()).message
    assert words in message
    assert message.endswith(advice)


def test_terms_of_one_reduction_are_told_apart_by_the_division() -> None:
    script = Script()
    division = Step(StepKind.SCALED, script.site("loss * batch_size"), power(-1))
    trace = script.backward([script.summed(), script.summed().step(division)]).step(script.sgd()).trace()
    message = only(trace).message
    assert (
        "to the batch size (line 1) to a term that does not depend on the batch size (line 1, divided on line 10)"
        in (message)
    )
    assert message.endswith("Both have the same reduction already: divide the first by the batch size.")


@pytest.mark.parametrize(
    ("left", "right", "expected"),
    [
        (power(1), power(0), ["LF105"]),
        (power(0), power(-1), ["LF105"]),
        (power(2), power(1), ["LF105"]),
        (power("1/2"), power(0), ["LF105"]),
        (power(0), power(0), []),
        (power(1), power(1), ["LF101"]),
        (power(0), Exponent.between(0, 1), []),
        (power(0), Exponent.UNKNOWN, []),
        (power(0), Exponent.between(1, 2), ["LF101"]),  # apart, but one exponent is not known
    ],
)
def test_every_exponent_must_be_known_and_two_must_differ(left: Exponent, right: Exponent, expected: list[str]) -> None:
    script = Script()
    script.backward([script.summed(exponent=left), script.summed("second", exponent=right)]).step(script.sgd())
    assert codes(script.trace()) == expected


@pytest.mark.parametrize("third", [Exponent.UNKNOWN, Exponent.between(2, 3)])
def test_a_third_term_of_unknown_exponent_does_not_make_two_others_equal(third: Exponent) -> None:
    script = Script()
    script.backward([script.by_hand(third), script.summed(), script.averaged()]).step(script.sgd())
    finding = only(script.trace())
    assert finding.code == "LF105"
    assert "in proportion to the batch size (line 1) to a term that does not depend on the batch size (line 2)" in (
        finding.message
    )


def test_a_penalty_does_not_mix() -> None:
    script = Script()
    script.backward([script.averaged("first"), Term(power(1), batchless=True)]).step(script.sgd())
    assert codes(script.trace()) == []


@pytest.mark.parametrize("optimizer", ["sgd over B", "adam", "unseen"])
def test_no_optimizer_makes_up_for_it(optimizer: str) -> None:
    script = Script()
    facts = {"sgd over B": script.sgd(power(-1)), "adam": script.adam(), "unseen": OptimizerFacts()}[optimizer]
    script.backward([script.summed(), script.averaged()]).step(facts)
    assert codes(script.trace()) == ["LF105"]


def test_without_a_step_or_with_gradients_off_it_is_silent() -> None:
    script = Script()
    assert codes(script.backward([script.summed(), script.averaged()]).trace()) == []
    script = Script()
    script.backward([script.summed(), script.averaged()], grad_enabled=False).step(script.sgd())
    assert codes(script.trace()) == []


def test_of_two_sums_by_hand_the_undivided_one_is_to_be_divided() -> None:
    script = Script()
    other = Step(StepKind.REDUCED, script.site("criterion(prediction, y)"), Exponent.ONE)
    division = Step(StepKind.SCALED, script.site("loss * batch_size"), power(-1))
    script.backward([script.by_hand(), Term().step(other).step(division)]).step(script.sgd())
    message = only(script.trace()).message
    assert message.endswith("Both have the same reduction already: divide the first by the batch size.")


def test_a_term_is_shown_where_it_came_to_grow() -> None:
    """A mean times the batch size grows by the factor: the criterion is right."""
    script = Script()
    factor = Step(StepKind.SCALED, script.site("loss * batch_size"), Exponent.ONE)
    script.backward([script.averaged("first").step(factor), script.averaged()]).step(script.sgd())
    trace = script.trace()
    terms = [text for role, text in way(trace, only(trace)) if role is Role.TERM]
    assert terms == ["loss * batch_size", 'nn.L1Loss(reduction="sum")']


def test_the_first_addition_of_terms_that_differ_is_the_place() -> None:
    """`(first + second) + by_hand` with two means inside: the outer addition mixes."""
    script = Script()
    inner, outer = added(script), added(script, "loss * batch_size")
    script.backward(
        [
            script.averaged("first").step(inner).step(outer),
            script.averaged().step(inner).step(outer),
            script.by_hand().step(outer),
        ]
    ).step(script.sgd())
    trace = script.trace()
    assert stands_at(trace, only(trace)) == "loss * batch_size"


def test_of_two_mixing_additions_the_earlier_is_the_place() -> None:
    script = Script()
    inner, outer = added(script), added(script, "loss * batch_size")
    script.backward(
        [
            script.by_hand().step(outer),
            script.averaged("first").step(inner).step(outer),
            script.summed("second").step(inner).step(outer),
        ]
    ).step(script.sgd())
    trace = script.trace()
    assert stands_at(trace, only(trace)) == "first + second"


def test_terms_that_meet_only_in_backward_are_reported_there() -> None:
    script = Script()
    trace = script.backward([script.summed(), script.averaged()]).step(script.sgd()).trace()
    assert stands_at(trace, only(trace)) == "loss.backward()"


def test_one_addition_is_one_finding() -> None:
    script = Script()
    step = added(script)
    for root in (1, 2):
        terms = [script.summed().step(step), script.averaged().step(step)]
        script.backward(terms, root=root).step(script.sgd(), root=root)
    assert [each.code for each in findings(script.trace())] == ["LF105"]


def test_an_addition_in_another_file_stands_where_it_enters() -> None:
    script = Script()
    step = Step(StepKind.ADDED, script.abroad("make_criterion()", "engine.Trainer(model)"))
    script.backward([script.summed().step(step), script.averaged().step(step)]).step(script.sgd())
    trace = script.trace()
    assert stands_at(trace, only(trace)) == "engine.Trainer(model)"
    assert way(trace, only(trace))[0] == (Role.REDUCTION, "make_criterion()")


def test_what_another_file_adds_and_differentiates_stands_there() -> None:
    script = Script()
    step = Step(StepKind.ADDED, script.abroad("make_criterion()", "trainer.fit(loader)"))
    site = script.abroad("self.loss.backward()", "trainer.fit(loader)")
    script.backward([script.summed().step(step), script.averaged().step(step)], site=site).step(script.sgd())
    assert codes(script.trace(elsewhere=True)) == []
    assert codes(script.trace()) == ["LF105"]


def test_a_term_without_a_trail_has_no_line() -> None:
    script = Script()
    message = only(script.backward([script.summed(), Term()]).step(script.sgd()).trace()).message
    assert "(line 1) to a term that does not depend on the batch size. Doubling" in message


RETURNED = """
import torch.nn.functional as F
from torch import nn

class Model(nn.Module):
    def {name}(self, inputs, labels=None):
        logits = [self.layer(inputs), self.layer(inputs)]
        loss = F.cross_entropy(logits[0], labels) + F.cross_entropy(logits[1], labels)
        first, second = F.log_softmax(logits[0], dim=-1), F.softmax(logits[1], dim=-1)
        loss += 0.5 * F.kl_div(first, second, reduction="{reduction}")
        return loss, logits[0]
"""


@pytest.mark.parametrize(
    ("name", "reduction", "rows"),
    [
        ("forward", "sum", [10]),
        ("forward", "batchmean", []),
        ("evaluate", "sum", []),  # what is measured trains nothing
    ],
)
def test_a_mixture_that_is_returned_to_a_caller_out_of_sight(name: str, reduction: str, rows: list[int]) -> None:
    source = Source("model.py", RETURNED.replace("{name}", name).replace("{reduction}", reduction))
    found = findings(interpret(source, catalog=Catalog.default()))
    assert [(each.code, source.location(each.span.start).row) for each in found] == [("LF105", row) for row in rows]
    assert all("This objective, which is returned by `forward` (line 6), adds" in each.message for each in found)


def test_a_penalty_beside_a_sum_that_is_returned_does_not_mix() -> None:
    text = """
import torch
import torch.nn.functional as F
from torch import nn

class Model(nn.Module):
    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(4, 4)
        self.scale = nn.Parameter(torch.randn(4))

    def forward(self, inputs, labels):
        error = F.cross_entropy(self.layer(inputs), labels, reduction="{}")
        return error + 0.1 * {}
"""
    penalty = "self.scale.pow(2).sum()"
    for addend, expected in ((penalty, []), ("F.cross_entropy(self.layer(inputs), labels)", ["LF105"])):
        trace = interpret(Source("model.py", text.format("sum", addend)), catalog=Catalog.default())
        assert codes(trace) == expected
