"""LF101 to LF104: which sum is reported, by which rule, where, and in which words."""

from __future__ import annotations

from dataclasses import replace

import pytest

from lossflow.domain.axes import Axes
from lossflow.domain.exponent import Exponent
from lossflow.domain.trace import GradientScaled, OptimizerFacts, Step, StepKind
from lossflow.domain.values import Const, OneOf, Tensor, Term, Tuple, Unknown, Value
from lossflow.findings import Role

from .traces import Script, codes, findings, only, power, stands_at, way

UNSEEN = OptimizerFacts()
SUM = Exponent.ONE


@pytest.mark.parametrize(
    ("loss", "rate", "expected"),
    [
        ("1", "0", ["LF101"]),
        ("2", "0", ["LF101"]),
        ("2", "-1", ["LF101"]),
        ("1", "-1", []),
        ("1", "-1/2", []),  # a deliberate choice: the update grows as the square root
        ("1", "1", ["LF104"]),
        ("1", "1/2", ["LF104"]),
        ("0", "0", []),
        ("0", "1", []),
        ("1/2", "0", []),
        ("-1", "0", []),
    ],
)
def test_a_proportional_step_is_judged_by_loss_and_learning_rate_together(
    loss: str, rate: str, expected: list[str]
) -> None:
    script = Script()
    script.backward([script.summed(exponent=power(loss))]).step(script.sgd(power(rate)))
    assert codes(script.trace()) == expected


@pytest.mark.parametrize(
    ("rate", "expected"),
    [
        (power(0), ["LF102"]),
        (power(1), []),
        (power(-1), []),
        (Exponent.UNKNOWN, ["LF103"]),
        (Exponent.between(0, 1), []),
    ],
)
def test_an_invariant_step_is_reported_at_a_fixed_learning_rate(rate: Exponent, expected: list[str]) -> None:
    script = Script()
    script.backward([script.summed()]).step(script.adam(rate))
    assert codes(script.trace()) == expected


@pytest.mark.parametrize(
    ("loss", "rate", "expected"),
    [
        (Exponent.between(0, 1), power(0), []),
        (Exponent.UNKNOWN, power(0), []),
        (Exponent.between(1, 2), power(0), ["LF101"]),
        (Exponent.between(1, None), power(0), ["LF101"]),
        (SUM, Exponent.UNKNOWN, ["LF103"]),
        (SUM, Exponent.between(-1, 0), []),
        (SUM, Exponent.between(0, 1), ["LF101"]),
        (SUM, Exponent.between(None, 0), []),
    ],
)
def test_only_what_is_known_of_an_interval_counts(loss: Exponent, rate: Exponent, expected: list[str]) -> None:
    script = Script()
    script.backward([script.summed(exponent=loss)]).step(script.sgd(rate))
    assert codes(script.trace()) == expected


def test_without_a_step_or_a_framework_nothing_is_trained() -> None:
    script = Script()
    assert codes(script.backward([script.summed()]).trace()) == []


def test_a_framework_steps_out_of_sight() -> None:
    script = Script()
    trace = script.backward([script.summed()], framework="Lightning").trace()
    finding = only(trace)
    assert finding.code == "LF103"
    assert "is handed to Lightning on line 11, and the optimizer that steps on it is out of sight" in finding.message


def test_a_framework_that_shows_its_optimizer_is_judged_by_it() -> None:
    script = Script()
    assert codes(script.backward([script.summed()], framework="Lightning", optimizers=(script.sgd(),)).trace()) == [
        "LF101"
    ]


def test_evaluation_is_silent() -> None:
    script = Script()
    script.backward([script.summed()], grad_enabled=False).step(script.sgd())
    assert codes(script.trace()) == []


