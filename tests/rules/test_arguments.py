"""LF301, LF302, LF304 and LF305: which argument is which mistake, and what the message says to write."""

from __future__ import annotations

import pytest

from lossflow.domain.axes import Axes
from lossflow.domain.exponent import Exponent
from lossflow.domain.trace import AttributeSet, LossCall
from lossflow.domain.values import Const, External, Number, OneOf, Tensor, Tuple, Unknown, Value
from lossflow.findings import Role, Severity

from .traces import Call, Script, codes, findings, only, stands_at, way

MSE = "torch.nn.MSELoss"
F_MSE = "torch.nn.functional.mse_loss"
BATCH = Tensor(Axes.EXAMPLES, data=True)
SCALAR = Tensor(Axes.SCALAR)
WEIGHTS = Tensor(Axes.PLAIN)


def mse(name: str, value: Value, *, keyword: bool = True, loss: str = MSE) -> Call:
    call = Call("nn.MSELoss(ARG)", loss)
    return call.keyword(name, value, "ARG") if keyword else call.positional(name, value, "ARG")


# --- LF301 -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("keyword", [True, False])
@pytest.mark.parametrize(
    ("name", "value", "reduction"),
    [
        ("size_average", True, "mean"),
        ("size_average", False, "sum"),
        ("size_average", 0, "sum"),
        ("reduce", True, "mean"),
        ("reduce", False, "none"),
    ],
)
def test_a_legacy_argument_is_translated_by_torchs_table(
    name: str, value: object, reduction: str, keyword: bool
) -> None:
    trace = mse(name, Const(value), keyword=keyword).trace()
    finding = only(trace)
    assert (finding.code, stands_at(trace, finding)) == ("LF301", "ARG")
    assert finding.message == (
        f"`{name}={value!r}` is a legacy argument of `nn.MSELoss` that torch translates into "
        f'`reduction="{reduction}"`. Write `reduction="{reduction}"`, which gives the same numbers.'
    )


def test_a_string_by_keyword_counts_as_true() -> None:
    finding = only(mse("size_average", Const("sum")).trace())
    assert finding.code == "LF301"
    assert 'translates into `reduction="mean"`, as it would any string.' in finding.message


def test_both_arguments_are_one_finding() -> None:
    call = Call("nn.MSELoss(FIRST, SECOND)", MSE)
    trace = call.keyword("size_average", Const(True), "FIRST").keyword("reduce", Const(False), "SECOND").trace()
    assert stands_at(trace, only(trace)) == "FIRST"
    assert only(trace).message.startswith(
        "`size_average=True` and `reduce=False` are legacy arguments of `nn.MSELoss` that torch translates into "
        '`reduction="none"`.'
    )


def test_a_legacy_argument_overrides_the_reduction() -> None:
    call = Call("nn.MSELoss(FIRST, SECOND)", MSE)
    trace = call.keyword("size_average", Const(False), "FIRST").keyword("reduction", Const("mean"), "SECOND").trace()
    assert '`reduction="sum"`, whatever the `reduction` that is given as well.' in only(trace).message


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (Const(None), []),
        (Unknown("size_average"), []),  # handed on, and perhaps None
        (Unknown("self.size_average"), []),
        (Unknown("reduce"), []),
        (Unknown(), []),
        (Unknown("average", computed=True), []),
        (Unknown("average"), []),
        (Unknown("average", defaulted=True), ["LF301"]),
        (Unknown("size_average", defaulted=True), ["LF301"]),
        (OneOf((Const(None), Unknown("size_average"))), []),
        (OneOf((Const(None), Const("yes"))), ["LF301"]),
        (Number(Exponent.ZERO), ["LF301"]),
        (WEIGHTS, ["LF301"]),
    ],
)
def test_only_what_may_be_none_everywhere_is_silent(value: Value, expected: list[str]) -> None:
    assert codes(mse("size_average", value).trace()) == expected


