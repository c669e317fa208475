"""What the methods of a tensor do to its axes and exponents.

One table of transfer functions by method name serves `x.sum(1)`, `torch.sum(x, 1)` and `F.relu(x)`. A method that is
not listed yields an unknown value, which silences the rules.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction

from lossflow.domain import arithmetic
from lossflow.domain.arithmetic import Factor, is_plain, nonlinear
from lossflow.domain.axes import Axes, Tail
from lossflow.domain.exponent import Exponent
from lossflow.domain.trace import Site, Step, StepKind
from lossflow.domain.values import (
    Const,
    Number,
    Size,
    Tensor,
    Term,
    Tuple,
    Unknown,
    Value,
    exponent_of,
    merged,
)


@dataclass(frozen=True, slots=True)
class Call:
    """The call of a tensor's method: the tensor itself is not among the arguments."""

    tensor: Tensor
    args: tuple[Value, ...]
    kwargs: Mapping[str, Value]
    site: Site
    factor: Factor = exponent_of

    def argument(self, position: int, *names: str) -> Value | None:
        """The argument at `position`, or under one of `names`."""
        if position < len(self.args):
            return self.args[position]
        return next((self.kwargs[name] for name in names if name in self.kwargs), None)


Transfer = Callable[[Call], Value]


def method(name: str, call: Call) -> Value | None:
    """The value of calling the method `name`; None when it is not in the table."""
    transfer = _METHODS.get(name) or _METHODS.get(name.removesuffix("_"))
    return None if transfer is None else transfer(call)


def knows(name: str) -> bool:
    """True when the table has a method of this name."""
    return name in _METHODS or name.removesuffix("_") in _METHODS


# --- the same shape -----------------------------------------------------------------------------------------------


def _same(call: Call) -> Value:
    return call.tensor


def _plainly(call: Call) -> Value:
    """A function that is not homogeneous, element by element."""
    return nonlinear(call.tensor)


def _clamped(call: Call) -> Value:
    """`n.clamp(min=1)` guards a divisor: the exponent is that of what is clamped."""
    return replace(call.tensor, data=False)


def _logarithm(call: Call) -> Value:
    """log(k * x) = log k + log x: the gradient doesn't see the factor. A sum inside a log is not a batch sum."""
    terms = tuple(replace(t, exponent=Exponent.ZERO) for t in call.tensor.terms)
    return replace(call.tensor, terms=terms[:1], data=False)


def _root(call: Call) -> Value:
    return arithmetic.power(call.tensor, 0.5)


def _power(call: Call) -> Value:
    exponent = call.argument(0, "exponent")
    return arithmetic.power(call.tensor, exponent.value if isinstance(exponent, Const) else None)


def _inverse(call: Call) -> Value:
    return arithmetic.power(call.tensor, -1)


def _detached(call: Call) -> Value:
    return replace(call.tensor, differentiable=False)


def _scalar(call: Call) -> Value:
    """`.item()`: the number keeps its trail, for what is reported."""
    return replace(call.tensor, axes=Axes.SCALAR, differentiable=False)


def _mask(call: Call) -> Value:
    other = call.argument(0, "other") or Const(0)
    return arithmetic.compare(call.tensor, other)


def _like(call: Call) -> Value:
    """`torch.zeros_like(x)`: the shape of x without its past."""
    leaf = call.kwargs.get("requires_grad") == Const(True)
    return Tensor(call.tensor.axes, differentiable=leaf)


# --- reductions ---------------------------------------------------------------------------------------------------


def _dims(value: Value | None) -> tuple[int, ...] | Unknown | None:
    """The dimensions of a `dim` argument: a tuple, None for all, Unknown when it is out of sight."""
    match value:
        case None | Const(value=None):
            return None
        case Const(value=bool()):
            return Unknown()
        case Const(value=int() as one):
            return (one,)
        case Tuple(items=items):
            if all(isinstance(item, Const) and isinstance(item.value, int) for item in items):
                return tuple(int(str(item.value)) for item in items if isinstance(item, Const)) or None
    return Unknown()


