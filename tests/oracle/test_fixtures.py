"""Torch runs every fixture that it can at B and at 2 B on repeated examples, and must bear out its markers."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path

import pytest

from ..fixtures_harness.markers import Fixture
from .judging import PROGRAMS, RUNNABLE, TOLERANCE, Judgement, MeasuredStep, is_

each_fixture = pytest.mark.parametrize("fixture", RUNNABLE + PROGRAMS, ids=lambda fixture: fixture.id)

RAISES = {
    "LF201": ("RuntimeError", "grad can be implicitly created only for scalar outputs"),
    "LF302": ("ValueError", "is not a valid value for reduction"),
    "LF305": ("RuntimeError", "Boolean value of Tensor with more than one value is ambiguous"),
}
"""How torch stops at a mistake; LF302 is seen when the loss is computed, the others on the line of the finding."""

LEGACY = "size_average and reduce args will be deprecated"
KL_MEAN = "'batchmean' divides only by the batch size"
WARNS = {
    "LF301": LEGACY,
    "LF302": "reduction='elementwise_mean' is deprecated",  # torch raises for every other
    "LF303": KL_MEAN,
    "LF304": LEGACY,
}

_Step = Callable[[MeasuredStep], bool]
ACCUMULATES = ("LF107", "accumulation-not-divided")
MASKS = ("masked-mean-counts-padding", "mask-on-reduced-loss")
SCALES: dict[str, tuple[str, _Step]] = {
    "LF101": ("a gradient and an update that grow with B", lambda step: grows(step.gradient) and grows(step.update)),
    "LF102": ("a gradient that grows with B, an update that doesn't", lambda s: grows(s.gradient) and is_(s.update, 0)),
    "LF103": ("a gradient that grows with B", lambda step: grows(step.gradient)),
    "LF104": (
        "a gradient that grows with B, and an update that grows faster still",
        lambda step: grows(step.gradient) and step.update > step.gradient + TOLERANCE,
    ),
    "LF106": ("a gradient that grows with B, as nothing is clipped here", lambda step: grows(step.gradient)),
    "LF105": (
        "a gradient that grows as none of its terms does, but as a power between whole ones",
        lambda step: abs(step.gradient - round(step.gradient)) > TOLERANCE,
    ),
    "LF109": ("a gradient and an update that shrink with B", lambda s: shrinks(s.gradient) and shrinks(s.update)),
}


def grows(exponent: float) -> bool:
    return exponent >= 1 - TOLERANCE


def shrinks(exponent: float) -> bool:
    return exponent <= -1 + TOLERANCE


@each_fixture
def test_torch_stops_where_the_markers_say(fixture: Fixture, judgements: dict[Path, Judgement]) -> None:
    error = judgements[fixture.path].error
    said = fixture.directives.raises
    stops = {code: RAISES[code] for code in fixture.codes & RAISES.keys() if "warns" not in fixture.directives.words}
    if said is not None:
        assert error is not None, f"torch should have raised {said}"
        assert error[0] == said, f"torch raised {error}"
    elif stops:
        assert error is not None, f"torch ran through, though the file is marked {sorted(stops)}"
        kind, message, line = error
        right = [code for code, (type_, words) in stops.items() if kind == type_ and words in message]
        assert right, f"torch raised {error}"
        assert right == ["LF302"] or line in fixture.lines(right[0]), f"torch raised on line {line}"
    else:
        assert error is None, f"torch raised {error}"


@each_fixture
def test_torch_warns_where_the_markers_say(fixture: Fixture, judgements: dict[Path, Judgement]) -> None:
    judgement, words = judgements[fixture.path], fixture.directives.words
    expected = {code: WARNS[code] for code in fixture.codes & WARNS.keys()}
    if "LF302" in expected and "warns" not in words:
        del expected["LF302"]
    if judgement.error is None and "silent" not in words:
        missing = {code: warning for code, warning in expected.items() if not judgement.warned(warning)}
        assert not missing, f"torch warned only of {judgement.warnings}"
    if judgement.warned(LEGACY):
        assert fixture.codes & {"LF301", "LF304"}, "torch warns of legacy arguments, which no marker expects"
    if judgement.warned(KL_MEAN) and "warns" not in words:
        assert fixture.codes & {"LF303", "LF304"}, "torch warns of the mean of kl_div, which no marker expects"


@each_fixture
def test_torch_measures_what_the_markers_say(fixture: Fixture, judgements: dict[Path, Judgement]) -> None:
    judgement, said = judgements[fixture.path], fixture.directives
    if judgement.error is not None:  # `test_torch_stops_where_the_markers_say` holds it against the markers.
        return
    steps = judgement.steps
    assert bool(steps) is ("no step" not in said.words), f"torch saw the steps {steps}"
    assert not any(math.isnan(step.gradient) or math.isnan(step.update) for step in steps), f"a norm is 0 in {steps}"
    scales = fixture.codes & SCALES.keys()
    for code in scales:
        text, holds = SCALES[code]
        assert any(map(holds, steps)), f"{code} means {text}, but torch measured {steps}"
    if said.gradient is not None:
        assert any(is_(step.gradient, said.gradient) for step in steps), f"torch measured {steps}"
    if said.update is not None:
        assert any(is_(step.update, said.update) for step in steps), f"torch measured {steps}"
    if not scales:
        gradient = 0 if said.gradient is None else said.gradient
        update = 0 if said.update is None else said.update
        wrong = [step for step in steps if not (is_(step.gradient, gradient) and is_(step.update, update))]
        assert not wrong, f"gradient B^{gradient} and update B^{update} are expected, but torch measured {wrong}"


@each_fixture
def test_torch_measures_the_accumulation_that_the_markers_say(
    fixture: Fixture, judgements: dict[Path, Judgement]
) -> None:
    """Gradients that add up grow with the number of batches: as that number, or less where a counter divides them.

    Elsewhere than among the fixtures of the rule a sum may be meant to grow.
    """
    code, rule = ACCUMULATES
    accumulated = judgements[fixture.path].accumulated
    if code in fixture.codes and fixture in RUNNABLE:
        assert accumulated, "the script must say `accumulation = <number>` at its top"
        assert any(step.gradient > TOLERANCE for step in accumulated), f"torch measured {accumulated}"
    elif accumulated is not None and fixture.path.parent.name == rule:
        assert accumulated
        assert all(is_(step.gradient, 0) for step in accumulated), f"torch measured {accumulated}"


@each_fixture
def test_torch_measures_the_padding_that_the_markers_say(fixture: Fixture, judgements: dict[Path, Judgement]) -> None:
    """More padding in the same batch shrinks the gradients of a mean that counts it, and of no other masked loss.

    A mask on a reduced loss leaves padding in it: the gradients are then other ones.
    """
    padded = judgements[fixture.path].padded
    if "LF203" in fixture.codes and fixture in RUNNABLE:
        assert padded, "the script must say `padding = <number>` at its top"
        assert any(step.gradient < -TOLERANCE for step in padded), f"torch measured {padded}"
    elif "LF204" in fixture.codes and fixture in RUNNABLE:
        assert padded, "the script must say `padding = <number>` at its top"
        assert any(not is_(step.gradient, 0) for step in padded), f"torch measured {padded}"
    elif padded is not None and fixture.path.parent.name in MASKS:
        assert padded
        assert all(is_(step.gradient, 0) for step in padded), f"torch measured {padded}"
