"""How places, losses and growths are called in messages."""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction

import pytest

from lossflow.domain.exponent import Exponent
from lossflow.domain.trace import OptimizerFacts, Step, StepKind
from lossflow.domain.values import Const, Unknown, Value
from lossflow.rules.wording import (
    MAX_QUOTED,
    called,
    learning_rate,
    line,
    listed,
    loss_name,
    on_doubling,
    optimizer_name,
    power,
    reduction_given,
    reduction_of,
)
from lossflow.source import Location, Source

from .traces import Call, Script


@dataclass(frozen=True)
class Notebook(Source):
    """A source whose offsets are in cells, as those of a notebook."""

    def location(self, offset: int) -> Location:
        return Location(3, 1, cell=2)


def test_a_line_is_named_with_its_cell_and_its_file() -> None:
    script = Script()
    here, there = script.place("weighted"), script.place("make_criterion()", "engine.py")
    assert line(script.trace(), here) == "line 10"
    assert line(script.trace(), there) == "line 1 of engine.py"
    trace = script.trace()
    notebook = replace(trace, sources={**trace.sources, "train.py": Notebook("train.py", script.text)})
    assert line(notebook, here) == "line 3 of cell 2"


@pytest.mark.parametrize(
    ("dotted", "name"),
    [
        ("torch.nn.MSELoss", "nn.MSELoss"),
        ("torch.nn.functional.mse_loss", "F.mse_loss"),
        ("torch.kl_div", "kl_div"),
        ("torchvision.ops.sigmoid_focal_loss", "sigmoid_focal_loss"),
        ("torch.nn.modules.loss._Loss", "_Loss"),
        ("mine", "mine"),
    ],
)
def test_a_loss_is_called_as_scripts_call_it(dotted: str, name: str) -> None:
    assert loss_name(dotted) == name


@pytest.mark.parametrize(
    ("facts", "name"),
    [
        (OptimizerFacts("torch.optim.SGD", True), "SGD"),
        (OptimizerFacts("gradient descent written by hand", True), "gradient descent written by hand"),
        (OptimizerFacts("", True), "the hand-written update"),
        (OptimizerFacts(), "the optimizer"),
    ],
)
def test_an_optimizer_is_called_by_its_class(facts: OptimizerFacts, name: str) -> None:
    assert optimizer_name(facts) == name


def test_a_learning_rate_is_quoted_where_that_is_short() -> None:
    script = Script()
    site = script.site("args.lr")
    assert learning_rate(script.trace(), OptimizerFacts()) == "learning rate"
    assert learning_rate(script.trace(), OptimizerFacts(learning_rate_site=site)) == "learning rate `args.lr` (line 3)"
    # A hand-written update is one place for both: quoting all of it would not name the rate.
    facts = OptimizerFacts(site=site, learning_rate_site=site)
    assert learning_rate(script.trace(), facts) == "learning rate (line 3)"
    for long in ("    by_hand = (prediction - y).pow(2).sum()", "args.lr)\nfor"):
        assert len(long) > MAX_QUOTED or "\n" in long
        facts = OptimizerFacts(learning_rate_site=script.site(long))
        assert learning_rate(script.trace(), facts).startswith("learning rate (line ")


@pytest.mark.parametrize(
    ("exponent", "grows", "doubling"),
    [
        (Exponent.of(1), "B", "doubles it"),
        (Exponent.of(2), "B^2", "quadruples it"),
        (Exponent.of(3), "B^3", "multiplies it by 8"),
        (Exponent.of(Fraction(3, 2)), "B^(3/2)", "multiplies it by 2.8"),
        (Exponent.of(-1), "B^-1", "multiplies it by 0.5"),
        (Exponent.between(1, 2), "at least B", "at least doubles it"),
        (Exponent.between(Fraction(5, 2), None), "at least B^(5/2)", "at least multiplies it by 5.7"),
    ],
)
def test_growth_is_named_as_a_power_and_by_what_doubling_does(exponent: Exponent, grows: str, doubling: str) -> None:
    assert power(exponent) == grows
    assert on_doubling(exponent, "it") == doubling


def test_the_subject_of_a_message_is_what_was_written() -> None:
    script = Script()
    site = script.site("weighted")
    trace = script.trace()
    computed = Step(StepKind.COMPUTED, site, loss="torch.nn.MSELoss", reduction="sum")
    assert reduction_of(trace, computed, site.place) == '`nn.MSELoss` with `reduction="sum"`'
    default = replace(computed, default=True)
    assert reduction_of(trace, default, site.place) == '`nn.MSELoss` with `reduction="sum"`, its default,'
    assert reduction_of(trace, Step(StepKind.REDUCED, site), site.place) == "This sum over the batch"
    scaled = Step(StepKind.SCALED, site)
    assert reduction_of(trace, scaled, site.place) == "This loss, multiplied by the batch size,"
    added = Step(StepKind.ADDED, site)
    assert reduction_of(trace, added, site.place) == "This sum of one loss for each example"
    assert reduction_of(trace, Step(StepKind.PASSED, site), site.place) == "This sum"


@pytest.mark.parametrize(
    ("text", "dotted", "name"),
    [
        ("nn.mse_loss(x, y)", "torch.nn.functional.mse_loss", "nn.mse_loss"),
        ("torch.nn.MSELoss (x)", "torch.nn.MSELoss", "torch.nn.MSELoss"),
        ("MSELoss()", "torch.nn.MSELoss", "MSELoss"),
        ("Summed()", "torch.nn.MSELoss", "nn.MSELoss"),
        ("losses[0](x, y)", "torch.nn.functional.mse_loss", "F.mse_loss"),
        ("MSELoss", "torch.nn.MSELoss", "nn.MSELoss"),
    ],
)
def test_a_loss_is_called_as_its_source_calls_it(text: str, dotted: str, name: str) -> None:
    script = Script(text)
    place = script.place(text)
    assert called(script.trace(), place, dotted) == name


@pytest.mark.parametrize(
    ("arguments", "reduction", "written"),
    [
        ({"size_average": Const(False)}, "sum", "`size_average=False`"),
        ({"size_average": Const(0), "reduce": Const(True)}, "sum", "`size_average=0` and `reduce=True`"),
        ({"reduce": Const(False)}, "none", "`reduce=False`"),
        ({"reduction": Const("sum")}, "sum", '`reduction="sum"`'),
        ({"size_average": Unknown("flag")}, "sum", '`reduction="sum"`'),
        # An attribute that was set later has the last word.
        ({"size_average": Const(True)}, "sum", '`reduction="sum"`'),
    ],
)
def test_a_reduction_is_quoted_as_it_is_written(arguments: dict[str, Value], reduction: str, written: str) -> None:
    text = "nn.MSELoss(flag)"
    call = Call(text, "torch.nn.MSELoss")
    for name, value in arguments.items():
        call = call.keyword(name, value, "flag")
    trace = call.trace()
    (event,) = trace.events
    step = Step(StepKind.COMPUTED, event.site, loss="torch.nn.MSELoss", reduction=reduction)
    assert reduction_given(trace, step, event.site.place) == written


def test_names_are_listed_with_commas_and_a_last_word() -> None:
    assert listed(["a"]) == "a"
    assert listed(["a", "b"]) == "a and b"
    assert listed(["a", "b", "c"], "or") == "a, b or c"