def test_a_value_out_of_sight_gets_the_whole_table() -> None:
    message = only(mse("size_average", Number(Exponent.ZERO)).trace()).message
    assert message == (
        "`size_average` is a legacy argument of `nn.MSELoss` that torch translates into a reduction by its truth value"
        ': "none" where `reduce` is false, else "sum" where `size_average` is false, else "mean". Give `reduction` '
        "itself."
    )


@pytest.mark.parametrize("loss", ["lab.losses.MSELoss", "torch.nn.HuberLoss"])
def test_a_loss_without_such_parameters_is_not_judged(loss: str) -> None:
    assert codes(mse("size_average", Const(False), loss=loss).trace()) == []


def test_a_mask_that_lands_in_size_average_of_a_function_is_reported() -> None:
    assert codes(mse("size_average", BATCH, keyword=False, loss=F_MSE).trace()) == ["LF301"]


def attribute(name: str, value: Value | None, *, constructed: bool = True, known: bool = True) -> Script:
    script = Script()
    call = script.site('nn.MSELoss(reduction="sum")')
    if known:
        script.events.append(LossCall(call, loss=MSE, constructor=True, reduction=Const("mean")))
    event = AttributeSet(
        script.site("first"), loss=MSE, attribute=name, value=value, constructed=call if constructed else None
    )
    script.events.append(event)
    return script


def test_an_attribute_that_torch_ignores_names_the_reduction_that_stays() -> None:
    trace = attribute("size_average", Const(False)).trace()
    finding = only(trace)
    assert (finding.code, stands_at(trace, finding)) == ("LF301", "first")
    assert way(trace, finding) == [(Role.CALL, 'nn.MSELoss(reduction="sum")')]
    assert finding.message == (
        "Torch reads `size_average` only when a criterion is constructed, so setting `size_average = False` changes "
        'nothing: the reduction stays "mean". Give `nn.MSELoss` on line 1 `reduction="sum"` if that is meant, and '
        "delete this line."
    )


def test_the_reduction_that_stays_is_that_of_the_same_criterion() -> None:
    script = attribute("size_average", Const(False))
    other = LossCall(script.site('nn.L1Loss(reduction="sum")'), loss=MSE, constructor=True, reduction=Const("sum"))
    script.events.insert(0, other)
    assert 'the reduction stays "mean"' in only(script.trace()).message


@pytest.mark.parametrize(
    ("script", "words"),
    [
        (attribute("reduce", Const(False)), '`reduction="none"` if that is meant'),
        (attribute("reduce", Unknown("flag")), "setting `reduce` changes nothing: the reduction stays"),
        (attribute("reduce", Unknown("flag")), "Give `nn.MSELoss` on line 1 `reduction`, and delete this line."),
        (attribute("reduce", Const(False), known=False), "changes nothing. Give `nn.MSELoss` on line 1"),
        (attribute("reduce", Const(False), constructed=False), "changes nothing. Give `nn.MSELoss` `reduction="),
    ],
)
def test_an_attribute_is_described_as_far_as_it_is_known(script: Script, words: str) -> None:
    assert words in only(script.trace()).message


@pytest.mark.parametrize(("name", "value"), [("size_average", Const(None)), ("weight", Const(1)), ("margin", Const(2))])
def test_other_attributes_are_no_matter(name: str, value: Value) -> None:
    assert codes(attribute(name, value).trace()) == []


# --- LF302 -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("Sum", 'Write `reduction="sum"`.'),
        ("MEAN", 'Write `reduction="mean"`.'),
        ("avg", 'Write `reduction="mean"`.'),
        ("average", 'Write `reduction="mean"`.'),
        ("batchmean", 'use `reduction="sum"` and divide the loss by the batch size.'),
        ("max", 'It takes "none", "mean" or "sum".'),
        (None, 'Write `reduction="none"` for one loss per example, or another of "none", "mean" or "sum".'),
        (True, "rejects True as a reduction and raises when the criterion is called, not when it is constructed. It"),
        (1, "rejects 1 as a reduction"),
        ("elementwise_mean", "only with a deprecation warning, and computes the mean"),
    ],
)
def test_a_rejected_reduction_is_reported_with_what_to_write(value: object, words: str) -> None:
    trace = mse("reduction", Const(value)).trace()
    finding = only(trace)
    assert (finding.code, finding.severity, stands_at(trace, finding)) == ("LF302", Severity.ERROR, "ARG")
    assert words in finding.message


