"""LF201 and LF202: losses that are never reduced."""

from __future__ import annotations

from dataclasses import replace

import pytest

from lossflow.domain.axes import Axes
from lossflow.domain.exponent import Exponent
from lossflow.domain.trace import Step, StepKind, Unused
from lossflow.domain.values import OneOf, Tensor, Term, Unknown
from lossflow.findings import Role, Severity

from .traces import Script, codes, findings, only, stands_at, way


def unreduced(script: Script, *, axes: Axes = Axes.VECTOR, default: bool = False) -> Tensor:
    made = Step(StepKind.CONSTRUCTED, script.site('nn.MSELoss(reduction="sum")'), loss="torch.nn.MSELoss")
    computed = Step(
        StepKind.COMPUTED,
        script.site("criterion(prediction, y)"),
        loss="torch.nn.MSELoss",
        reduction="none",
        default=default,
    )
    return Tensor(axes, (Term(trail=(made,)).step(computed),), True, True)


@pytest.mark.parametrize(
    ("axes", "expected"),
    [
        (Axes.VECTOR, ["LF201"]),
        (Axes.ELEMENTS, ["LF201"]),
        (Axes.SOMEWHERE, ["LF201"]),
        (replace(Axes.VECTOR, certain=False), []),
        (Axes.UNKNOWN, []),
        (Axes.SCALAR, []),
        (Axes.PLAIN, []),
    ],
)
@pytest.mark.parametrize("steps", [True, False])
def test_only_what_is_certainly_per_example_is_reported(axes: Axes, expected: list[str], steps: bool) -> None:
    """With or without an optimizer: such a backward raises wherever it is."""
    script = Script()
    script.backward(unreduced(script, axes=axes))
    if steps:
        script.step(script.sgd())
    assert codes(script.trace()) == expected


def test_it_stands_at_backward_and_names_the_reduction() -> None:
    script = Script()
    trace = script.backward(unreduced(script)).trace()
    finding = only(trace)
    assert finding.severity is Severity.ERROR
    assert stands_at(trace, finding) == "loss.backward()"
    assert way(trace, finding) == [(Role.REDUCTION, 'nn.MSELoss(reduction="sum")')]
    assert finding.message == (
        'This loss still has one value for each example (`nn.MSELoss` with `reduction="none"` on line 1), so backward '
        "raises as soon as it holds more than one element. Reduce it first, as in `loss.mean().backward()`."
    )


def test_a_default_reduction_is_called_so() -> None:
    script = Script()
    message = only(script.backward(unreduced(script, default=True)).trace()).message
    assert 'with `reduction="none"`, its default, on line 1' in message


def test_a_loss_by_hand_has_no_reduction_to_name() -> None:
    script = Script()
    trace = script.backward(Tensor(Axes.VECTOR, (Term(),), True)).trace()
    assert only(trace).message.startswith("This loss still has one value for each example, so backward raises")
    assert only(trace).related == ()


@pytest.mark.parametrize("facts", [{"gradient": True}, {"grad_enabled": False}])
def test_a_gradient_argument_or_no_grad_silences_it(facts: dict[str, bool]) -> None:
    script = Script()
    assert codes(script.backward(unreduced(script), **facts).trace()) == []


@pytest.mark.parametrize("change", [{"data": True}, {"differentiable": False}])
def test_a_batch_or_a_detached_tensor_is_no_loss(change: dict[str, bool]) -> None:
    script = Script()
    assert codes(script.backward(replace(unreduced(script), **change)).trace()) == []


def test_one_alternative_is_enough_and_one_place_is_one_finding() -> None:
    script = Script()
    script.backward(OneOf((Unknown("other"), unreduced(script)))).backward(unreduced(script), root=2)
    assert codes(script.trace()) == ["LF201"]


def test_a_backward_in_another_file_is_reported_at_the_call() -> None:
    script = Script()
    trace = script.backward(
        unreduced(script), site=script.abroad("self.loss.backward()", "trainer.fit(loader)")
    ).trace()
    assert stands_at(trace, only(trace)) == "trainer.fit(loader)"
    assert way(trace, only(trace))[-1] == (Role.BACKWARD, "self.loss.backward()")


@pytest.mark.parametrize("framework", ["", "Lightning"])
def test_what_another_file_computes_and_differentiates_stands_there(framework: str) -> None:
    script = Script()
    computed = Step(StepKind.COMPUTED, script.abroad("make_criterion()", "trainer.fit(loader)"))
    loss = Tensor(Axes.VECTOR, (Term(trail=(computed,)),), True, True)
    site = script.abroad("self.loss.backward()", "trainer.fit(loader)")
    assert codes(script.backward(loss, site=site, framework=framework).trace(elsewhere=True)) == []


