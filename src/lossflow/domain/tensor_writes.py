"""Methods that write into a tensor: its shape stays, whatever is written where."""

from __future__ import annotations

from dataclasses import replace

from lossflow.domain import arithmetic
from lossflow.domain.arithmetic import is_plain
from lossflow.domain.axes import Axes
from lossflow.domain.contraction import with_rank
from lossflow.domain.exponent import Exponent
from lossflow.domain.joins import merged
from lossflow.domain.tensor_calls import Call, Transfer, dimensions, register
from lossflow.domain.values import Const, Number, Tensor, Term, Unknown, Value


def _drawn(call: Call) -> Value:
    """`zero_()`, `normal_()`: every element anew."""
    batchless = all(term.batchless for term in call.tensor.terms)
    return replace(call.tensor, terms=(Term(batchless=batchless),), loss=False, data=False)


def _filled(call: Call) -> Value:
    """`fill_(value)`: every element is the value, which may be `1 / batch_size`."""
    fresh, value = _drawn(call), call.argument(0, "value")
    assert isinstance(fresh, Tensor)
    exponent = call.factor(value) if value is not None else Exponent.UNKNOWN
    return replace(fresh, terms=tuple(replace(term, exponent=exponent) for term in fresh.terms))


def _copied(call: Call) -> Value:
    """`copy_(source)`: the elements of another tensor; a parameter stays one."""
    source = call.argument(0, "src")
    if all(term.batchless for term in call.tensor.terms):
        return call.tensor
    if not isinstance(source, Tensor):
        return replace(call.tensor, terms=(Term(Exponent.UNKNOWN),), data=False)
    return replace(source, axes=source.axes if call.tensor.axes == Axes.UNKNOWN else call.tensor.axes)


def _source(call: Call, position: int) -> Value:
    return call.argument(position, "src", "value", "source", "values", "reduce") or Const(0)


def _flows(tensor: Tensor, source: Value) -> bool | None:
    if tensor.differentiable or not isinstance(source, (Tensor, Unknown)):
        return tensor.differentiable
    return source.differentiable if isinstance(source, Tensor) else None


def _written(position: int) -> Transfer:
    """`scatter`, `index_fill`, `masked_scatter`: elements of the tensor, or of what stands at `position`."""

    def transfer(call: Call) -> Value:
        source = _source(call, position)
        terms = call.tensor.terms
        if isinstance(source, Tensor) and not is_plain(source):
            terms = (merged((*terms, *source.terms)),)
        elif isinstance(source, Unknown) and not is_plain(call.tensor):
            terms = (replace(merged(terms), exponent=Exponent.UNKNOWN),)
        elif isinstance(source, Number) and not source.exponent.is_zero:
            terms = (replace(merged(terms), exponent=merged(terms).exponent.join(source.exponent)),)
        return replace(call.tensor, terms=terms, differentiable=_flows(call.tensor, source), data=False)

    return transfer


def _accumulated(call: Call) -> Value:
    """`scatter_add`, `index_add`: what is added within an example stays in it, over examples it is a sum of some."""
    dims = dimensions(call.argument(0, "dim"))
    _, over = call.tensor.axes.without(dims[0]) if isinstance(dims, tuple) and len(dims) == 1 else (None, None)
    within = over == 0 and call.tensor.axes.per_example
    written = _written(2)(call)
    assert isinstance(written, Tensor)
    if within and "alpha" not in call.kwargs:
        return written
    return replace(written, terms=(replace(merged(written.terms), exponent=Exponent.UNKNOWN),))


def _counted(call: Call) -> Value:
    """`bincount`: how often each class occurs among the examples."""
    if with_rank(call.tensor.axes, 1).dims != (True,) or "weights" in call.kwargs or call.args:
        return Unknown(computed=True)
    return Tensor(Axes((False,)), (Term(Exponent.ONE),), differentiable=False)


def _added_product(symbol: str) -> Transfer:
    """`addcmul(a, b)` and `addcdiv(a, b)`: a product or quotient, added."""

    def transfer(call: Call) -> Value:
        first, second = call.argument(0, "tensor1"), call.argument(1, "tensor2")
        if first is None or second is None:
            return Unknown(computed=True)
        value = call.kwargs.get("value", Const(1))
        both = arithmetic.binary(symbol, first, second, site=call.site, factor=call.factor)
        both = arithmetic.binary("*", both, value, site=call.site, factor=call.factor)
        return arithmetic.binary("+", call.tensor, both, site=call.site, factor=call.factor)

    return transfer


METHODS: dict[str, Transfer] = {}
register(METHODS, _drawn, "zero_ normal_ uniform_ random_ exponential_ log_normal_ bernoulli_ trunc_normal_")
register(METHODS, _filled, "fill_ fill")
register(METHODS, _copied, "copy_")
register(METHODS, _written(2), "scatter index_fill index_copy")
register(METHODS, _written(1), "masked_scatter index_put put")
register(METHODS, _accumulated, "scatter_add index_add")
register(METHODS, _counted, "bincount")
register(METHODS, _added_product("*"), "addcmul")
register(METHODS, _added_product("/"), "addcdiv")