@pytest.mark.parametrize(
    ("loss", "value", "expected"),
    [
        (MSE, Const("sum"), []),
        (MSE, Unknown("reduction"), []),
        (MSE, External("monai.utils.LossReduction.MEAN"), []),
        (MSE, Const(...), []),
        (MSE, OneOf((Const("sum"), Const("avg"))), ["LF302"]),
        (MSE, OneOf((Const("sum"), Const("mean"))), []),
        ("torch.nn.KLDivLoss", Const("batchmean"), []),
        ("torch.nn.PoissonNLLLoss", Const("elementwise_mean"), ["LF302"]),
        ("torch.nn.modules.loss._Loss", Const("focal"), []),  # a project's subclass has reductions of its own
        ("torch.kl_div", Const(7), []),
        ("lab.losses.MSELoss", Const("avg"), []),
    ],
)
def test_only_what_that_loss_rejects_is_reported(loss: str, value: Value, expected: list[str]) -> None:
    assert codes(mse("reduction", value, loss=loss).trace()) == expected


def test_elementwise_mean_is_safe_only_where_torch_still_takes_it() -> None:
    finding = only(mse("reduction", Const("elementwise_mean"), loss="torch.nn.PoissonNLLLoss").trace())
    assert "rejects" in finding.message
    assert 'Write `reduction="mean"`.' in finding.message


def test_a_function_raises_when_it_is_called() -> None:
    assert (
        "`F.mse_loss` rejects None as a reduction and raises when it is called."
        in only(mse("reduction", Const(None), loss=F_MSE).trace()).message
    )


def test_beside_a_legacy_argument_torch_does_not_look_at_the_reduction() -> None:
    call = Call("nn.MSELoss(FIRST, SECOND)", MSE)
    trace = call.keyword("size_average", Const(False), "FIRST").keyword("reduction", Const("avg"), "SECOND").trace()
    assert codes(trace) == ["LF301"]


def test_a_reduction_set_as_an_attribute_is_read_by_torch() -> None:
    trace = attribute("reduction", Const("Sum")).trace()
    assert [(each.code, stands_at(trace, each)) for each in findings(trace)] == [("LF302", "first")]
    assert codes(attribute("reduction", Const("sum")).trace()) == []


# --- LF304 -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("string", "words"),
    [
        ("mean", 'that it computes the mean is luck, as it would for any string. Write `reduction="mean"`'),
        ("sum", 'the loss is reduced by "mean", not "sum". Write `reduction="sum"` if that is meant, or'),
        ("none", 'the loss is reduced by "mean", not "none"'),
        ("SUM", 'not "SUM". Write `reduction="sum"`'),
        ("batchmean", 'not "batchmean". Write `reduction="batchmean"` if that is meant'),
    ],
)
@pytest.mark.parametrize("loss", ["torch.nn.KLDivLoss", "torch.nn.functional.kl_div"])
def test_a_string_in_a_legacy_parameter_silently_averages(string: str, words: str, loss: str) -> None:
    trace = mse("size_average", Const(string), keyword=False, loss=loss).trace()
    finding = only(trace)
    assert (finding.code, finding.severity, stands_at(trace, finding)) == ("LF304", Severity.ERROR, "ARG")
    assert "is passed by position and lands in the parameter `size_average` of" in finding.message
    assert words in finding.message


@pytest.mark.parametrize("string", ["batchmean", "elementwise_mean"])
def test_no_reduction_is_advised_that_the_loss_rejects_or_has_deprecated(string: str) -> None:
    message = only(mse("size_average", Const(string), keyword=False).trace()).message
    assert message.endswith('Write `reduction="mean"`, which gives the same numbers.')
    message = only(mse("weight", Const(string), keyword=False, loss="torch.nn.BCELoss").trace()).message
    assert message.endswith('Write `reduction="mean"`.')