def reduced(axes: Axes, dims: tuple[int, ...] | Unknown | None, *, keep: bool = False) -> tuple[Axes, int | None]:
    """The axes after a reduction over `dims`, and over how many dimensions of examples it went (None: unknown)."""
    if isinstance(dims, Unknown):
        return (Axes.PLAIN, 0) if axes.reduced else (Axes.UNKNOWN, None)
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
    dims = _dims(_dim_argument(call))
    keep = call.argument(1, "keepdim", "keepdims") == Const(True)
    axes, gone = reduced(tensor.axes, dims, keep=keep)
    count = (Exponent.ZERO if per_batch.is_zero else Exponent.UNKNOWN) if gone is None else per_batch.scaled(gone)
    step = Step(kind, call.site, count)
    terms = tuple(_reduced_term(term, step, gone) for term in tensor.terms)
    return replace(tensor, axes=axes, terms=terms, data=False)


def _dim_argument(call: Call) -> Value | None:
    dim = call.argument(0, "dim", "axis")
    several = len(call.args) > 1 and all(isinstance(a, Const) and type(a.value) is int for a in call.args)
    return Tuple(call.args) if several else dim


def _reduced_term(term: Term, step: Step, gone: int | None) -> Term:
    """A reduction over no examples leaves no step on data: the trail of a loss shows only what matters to it."""
    if gone == 0 and not term.trail:
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
        return arithmetic.elementwise(call.tensor, other)
    if isinstance(other, Number):
        return call.tensor
    axes, _ = reduced(call.tensor.axes, _dims(other), keep=call.argument(1, "keepdim") == Const(True))
    values = nonlinear(replace(call.tensor, axes=axes))
    if other is None:
        return values
    return Tuple((values, Tensor(axes, differentiable=False)))


def _indices(call: Call) -> Value:
    axes, _ = reduced(call.tensor.axes, _dims(call.argument(0, "dim", "axis")))
    return Tensor(axes, differentiable=False)


