"""What masks do to a loss: which elements an average counts that a mask has set to zero.

A mask of padding says of the data which elements count. A tensor multiplied by one is `masked`; its mean counts the
zeros too, which is noted in the step of the mean until something is divided that makes up for it.
"""

from __future__ import annotations

from dataclasses import replace

from lossflow.domain.exponent import Exponent
from lossflow.domain.trace import Site, Step, StepKind
from lossflow.domain.values import Const, Number, Tensor, Term, Unknown, Value


def mask_of(tensor: Tensor) -> Tensor:
    """The tensor as a mask of padding."""
    return replace(tensor, differentiable=False, loss=False, mask=True, padding=True)


def known_as_mask(value: Tensor) -> Tensor:
    """Data that are called a mask are one, unless they are made otherwise."""
    plain = all(not term.trail and term.exponent.is_zero for term in value.terms)
    if value.mask or value.loss or value.differentiable or value.axes.scalar or not plain:
        return value
    return mask_of(value)


def weights_of(value: Value) -> Value:
    """What is made of a mask by scaling it, whatever its name: `mask / mask.mean()` makes up for what it leaves out."""
    return replace(value, mask=True, padding=False) if isinstance(value, Tensor) else value


def is_padding(value: Value | None) -> bool:
    """True for a mask that says of the data which elements count."""
    return isinstance(value, Tensor) and value.padding


def masked_at(value: Value) -> Site | None:
    """Where a mask set elements of the value to zero."""
    return value.masked if isinstance(value, (Tensor, Unknown)) else None


def masked(value: Value, site: Site) -> Value:
    """The value with some of its elements set to zero; a single number is not masked by that."""
    match value:
        case Tensor() if not value.axes.reduced:
            return replace(value, masked=site)
        case Unknown():
            return replace(value, masked=site)
    return value


def combined(symbol: str, left: Value, right: Value, *, result: Value, site: Site, factor: Exponent | None) -> Value:
    """`result`, which is `left symbol right`, with what is known of masks; `factor` is the exponent of a scalar."""
    if not any(is_padding(v) or masked_at(v) or _counts_padding(v) for v in (left, right)):
        scales = symbol in ("*", "/") and isinstance(left, Tensor) and left.mask and _is_scale(right)
        return weights_of(result) if scales else result
    match symbol:
        case "*":
            return _product(left, right, result, site, factor)
        case "/" | "//":
            return _quotient(left, right, result, site, factor)
        case "+" | "-":
            return _sum(symbol, left, right, result)
        case "&" | "|" | "^" if is_padding(left) and is_padding(right) and isinstance(result, Tensor):
            return replace(result, padding=True)
    return result


def _product(left: Value, right: Value, result: Value, site: Site, factor: Exponent | None) -> Value:
    masks = is_padding(left), is_padding(right)
    if all(masks):
        return mask_of(result) if isinstance(result, Tensor) else result
    if any(masks):
        main = right if masks[0] else left
        if _is_scale(main):
            return weights_of(result)
        if isinstance(main, Tensor):
            whole = replace(result, masked=site) if isinstance(result, Tensor) else result
            return result if main.axes.reduced else whole
        return masked(result, site) if isinstance(main, Unknown) else result
    main, other = (left, right) if masked_at(left) or _counts_padding(left) else (right, left)
    named = isinstance(other, Unknown) and bool(other.name) and not other.computed  # `beta`, a parameter
    counts = isinstance(other, (Unknown, Number)) and factor is not None and factor.low is not None
    return _kept(main, result) if named or counts or _is_weight(other, factor) else amended(result)


def _is_scale(value: Value) -> bool:
    """True for one number, which a loss is not."""
    return isinstance(value, (Const, Number)) or (isinstance(value, Tensor) and value.axes.reduced and not value.loss)


def _quotient(left: Value, right: Value, result: Value, site: Site, factor: Exponent | None) -> Value:
    """Divided by as many as there are elements it is a mean; by anything else that is counted, perhaps a masked one."""
    if is_padding(left):
        return weights_of(result)
    if not isinstance(result, Tensor):
        return result
    where = masked_at(left)
    if where is not None and isinstance(right, Number) and right.name == "numel":
        return replace(result.step(Step(StepKind.AVERAGED, site, masked=where)), masked=None)
    if _is_weight(right, factor):
        return _kept(left, result)
    known = isinstance(right, Number) and right.exponent.known is not None
    return replace(result, masked=None) if known else amended(result)


def _sum(symbol: str, left: Value, right: Value, result: Value) -> Value:
    """`1 - mask` is one, too; of a sum of two masked losses each may have what the other lacks."""
    if not isinstance(result, Tensor):
        return result
    if is_padding(right) and symbol == "-" and left == Const(1):
        return mask_of(result)
    result = replace(result, padding=False)
    numbers = any(isinstance(v, (Const, Number)) for v in (left, right))
    if not numbers and not (symbol == "-" and masked_at(left) and masked_at(right)):
        return replace(result, masked=None)
    return replace(result, masked=masked_at(left) or masked_at(right))


def _kept(main: Value, result: Value) -> Value:
    where = masked_at(main)
    return replace(result, masked=where) if where and isinstance(result, (Tensor, Unknown)) else result


def _is_weight(value: Value, factor: Exponent | None) -> bool:
    """True for a factor that is the same whatever the batch holds: a literal, a hyperparameter."""
    if isinstance(value, Tensor) or factor is None:
        return False
    return isinstance(value, Const) or factor.is_zero


def _counts_padding(value: Value) -> bool:
    return isinstance(value, Tensor) and any(step.masked for term in value.terms for step in term.trail)


def amended(value: Value) -> Value:
    """The value after a factor or divisor that may make up for the masked elements that a mean has counted."""
    if not isinstance(value, Tensor):
        return value
    return replace(value, terms=tuple(_amended(term) for term in value.terms), masked=None)


def _amended(term: Term) -> Term:
    return replace(term, trail=tuple(replace(step, masked=None) for step in term.trail))


def weighs_nothing(main: Value, other: Value) -> bool:
    """True for a loss that is a single number already, times a tensor with one value for each example or element."""
    if not isinstance(main, Tensor) or not main.axes.scalar or main.differentiable is False:
        return False
    if not isinstance(other, Tensor) or other.axes.reduced or other.loss or other.differentiable is not False:
        return False
    if is_padding(other):
        return main.loss or any(term.last(StepKind.REDUCED, StepKind.AVERAGED) for term in main.terms)
    return main.loss and other.axes.per_example and other.axes.certain and not other.mask


def averaged(tensor: Tensor, dims: tuple[int, ...] | Unknown | None) -> Site | None:
    """Where the elements were masked that a mean over `dims` counts.

    A mean over one dimension may be one over features, whose elements the mask keeps or leaves as a whole: only the
    second is taken for time. One over the examples divides by as many as there are, like the mean of the sums of the
    rows, unless they are all that there is. The mean of a single number counts nothing.
    """
    if tensor.masked is None or tensor.axes.scalar or isinstance(dims, Unknown):
        return None
    if dims is None or len(dims) > 1 or (tensor.loss and (dims[0] == 1 or tensor.axes.rank == 1)):
        return tensor.masked
    return None