def test_the_other_legacy_argument_decides_too() -> None:
    call = Call("nn.MSELoss(FIRST, SECOND)", MSE)
    trace = call.positional("size_average", Const(False), "FIRST").positional("reduce", Const("sum"), "SECOND").trace()
    assert "that it computes the sum is luck" in only(trace).message
    call = Call("nn.MSELoss(FIRST, SECOND)", MSE)
    trace = call.positional("size_average", Unknown("x"), "FIRST").positional("reduce", Const("sum"), "SECOND").trace()
    assert 'reduced by "mean", not "sum"' in only(trace).message


@pytest.mark.parametrize(
    ("loss", "parameter", "words"),
    [
        ("torch.nn.CrossEntropyLoss", "weight", "raises as the criterion is constructed"),
        ("torch.nn.MultiMarginLoss", "p", "raises as the criterion is constructed"),
        ("torch.nn.TripletMarginLoss", "margin", "raises as the criterion is constructed"),
        ("torch.nn.CosineEmbeddingLoss", "margin", "raises as soon as the loss is computed"),
        ("torch.nn.CTCLoss", "blank", "raises as soon as the loss is computed"),
        ("torch.nn.functional.cross_entropy", "weight", "raises as soon as the loss is computed"),
        ("torch.nn.GaussianNLLLoss", "", "takes its options by keyword only and raises"),
        ("torchvision.ops.sigmoid_focal_loss", "alpha", "has no such value"),
    ],
)
def test_a_string_in_any_other_parameter_raises(loss: str, parameter: str, words: str) -> None:
    message = only(mse(parameter, Const("sum"), keyword=False, loss=loss).trace()).message
    assert words in message
    assert message.endswith('Write `reduction="sum"`.')


@pytest.mark.parametrize(
    ("loss", "parameter", "value", "keyword"),
    [
        ("torch.nn.HuberLoss", "reduction", Const("sum"), False),
        ("torch.nn.functional.huber_loss", "reduction", Const("sum"), False),
        ("torch.nn.MSELoss", "reduction", Const("sum"), True),
        ("torch.nn.CrossEntropyLoss", "weight", Const("balanced"), False),
        ("torch.nn.CrossEntropyLoss", "weight", Const("sum"), True),
        ("torch.nn.CrossEntropyLoss", "weight", Unknown("sum"), False),
    ],
)
def test_a_string_in_its_place_or_no_reduction_is_no_lf304(
    loss: str, parameter: str, value: Value, keyword: bool
) -> None:
    assert "LF304" not in codes(mse(parameter, value, keyword=keyword, loss=loss).trace())


# --- LF305 -------------------------------------------------------------------------------------------------------


def pair(loss: str, first: tuple[str, Value], second: tuple[str, Value]) -> Call:
    call = Call("nn.Loss(net(x), y)", loss)
    return call.positional(*first, "net(x)").positional(*second, "y")


def test_input_and_target_of_a_constructor_are_reported_at_the_call() -> None:
    trace = pair(MSE, ("size_average", BATCH), ("reduce", BATCH)).trace()
    finding = only(trace)
    assert (finding.code, finding.severity) == ("LF305", Severity.ERROR)
    assert stands_at(trace, finding) == "nn.Loss(net(x), y)"
    assert finding.message == (
        "`net(x)` and `y` are passed to the constructor of `nn.MSELoss`, where tensors land in `size_average` and "
        "`reduce`: it computes no loss, and raises or returns a module. Construct the criterion first and call it with "
        "them, `nn.MSELoss()(net(x), y)`."
    )


