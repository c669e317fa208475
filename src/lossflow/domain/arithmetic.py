"""Arithmetic on abstract values: what an operator does to axes, exponents and trails."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from functools import reduce
from itertools import product

from lossflow.domain import contraction, masking
from lossflow.domain.axes import Axes
from lossflow.domain.exponent import Exponent
from lossflow.domain.joins import join, merged
from lossflow.domain.trace import Multiplier, Site, Step, StepKind
from lossflow.domain.values import (
    MAX_TERMS,
    Const,
    Number,
    OneOf,
    Size,
    Tensor,
    Term,
    Tuple,
    Unknown,
    Value,
    alternatives,
    exponent_of,
    tuple_of,
)

Factor = Callable[[Value], Exponent]
"""Tells the exponent of a factor; the interpreter passes one that takes names as evidence."""

_SIZES = ("size", "shape", "numel")
"""The names of numbers that tell how large a tensor is; their product is a number of elements."""

_ON_CONSTANTS: dict[str, Callable[..., object]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "//": operator.floordiv,
    "%": operator.mod,
    "**": operator.pow,
}


_WIDE = re.compile(r"\d{4}")
"""The width that `"%1000000000d" % step` asks for."""


def binary(symbol: str, left: Value, right: Value, *, site: Site, factor: Factor = exponent_of) -> Value:
    """The value of `left symbol right`; of one of several, among them a tensor, it is the join of all values."""
    choices = tuple(alternatives(v) if _may_be_tensor(v) else (v,) for v in (left, right))
    if len(choices[0]) * len(choices[1]) > 1:
        values = [binary(symbol, one, other, site=site, factor=factor) for one, other in product(*choices)]
        return reduce(join, values)
    result = _binary(symbol, left, right, site=site, factor=factor)
    if not isinstance(left, Tensor) and not isinstance(right, Tensor):
        return result
    scalar = right if isinstance(left, Tensor) else left
    exponent = None if isinstance(scalar, Tensor) else factor(scalar)
    return masking.combined(symbol, left, right, result=result, site=site, factor=exponent)


def _may_be_tensor(value: Value) -> bool:
    return isinstance(value, OneOf) and any(isinstance(one, Tensor) for one in value.values)


def _binary(symbol: str, left: Value, right: Value, *, site: Site, factor: Factor) -> Value:
    match left, right:
        case Const(), Const():
            return _constants(symbol, left, right)
        case Tuple(), Tuple() if symbol == "+":
            return tuple_of((*left.items, *right.items))
        case (Tensor(), _) | (_, Tensor()):
            return _tensors(symbol, left, right, site=site, factor=factor)
        case (Number() | Const(value=int() | float()), Number() | Const(value=int() | float())):
            return _numbers(symbol, left, right)
        case Unknown(), Number(counter=True) if symbol == "/":
            over = Step(StepKind.WEIGHTED, site, by=_multiplier(right, inverse=True))
            return Unknown(computed=True, over=over)
        case (
            (Unknown(), Unknown())
            | (Number(), Unknown())
            | (Unknown(), Number())
            | (Unknown(), Const(value=int() | float()))
            | (Const(value=int() | float()), Unknown())
        ):
            return _unknowns(symbol, left, right, factor=factor)
    return Unknown(computed=True)


def _constants(symbol: str, left: Const, right: Const) -> Value:
    compute = _ON_CONSTANTS.get(symbol)
    small = all(isinstance(c.value, (int, float, str)) and len(str(c.value)) < 200 for c in (left, right))
    if (
        compute is None
        or not small
        or (symbol == "%" and isinstance(left.value, str) and _WIDE.search(left.value))
        or (symbol == "**" and abs(_plain(right)) > 64)
        or (symbol == "*" and isinstance(left.value, str))
    ):
        return Unknown(computed=True)
    try:
        return Const(compute(left.value, right.value))
    except Exception:  # the program itself would raise here
        return Unknown(computed=True)


def _plain(value: Const) -> float:
    return float(value.value) if isinstance(value.value, (int, float)) else 0.0


def _unknowns(symbol: str, left: Value, right: Value, *, factor: Factor) -> Value:
    """Values out of sight: a number when their names are evidence of its exponent; else perhaps a tensor."""
    numbers = [each if isinstance(each, Number) else Number(factor(each)) for each in (left, right)]
    if any(each.exponent == Exponent.UNKNOWN for each in numbers):
        return Unknown(computed=True)
    return _numbers(symbol, *numbers)


def _numbers(symbol: str, left: Value, right: Value) -> Value:
    a, b = exponent_of(left), exponent_of(right)
    match symbol:
        case "*":
            sizes = all(isinstance(v, Number) and v.name in _SIZES for v in (left, right))
            return Number(a + b, "numel" if sizes else "")
        case "/" | "//":
            return Number(a - b)
        case "**":
            power = right.value if isinstance(right, Const) else None
            if a.is_zero and b.is_zero:
                return Number(Exponent.ZERO)
            return (
                Number(a.scaled(Fraction(power).limit_denominator(64)))
                if isinstance(power, (int, float))
                else Unknown(computed=True)
            )
        case "+" | "-":
            # B + 1 and B - 1 grow as B does.
            if isinstance(left, Const) or isinstance(right, Const):
                number = right if isinstance(left, Const) else left
                return Number(exponent_of(number), counter=isinstance(number, Number) and number.counter)
            return Number(a.join(b))
    return Number(Exponent.ZERO) if a.is_zero and b.is_zero else Unknown(computed=True)


def _tensors(symbol: str, left: Value, right: Value, *, site: Site, factor: Factor) -> Value:
    match symbol:
        case "+" | "-":
            return add(left, right, site=site)
        case "*":
            return multiply(left, right, site=site, factor=factor)
        case "/" | "//":
            return divide(left, right, site=site, factor=factor)
        case "@":
            return matmul(left, right, site=site)
        case "**" if isinstance(left, Tensor):
            power_of = right.value if isinstance(right, Const) else None
            return power(left, power_of)
        case "%" | "&" | "|" | "^" | "<<" | ">>":
            masks = any(isinstance(v, Tensor) and v.mask for v in (left, right))
            return replace(elementwise(left, right), differentiable=False, mask=masks and symbol in ("&", "|", "^"))
    return Unknown(computed=True, why=f"what the operator `{symbol}` makes of a tensor")


def _flow(*values: Value) -> bool | None:
    """Whether gradients flow through an operation on these values."""
    flows = [v.differentiable for v in values if isinstance(v, Tensor)]
    if any(flows):
        return True
    known = all(flow is False for flow in flows) and not any(isinstance(v, Unknown) for v in values)
    return False if known else None


def _axes(left: Value, right: Value) -> Axes:
    """The axes of an elementwise operation; a number or an unknown factor is taken for a scalar, as weights are."""
    match left, right:
        case Tensor(), Tensor():
            for tensor, other in ((left, right), (right, left)):
                if other.padding and other.axes == Axes.UNKNOWN and tensor.axes.per_example:
                    return tensor.axes  # a mask is no larger than what it masks
            return left.axes.broadcast(right.axes)
        case Tensor(), _:
            return left.axes
        case _, Tensor():
            return right.axes
    return Axes.UNKNOWN


def elementwise(left: Value, right: Value, *, terms: tuple[Term, ...] = (Term(),)) -> Tensor:
    """The tensor of an elementwise operation, with the given terms."""
    tensors = [v for v in (left, right) if isinstance(v, Tensor)]
    return Tensor(
        axes=_axes(left, right),
        terms=terms,
        differentiable=_flow(left, right),
        loss=any(t.loss for t in tensors),
        synthetic=all(t.synthetic for t in tensors) and not any(isinstance(v, Unknown) for v in (left, right)),
    )


def is_plain(tensor: Tensor) -> bool:
    """True for a tensor to which nothing that matters has been done: data, or the output of a model."""
    return all(not term.trail and term.exponent.is_zero for term in tensor.terms)


def is_activation(tensor: Tensor) -> bool:
    """True for an output of a model, or data, though perhaps times something out of sight: no loss, and no reduction.

    The same tensor wholly out of sight would be taken for one.
    """
    reductions = (StepKind.REDUCED, StepKind.AVERAGED, StepKind.COMPUTED)
    return not tensor.loss and all(
        term.exponent.is_zero or (term.exponent == Exponent.UNKNOWN and term.last(*reductions) is None)
        for term in tensor.terms
    )


def add(left: Value, right: Value, *, site: Site) -> Value:
    """The sum or difference: the terms of both."""
    match left, right:
        case Tensor(), Tensor():
            if is_plain(left) and is_plain(right):
                batchless = all(t.batchless for t in (*left.terms, *right.terms))
                return elementwise(left, right, terms=(Term(batchless=batchless),))
            for tensor, other in ((left, right), (right, left)):
                if is_plain(other) and other.differentiable is False:
                    return elementwise(left, right, terms=tensor.terms)  # `loss = torch.zeros(1)` before a loop
            added = Step(StepKind.ADDED, site)
            return elementwise(left, right, terms=_gathered([t.step(added) for t in (*left.terms, *right.terms)]))
        case (Tensor() as tensor, Number() as number) | (Number() as number, Tensor() as tensor) if (
            tensor.differentiable is False and not tensor.loss and len(tensor.terms) == 1
        ):
            # `count = torch.zeros(1); count += len(x)`: a number that is held in a tensor.
            term = tensor.terms[0]
            return replace(tensor, terms=(replace(term, exponent=term.exponent.join(number.exponent)),))
        case (Tensor() as tensor, Const(value=int() | float() | bool()) | Number()):
            return tensor
        case (Const(value=int() | float() | bool()) | Number(), Tensor() as tensor):
            return tensor
        case (Tensor() as tensor, Unknown(lost=lost)) | (Unknown(lost=lost), Tensor() as tensor):
            if is_plain(tensor):
                # `prediction - target` with a target out of sight: data, which the batch size doesn't scale.
                axes = tensor.axes if tensor.axes.per_example else Axes.UNKNOWN
                return replace(tensor, axes=axes, data=False) if tensor.differentiable else Unknown(computed=True)
            added = Step(StepKind.ADDED, site)
            unknown = Term(Exponent.UNKNOWN, lost=lost).step(added)
            terms = _gathered([*(t.step(added) for t in tensor.terms), unknown])
            return replace(tensor, terms=terms, differentiable=True if tensor.differentiable else None)
    return Unknown(computed=True)


def _gathered(terms: list[Term]) -> tuple[Term, ...]:
    """Terms of the same trail count as one, and a long objective is cut."""
    kept: dict[object, Term] = {}
    for term in terms:
        same = kept.get(term.trail)
        kept[term.trail] = (
            term
            if same is None
            else replace(term, exponent=term.exponent.join(same.exponent), batchless=term.batchless and same.batchless)
        )
    unique = tuple(kept.values())
    return unique if len(unique) <= MAX_TERMS else (*unique[: MAX_TERMS - 1], merged(unique[MAX_TERMS - 1 :]))


def multiply(left: Value, right: Value, *, site: Site, factor: Factor = exponent_of) -> Value:
    """The product: exponents add, and the trail is that of the loss."""
    if isinstance(left, Tensor) and isinstance(right, Tensor):
        main, other = (left, right) if _weight(left) >= _weight(right) else (right, left)
        whole = merged(other.terms)
        exponent = SHARE if _may_normalise(main, other) else whole.exponent
        terms = tuple(
            _shifted(replace(t, batchless=t.batchless and whole.batchless), exponent, site) for t in main.terms
        )
        result = elementwise(left, right, terms=terms)
        return result.step(Step(StepKind.MASKED, site)) if masking.weighs_nothing(main, other) else result
    tensor, scalar = (left, right) if isinstance(left, Tensor) else (right, left)
    assert isinstance(tensor, Tensor)
    if isinstance(scalar, (Tuple, Size)):
        return Unknown(computed=True)
    terms = _scaled(tensor, factor(scalar), site, _multiplier(scalar))
    return elementwise(left, right, terms=terms)


SHARE = Exponent.between(-1, 0)
"""What may be one over the number of examples."""


def _may_normalise(main: Tensor, other: Tensor) -> bool:
    """True for a per-example loss times a field of its batch that is no mask.

    What draws a batch knows its size: the normalisation of a subgraph's nodes, `graph.ndata["norm"]`, holds 1 / B.
    """
    return main.loss and main.axes.per_example and other.data and not other.differentiable and not other.mask


def _weight(tensor: Tensor) -> tuple[bool, int, bool]:
    """Orders tensors by how much of a loss they are."""
    return (tensor.loss, max(len(term.trail) for term in tensor.terms), bool(tensor.differentiable))


def _shifted(term: Term, exponent: Exponent, site: Site, by: Multiplier | None = None) -> Term:
    return term if exponent.is_zero else term.step(Step(StepKind.SCALED, site, exponent, by=by))


def _scaled(tensor: Tensor, exponent: Exponent, site: Site, by: Multiplier | None) -> tuple[Term, ...]:
    """The terms after a multiplication; that of a loss is noted where it has no part in the batch size, too."""
    if not exponent.is_zero or by is None:
        return tuple(_shifted(term, exponent, site, by) for term in tensor.terms)
    weighted = Step(StepKind.WEIGHTED, site, by=by)
    if tensor.loss or any(term.trail for term in tensor.terms):
        return tuple(term.step(weighted) for term in tensor.terms)
    # The elements of a loss by hand, or an activation like many others: a reduction will tell.
    return tuple(replace(term, weighed=weighted) for term in tensor.terms) if tensor.differentiable else tensor.terms


def _multiplier(value: Value, *, inverse: bool = False) -> Multiplier | None:
    """What is known of a factor or divisor; nothing of a tensor, which multiplies elements."""
    match value:
        case Const(value=int() | float() as number) if abs(number) != 1:
            return Multiplier(value=float(number), inverse=inverse)
        case Number(name=name, counter=counter):
            return Multiplier(name, counter=counter, inverse=inverse)
        case Unknown(name=name):
            return Multiplier(name, inverse=inverse)
    return None


def divide(left: Value, right: Value, *, site: Site, factor: Factor = exponent_of) -> Value:
    """The quotient: the divisor's exponent is taken away."""
    if isinstance(left, Tensor):
        divisor = merged(right.terms).exponent if isinstance(right, Tensor) else factor(right)
        return elementwise(left, right, terms=_scaled(left, -divisor, site, _multiplier(right, inverse=True)))
    assert isinstance(right, Tensor)
    dividend = factor(left)
    term = Term(dividend - right.exponent, batchless=all(t.batchless for t in right.terms))
    return elementwise(left, right, terms=(term,))