@pytest.mark.parametrize(("scale", "expected"), [("-1", []), ("0", ["LF101"]), ("-1/2", [])])
def test_a_division_of_the_gradients_counts(scale: str, expected: list[str]) -> None:
    script = Script()
    script.backward([script.summed()])
    script.events.append(GradientScaled(script.site("weighted"), 1, (1,), exponent=power(scale)))
    script.step(script.sgd())
    assert codes(script.trace()) == expected


def test_gradients_times_the_batch_size_grow_more() -> None:
    script = Script()
    script.backward([script.summed()])
    script.events.append(GradientScaled(script.site("weighted"), 1, (1,), exponent=SUM))
    finding = only(script.step(script.sgd()).trace())
    assert finding.code == "LF101"
    assert "quadruples every update" in finding.message


@pytest.mark.parametrize(
    ("kinds", "expected"),
    [
        ("sgd adam", "LF101"),
        ("adam sgd", "LF101"),
        ("unseen sgd", "LF101"),
        ("unseen adam", "LF102"),
        ("scaled sgd", "LF104"),
        ("divided sgd", "LF101"),
        ("divided unseen", "LF103"),
    ],
)
def test_of_several_optimizers_the_strongest_speaks(kinds: str, expected: str) -> None:
    script = Script()
    script.backward([script.summed()])
    facts = {
        "sgd": script.sgd(),
        "adam": script.adam(),
        "unseen": UNSEEN,
        "scaled": script.sgd(power(1)),
        "divided": script.sgd(power(-1)),
    }
    for number, kind in enumerate(kinds.split(), start=1):
        script.step(replace(facts[kind], identity=number))
    assert codes(script.trace()) == [expected]


def objective(script: Script, kind: str) -> Value:
    tensor = Tensor(Axes.SCALAR, (script.summed(),), True, True)
    return {
        "alternatives": OneOf((Unknown("extra"), tensor)),
        "unknown": Unknown("loss"),
        "tuple": Tuple((tensor, tensor)),
        "number": Const(0),
        "detached": replace(tensor, differentiable=False),
        "perhaps detached": replace(tensor, differentiable=None),
        "per example": replace(tensor, axes=Axes.ELEMENTS),
    }[kind]


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("alternatives", ["LF101"]),
        ("perhaps detached", ["LF101"]),
        ("unknown", []),
        ("tuple", []),
        ("number", []),
        ("detached", []),
        ("per example", ["LF201"]),
    ],
)
def test_a_tensor_among_the_alternatives_is_enough(kind: str, expected: list[str]) -> None:
    script = Script()
    script.backward(objective(script, kind)).step(script.sgd())
    assert codes(script.trace()) == expected


def test_a_backward_without_an_objective_is_silent() -> None:
    script = Script()
    script.backward(None).step(script.sgd())
    assert codes(script.trace()) == []


# --- where it stands ---------------------------------------------------------------------------------------------


def test_a_criterion_is_reported_at_its_constructor_with_the_whole_way() -> None:
    script = Script()
    trace = script.backward([script.summed()]).step(script.sgd()).trace()
    finding = only(trace)
    assert stands_at(trace, finding) == 'nn.MSELoss(reduction="sum")'
    assert way(trace, finding) == [
        (Role.CALL, "criterion(prediction, y)"),
        (Role.BACKWARD, "loss.backward()"),
        (Role.OPTIMIZER, "SGD(parameters, lr=args.lr)"),
        (Role.LEARNING_RATE, "args.lr"),
    ]


def test_a_functional_loss_is_reported_at_its_call() -> None:
    script = Script()
    loss = "torch.nn.functional.mse_loss"
    call = script.site("criterion(prediction, y)")
    term = Term().step(Step(StepKind.COMPUTED, call, SUM, loss=loss, reduction="sum"))
    trace = script.backward([term]).step(script.sgd()).trace()
    assert stands_at(trace, only(trace)) == "criterion(prediction, y)"
    assert Role.CALL not in dict(way(trace, only(trace)))
    assert only(trace).message.startswith('`F.mse_loss` with `reduction="sum"` reaches backward on line 11')


