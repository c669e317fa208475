"""LF108: which objectives of a `compute_loss` that never reads the number of items ignore it."""

from __future__ import annotations

from lossflow.domain.axes import Axes
from lossflow.domain.exponent import Exponent
from lossflow.domain.trace import Step, StepKind
from lossflow.domain.values import Tensor, Term
from lossflow.findings import Role

from .traces import Script, codes, only, stands_at, way

TRAINER = "HF Trainer"


def returned(script: Script, *terms: Term, loss: bool = True, axes: Axes = Axes.SCALAR) -> Script:
    unread = script.site("for x, y in loader")
    return script.backward(Tensor(axes, terms, True, loss), framework=TRAINER, unread=unread)


def test_it_stands_where_the_mean_is_chosen() -> None:
    script = Script()
    trace = returned(script, script.averaged()).trace()
    assert only(trace).code == "LF108"
    assert stands_at(trace, only(trace)) == 'nn.L1Loss(reduction="sum")'
    assert way(trace, only(trace)) == [
        (Role.CALL, "for x, y in loader"),
        (Role.BACKWARD, "loss.backward()"),
    ]


def test_a_sum_is_divided_by_nothing_yet() -> None:
    script = Script()
    assert "LF108" not in codes(returned(script, script.summed()).trace())
    assert "LF108" not in codes(returned(script, script.summed(), script.averaged()).trace())


def test_a_mean_by_hand_of_losses_is_one_too() -> None:
    script = Script()
    mean = Step(StepKind.AVERAGED, script.site("loss * batch_size"), Exponent.ZERO)
    trace = returned(script, script.summed().step(mean)).trace()
    assert [code for code in codes(trace) if code == "LF108"]


def test_what_is_no_loss_or_not_reduced_is_silent() -> None:
    script = Script()
    assert codes(returned(script, script.averaged(), loss=False).trace()) == []
    assert "LF108" not in codes(returned(Script(), script.averaged(), axes=Axes.VECTOR).trace())


def test_what_another_file_reports_is_not_repeated() -> None:
    script = Script()
    made = Step(StepKind.COMPUTED, script.abroad("make_criterion()", "trainer.fit(loader)"), loss="torch.nn.MSELoss")
    site, unread = script.abroad("self.loss.backward()", "trainer.fit(loader)"), script.site("for x, y in loader")
    objective = Tensor(Axes.SCALAR, (Term().step(made),), True, loss=True)
    script.backward(objective, framework=TRAINER, unread=unread, site=site)
    assert codes(script.trace(elsewhere=True)) == []
    assert codes(script.trace()) == ["LF108"]