def power(tensor: Tensor, exponent: object) -> Tensor:
    """The tensor to a power: a literal scales the exponents, anything else keeps only zero ones."""
    tensor = replace(tensor, padding=False)
    if is_plain(tensor):
        return replace(tensor, data=False)
    term = merged(tensor.terms)
    if isinstance(exponent, (int, float)) and not isinstance(exponent, bool):
        return replace(
            tensor, terms=(replace(term, exponent=term.exponent.scaled(Fraction(exponent).limit_denominator(64))),)
        )
    return nonlinear(tensor)


def nonlinear(tensor: Tensor) -> Tensor:
    """The tensor after a function that is not homogeneous: nothing is known unless all exponents are zero."""
    terms = tuple(
        replace(t, exponent=t.exponent if t.exponent.is_zero else Exponent.UNKNOWN, weighed=None) for t in tensor.terms
    )
    terms = terms if len(terms) == 1 else (merged(terms),)
    return replace(tensor, terms=terms, data=False, padding=False, masked=None)


def matmul(left: Value, right: Value, *, site: Site) -> Value:
    """The matrix product: the last dimension of `left` is contracted with the last but one of `right`.

    Of a number or a tensor without dimensions there is none: torch raises.
    """
    if _has_no_dimensions(left) or _has_no_dimensions(right):
        return Unknown(computed=True, why="a matrix product with a scalar, which torch refuses")
    if not (isinstance(left, Tensor) and isinstance(right, Tensor)):
        return _matmul_unseen(left, right)
    axes, over = contraction.matrix_product(left.axes, right.axes)
    main, other = (left, right) if _weight(left) >= _weight(right) else (right, left)
    batchless = all(t.batchless for t in (*left.terms, *right.terms))
    whole = merged(main.terms)
    unsummed = Exponent.UNKNOWN if over is None else Exponent.ZERO
    term = replace(whole, exponent=whole.exponent + other.exponent + unsummed, batchless=batchless, weighed=None)
    if over:
        term = term.step(Step(StepKind.REDUCED, site, Exponent.of(over)))
    return Tensor(axes, (term,), _flow(left, right), left.loss or right.loss)