def test_the_constructor_of_another_criterion_is_not_the_choice() -> None:
    """A criterion on the result of another: the sum belongs to the functional loss, not to the criterion before it."""
    script = Script()
    loss = "torch.nn.functional.l1_loss"
    last = Step(StepKind.COMPUTED, script.site("regression(prediction, y)"), SUM, loss=loss, reduction="sum")
    trace = script.backward([script.averaged("first").step(last)]).step(script.sgd()).trace()
    assert stands_at(trace, only(trace)) == "regression(prediction, y)"


def test_a_sum_by_hand_is_reported_where_it_is_summed() -> None:
    script = Script()
    trace = script.backward([script.by_hand()]).step(script.sgd()).trace()
    assert stands_at(trace, only(trace)) == "(prediction - y).pow(2).sum()"
    assert only(trace).message.startswith("This sum over the batch reaches backward")
    assert "use `.mean()`" in only(trace).message


def test_a_mean_times_the_batch_size_is_reported_at_the_factor() -> None:
    script = Script()
    factor = Step(StepKind.SCALED, script.site("loss * batch_size"), SUM)
    trace = script.backward([script.averaged("first").step(factor)]).step(script.sgd()).trace()
    assert stands_at(trace, only(trace)) == "loss * batch_size"
    assert "leave the factor out" in only(trace).message


def test_the_step_that_made_up_for_a_division_is_the_one_reported() -> None:
    script = Script()
    divided = script.summed().step(Step(StepKind.SCALED, script.site("first + second"), power(-1)))
    factor = Step(StepKind.SCALED, script.site("loss * batch_size"), SUM)
    trace = script.backward([divided.step(factor)]).step(script.sgd()).trace()
    assert stands_at(trace, only(trace)) == "loss * batch_size"


def test_a_step_of_unknown_exponent_is_passed_over() -> None:
    """A trail may hold a step that only some paths take; the exponent of the term has the last word."""
    script = Script()
    maybe = Step(StepKind.SCALED, script.site("loss * batch_size"), Exponent.UNKNOWN)
    term = replace(script.by_hand(), trail=(maybe, *script.by_hand().trail))
    trace = script.backward([term]).step(script.sgd()).trace()
    assert stands_at(trace, only(trace)) == "(prediction - y).pow(2).sum()"


def test_the_constructor_of_another_loss_is_passed_over() -> None:
    script = Script()
    term = script.summed()
    other = Step(StepKind.CONSTRUCTED, script.site('nn.L1Loss(reduction="sum")'), loss="torch.nn.L1Loss")
    made, computed = term.trail
    trace = script.backward([replace(term, trail=(made, other, computed))]).step(script.sgd()).trace()
    assert stands_at(trace, only(trace)) == 'nn.MSELoss(reduction="sum")'


def test_a_factor_on_a_sum_leaves_the_finding_at_the_sum() -> None:
    script = Script()
    factor = Step(StepKind.SCALED, script.site("loss * batch_size"), SUM)
    trace = script.backward([script.summed().step(factor)]).step(script.sgd()).trace()
    assert stands_at(trace, only(trace)) == 'nn.MSELoss(reduction="sum")'
    assert "quadruples every update" in only(trace).message


def test_a_loop_over_the_examples_is_reported_at_its_addition() -> None:
    script = Script()
    added = Step(StepKind.ADDED, script.site("first + second"), SUM)
    trace = script.backward([script.averaged("first").step(added)]).step(script.sgd()).trace()
    assert stands_at(trace, only(trace)) == "first + second"
    assert "divide the loss by the number of examples" in only(trace).message


def test_a_half_step_repeated_by_a_loop_is_still_found() -> None:
    script = Script()
    half = Step(StepKind.SCALED, script.site("loss * batch_size"), power("1/2"))
    term = script.averaged("first").step(half).step(half)
    assert term.exponent == SUM
    trace = script.backward([term]).step(script.sgd()).trace()
    assert stands_at(trace, only(trace)) == "loss * batch_size"