# --- LF202 -------------------------------------------------------------------------------------------------------


def test_an_objective_of_a_framework_stands_where_its_reduction_is_chosen() -> None:
    script = Script()
    trace = script.backward(unreduced(script), framework="Lightning", optimizers=(script.sgd(),)).trace()
    finding = only(trace)
    assert (finding.code, finding.severity) == ("LF202", Severity.ERROR)
    assert stands_at(trace, finding) == 'nn.MSELoss(reduction="sum")'
    assert way(trace, finding) == [(Role.BACKWARD, "loss.backward()")]
    assert finding.message == (
        "This loss is handed to Lightning on line 11 while it still has one value for each example: backward raises as "
        "soon as it holds more than one element. Return its mean, `loss.mean()`."
    )


@pytest.mark.parametrize(
    ("trail", "place"),
    [
        ((), "loss.backward()"),
        ((StepKind.SCALED,), "by_hand"),
        ((StepKind.CONSTRUCTED, StepKind.SCALED), "by_hand"),
    ],
)
def test_an_objective_by_hand_stands_where_its_trail_begins(trail: tuple[StepKind, ...], place: str) -> None:
    script = Script()
    steps = tuple(Step(kind, script.site("by_hand")) for kind in trail)
    trace = script.backward(Tensor(Axes.VECTOR, (Term(trail=steps),), True), framework="Lightning").trace()
    assert stands_at(trace, only(trace)) == place


def test_an_objective_made_in_another_file_names_the_real_place() -> None:
    script = Script()
    computed = Step(StepKind.COMPUTED, script.abroad("make_criterion()", "engine.Trainer(model)"))
    loss = Tensor(Axes.VECTOR, (Term(trail=(computed,)),), True, True)
    trace = script.backward(loss, framework="Lightning").trace()
    assert stands_at(trace, only(trace)) == "engine.Trainer(model)"
    assert way(trace, only(trace))[0] == (Role.REDUCTION, "make_criterion()")


def test_a_framework_that_does_not_record_gradients_is_silent() -> None:
    script = Script()
    assert codes(script.backward(unreduced(script), framework="Lightning", grad_enabled=False).trace()) == []


def unused(script: Script, *, root: int = 1, loops: tuple[int, ...] = (1,), grad_enabled: bool = True) -> Unused:
    site = script.site("regression(prediction, y)")
    return Unused(site, root, loops, grad_enabled=grad_enabled, loss="torch.nn.L1Loss")


@pytest.mark.parametrize(
    ("loss_loops", "step_loops", "expected"),
    [
        ((), (), ["LF202"]),
        ((1,), (1,), ["LF202"]),
        ((1, 2), (1, 2), ["LF202"]),
        ((1, 2, 3), (1, 2), ["LF202"]),  # a loop over heads inside the training loop
        ((1, 2), (1,), ["LF202"]),  # the optimizer steps once an epoch
        ((1, 3), (1, 2), []),  # an evaluation loop beside the training loop
        ((), (1,), []),
        ((4,), (), []),
    ],
)
def test_an_unused_loss_counts_where_an_optimizer_steps_around_it(
    loss_loops: tuple[int, ...], step_loops: tuple[int, ...], expected: list[str]
) -> None:
    script = Script()
    script.events.append(unused(script, loops=loss_loops))
    script.step(script.sgd(), loops=step_loops)
    assert codes(script.trace()) == expected


def test_an_unused_loss_is_named() -> None:
    script = Script()
    script.events.append(unused(script))
    trace = script.step(script.sgd()).trace()
    assert stands_at(trace, only(trace)) == "regression(prediction, y)"
    assert only(trace).message == (
        "The unreduced `nn.L1Loss` has one value for each example, and this training loop neither reduces nor uses it: "
        "it trains nothing. Add its mean, `.mean()`, to the objective, or leave it out."
    )


def test_an_unused_loss_without_training_is_silent() -> None:
    script = Script()
    script.events += [unused(script, root=2), unused(script, grad_enabled=False)]
    assert findings(script.step(script.sgd()).trace()) == []
    script = Script()
    site = script.abroad("make_criterion()", "engine.Trainer(model)")
    script.events.append(Unused(site, 1, (1,)))
    assert findings(script.step(script.sgd()).trace()) == []


def test_an_unused_loss_by_hand_is_called_a_loss() -> None:
    script = Script()
    script.events.append(Unused(script.site("by_hand"), 1, (1,)))
    assert only(script.step(script.sgd()).trace()).message.startswith("This unreduced loss has one value")


def test_an_unreduced_objective_is_no_scale_finding() -> None:
    script = Script()
    loss = replace(unreduced(script), terms=(script.summed(exponent=Exponent.ONE),))
    assert codes(script.backward(loss).step(script.sgd()).trace()) == ["LF201"]
