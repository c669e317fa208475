"""Products of matrices by name, and the linear algebra around them: transposes, diagonals, covariances."""

from __future__ import annotations

from dataclasses import replace

from lossflow.domain import arithmetic
from lossflow.domain.arithmetic import nonlinear
from lossflow.domain.axes import Axes, Tail
from lossflow.domain.contraction import from_end, with_rank
from lossflow.domain.exponent import Exponent
from lossflow.domain.joins import merged
from lossflow.domain.tensor_calls import Call, Transfer, register
from lossflow.domain.trace import Step, StepKind
from lossflow.domain.values import Const, Tensor, Unknown, Value


def _ranked(value: Value, rank: int | None) -> Value:
    if rank is None or not isinstance(value, Tensor):
        return value
    return replace(value, axes=with_rank(value.axes, rank))


def product(left: Value, right: Value, call: Call, *, ranks: tuple[int | None, int | None]) -> Value:
    """`left @ right` of tensors that are known to have these ranks."""
    left, right = _ranked(left, ranks[0]), _ranked(right, ranks[1])
    return arithmetic.binary("@", left, right, site=call.site, factor=call.factor)


def _product(left_rank: int | None = None, right_rank: int | None = None) -> Transfer:
    def transfer(call: Call) -> Value:
        other = call.argument(0, "mat2", "other", "vec", "tensor2", "tensor")
        if other is None:
            return Unknown(computed=True)
        return product(call.tensor, other, call, ranks=(left_rank, right_rank))

    return transfer


def _products(call: Call) -> Value:
    """`bmm`: a matrix product for each example, where either side is known to have them."""
    other = call.argument(0, "mat2") or Unknown(computed=True)
    return products(call.tensor, other, call)


def products(left: Value, right: Value, call: Call) -> Value:
    """`torch.bmm(left, right)`, of which one may be out of sight."""
    result = product(left, right, call, ranks=(3, 3))
    stacks = [with_rank(v.axes, 3) for v in (left, right) if isinstance(v, Tensor)]
    if isinstance(result, Tensor) and any(axes.dims == (True, False, False) for axes in stacks):
        return replace(result, axes=Axes((True, False, False), certain=all(axes.certain for axes in stacks)))
    return result


def _added(left_rank: int, right_rank: int) -> Transfer:
    """`addmm(bias, x, w)` and its like: a product, added to the tensor itself."""

    def transfer(call: Call) -> Value:
        left, right = call.argument(0, "mat1", "batch1", "mat"), call.argument(1, "mat2", "batch2", "vec")
        if left is None or right is None or not (isinstance(left, Tensor) or isinstance(right, Tensor)):
            return Unknown(computed=True)
        if any(call.kwargs.get(name) is not None for name in ("beta", "alpha")):
            return Unknown(computed=True)
        whole = product(left, right, call, ranks=(left_rank, right_rank))
        both = arithmetic.binary("+", whole, call.tensor, site=call.site, factor=call.factor)
        # The tensor is expanded to the shape of the product.
        return replace(both, axes=whole.axes) if isinstance(both, Tensor) and isinstance(whole, Tensor) else both

    return transfer


def _outer(call: Call) -> Value:
    """Every element of one vector times every element of another."""
    other = call.argument(0, "vec2", "other")
    left = with_rank(call.tensor.axes, 1)
    if not isinstance(other, Tensor) or left.rank != 1 or with_rank(other.axes, 1).rank != 1:
        return Unknown(computed=True)
    axes = Axes(left.dims + with_rank(other.axes, 1).dims, certain=left.certain and other.axes.certain)
    whole = arithmetic.multiply(call.tensor, other, site=call.site, factor=call.factor)
    return replace(whole, axes=axes) if isinstance(whole, Tensor) else whole


def _transposed(call: Call) -> Value:
    """`x.t()` is for matrices, and torch refuses more dimensions: a batch that stands first stands last afterwards."""
    axes = call.tensor.axes
    if axes.rank is not None and axes.rank > 2:
        return Unknown(computed=True)
    matrix = with_rank(axes, 2)
    if axes.reduced:
        turned = axes if axes.rank is None else replace(axes, dims=axes.dims[::-1])
    else:
        turned = axes.shuffled() if matrix.rank is None else replace(matrix, dims=matrix.dims[::-1])
    return replace(call.tensor, axes=turned, data=False)


def _diagonal(call: Call) -> Value:
    """`diagonal(offset, dim1, dim2)`: the two dimensions become one, which is the last."""
    first, second = call.argument(1, "dim1") or Const(0), call.argument(2, "dim2") or Const(1)
    axes = call.tensor.axes
    if axes.reduced:
        rank = axes.rank
        left = Axes.PLAIN if rank is None else Axes((False,) * max(rank - 1, 0))
        return replace(call.tensor, axes=replace(left, certain=axes.certain), data=False)
    places = [p.value for p in (first, second) if isinstance(p, Const) and isinstance(p.value, int)]
    if len(places) == 2 and axes.rank is not None and all(-axes.rank <= p < axes.rank for p in places):
        i, j = (p % axes.rank for p in places)
        if axes.dims[i] is axes.dims[j] and i != j:
            dims = (*(over for k, over in enumerate(axes.dims) if k not in (i, j)), axes.dims[i])
            kept = replace(call.tensor, axes=replace(axes, dims=dims), data=False)
            return _beside_its_matrix(kept) if axes.dims[i] else kept
    behind = axes.known and axes.rank is None and axes.dims == (True,) and sorted(places) in ([-2, -1], [1, 2])
    return replace(call.tensor, axes=replace(axes, tail=Tail.SOME) if behind else Axes.UNKNOWN, data=False)


