"""Methods that reduce dimensions: what each makes of the dimension over the examples."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

from lossflow.domain import arithmetic, masking
from lossflow.domain.arithmetic import nonlinear
from lossflow.domain.axes import Axes, Tail
from lossflow.domain.contraction import with_rank
from lossflow.domain.exponent import Exponent
from lossflow.domain.joins import merged
from lossflow.domain.tensor_calls import Call, Transfer, dimensions, register
from lossflow.domain.trace import Step, StepKind
from lossflow.domain.values import Const, Number, Tensor, Term, Tuple, Unknown, Value


def reduced(axes: Axes, dims: tuple[int, ...] | Unknown | None, *, keep: bool = False) -> tuple[Axes, int | None]:
    """The axes after a reduction over `dims`, and over how many dimensions of examples it went (None: unknown)."""
    if isinstance(dims, Unknown):
        return (axes.shuffled(), 0) if axes.reduced else (Axes.UNKNOWN, None)
    if dims is None:
        return Axes.SCALAR, axes.batches
    if axes.rank is not None:
        dims = tuple(sorted({d % axes.rank if -axes.rank <= d < axes.rank else d for d in dims}, reverse=True))
    elif any(d < 0 for d in dims) and len(dims) > 1:
        return _reduced_trailing(axes, dims)
    else:
        dims = tuple(sorted(dims, reverse=True))
    gone: int | None = 0
    for dim in dims:
        axes, here = axes.without(dim, keep=keep)
        gone = None if gone is None or here is None else gone + here
    return axes, gone


def _reduced_trailing(axes: Axes, dims: tuple[int, ...]) -> tuple[Axes, int | None]:
    """`.sum((-2, -1))`: the last dimensions of a batch of images are not over the examples."""
    if axes.known and axes.dims == (True,) and set(dims) == set(range(-len(dims), 0)) and axes.tail is not Tail.NONE:
        return Axes((True,), Tail.ANY, certain=False), 0
    return Axes.UNKNOWN, None


def _reduction(call: Call, kind: StepKind, per_batch: Exponent) -> Value:
    """A reduction over `dim` whose exponent grows by `per_batch` for each dimension of examples that it goes over."""
    tensor = call.tensor
    dims = dimensions(_dim_argument(call))
    keep = call.argument(1, "keepdim", "keepdims") == Const(True)
    axes, gone = reduced(tensor.axes, dims, keep=keep)
    count = (Exponent.ZERO if per_batch.is_zero else Exponent.UNKNOWN) if gone is None else per_batch.scaled(gone)
    where = masking.averaged(tensor, dims) if kind is StepKind.AVERAGED else None
    step = Step(kind, call.site, count, masked=where)
    terms = tuple(_reduced_term(term, step, gone) for term in tensor.terms)
    # `.sum() / x.numel()` is a mean, too; a sum over some dimensions is divided by whatever the others are.
    kept = None if where or (kind is StepKind.REDUCED and dims is not None) else tensor.masked
    return replace(tensor, axes=axes, terms=terms, data=False, mask=False, padding=False, masked=kept)


def _dim_argument(call: Call) -> Value | None:
    dim = call.argument(0, "dim", "axis")
    several = len(call.args) > 1 and all(isinstance(a, Const) and type(a.value) is int for a in call.args)
    return Tuple(call.args) if several else dim


def _reduced_term(term: Term, step: Step, gone: int | None) -> Term:
    """A reduction over no examples leaves no step on data: the trail of a loss shows only what matters to it."""
    if gone == 0 and not term.trail and step.masked is None:
        return term
    return term.step(step)


def _sum(call: Call) -> Value:
    return _reduction(call, StepKind.REDUCED, Exponent.ONE)


def _mean(call: Call) -> Value:
    return _reduction(call, StepKind.AVERAGED, Exponent.ZERO)


def _extreme(call: Call) -> Value:
    """max, min, median: over everything, elementwise with another tensor, or (values, indices) along a dimension."""
    other = call.argument(0, "dim", "other")
    if isinstance(other, Tensor):
        return _one_of_two(call.tensor, other, call.tensor.exponent.join(other.exponent))
    if isinstance(other, Number):
        return call.tensor
    axes, _ = reduced(call.tensor.axes, dimensions(other), keep=call.argument(1, "keepdim") == Const(True))
    values = nonlinear(replace(call.tensor, axes=axes))
    if other is None:
        return values
    return Tuple((values, Tensor(axes, differentiable=False)))


def _greater(call: Call) -> Value:
    """`torch.max(count, one)` guards a divisor: whatever grows faster with the batch is the greater."""
    other = call.argument(0, "other")
    if not isinstance(other, Tensor):
        return _extreme(call)
    left, right = call.tensor.exponent, other.exponent
    greater = left.join(right)
    if left.known is not None and right.known is not None:
        greater = Exponent.of(max(left.known, right.known))
    return _one_of_two(call.tensor, other, greater)


def _one_of_two(left: Tensor, right: Tensor, exponent: Exponent) -> Tensor:
    """Elementwise the one or the other; of two counts, through which no gradient flows, the exponent is given."""
    if left.differentiable is False and right.differentiable is False:
        return arithmetic.elementwise(left, right, terms=(Term(exponent),))
    return arithmetic.elementwise(left, right)


def _sorted(call: Call) -> Value:
    """`sort`: every element is kept, in another order."""
    return Tuple((nonlinear(call.tensor), Tensor(call.tensor.axes, differentiable=False)))


def _order(call: Call) -> Value:
    """`argsort`: the place of every element in that order."""
    return Tensor(call.tensor.axes, differentiable=False)


def _top(call: Call) -> Value:
    """`topk(k, dim)`: k elements along a dimension are left, which grows with the batch only if k does."""
    count, dims = call.argument(0, "k"), dimensions(call.argument(1, "dim") or Const(-1))
    left = Exponent.UNKNOWN if count is None else call.factor(count)
    axes = call.tensor.axes.cut(dims[0], left) if isinstance(dims, tuple) else Axes.UNKNOWN
    return Tuple((nonlinear(replace(call.tensor, axes=axes)), Tensor(axes, differentiable=False)))


def _kth(call: Call) -> Value:
    """`kthvalue(k, dim)`: a value and its index for each row."""
    keep = call.argument(2, "keepdim") == Const(True)
    axes, _ = reduced(call.tensor.axes, dimensions(call.argument(1, "dim") or Const(-1)), keep=keep)
    return Tuple((nonlinear(replace(call.tensor, axes=axes)), Tensor(axes, differentiable=False)))


def _with_mean(call: Call) -> Value:
    """`std_mean`, `var_mean`: two statistics of the same elements."""
    return Tuple((_along(call), _along(call)))


def _drawn(call: Call) -> Value:
    """`multinomial(n)`: n draws for each row of weights."""
    axes = call.tensor.axes
    rows = axes.known and axes.dims[:1] == (True,) and axes.rank in (None, 2)
    drawn = Axes((True, False), certain=axes.certain and (axes.rank == 2 or axes.tail is Tail.SOME))
    return Tensor(drawn if rows else Axes.UNKNOWN, differentiable=False)


def _indices(call: Call) -> Value:
    axes, _ = reduced(call.tensor.axes, dimensions(call.argument(0, "dim", "axis")))
    return Tensor(axes, differentiable=False)


def _nonzero(call: Call) -> Value:
    """`count_nonzero`: the sum of a mask."""
    mask = arithmetic.compare(call.tensor, Const(0))
    return _sum(replace(call, tensor=mask)) if isinstance(mask, Tensor) else mask


def _along(call: Call) -> Value:
    """A statistic along a dimension that stays the same when examples are repeated: amax, std, var, logsumexp."""
    axes, _ = reduced(
        call.tensor.axes, dimensions(call.argument(0, "dim", "axis")), keep=call.kwargs.get("keepdim") == Const(True)
    )
    tensor = nonlinear(replace(call.tensor, axes=axes))
    return replace(
        tensor,
        terms=tuple(replace(t, exponent=Exponent.ZERO) if t.exponent == Exponent.UNKNOWN else t for t in tensor.terms),
    )


def _norm(call: Call) -> Value:
    """The p-norm over n repetitions grows as n ** (1 / p)."""
    order = call.argument(0, "p", "ord")
    p = order.value if isinstance(order, Const) else 2 if order is None else None
    if p is None or isinstance(p, str):
        p = 2 if p in (None, "fro") and (order is None or isinstance(order, Const)) else p
    dim = call.argument(1, "dim")
    inner = Call(
        call.tensor, () if dim is None else (dim,), {k: v for k, v in call.kwargs.items() if k == "keepdim"}, call.site
    )
    if isinstance(p, (int, float)) and p > 0 and p != float("inf"):
        power = Exponent.of(1 / Fraction(p).limit_denominator(64))
    else:
        power = Exponent.ZERO if p in (float("inf"), 0) else Exponent.UNKNOWN
    return _reduction(inner, StepKind.REDUCED, power)


def _distance(call: Call) -> Value:
    """`torch.dist(a, b, p)`: the norm of the difference."""
    other = call.argument(0, "other") or Unknown(computed=True)
    difference = arithmetic.binary("-", call.tensor, other, site=call.site, factor=call.factor)
    if not isinstance(difference, Tensor):
        return difference
    return _norm(replace(call, tensor=difference, args=call.args[1:], kwargs={**call.kwargs, "dim": Const(None)}))


def _softmax(call: Call) -> Value:
    """Over classes each row sums to one; over the examples each entry shrinks as the batch grows."""
    dims = dimensions(call.argument(0, "dim"))
    _, gone = reduced(call.tensor.axes, dims) if dims is not None else (None, 0)
    tensor = nonlinear(call.tensor)
    return tensor if gone == 0 else replace(tensor, terms=(Term(Exponent.UNKNOWN, merged(tensor.terms).trail),))


def _normalised(call: Call) -> Value:
    """`F.normalize(weights, p=1, dim=0)`: over the examples each entry shrinks as the batch grows, too."""
    dim = call.argument(1, "dim")
    return _softmax(replace(call, args=(Const(1) if dim is None else dim,), kwargs={}))


def _cumulative(call: Call) -> Value:
    dims = dimensions(call.argument(0, "dim"))
    _, gone = reduced(call.tensor.axes, dims)
    return replace(call.tensor, data=False) if gone == 0 else Unknown(computed=True)


def _product(call: Call) -> Value:
    """A product over the features of each example; one over the examples is no power of their number."""
    axes, gone = reduced(
        call.tensor.axes, dimensions(call.argument(0, "dim")), keep=call.argument(1, "keepdim") == Const(True)
    )
    return nonlinear(replace(call.tensor, axes=axes)) if gone == 0 else Unknown(computed=True)


def _dot(call: Call) -> Value:
    """The dot product: elementwise, then summed over everything. Both are vectors of one length."""
    other = call.argument(0, "other", "tensor", "vec2")
    if other is None:
        return Unknown(computed=True)
    product = arithmetic.binary("*", call.tensor, other, site=call.site, factor=call.factor)
    if not isinstance(product, Tensor):
        return product
    sides = [with_rank(v.axes, 1) for v in (call.tensor, other) if isinstance(v, Tensor)]
    vector = next((axes for axes in sides if axes.rank == 1), product.axes)
    return _sum(replace(call, tensor=replace(product, axes=vector), args=(), kwargs={}))


METHODS: dict[str, Transfer] = {}
register(METHODS, _sum, "sum nansum")
register(METHODS, _mean, "mean nanmean")
register(METHODS, _greater, "max maximum fmax")
register(METHODS, _extreme, "min median nanmedian mode minimum fmin")
register(METHODS, _sorted, "sort msort")
register(METHODS, _top, "topk")
register(METHODS, _nonzero, "count_nonzero")
register(METHODS, _kth, "kthvalue")
register(METHODS, _with_mean, "std_mean var_mean")
register(METHODS, _drawn, "multinomial")
register(METHODS, _distance, "dist")
register(METHODS, _indices, "argmax argmin any all")
register(METHODS, _order, "argsort")
register(METHODS, _along, "amax amin logsumexp std var quantile")
register(METHODS, _norm, "norm vector_norm")
register(METHODS, _normalised, "normalize")
register(METHODS, _softmax, "softmax log_softmax softmin gumbel_softmax")
register(METHODS, _cumulative, "cumsum cumprod logcumsumexp cummax diff")
register(METHODS, _product, "prod")
register(METHODS, _dot, "dot inner vdot")
