"""Every row of torch's losses is held against torch itself: signatures, strings, shapes and exponents.

The rows of other packages are not run here, because the tests install none of them (torchvision and torchaudio have no
build for this torch's CPU wheel on every platform): they were measured with those packages when they were written, at
the versions that their modules name.
"""

from __future__ import annotations

import inspect
import math
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.modules import loss as torch_losses

from lossflow.catalog import Catalog, Effect, Loss, LossMatch, Unreduced
from lossflow.catalog.torch_losses import TORCH_LOSSES

from .catalog_cases import CASES, EXAMPLES, NATIVE, Case

CATALOG = Catalog.default()
WORDS = ("none", "mean", "sum", "batchmean", "elementwise_mean", "Mean", "SUM", "avg", "average", "", None, True)
EXPONENTS = {Effect.MEAN: 0.0, Effect.SUM: 1.0}


@dataclass(frozen=True)
class Form:
    """One way to compute a loss: `compute(reduction, weight, times)` calls the class or the function."""

    row: Loss
    case: Case
    compute: Callable[[Any, Tensor, int], Any]

    def gradient(self, reduction: object, times: int) -> float:
        """The norm of the gradient of the parameter, for the batch repeated `times` times."""
        weight = torch.full(self.case.shape, 0.7, requires_grad=True)
        torch.autograd.backward(self.value(reduction, weight, times))
        assert weight.grad is not None
        return float(weight.grad.norm())

    def value(self, reduction: object, weight: Tensor, times: int) -> Tensor:
        """The loss itself, also where the call returns it in a tuple."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            result = self.compute(reduction, weight, times)
        if self.row.result is None:
            return result
        name, index = self.row.result
        assert getattr(result, name) is result[index]
        return result[index]

    def exponent(self, reduction: object) -> float:
        """The exponent of the gradient, measured at B and 2 B on the same examples."""
        return math.log2(self.gradient(reduction, 2) / self.gradient(reduction, 1))


def _class_form(row: Loss, case: Case) -> Form:
    cls = getattr(nn, row.name.removeprefix("torch.nn."))

    def compute(reduction: object, weight: Tensor, times: int) -> Any:
        torch.manual_seed(0)
        chosen = {"reduction": reduction} if row.has_reduction else {}
        return cls(**case.options, **chosen)(*case.inputs(weight, times))

    return Form(row, case, compute)


def _function_form(row: Loss, case: Case) -> Form:
    function = getattr(F, row.functional.removeprefix("torch.nn.functional."))
    names = CATALOG.loss(row.functional).inputs
    options = {name: value for name, value in case.options.items() if name in row.functional_params.split()}

    def compute(reduction: object, weight: Tensor, times: int) -> Any:
        tensors = dict(zip(names, case.inputs(weight, times)))
        return function(**tensors, **options, **case.extra, reduction=reduction)

    return Form(row, case, compute)


def _native_form(row: Loss) -> Form:
    leaf = row.functional.removeprefix("torch.")
    name, options = NATIVE[leaf]
    case = CASES[name][0]

    def compute(reduction: object, weight: Tensor, times: int) -> Any:
        return getattr(torch, leaf)(*case.inputs(weight, times), **options, reduction=reduction)

    return Form(row, case, compute)


def _forms() -> Iterator[Any]:
    for row in TORCH_LOSSES:
        if row.abstract or row.integers:
            continue
        for number, case in enumerate(CASES[row.name.removeprefix("torch.nn.")]):
            yield pytest.param(_class_form(row, case), id=f"{row.name}-{number}")
            if row.functional:
                yield pytest.param(_function_form(row, case), id=f"{row.functional}-{number}")


FORMS = list(_forms())
NATIVE_FORMS = [pytest.param(_native_form(row), id=row.functional) for row in TORCH_LOSSES if row.integers]
NAMES = [name for row in TORCH_LOSSES if not row.integers for name in (row.name, row.functional) if name]


def _resolve(dotted: str) -> Any:
    found: Any = torch
    for part in dotted.split(".")[1:]:
        found = getattr(found, part)
    return found


def _signature(match: LossMatch, dotted: str) -> dict[str, inspect.Parameter]:
    found = _resolve(dotted)
    parameters = dict(inspect.signature(found.__init__ if match.constructor else found).parameters)
    parameters.pop("self", None)
    return parameters


@pytest.mark.parametrize("dotted", NAMES)
def test_signature_is_torchs(dotted: str) -> None:
    match = CATALOG.loss(dotted)
    assert match is not None
    parameters = _signature(match, dotted)
    assert match.params == tuple(parameters)
    assert match.keyword_only == {n for n, p in parameters.items() if p.kind is inspect.Parameter.KEYWORD_ONLY}
    if match.row.has_reduction:
        assert match.row.default == parameters["reduction"].default


@pytest.mark.parametrize("dotted", [row.name for row in TORCH_LOSSES if row.name and not row.abstract])
def test_inputs_are_those_of_forward(dotted: str) -> None:
    match = CATALOG.loss(dotted)
    assert match is not None
    assert ("self", *match.inputs) == tuple(inspect.signature(_resolve(dotted).forward).parameters)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("word", WORDS)
def test_torch_accepts_deprecates_and_rejects_the_same_words(form: Form, word: object) -> None:
    if not form.row.has_reduction:
        with pytest.raises(TypeError, match="reduction"):
            _resolve(form.row.name)(**form.case.options, reduction=word)
        return
    weight = torch.full(form.case.shape, 0.7)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        if word in form.row.reductions + form.row.deprecated:
            form.compute(word, weight, 1)
            deprecated = any("is deprecated" in str(warning.message) for warning in caught)
            assert deprecated == (word in form.row.deprecated)
            assert form.row.spelled(word) == word
        else:
            with pytest.raises((ValueError, RuntimeError, TypeError)):
                form.compute(word, weight, 1)
            assert form.row.effect(str(word)) is None


@pytest.mark.parametrize("form", FORMS)
def test_gradient_grows_as_the_effect_says(form: Form) -> None:
    words = form.row.reductions + form.row.deprecated if form.row.has_reduction else (form.row.default,)
    measured = {word: form.exponent(word) for word in words if word != "none"}
    stated = {word: EXPONENTS[effect] for word in measured if (effect := form.row.effect(word))}
    assert measured == pytest.approx(stated, abs=0.01)


@pytest.mark.parametrize("form", [form for form in FORMS if form.values[0].row.has_reduction])
def test_unreduced_shape(form: Form) -> None:
    assert form.row.effect("none") is Effect.NONE
    _assert_shape(form, "none")


def _assert_shape(form: Form, reduction: object) -> None:
    weight = torch.full(form.case.shape, 0.7)
    inputs = form.case.inputs(weight, 1)
    expected = {
        Unreduced.ELEMENTWISE: inputs[0].shape,
        Unreduced.PER_TARGET: inputs[1].shape,
        Unreduced.PER_EXAMPLE: (EXAMPLES,),
    }
    assert form.value(reduction, weight, 1).shape == expected[form.row.unreduced]


@pytest.mark.parametrize("form", NATIVE_FORMS)
def test_functions_of_the_torch_namespace(form: Form) -> None:
    name = form.row.functional.removeprefix("torch.")
    schema = torch._C._jit_get_schemas_for_operator(f"aten::{name}")[0]
    arguments = {"input" if a.name == "self" else a.name: a for a in schema.arguments}
    match = CATALOG.loss(form.row.functional)
    assert match is not None
    assert match.params == tuple(arguments)
    assert match.keyword_only == {n for n, a in arguments.items() if a.kwarg_only}
    default = arguments["reduction"].default_value
    assert form.row.default == (form.row.spelled(default) if default is not None else "")

    assert [form.row.spelled(number) for number in range(3)] == ["none", "mean", "sum"]
    _assert_shape(form, 0)
    assert form.exponent(1) == pytest.approx(0.0, abs=0.01)
    assert form.exponent(2) == pytest.approx(1.0, abs=0.01)
    with pytest.raises(TypeError):
        form.compute("mean", torch.ones(form.case.shape), 1)
    assert form.row.spelled("mean") is None


def test_every_class_has_a_row() -> None:
    defined = {
        f"{home}.{name}"
        for home, module in (("torch.nn", nn), ("torch.nn.modules.loss", torch_losses))
        for name, found in vars(module).items()
        if inspect.isclass(found)
        and issubclass(found, nn.Module)
        and (found.__module__ == torch_losses.__name__ or name.endswith("Loss"))
    }
    assert {"torch.nn.MSELoss", "torch.nn.AdaptiveLogSoftmaxWithLoss", "torch.nn.modules.loss._Loss"} <= defined
    assert {name for name in defined if CATALOG.loss(name) is None} == set()


def test_every_function_has_a_row() -> None:
    defined = {name for name, found in vars(F).items() if callable(found) and _takes_a_reduction(name, found)}
    assert {"mse_loss", "kl_div", "cross_entropy", "ctc_loss"} <= defined
    assert {name for name in defined if CATALOG.loss(f"torch.nn.functional.{name}") is None} == set()


def _takes_a_reduction(name: str, found: Any) -> bool:
    if name.endswith("_loss"):
        return True
    return inspect.isfunction(found) and "reduction" in inspect.signature(found).parameters


def test_every_function_of_the_torch_namespace_has_a_row() -> None:
    defined = {
        name
        for name in dir(torch)
        if not name.startswith("_")
        and any(
            argument.name == "reduction"
            for schema in torch._C._jit_get_schemas_for_operator(f"aten::{name}")
            for argument in schema.arguments
        )
    }
    assert defined == set(NATIVE)
    assert {name for name in defined if CATALOG.loss(f"torch.{name}") is None} == set()


@pytest.mark.parametrize(
    "row", [row for row in TORCH_LOSSES if row.name and not row.abstract], ids=lambda row: row.name
)
def test_other_paths_to_the_class_lead_to_the_row(row: Loss) -> None:
    leaf = row.name.removeprefix("torch.nn.")
    for path in (f"torch.nn.modules.{leaf}", f"{_resolve(row.name).__module__}.{leaf}"):
        assert _resolve(path) is _resolve(row.name)
        match = CATALOG.loss(path)
        assert match is not None
        assert match.row is row
    for alias in row.aliases:
        assert issubclass(_resolve(alias), _resolve(row.name))