def test_a_trail_that_lost_the_sum_ends_at_backward() -> None:
    script = Script()
    trace = script.backward([Term(SUM)]).step(script.sgd()).trace()
    assert stands_at(trace, only(trace)) == "loss.backward()"


def test_a_reduction_in_another_file_is_reported_where_it_enters() -> None:
    script = Script()
    made = Step(
        StepKind.CONSTRUCTED, script.abroad("make_criterion()", "engine.Trainer(model)"), loss="torch.nn.MSELoss"
    )
    computed = Step(
        StepKind.COMPUTED, script.site("criterion(prediction, y)"), SUM, loss="torch.nn.MSELoss", reduction="sum"
    )
    trace = script.backward([Term(trail=(made,)).step(computed)]).step(script.sgd()).trace()
    finding = only(trace)
    assert stands_at(trace, finding) == "engine.Trainer(model)"
    assert way(trace, finding)[0] == (Role.REDUCTION, "make_criterion()")
    assert finding.related[0].file == "engine.py"


def test_a_backward_in_another_file_is_named_with_it() -> None:
    script = Script()
    site = script.abroad("self.loss.backward()", "trainer.fit(loader)")
    trace = script.backward([script.summed()], site=site).step(script.sgd()).trace()
    assert "reaches backward on line 2 of engine.py" in only(trace).message


@pytest.mark.parametrize("entry", ["engine.Trainer(model)", "trainer.fit(loader)"])
def test_what_another_file_brings_together_stands_there(entry: str) -> None:
    """Whether one call of this file leads to both, or two calls of one class do."""
    script = Script()
    reduced = Step(StepKind.REDUCED, script.abroad("make_criterion()", entry), SUM)
    site = script.abroad("self.loss.backward()", "trainer.fit(loader)")
    script.backward([Term().step(reduced)], site=site).step(script.sgd())
    assert codes(script.trace(elsewhere=True)) == []


@pytest.mark.parametrize("entry", ["engine.Trainer(model)", "trainer.fit(loader)"])
def test_what_another_file_cannot_tell_alone_stands_where_it_enters(entry: str) -> None:
    """The loop sums whatever it is given, and this file gives it a loss for each example."""
    script = Script()
    reduced = Step(StepKind.REDUCED, script.abroad("make_criterion()", entry), SUM)
    site = script.abroad("self.loss.backward()", "trainer.fit(loader)")
    trace = script.backward([Term().step(reduced)], site=site).step(script.sgd()).trace()
    assert stands_at(trace, only(trace)) == entry


# --- one objective, one finding ----------------------------------------------------------------------------------


def test_the_other_sums_of_an_objective_are_related() -> None:
    script = Script()
    trace = script.backward([script.summed(), script.summed("second")]).step(script.sgd()).trace()
    finding = only(trace)
    assert stands_at(trace, finding) == 'nn.MSELoss(reduction="sum")'
    assert (Role.TERM, 'nn.L1Loss(reduction="sum")') in way(trace, finding)
    assert "divide the whole objective by the batch size, which keeps the balance of its 2 sums" in finding.message


def test_a_term_without_examples_neither_hides_nor_mixes() -> None:
    script = Script()
    penalty = Term(Exponent.UNKNOWN, batchless=True)
    trace = script.backward([penalty, script.summed()]).step(script.sgd()).trace()
    assert only(trace).code == "LF101"
    assert 'give `nn.MSELoss` `reduction="mean"`' in only(trace).message


def test_an_objective_of_penalties_is_silent() -> None:
    script = Script()
    script.backward([Term(SUM, batchless=True)]).step(script.sgd())
    assert codes(script.trace()) == []


