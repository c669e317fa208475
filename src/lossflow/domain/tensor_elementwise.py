"""Methods that work element by element: functions, comparisons, and arithmetic under other names."""

from __future__ import annotations

from dataclasses import replace

from lossflow.domain import arithmetic, masking
from lossflow.domain.arithmetic import is_plain, nonlinear
from lossflow.domain.axes import Axes, Tail
from lossflow.domain.exponent import Exponent
from lossflow.domain.tally import Tally
from lossflow.domain.tensor_calls import Call, Transfer, register
from lossflow.domain.values import Const, Tensor, Term, Unknown, Value, tally_of


def _same(call: Call) -> Value:
    return call.tensor


def _plainly(call: Call) -> Value:
    """A function that is not homogeneous, element by element."""
    return nonlinear(call.tensor)


def _clamped(call: Call) -> Value:
    """`n.clamp(min=1)` guards a divisor: the exponent is that of what is clamped."""
    return replace(call.tensor, data=False)


def _logarithm(call: Call) -> Value:
    """log(k * x) = log k + log x: the gradient doesn't see the factor. A sum inside a log is not a batch sum.

    Nor does it see how many elements a mean has counted. The logarithm of a sum that is only reported grows with the
    batch size, but not as a power of it.
    """
    tensor = call.tensor
    terms = tuple(replace(t, exponent=Exponent.ZERO) for t in tensor.terms)
    tally = tensor.tally if tally_of(tensor).like(Tally.CONSTANT) else Tally.UNKNOWN
    return masking.amended(replace(tensor, terms=terms[:1], data=False, padding=False, tally=tally))


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
    """`torch.zeros_like(x)`: the shape of x without its past; like a parameter, it has no examples."""
    leaf = call.kwargs.get("requires_grad") == Const(True)
    batchless = all(term.batchless for term in call.tensor.terms)
    return Tensor(call.tensor.axes, (Term(batchless=batchless),), leaf)


def _full_like(call: Call) -> Value:
    """`torch.full_like(x, 1 / n)` holds a share in each of its elements."""
    like, value = _like(call), call.argument(0, "fill_value")
    assert isinstance(like, Tensor)
    return like if value is None else replace(like, terms=(replace(like.terms[0], exponent=call.factor(value)),))


def _operator(symbol: str) -> Transfer:
    def transfer(call: Call) -> Value:
        other = call.argument(0, "other", "tensor", "value", "mat2", "vec")
        if other is None:
            return Unknown(computed=True)
        alpha = call.argument(1, "alpha")
        if alpha is not None and symbol in "+-":
            other = arithmetic.binary("*", other, alpha, site=call.site, factor=call.factor)
        return arithmetic.binary(symbol, call.tensor, other, site=call.site, factor=call.factor)

    return transfer


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
    """`x.where(mask, y)`: elements of either."""
    mask = call.argument(0, "condition")
    other = call.argument(1, "other", "input")
    joined = arithmetic.elementwise(call.tensor, other if other is not None else Const(0), terms=call.tensor.terms)
    chosen = arithmetic.elementwise(joined, mask, terms=joined.terms) if isinstance(mask, Tensor) else joined
    return masking.masked(chosen, call.site) if other == Const(0) and masking.is_padding(mask) else chosen


def _masked(call: Call) -> Value:
    """`masked_fill(mask, value)`: the shape stays, and some elements are a constant."""
    filled = replace(call.tensor, data=False)
    mask, value = call.argument(0, "mask"), call.argument(1, "value")
    zero = isinstance(value, Const) and value.value == 0
    return masking.masked(filled, call.site) if zero and masking.is_padding(mask) else filled


METHODS: dict[str, Transfer] = {}
register(
    METHODS,
    _same,
    "to cuda cpu float double half bfloat16 long int short byte type type_as contiguous clone "
    "requires_grad_ retain_grad neg negative abs absolute relu leaky_relu triu tril flip roll real imag "
    "as_tensor share_memory_ pin_memory view_as_real numpy tolist nan_to_num squeeze_copy positive "
    "resolve_conj rename refine_names dropout alpha_dropout "
    "dropout1d dropout2d dropout3d feature_alpha_dropout conj conj_physical astype",
)
register(
    METHODS,
    _plainly,
    "glu batch_norm instance_norm group_norm local_response_norm "
    "exp exp2 expm1 sigmoid tanh sin cos tan sinh cosh asin acos atan erf erfc softplus gelu elu selu "
    "silu mish hardtanh hardsigmoid hardswish relu6 prelu logsigmoid softsign tanhshrink sign sgn round "
    "floor ceil trunc frac logit celu rrelu lgamma digamma layer_norm rms_norm threshold "
    "softshrink hardshrink",
)
register(METHODS, _clamped, "clamp clip clamp_min clamp_max")
register(METHODS, _logarithm, "log log2 log10 log1p")
register(METHODS, _root, "sqrt")
register(METHODS, _power, "pow float_power")
register(METHODS, lambda call: arithmetic.power(call.tensor, 2), "square")
register(METHODS, lambda call: arithmetic.power(call.tensor, -0.5), "rsqrt")
register(METHODS, _inverse, "reciprocal")
register(METHODS, _detached, "detach")
register(METHODS, _scalar, "item")
register(
    METHODS,
    _mask,
    "eq ne lt le gt ge isclose not_equal equal_to less greater isin logical_and logical_or logical_xor bernoulli",
)
register(METHODS, lambda call: arithmetic.compare(call.tensor, Const(0)), "isnan isinf isfinite logical_not bool")
register(METHODS, _full_like, "full_like")
register(METHODS, _like, "zeros_like ones_like rand_like randn_like empty_like randint_like new_zeros_like")
register(METHODS, _operator("+"), "add logaddexp")
register(METHODS, _operator("-"), "sub subtract")
register(METHODS, _operator("*"), "mul multiply")
register(METHODS, _operator("/"), "div divide true_divide floor_divide")
register(METHODS, _with, "atan2 hypot lerp")
register(METHODS, _per_row, "cosine_similarity pairwise_distance")
register(METHODS, _where, "where")
register(METHODS, _masked, "masked_fill")
