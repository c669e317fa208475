"""The exponents that the analysis states of a fixture's training steps are those that torch measures."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from itertools import product
from pathlib import Path

import pytest

from lossflow.catalog import Catalog
from lossflow.domain.exponent import Exponent
from lossflow.domain.trace import OptimizerFacts, Trace
from lossflow.domain.training import TrainingStep, training_steps
from lossflow.domain.values import exponent_of
from lossflow.interp import interpret
from lossflow.source import Source

from ..fixtures_harness.markers import Fixture
from .judging import RUNNABLE, Judgement, MeasuredStep, is_


@pytest.mark.parametrize("fixture", RUNNABLE, ids=lambda fixture: fixture.id)
def test_the_analysis_states_what_torch_measures(fixture: Fixture, judgements: dict[Path, Judgement]) -> None:
    trace = interpret(Source(str(fixture.path), fixture.text), catalog=Catalog.default())
    for step in judgements[fixture.path].steps:
        stated = [[each for each in training_steps(trace) if _row(trace, each) == row] for row in step.backward]
        # The analysis speaks of one backward; torch adds up those of a loop.
        calls = Exponent.of(Fraction(step.calls).limit_denominator(2))
        gradients = _largest({(_gradient(each) + calls).known for each in steps} for steps in stated)
        updates = _largest(
            {
                _update(_gradient(each) + calls, facts).known
                for each in steps
                for facts in each.optimizers
                if _is_of(facts, step)
            }
            for steps in stated
        )
        assert not gradients or any(is_(step.gradient, each) for each in gradients), f"{gradients} is stated of {step}"
        assert not updates or any(is_(step.update, each) for each in updates), f"{updates} is stated of {step}"


def _row(trace: Trace, step: TrainingStep) -> int:
    """The line of the backward in the fixture."""
    return trace.row(step.backward.site.place)


def _gradient(step: TrainingStep) -> Exponent:
    objective = step.backward.objective
    if objective is None or step.backward.gradient:  # A gradient argument may hold any factor.
        return Exponent.UNKNOWN
    return exponent_of(objective) + step.scaled


def _update(gradient: Exponent, facts: OptimizerFacts) -> Exponent:
    if facts.proportional is None:
        return Exponent.UNKNOWN
    return facts.learning_rate + (gradient if facts.proportional else Exponent.ZERO)


def _is_of(facts: OptimizerFacts, step: MeasuredStep) -> bool:
    return facts.name.rpartition(".")[2] == step.optimizer


def _largest(stated: Iterable[set[Fraction | None]]) -> set[Fraction]:
    """The exponents that the sum of gradients may have, each of which has one of the exponents stated for its backward.

    Empty where nothing is known of one of them. A function that is called several times has several.
    """
    known = [{each for each in exponents if each is not None} for exponents in stated]
    return {max(each) for each in product(*known) if each}