def test_a_term_of_unknown_exponent_leaves_the_sum_to_be_reported() -> None:
    script = Script()
    unknown = script.summed("second", exponent=Exponent.UNKNOWN)
    trace = script.backward([unknown, script.summed()]).step(script.sgd()).trace()
    assert [(each.code, stands_at(trace, each)) for each in findings(trace)] == [
        ("LF101", 'nn.MSELoss(reduction="sum")')
    ]


@pytest.mark.parametrize(
    ("others", "words"),
    [
        (
            (Exponent.UNKNOWN,),
            "divide the whole objective by the batch size, provided that its other term (line 7), which could not be "
            "followed, is a sum too",
        ),
        ((Exponent.UNKNOWN, SUM), "provided that its other term (line 7), which could not be followed, is a sum too"),
        ((Exponent.between(0, 1),), "provided that its other term (line 7)"),
        (
            (Exponent.UNKNOWN, Exponent.UNKNOWN, Exponent.UNKNOWN),
            "provided that its other terms (line 7 and line 8), which could not be followed, are each a sum too",
        ),
    ],
)
@pytest.mark.parametrize("facts", ["sgd", "adam", "scaled", "unseen"])
def test_the_mean_of_one_sum_is_not_advised_beside_a_term_that_is_not_known(
    others: tuple[Exponent, ...], words: str, facts: str
) -> None:
    """It would leave a mean beside what may be a sum, which is worse than two sums."""
    script = Script()
    terms = [script.summed(), script.summed("second", exponent=others[0])]
    terms += [script.by_hand(exponent) for exponent in others[1:]]
    optimizer = {"sgd": script.sgd(), "adam": script.adam(), "scaled": script.sgd(power(1)), "unseen": UNSEEN}[facts]
    trace = script.backward(terms).step(optimizer).trace()
    finding = only(trace)
    assert words in finding.message
    assert 'mean"`' not in finding.message
    lost = [each.message for each in finding.related if each.role is Role.TERM]
    assert "this term of the objective could not be followed" in lost


def test_a_term_that_came_from_nowhere_has_no_line() -> None:
    script = Script()
    trace = script.backward([script.summed(), Term(Exponent.UNKNOWN)]).step(script.sgd()).trace()
    assert "provided that its other term, which could not be followed, is a sum too" in only(trace).message


@pytest.mark.parametrize(("rate", "optimizer"), [("0", "sgd"), ("1", "sgd"), ("0", "adam"), ("0", "unseen")])
def test_a_mixture_comes_before_every_sum(rate: str, optimizer: str) -> None:
    script = Script()
    facts = {"sgd": script.sgd(power(rate)), "adam": script.adam(), "unseen": UNSEEN}[optimizer]
    script.backward([script.summed(), script.averaged()]).step(facts)
    assert codes(script.trace()) == ["LF105"]


def test_two_backwards_of_one_criterion_are_one_finding() -> None:
    script = Script()
    script.backward([script.summed()]).step(script.sgd())
    script.backward([script.summed()], site=script.site("loss * batch_size")).step(script.sgd())
    trace = script.trace()
    places = [text for role, text in way(trace, only(trace)) if role is Role.BACKWARD]
    assert places == ["loss.backward()", "loss * batch_size"]
    assert "reaches backward on line 11 (and on line 10), and the step" in only(trace).message


def test_one_criterion_under_two_optimizers_is_two_findings() -> None:
    script = Script()
    script.backward([script.summed()]).step(script.sgd())
    script.backward([script.summed()], site=script.site("loss * batch_size"), root=2).step(script.adam(), root=2)
    assert codes(script.trace()) == ["LF101", "LF102"]


@pytest.mark.parametrize(("rate", "expected"), [("0", ["LF101"]), ("-1", [])])
@pytest.mark.parametrize("order", [1, -1])
def test_what_a_call_shows_of_an_optimizer_outweighs_the_function_on_its_own(
    rate: str, expected: list[str], order: int
) -> None:
    script = Script()
    for root, facts in ((1, script.sgd(power(rate))), (2, UNSEEN))[::order]:
        script.backward([script.summed()], root=root).step(facts, root=root)
    assert codes(script.trace()) == expected


