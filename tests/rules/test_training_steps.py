"""Which steps act on the gradients of a backward: not those that were cleared, nor those of another backward."""

from __future__ import annotations

from dataclasses import replace

import pytest

from lossflow.domain.exponent import Exponent
from lossflow.domain.trace import Clipped, GradientScaled, Guard, Period, ZeroGrad
from lossflow.domain.training import training_steps

from .traces import Script, codes, power


def cleared(script: Script, identity: int, **more: object) -> None:
    facts = {"root": 1, "loops": (1,), **more}
    script.events.append(ZeroGrad(script.site("for x, y in loader"), identity=identity, **facts))  # type: ignore[arg-type]


def test_a_step_behind_the_next_backward_is_not_for_this_one() -> None:
    """The discriminator and the generator of a GAN, whose gradients are cleared elsewhere."""
    script = Script()
    script.backward([script.summed()]).step(script.adam(identity=1))
    script.backward([script.averaged()], site=script.site("loss * batch_size")).step(script.sgd(identity=2))
    assert codes(script.trace()) == ["LF102"]


def test_two_steps_in_a_row_act_on_the_same_gradients() -> None:
    script = Script()
    script.backward([script.summed()]).step(script.adam(identity=1)).step(script.sgd(identity=2))
    assert codes(script.trace()) == ["LF101"]


@pytest.mark.parametrize(("identity", "expected"), [(0, []), (1, []), (2, ["LF101"])])
def test_gradients_that_are_cleared_before_the_step_train_nothing(identity: int, expected: list[str]) -> None:
    script = Script()
    script.backward([script.summed()])
    cleared(script, identity)
    assert codes(script.step(script.sgd(identity=1)).trace()) == expected


@pytest.mark.parametrize("identity", [0, 1, 2])
def test_a_step_after_the_gradients_are_cleared_is_not_for_this_backward(identity: int) -> None:
    script = Script()
    script.backward([script.summed()]).step(script.adam(identity=1))
    cleared(script, identity)
    assert codes(script.step(script.sgd(identity=3)).trace()) == ["LF102"]


@pytest.mark.parametrize(
    ("step", "backward", "expected"),
    [
        ({"loops": (1,)}, {"loops": (1,)}, ["LF101"]),
        ({"loops": (1, 2)}, {"loops": (1, 3)}, ["LF101"]),
        ({"loops": (2,)}, {"loops": (1,)}, []),
        ({"loops": (2,)}, {"loops": ()}, []),
        ({"loops": ()}, {"loops": (1,)}, []),
        ({"loops": ()}, {"loops": ()}, []),
        ({"loops": (1,), "root": 2}, {"loops": (1,)}, []),
    ],
)
def test_a_step_at_the_head_of_the_loop_acts_on_the_round_before(
    step: dict[str, object], backward: dict[str, object], expected: list[str]
) -> None:
    script = Script()
    script.step(script.sgd(), **step).backward([script.summed()], **backward)
    assert codes(script.trace()) == expected


@pytest.mark.parametrize(
    ("term", "rounds", "expected"),
    [
        ("summed", "0", ["LF101"]),
        ("summed", "-1", []),  # a step every `64 // batch_size` batches
        ("averaged", "1", []),  # each mean is right: that they add up is no matter of a sum
    ],
)
def test_the_number_of_batches_may_make_up_for_their_size(term: str, rounds: str, expected: list[str]) -> None:
    script = Script()
    period = Period(script.site("loader"), "every", exponent=power(rounds))
    guard = Guard(script.place("for x, y in loader"), period, rare=True)
    script.backward([getattr(script, term)()]).step(script.sgd(), guards=(guard,))
    assert [code for code in codes(script.trace()) if code != "LF107"] == expected
    script = Script()
    script.backward([getattr(script, term)()]).step(script.adam(), guards=(guard,))
    assert len([code for code in codes(script.trace()) if code != "LF107"]) == len(expected)


def test_gradients_that_are_returned_are_not_stepped_on() -> None:
    script = Script()
    script.backward([script.summed()], returned=True).step(script.sgd())
    assert codes(script.trace()) == []


def test_what_happens_to_gradients_counts_until_the_first_step() -> None:
    script = Script()
    site = script.site("weighted")
    script.backward([script.summed()])
    before = GradientScaled(site, 1, (1,), exponent=power("1/2"))
    clip = Clipped(site, 1, (1,), threshold=Exponent.ZERO)
    script.events += [before, clip, before]
    script.step(script.sgd())
    script.events += [before, clip]
    (training,) = training_steps(script.trace())
    assert training.scaled == power(1)
    assert training.scalings == (before, before)
    assert training.clips == ((clip, power("1/2")),)


@pytest.mark.parametrize(("perturbs", "expected"), [((True,), []), ((True, True), []), ((True, False), ["LF101"])])
def test_what_each_example_has_for_itself_is_not_trained(perturbs: tuple[bool, ...], expected: list[str]) -> None:
    """The gradient of an attack's perturbation doesn't grow with the batch; that of weights beside it does."""
    script = Script()
    script.backward([script.summed()])
    for number, each in enumerate(perturbs):
        script.step(replace(script.sgd(identity=number + 1), perturbs=each))
    assert codes(script.trace()) == expected
