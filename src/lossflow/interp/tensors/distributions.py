"""`torch.distributions`: log-probabilities, samples and divergences keep the shape of the batch that they are about."""

from __future__ import annotations

from dataclasses import replace

from lossflow.domain import arithmetic
from lossflow.domain.axes import Axes
from lossflow.domain.environment import Record
from lossflow.domain.values import Const, External, Ref, Tensor, Value
from lossflow.interp.engine.frames import Arguments
from lossflow.interp.engine.machine import Machine

_HOME = "torch.distributions."
_ELEMENTWISE = frozenset(
    [
        "Normal",
        "LogNormal",
        "Laplace",
        "Bernoulli",
        "Beta",
        "Gamma",
        "Exponential",
        "Poisson",
        "Uniform",
        "Cauchy",
        "StudentT",
        "Gumbel",
        "HalfNormal",
        "Geometric",
    ]
)
"""Families whose log-probability has the shape of the value; the others reduce their event dimensions."""


_OF_ROWS = frozenset({"MultivariateNormal", "LowRankMultivariateNormal", "Dirichlet", "OneHotCategorical"})
"""Families whose events are the rows of their first parameter."""


def is_distribution(name: str) -> bool:
    """True for a distribution class of torch."""
    return name.startswith(_HOME) and name.rpartition(".")[2][:1].isupper()


def parameters(arguments: Arguments) -> dict[str, Value]:
    """The parameters of a distribution as the slots of its record."""
    return {f"parameter{i}": v for i, v in enumerate((*arguments.positional, *arguments.keywords.values()))}


def call_method(machine: Machine, receiver: Ref, name: str, arguments: Arguments) -> Value | None:
    """The value of a method of a distribution; None for those that are not followed."""
    record = machine.get(receiver)
    family = record.cls.name.rpartition(".")[2] if isinstance(record.cls, External) else ""
    held = [v for v in record.slots.values() if isinstance(v, Tensor)]
    if family == "Categorical":
        return _over_last(name, arguments, held)
    if family == "Independent":
        return _independent(machine, record, name, arguments)
    if family in _OF_ROWS:
        return _of_rows(name, arguments, held)
    if family not in _ELEMENTWISE:
        return None
    match name:
        case "log_prob":
            value = arguments.get(0, "value")
            return _together([value, *held]) if isinstance(value, Tensor) else None
        case "rsample" if not arguments.positional:
            return _together(held) if held else None
        case "sample" if not arguments.positional:
            return replace(_together(held), differentiable=False) if held else None
        case "entropy":
            return _together(held) if held else None
    return None


def _over_last(name: str, arguments: Arguments, held: list[Tensor]) -> Value | None:
    """`Categorical(logits=...)`: one value for each row of the logits."""
    if len(held) != 1:
        return None
    rows = arithmetic.nonlinear(replace(held[0], axes=held[0].axes.without(-1)[0], data=False))
    value = arguments.get(0, "value")
    match name:
        case "log_prob" if isinstance(value, Tensor):
            axes = rows.axes if value.axes == Axes.UNKNOWN else value.axes
            return replace(rows, axes=axes)
        case "sample" if not arguments.positional and not arguments.keywords:
            return replace(rows, differentiable=False)
        case "entropy":
            return rows
    return None


def _of_rows(name: str, arguments: Arguments, held: list[Tensor]) -> Value | None:
    """`MultivariateNormal(mean, covariance)`: an event for each row, and a number for each event."""
    value = arguments.get(0, "value")
    if not held or any(not tensor.exponent.is_zero for tensor in held):
        return None
    flow = True if any(tensor.differentiable for tensor in held) else held[0].differentiable
    event = replace(held[0], differentiable=flow, data=False)
    match name:
        case "log_prob" if isinstance(value, Tensor) and value.axes.per_example:
            both = arithmetic.elementwise(value, event)
            return replace(both, axes=value.axes.without(-1)[0])
        case "rsample" if not arguments.positional and not arguments.keywords:
            return event
        case "sample" if not arguments.positional and not arguments.keywords:
            return replace(event, differentiable=False)
        case "entropy":
            return replace(event, axes=event.axes.without(-1)[0])
    return None


def _independent(machine: Machine, record: Record, name: str, arguments: Arguments) -> Value | None:
    """`Independent(base, 1)`: what `base` says of each element is summed over the last dimension."""
    base, count = record.get("parameter0"), record.get("parameter1")
    value = call_method(machine, base, name, arguments) if isinstance(base, Ref) else None
    if name in ("rsample", "sample"):
        return value
    if isinstance(value, Tensor) and count == Const(1) and name in ("log_prob", "entropy"):
        return replace(value, axes=value.axes.without(-1)[0])
    return None


def divergence(machine: Machine, arguments: Arguments) -> Value | None:
    """`kl_divergence(p, q)` of two distributions of a kind: a number for each element, or each row."""
    given = arguments.positional
    left, right = (_base(machine, side) for side in given[:2]) if len(given) > 1 else (None, None)
    if left is None or right is None:
        return None
    (family, events, held), (_, more, others) = left, right
    whole = _together([*held, *others]) if held or others else None
    if whole is None or events != more:
        return None
    for _ in range(events + (family not in _ELEMENTWISE)):
        whole = replace(whole, axes=whole.axes.without(-1)[0])
    return whole


def _base(machine: Machine, side: Value) -> tuple[str, int, list[Tensor]] | None:
    """The family of a distribution, how many dimensions `Independent` takes for one event, and its parameters."""
    record = machine.get(side) if isinstance(side, Ref) else None
    if record is None or not isinstance(record.cls, External):
        return None
    family = record.cls.name.rpartition(".")[2]
    base, count = record.get("parameter0"), record.get("parameter1")
    if family == "Independent":
        inner = _base(machine, base) if base is not None and count == Const(1) else None
        return None if inner is None else (inner[0], inner[1] + 1, inner[2])
    if family not in _ELEMENTWISE | {"Categorical", "OneHotCategorical", "Dirichlet"}:
        return None
    return family, 0, [v for v in record.slots.values() if isinstance(v, Tensor)]


def _together(tensors: list[Tensor]) -> Tensor:
    """An elementwise function of several tensors; one whose shape is out of sight leaves that of the others."""
    whole = tensors[0]
    for other in tensors[1:]:
        both = arithmetic.elementwise(whole, other)
        keeps = whole.axes if other.axes == Axes.UNKNOWN else both.axes
        whole = replace(both, axes=keeps)
    return arithmetic.nonlinear(replace(whole, data=False))