# --- what it says ------------------------------------------------------------------------------------------------


def test_lf101_speaks_in_numbers_and_names_the_whole_way() -> None:
    script = Script()
    message = only(script.backward([script.summed()]).step(script.sgd()).trace()).message
    assert message == (
        '`nn.MSELoss` with `reduction="sum"` reaches backward on line 11, and the step of SGD is proportional to the '
        "gradient, at a learning rate `args.lr` (line 3) that does not change with the batch size. So doubling the "
        "batch doubles every update; in a batch of 64, for example, it is 64 times that of one example. Unless the "
        'batch size never changes, give `nn.MSELoss` `reduction="mean"`, or divide the loss by the batch size to keep '
        "the sum over the elements of each example, and tune the learning rate again."
    )


def test_lf101_names_a_learning_rate_that_does_not_shrink_enough() -> None:
    script = Script()
    script.backward([script.summed(exponent=power(2))]).step(script.sgd(power(-1)))
    assert "that does not make up for gradients that grow as B^2, B being the batch size. So doubling the batch" in (
        only(script.trace()).message
    )


def test_lf101_gives_no_number_that_it_does_not_know() -> None:
    script = Script()
    message = only(script.backward([script.summed(exponent=Exponent.between(1, 2))]).step(script.sgd()).trace()).message
    assert "doubling the batch at least doubles every update. " in message
    assert "64" not in message


def test_a_hand_written_update_is_called_so() -> None:
    script = Script()
    facts = replace(script.sgd(), name="", site=None, learning_rate_site=None)
    message = only(script.backward([script.summed()]).step(facts).trace()).message
    assert "the hand-written update is proportional to the gradient, at a learning rate that" in message


def test_lf102_names_what_does_depend_on_the_batch_size_and_the_exception() -> None:
    script = Script()
    facts = script.adam(exception="except in its first five steps")
    message = only(script.backward([script.summed()]).step(facts).trace()).message
    assert "Adam does not depend on the gradient's scale (except in its first five steps), so the updates hardly" in (
        message
    )
    assert "doubles the gradients, while clipping thresholds, `eps` and weight decay" in message
    assert message.endswith("the learning rate can stay.")


@pytest.mark.parametrize(
    ("facts", "words"),
    [
        (OptimizerFacts(), "the optimizer that steps on it is out of sight here"),
        (OptimizerFacts("lab.Novel", None), "what Novel makes of the gradient's scale is not known here"),
        (OptimizerFacts("torch.optim.SGD", True), "the learning rate of SGD is out of sight here"),
        (OptimizerFacts("torch.optim.SGD", True), "Unless the learning rate shrinks with the batch size"),
        (OptimizerFacts("torch.optim.Adam", False), "The step of Adam does not depend on the gradient's scale"),
        (OptimizerFacts(), "If it is SGD with a fixed learning rate, doubling the batch doubles every update"),
    ],
)
def test_lf103_says_what_is_out_of_sight_and_what_follows(facts: OptimizerFacts, words: str) -> None:
    script = Script()
    finding = only(script.backward([script.summed()]).step(facts).trace())
    assert finding.code == "LF103"
    assert words in finding.message


def test_lf103_names_an_optimizer_of_several_kinds() -> None:
    script = Script()
    facts = OptimizerFacts(site=script.site("SGD(parameters, lr=args.lr)"))
    message = only(script.backward([script.summed()]).step(facts).trace()).message
    assert "and the optimizer that steps on it (line 3) may be of several kinds. If it is SGD" in message