def _has_no_dimensions(value: Value) -> bool:
    """True for what is known to be a single number; axes that are a guess may be wrong about it."""
    if isinstance(value, Tensor):
        return value.axes.scalar and value.axes.certain
    return isinstance(value, (Const, Number))


def _matmul_unseen(left: Value, right: Value) -> Tensor:
    """A matrix product with a value out of sight, which is taken for weights where a batch stands first.

    A product that sums over the examples may average over them: the other side may hold 1 / B.
    """
    tensor = left if isinstance(left, Tensor) else right
    assert isinstance(tensor, Tensor)
    axes, over = (
        contraction.matrix_product(tensor.axes, Axes.UNKNOWN)
        if tensor is left
        else contraction.matrix_product(Axes.UNKNOWN, tensor.axes)
    )
    if tensor is left and not over and tensor.axes.known and tensor.axes.dims[:1] == (True,):
        axes, over = replace(Axes.EXAMPLES, certain=False), 0
    known = not over and is_plain(tensor)
    return Tensor(
        axes,
        (Term() if known else replace(merged(tensor.terms), exponent=Exponent.UNKNOWN),),
        True if tensor.differentiable else None,
        tensor.loss,
    )


def compare(left: Value, right: Value) -> Value:
    """The tensor of a comparison: a mask, through which no gradient flows; a single truth value where it is of numbers.

    Nobody picks elements with a truth value, so that a comparison of values out of sight may be taken for a mask.
    """
    if isinstance(left, Tensor) or isinstance(right, Tensor):
        return replace(elementwise(left, right), differentiable=False, loss=False, mask=True)
    if Unknown in (type(left), type(right)) and _is_unseen_number(left) and _is_unseen_number(right):
        return Tensor(Axes.UNKNOWN, differentiable=False, mask=True)
    return Unknown(computed=True)


def _is_unseen_number(value: Value) -> bool:
    """True for what may be a number or a tensor."""
    return isinstance(value, (Unknown, Number)) or (
        isinstance(value, Const) and isinstance(value.value, (int, float)) and not isinstance(value.value, bool)
    )


def negative(value: Value) -> Value:
    """The value of `-value`."""
    match value:
        case Const(value=int() | float() as number):
            return Const(-number)
        case Tensor():
            return replace(value, data=False, padding=False)
        case Number():
            return value
        case Unknown(name=name, computed=computed, lost=lost):
            return Unknown(name, computed=computed, lost=lost)  # `-args.lr` depends on the batch as `args.lr` does
    return Unknown(computed=True)