@pytest.mark.parametrize(
    ("loss", "first", "second", "expected"),
    [
        ("torch.nn.CrossEntropyLoss", ("weight", BATCH), ("size_average", BATCH), ["LF305"]),
        ("torch.nn.PoissonNLLLoss", ("log_input", BATCH), ("full", BATCH), ["LF305"]),
        ("torch.nn.GaussianNLLLoss", ("", BATCH), ("", BATCH), ["LF305"]),
        ("torch.nn.BCELoss", ("weight", Unknown("output")), ("size_average", Unknown("labels")), ["LF305"]),
        (MSE, ("size_average", Unknown("pred")), ("reduce", Unknown("target")), ["LF305"]),
        (MSE, ("size_average", WEIGHTS), ("reduce", Unknown("target")), ["LF305"]),
        (MSE, ("size_average", Unknown("size_average")), ("reduce", Unknown("reduce")), []),
        ("torch.nn.BCEWithLogitsLoss", ("weight", BATCH), ("pos_weight", BATCH), []),
        ("torch.nn.MarginRankingLoss", ("margin", SCALAR), ("size_average", Const(None)), []),
    ],
)
def test_a_pair_of_tensors_is_evidence(
    loss: str, first: tuple[str, Value], second: tuple[str, Value], expected: list[str]
) -> None:
    assert codes(pair(loss, first, second).trace()) == expected


@pytest.mark.parametrize(
    ("loss", "parameter", "value", "expected"),
    [
        (MSE, "size_average", BATCH, ["LF305"]),
        ("torch.nn.CrossEntropyLoss", "weight", BATCH, []),
        ("torch.nn.MarginRankingLoss", "margin", SCALAR, []),
        ("torch.nn.MarginRankingLoss", "margin", WEIGHTS, []),
        ("torch.nn.MarginRankingLoss", "margin", Unknown("target"), []),
        ("torch.nn.MarginRankingLoss", "margin", Tuple((BATCH,)), []),
    ],
)
def test_a_single_argument_must_be_a_batch(loss: str, parameter: str, value: Value, expected: list[str]) -> None:
    assert codes(mse(parameter, value, keyword=False, loss=loss).trace()) == expected


def test_a_single_batch_is_spoken_of_as_one() -> None:
    message = only(mse("size_average", BATCH, keyword=False).trace()).message
    assert message.startswith("`ARG` is passed to the constructor of `nn.MSELoss`, where tensors land in `size_av")


def test_keywords_are_not_input_and_target() -> None:
    call = Call("nn.MSELoss(FIRST, SECOND)", MSE)
    trace = call.keyword("size_average", BATCH, "FIRST").keyword("reduce", BATCH, "SECOND").trace()
    assert codes(trace) == ["LF301"]


def test_a_function_takes_tensors() -> None:
    assert codes(pair(F_MSE, ("input", BATCH), ("target", BATCH)).trace()) == []


# --- in which file -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "value", "keyword"),
    [
        ("size_average", Const(False), True),
        ("reduction", Const("avg"), True),
        ("size_average", Const("sum"), False),
        ("size_average", BATCH, False),
    ],
)
def test_what_an_imported_file_writes_is_reported_there(name: str, value: Value, keyword: bool) -> None:
    script = Script("import engine\n")
    event = mse(name, value, keyword=keyword).event(Script("nn.MSELoss(ARG)"))
    site = script.abroad("make_criterion()", "import engine")
    script.events.append(LossCall(site, loss=event.loss, constructor=True, arguments=event.arguments))
    assert codes(script.trace()) == []


def test_the_argument_of_a_partial_from_another_file_stands_at_the_call() -> None:
    script = Script("criterion(x, y)\n")
    there = Script("reduction")
    event = Call("reduction", F_MSE).keyword("reduction", Const("avg"), "reduction").event(there)
    (bound,) = event.arguments
    script.place("x")  # the first place of this file, so that the numbers of the two files differ
    foreign = script.abroad("make_criterion()", "criterion(x, y)").place
    argument = type(bound)(bound.name, bound.value, foreign, bound.keyword)
    script.events.append(LossCall(script.site("criterion(x, y)"), loss=F_MSE, arguments=(argument,)))
    trace = script.trace()
    assert stands_at(trace, only(trace)) == "criterion(x, y)"


def test_a_call_analysed_twice_is_one_finding() -> None:
    for name, value, keyword in (
        ("size_average", Const(False), True),
        ("reduction", Const("avg"), True),
        ("size_average", Const("sum"), False),
        ("size_average", BATCH, False),
    ):
        call = mse(name, value, keyword=keyword)
        script = Script(call.text)
        script.events += [call.event(script), call.event(script)]
        assert len(codes(script.trace())) == 1