def _beside_its_matrix(diagonal: Tensor) -> Tensor:
    """The diagonal of all pairs of examples.

    It is taken out of the sum over the pairs, beside which it vanishes: `(k.sum() - k.diag().sum()) / (n * (n - 1))` is
    no mixture of exponents. So it is left open whether it counts as one more.
    """
    more = Exponent.between(0, 1)
    return replace(diagonal, terms=tuple(replace(t, exponent=t.exponent + more) for t in diagonal.terms))


def _diag(call: Call) -> Value:
    """`diag`: the diagonal of a matrix, or the sparse matrix of a diagonal, whose sums are those of the vector."""
    axes = call.tensor.axes
    if axes.rank == 2:
        return _diagonal(replace(call, args=(), kwargs={}))
    if axes.reduced:
        kept = Axes((False, False)) if axes.rank == 1 else Axes.PLAIN
        return replace(call.tensor, axes=replace(kept, certain=axes.certain), data=False)
    term = replace(merged(call.tensor.terms), exponent=Exponent.UNKNOWN)
    return replace(call.tensor, axes=Axes.UNKNOWN, terms=(term,), data=False)


def _embedded(call: Call) -> Value:
    """`diag_embed`: a matrix for each row; one over the examples would be sparse."""
    axes = call.tensor.axes
    if call.args or call.kwargs or from_end(axes, 1) is not False:
        return _diag(call) if axes.reduced else Unknown(computed=True)
    return replace(call.tensor, axes=axes.with_one(-1), data=False)


def _trace(call: Call) -> Value:
    """The sum over the diagonal of a matrix."""
    diagonal = _diagonal(Call(_as_matrix(call.tensor), (), {}, call.site, call.factor))
    assert isinstance(diagonal, Tensor)
    over = diagonal.axes.batches
    step = Step(StepKind.REDUCED, call.site, Exponent.UNKNOWN if over is None else Exponent.of(over))
    whole = replace(diagonal, axes=Axes.SCALAR)
    return whole if over == 0 else whole.step(step)


def _as_matrix(tensor: Tensor) -> Tensor:
    return replace(tensor, axes=with_rank(tensor.axes, 2))


def _covariance(call: Call) -> Value:
    """`cov`, `corrcoef`: of each row with each, averaged over the columns."""
    axes = with_rank(call.tensor.axes, 2)
    if axes.rank != 2 or call.args or set(call.kwargs) - {"correction"}:
        return Unknown(computed=True)
    rows = axes.dims[0]
    return replace(nonlinear(call.tensor), axes=replace(axes, dims=(rows, rows)), data=False)


def _of_matrices(call: Call) -> Value:
    """`inverse`, `cholesky`: matrices of what stands before the last two dimensions, whose sizes are fixed."""
    if not call.tensor.axes.reduced and from_end(call.tensor.axes, 1) is not False:
        return Unknown(computed=True)
    return nonlinear(call.tensor)


def _of_each_matrix(call: Call) -> Value:
    """`det`, `logdet`: a number for each matrix."""
    axes = call.tensor.axes
    if axes.reduced:
        left = Axes.PLAIN if axes.rank != 2 else Axes.SCALAR
        return nonlinear(replace(call.tensor, axes=replace(left, certain=axes.certain)))
    if axes.rank is not None and axes.rank > 2 and not any(axes.dims[-2:]):
        return nonlinear(replace(call.tensor, axes=replace(axes, dims=axes.dims[:-2])))
    return Unknown(computed=True)


def _distances(call: Call) -> Value:
    """`cdist`: of every row of one with every row of another."""
    other = call.argument(0, "x2")
    axes = call.tensor.axes
    if isinstance(other, Tensor) and axes.rank == other.axes.rank == 2:
        dims = (axes.dims[0], other.axes.dims[0])
        both = arithmetic.elementwise(call.tensor, other)
        return nonlinear(replace(both, axes=Axes(dims, certain=axes.certain and other.axes.certain)))
    return Unknown(computed=True)


METHODS: dict[str, Transfer] = {}
register(METHODS, _product(), "matmul")
register(METHODS, _product(2, 2), "mm spmm")
register(METHODS, _product(2, 1), "mv")
register(METHODS, _products, "bmm")
register(METHODS, _added(2, 2), "addmm")
register(METHODS, _added(3, 3), "baddbmm")
register(METHODS, _added(2, 1), "addmv")
register(METHODS, _outer, "outer ger")
register(METHODS, _transposed, "t")
register(METHODS, _diagonal, "diagonal")
register(METHODS, _diag, "diag")
register(METHODS, _embedded, "diag_embed")
register(METHODS, _trace, "trace")
register(METHODS, _covariance, "cov corrcoef")
register(METHODS, _of_matrices, "inverse pinverse cholesky")
register(METHODS, _of_each_matrix, "det logdet")
register(METHODS, _distances, "cdist")