def _along(call: Call) -> Value:
    """A statistic along a dimension that stays the same when examples are repeated: amax, std, var, logsumexp."""
    axes, _ = reduced(
        call.tensor.axes, _dims(call.argument(0, "dim", "axis")), keep=call.kwargs.get("keepdim") == Const(True)
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


def _softmax(call: Call) -> Value:
    """Over classes each row sums to one; over the examples each entry shrinks as the batch grows."""
    dims = _dims(call.argument(0, "dim"))
    _, gone = reduced(call.tensor.axes, dims) if dims is not None else (None, 0)
    tensor = nonlinear(call.tensor)
    return tensor if gone == 0 else replace(tensor, terms=(Term(Exponent.UNKNOWN, merged(tensor.terms).trail),))


def _cumulative(call: Call) -> Value:
    dims = _dims(call.argument(0, "dim"))
    _, gone = reduced(call.tensor.axes, dims)
    return call.tensor if gone == 0 else Unknown(computed=True, site=call.site)


def _product(call: Call) -> Value:
    return Unknown(computed=True, site=call.site)


# --- shapes -------------------------------------------------------------------------------------------------------


def _reshaped(call: Call) -> Value:
    """`view` and `reshape`: the examples are in the dimension whose size depends on B, or in the -1."""
    tensor = replace(call.tensor, data=False)
    sizes = call.args[0] if len(call.args) == 1 and isinstance(call.args[0], (Tuple, Size)) else Tuple(call.args)
    if isinstance(sizes, Size):
        return replace(tensor, axes=sizes.axes)
    if not isinstance(sizes, Tuple) or not sizes.items or tensor.axes.batches is None:
        return replace(tensor, axes=Axes.UNKNOWN)
    if tensor.axes.reduced:
        return replace(tensor, axes=Axes((False,) * len(sizes.items)))
    exponents = [call.factor(size) for size in sizes.items]
    free = [isinstance(size, Const) and size.value == -1 for size in sizes.items]
    if sum(free) > 1 or tensor.axes.batches != 1:
        return replace(tensor, axes=Axes((True,)) if free == [True] and tensor.axes.batches else Axes.UNKNOWN)
    grows = [not is_free and e.at_least(1) for is_free, e in zip(free, exponents)]
    fixed = all(is_free or e.is_zero for is_free, e in zip(free, exponents))
    if sum(grows) == 1:
        dims = tuple(grows)
    elif fixed and any(free):
        dims = tuple(free)
    elif not any(free) and exponents[0].high != 0 and all(e.is_zero for e in exponents[1:]):
        dims = (True,) + (False,) * (len(free) - 1)
    else:
        return replace(tensor, axes=Axes.SOMEWHERE)
    return replace(tensor, axes=Axes(dims, certain=tensor.axes.certain))


def _flattened(call: Call) -> Value:
    tensor = replace(call.tensor, data=False)
    start = call.argument(0, "start_dim")
    if tensor.axes.reduced:
        return replace(tensor, axes=Axes.PLAIN)
    if start is None or start == Const(0):
        axes = Axes.VECTOR if tensor.axes.per_example and call.argument(1, "end_dim") is None else Axes.UNKNOWN
    elif start == Const(1) and tensor.axes.known and tensor.axes.dims[:1] == (True,) and sum(tensor.axes.dims) == 1:
        axes = Axes((True, False), certain=tensor.axes.certain)
    else:
        axes = Axes.SOMEWHERE if tensor.axes.batches == 1 else Axes.UNKNOWN
    return replace(tensor, axes=axes)


def _unsqueezed(call: Call) -> Value:
    dims = _dims(call.argument(0, "dim"))
    if isinstance(dims, Unknown) or dims is None:
        return replace(call.tensor, axes=call.tensor.axes.shuffled())
    return replace(call.tensor, axes=call.tensor.axes.with_one(dims[0]), data=False)


def _squeezed(call: Call) -> Value:
    """Dimensions of size one go; those over examples are taken to be larger."""
    axes, tensor = call.tensor.axes, replace(call.tensor, data=False)
    dims = _dims(call.argument(0, "dim"))
    if not axes.known or isinstance(dims, Unknown):
        return replace(tensor, axes=axes.shuffled())
    if dims is None:
        if not all(axes.core):  # (T, B): whether time is of size one is not known
            return replace(tensor, axes=axes.shuffled())
        further = axes.tail is not Tail.NONE or axes.dims != axes.core
        return replace(tensor, axes=replace(axes, dims=axes.core, tail=Tail.ANY if further else Tail.NONE))
    smaller, gone = axes.without(dims[0])
    return replace(tensor, axes=axes.shuffled() if gone is None or gone else smaller)


def _transposed(call: Call) -> Value:
    axes = call.tensor.axes
    first, second = _dims(call.argument(0, "dim0")), _dims(call.argument(1, "dim1"))
    if axes.rank == 2 and not call.args:
        first, second = (0,), (1,)
    if axes.rank is not None and isinstance(first, tuple) and isinstance(second, tuple):
        i, j = first[0] % max(axes.rank, 1), second[0] % max(axes.rank, 1)
        dims = list(axes.dims)
        if i < len(dims) and j < len(dims):
            dims[i], dims[j] = dims[j], dims[i]
            return replace(call.tensor, axes=Axes(tuple(dims), certain=axes.certain), data=False)
    behind = isinstance(first, tuple) and isinstance(second, tuple) and all(d > 0 or d == -1 for d in first + second)
    if behind and axes.known and axes.dims == (True,):
        return replace(call.tensor, data=False)  # only dimensions behind the examples change places
    return replace(call.tensor, axes=axes.shuffled(), data=False)


def _permuted(call: Call) -> Value:
    axes = call.tensor.axes
    order = call.args[0].items if len(call.args) == 1 and isinstance(call.args[0], Tuple) else call.args
    places = [item.value for item in order if isinstance(item, Const) and isinstance(item.value, int)]
    if len(places) == len(order) and axes.known and axes.dims[:1] == (True,) and sum(axes.dims) == 1 and 0 in places:
        return replace(call.tensor, axes=Axes(tuple(p == 0 for p in places), certain=axes.certain), data=False)
    return replace(call.tensor, axes=axes.shuffled(), data=False)


def _expanded(call: Call) -> Value:
    """`expand`, `repeat`: copies; where they add examples is unknown unless the sizes are literals."""
    sizes = call.args[0].items if len(call.args) == 1 and isinstance(call.args[0], Tuple) else call.args
    fixed = all(call.factor(size).is_zero for size in sizes)
    if fixed and call.tensor.axes.batches is not None:
        return replace(
            call.tensor,
            axes=call.tensor.axes.shuffled() if not call.tensor.axes.known else _same_or_shuffled(call, sizes),
            data=False,
        )
    if call.tensor.axes.reduced and len(sizes) and call.factor(sizes[0]).at_least(1):
        return replace(call.tensor, axes=Axes((True,) + (False,) * (len(sizes) - 1)), data=False)
    return replace(call.tensor, axes=Axes.UNKNOWN, data=False)


def _same_or_shuffled(call: Call, sizes: tuple[Value, ...]) -> Axes:
    axes = call.tensor.axes
    return axes if axes.rank is not None and axes.rank == len(sizes) else axes.shuffled()


def _gathered(call: Call) -> Value:
    """`gather`, `index_select` along a dimension behind the examples keep the shape of the batch."""
    index = call.argument(1, "index")
    if isinstance(index, Tensor) and index.axes.per_example:
        return replace(call.tensor, axes=index.axes, data=False)
    return replace(call.tensor, axes=Axes.UNKNOWN, data=False)


def _selected(call: Call) -> Value:
    """`masked_select`, `x[mask]`: as many as there are examples, in one dimension."""
    return replace(call.tensor, axes=Axes.VECTOR if call.tensor.axes.per_example else Axes.UNKNOWN, data=False)


def _split(call: Call) -> Value:
    """`chunk`, `split`, `unbind`: pieces along a dimension; along the examples each piece has some of them."""
    dims = _dims(call.argument(1, "dim"))
    axes = call.tensor.axes
    if dims is None or isinstance(dims, Unknown) or not axes.known or (dims[0] == 0 and axes.dims[:1] == (True,)):
        return Unknown(computed=True, site=call.site)
    return replace(call.tensor, data=True)


def _one_hot(call: Call) -> Value:
    axes = call.tensor.axes
    wider = replace(axes, tail=Tail.SOME) if axes.known and axes.rank is None else axes.with_one(-1)
    return Tensor(wider, differentiable=False)


# --- numbers ------------------------------------------------------------------------------------------------------


def _count(call: Call) -> Value:
    """`numel()`: as many elements as examples, times a constant."""
    batches = call.tensor.axes.batches
    return Number(Exponent.UNKNOWN if batches is None else Exponent.of(batches), "numel", call.site)


def size_along(axes: Axes, dim: int) -> Exponent:
    """The exponent of the size of dimension `dim`; the last of a batch of unknown rank is taken to be features."""
    if axes.reduced:
        return Exponent.ZERO
    if not axes.known:
        # Dimension 0 of what was permuted may be time: that is not known to be 1.
        return Exponent.between(0, 1) if axes.batches == 1 else Exponent.UNKNOWN
    index = dim + len(axes.dims) if dim < 0 and axes.tail is Tail.NONE else dim
    if index < 0:
        return Exponent.ZERO if index == -1 else Exponent.between(0, 1)
    return Exponent.ONE if index < len(axes.dims) and axes.dims[index] else Exponent.ZERO


def _size(call: Call) -> Value:
    dims = _dims(call.argument(0, "dim"))
    if dims is None:
        return Size(call.tensor.axes)
    if isinstance(dims, Unknown):
        return Number(Exponent.between(0, 1))
    return Number(size_along(call.tensor.axes, dims[0]), "size", call.site)


def _rank(call: Call) -> Value:
    return Number(Exponent.ZERO)


# --- arithmetic as methods ----------------------------------------------------------------------------------------


def _operator(symbol: str) -> Transfer:
    def transfer(call: Call) -> Value:
        other = call.argument(0, "other", "tensor", "value", "mat2", "vec")
        if other is None:
            return Unknown(computed=True, site=call.site)
        alpha = call.argument(1, "alpha")
        if alpha is not None and symbol in "+-":
            other = arithmetic.binary("*", other, alpha, site=call.site, factor=call.factor)
        return arithmetic.binary(symbol, call.tensor, other, site=call.site, factor=call.factor)

    return transfer


def _dot(call: Call) -> Value:
    """The dot product: elementwise, then summed over everything."""
    other = call.argument(0, "other", "tensor", "vec2")
    if other is None:
        return Unknown(computed=True, site=call.site)
    product = arithmetic.binary("*", call.tensor, other, site=call.site, factor=call.factor)
    return _sum(replace(call, tensor=product, args=(), kwargs={})) if isinstance(product, Tensor) else product


def _with(call: Call) -> Value:
    """An elementwise function of two tensors that is not homogeneous: atan2, pairwise distance, cosine similarity."""
    other = call.argument(0, "other", "x2")
    return nonlinear(arithmetic.elementwise(call.tensor, other if other is not None else Const(0)))


def _per_row(call: Call) -> Value:
    """A function of two batches that reduces the features of each example: one number an example."""
    other = call.argument(0, "x2", "other")
    both = arithmetic.elementwise(call.tensor, other if other is not None else Const(0))
    if both.axes.known and both.axes.dims[:1] == (True,) and is_plain(call.tensor):
        return replace(both, axes=Axes((True,), Tail.ANY, certain=False))
    return replace(both, axes=both.axes.shuffled(), terms=(Term(Exponent.UNKNOWN),))


def _where(call: Call) -> Value:
    """`x.where(mask, y)`, `masked_fill(mask, y)`: elements of either."""
    mask = call.argument(0, "condition", "mask")
    other = call.argument(1, "other", "value", "input")
    joined = arithmetic.elementwise(call.tensor, other if other is not None else Const(0), terms=call.tensor.terms)
    return arithmetic.elementwise(joined, mask, terms=joined.terms) if isinstance(mask, Tensor) else joined


_METHODS: dict[str, Transfer] = {}


def _register(transfer: Transfer, names: str) -> None:
    _METHODS.update(dict.fromkeys(names.split(), transfer))


_register(
    _same,
    "to cuda cpu float double half bfloat16 long int short byte type type_as contiguous clone "
    "requires_grad_ retain_grad neg negative abs absolute relu leaky_relu triu tril flip roll real imag "
    "as_tensor share_memory_ pin_memory view_as_real numpy tolist nan_to_num squeeze_copy positive "
    "resolve_conj rename refine_names masked_fill_ dropout alpha_dropout dropout2d feature_alpha_dropout",
)
_register(
    _plainly,
    "exp exp2 expm1 sigmoid tanh sin cos tan sinh cosh asin acos atan erf erfc softplus gelu elu selu "
    "silu mish hardtanh hardsigmoid hardswish relu6 prelu logsigmoid softsign tanhshrink sign sgn round "
    "floor ceil trunc frac logit celu rrelu lgamma digamma normalize layer_norm rms_norm threshold "
    "softshrink hardshrink isnan isinf isfinite logical_not bool",
)
_register(_clamped, "clamp clip clamp_min clamp_max")
_register(_logarithm, "log log2 log10 log1p")
_register(_root, "sqrt")
_register(_power, "pow float_power")
_register(lambda call: arithmetic.power(call.tensor, 2), "square")
_register(lambda call: arithmetic.power(call.tensor, -0.5), "rsqrt")
_register(_inverse, "reciprocal")
_register(_detached, "detach")
_register(_scalar, "item")
_register(_mask, "eq ne lt le gt ge not_equal equal_to less greater isin logical_and logical_or logical_xor bernoulli")
_register(_like, "zeros_like ones_like full_like rand_like randn_like empty_like randint_like new_zeros_like")
_register(_sum, "sum nansum")
_register(_mean, "mean nanmean")
_register(_extreme, "max min median nanmedian mode kthvalue topk sort maximum minimum fmax fmin")
_register(_indices, "argmax argmin any all argsort")
_register(_along, "amax amin logsumexp std var quantile")
_register(_norm, "norm vector_norm")
_register(_softmax, "softmax log_softmax softmin gumbel_softmax")
_register(_cumulative, "cumsum cumprod logcumsumexp cummax diff")
_register(_product, "prod")
_register(_reshaped, "view reshape unflatten resize_")
_register(_flattened, "flatten ravel")
_register(_unsqueezed, "unsqueeze")
_register(_squeezed, "squeeze")
_register(_transposed, "transpose t swapaxes swapdims movedim")
_register(_permuted, "permute")
_register(_expanded, "expand repeat tile broadcast_to repeat_interleave")
_register(
    lambda call: (
        replace(call.tensor, axes=call.args[0].axes)
        if call.args and isinstance(call.args[0], Tensor)
        else Unknown(computed=True)
    ),
    "expand_as view_as reshape_as",
)
_register(_gathered, "gather take_along_dim index_select")
_register(_selected, "masked_select")
_register(_split, "chunk split unbind tensor_split")
_register(_one_hot, "one_hot")
_register(_count, "numel nelement")
_register(_size, "size")
_register(_rank, "dim ndimension")
_register(_operator("+"), "add logaddexp")
_register(_operator("-"), "sub subtract")
_register(_operator("*"), "mul multiply")
_register(_operator("/"), "div divide true_divide floor_divide")
_register(_operator("@"), "mm matmul mv")
_register(_dot, "dot inner vdot")
_register(_with, "atan2 hypot lerp")
_register(_per_row, "cosine_similarity pairwise_distance")
_register(_where, "where masked_fill")