def test_lf104_names_the_computed_exponent() -> None:
    script = Script()
    message = only(script.backward([script.summed()]).step(script.sgd(power("1/2"))).trace()).message
    assert "the learning rate of SGD (line 3) grows as B^(1/2)" in message
    assert "make the update grow as B^(3/2): doubling the batch multiplies it by 2.8" in message
    assert 'belongs to the mean: give `nn.MSELoss` `reduction="mean"`' in message


def test_lf104_of_a_sum_by_hand_asks_for_a_mean() -> None:
    script = Script()
    message = only(script.backward([script.by_hand()]).step(script.sgd(power(1))).trace()).message
    assert "make the update grow as B^2: doubling the batch quadruples it" in message
    assert "belongs to the mean: use `.mean()`" in message


def test_lf104_does_without_the_place_of_the_learning_rate() -> None:
    script = Script()
    facts = replace(script.sgd(power(1)), learning_rate_site=None)
    message = only(script.backward([script.summed()]).step(facts).trace()).message
    assert "the learning rate of SGD grows as B. Together" in message


# --- cases -------------------------------------------------------------------------------------------------------

CASE = "`args.loss` is `'sum'`"


def test_what_is_known_without_a_case_is_not_reported_for_one() -> None:
    """The file is run again for a choice that another objective depends on."""
    script = Script()
    script.backward([script.averaged()]).step(script.sgd())
    script.backward([script.summed()], root=2, case=CASE).step(script.sgd(), root=2)
    assert codes(script.trace()) == []


def test_a_case_speaks_of_an_objective_that_is_not_known_without_it() -> None:
    script = Script()
    script.backward([script.summed(exponent=Exponent.UNKNOWN)]).step(script.sgd())
    script.backward([script.summed()], root=2, case=CASE).step(script.sgd(), root=2)
    assert f"reaches backward on line 11 where {CASE}, and the step of SGD" in only(script.trace()).message


def test_a_sum_that_is_found_without_a_case_comes_before_one_with() -> None:
    script = Script()
    lost = script.by_hand(Exponent.UNKNOWN)
    script.backward([script.summed(), lost]).step(script.adam())
    script.backward([script.summed(), lost], root=2, case=CASE).step(script.sgd(), root=2)
    finding = only(script.trace())
    assert finding.code == "LF102"
    assert CASE not in finding.message


@pytest.mark.parametrize(
    ("facts", "words"),
    [
        ("sgd", f"reaches backward on line 11 where {CASE}, and the step of SGD is proportional"),
        ("adam", f"reaches backward on line 11 where {CASE}. The step of Adam"),
        ("unseen", f"reaches backward on line 11 where {CASE}, and the optimizer that steps on it"),
        ("scaled", f"reaches backward on line 11 where {CASE}. Its gradient grows as B"),
    ],
)
def test_a_case_is_a_clause_of_the_sentence(facts: str, words: str) -> None:
    script = Script()
    optimizer = {"sgd": script.sgd(), "adam": script.adam(), "scaled": script.sgd(power(1)), "unseen": UNSEEN}[facts]
    trace = script.backward([script.summed()], case=CASE).step(optimizer).trace()
    assert words in only(trace).message


def test_a_case_is_a_clause_of_the_other_rules_too() -> None:
    def message(objective: object, **more: object) -> str:
        script = Script()
        held = objective(script)  # type: ignore[operator]
        return only(script.backward(held, case=CASE, **more).step(script.sgd()).trace()).message

    unreduced = replace(Tensor(Axes.ELEMENTS), terms=(Term(),), differentiable=True)
    assert message(lambda script: [script.summed(), script.averaged()]).startswith(
        f"This objective, which reaches backward on line 11 where {CASE}, adds a term"
    )
    assert message(lambda script: unreduced).startswith(
        f"This loss still has one value for each example where {CASE}, so backward raises"
    )
    assert message(lambda script: unreduced, framework="Lightning").startswith(
        f"This loss is handed to Lightning on line 11 where {CASE} while it still has one value for each example:"
    )
