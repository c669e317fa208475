"""The join of two abstract values: what is known of an object where two ways of the program meet."""

from __future__ import annotations

from dataclasses import replace

from lossflow.domain.exponent import Exponent
from lossflow.domain.tally import Tally
from lossflow.domain.trace import Site, Step, Trail
from lossflow.domain.values import (
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
    tally_of,
)

MAX_ALTERNATIVES = 4
"""Values that one variable may hold side by side before nothing is known of it."""


def join(left: Value, right: Value) -> Value:
    """The least value that stands for both: commutative, associative and idempotent up to trails."""
    if left is right or left == right:
        return left
    match left, right:
        case Unknown(over=Step()), _ if left.over == getattr(right, "over", None):
            return Unknown(computed=True, why=left.why, lost=left.lost, over=left.over)
        case Unknown(), Unknown():
            tally = left.tally if left.tally == right.tally else None
            if left.name and left.name == right.name:
                return replace(left, tally=tally, defaulted=left.defaulted and right.defaulted)
            masked = left.masked or right.masked
            return Unknown(
                why=left.why or right.why, lost=left.lost or right.lost, computed=True, tally=tally, masked=masked
            )
        case Unknown(), _:
            return Unknown(why=left.why, lost=left.lost, computed=True)
        case _, Unknown():
            return join(right, left)
        case Tensor(), Tensor():
            return _join_tensors(left, right)
        case (Const(value=0), Tensor() | Number() as other) | (Tensor() | Number() as other, Const(value=0)):
            return other  # `loss = 0` before a loop that adds to it: zero goes with every power of the batch size
        case (Number() | Const(value=int() | float()), Number() | Const(value=int() | float())):
            return _join_numbers(left, right)
        case Tuple(), Tuple() if len(left.items) == len(right.items):
            return Tuple(tuple(join(a, b) for a, b in zip(left.items, right.items)))
        case Size(), Size():
            return Size(left.axes.join(right.axes))
        case _:
            return one_of((*alternatives(left), *alternatives(right)))


def one_of(values: tuple[Value, ...]) -> Value:
    """One of `values`, with those that join into one joined."""
    kept: list[Value] = []
    for value in values:
        if isinstance(value, Unknown):
            return Unknown(why=value.why, lost=value.lost, computed=True)
        for index, other in enumerate(kept):
            if other == value:
                break
            if _same_kind(other, value):
                kept[index] = join(other, value)
                break
        else:
            kept.append(value)
    if any(isinstance(value, Tensor) for value in kept):
        kept = [_constant_number(value) for value in kept]
    if len(kept) == 1:
        return kept[0]
    if len(kept) > MAX_ALTERNATIVES:
        return Unknown(why="which of many values it is", computed=True)
    return OneOf(tuple(sorted(kept, key=repr)))


def _same_kind(left: Value, right: Value) -> bool:
    """True when the join of the two is not a choice between them."""
    match left, right:
        case (Tensor(), Tensor() | Const(value=0)) | (Const(value=0), Tensor()) | (Size(), Size()):
            return True
        case (Number() | Const(value=int() | float()), Number() | Const(value=int() | float())):
            return True
        case Tuple(), Tuple():
            return len(left.items) == len(right.items)
        case _:
            return False


def _constant_number(value: Value) -> Value:
    """What a choice holds instead of a literal beside a tensor, so that zeros may come into it in any order.

    Of a literal and zero it is known that they are constant, no more; the tensor would take the zero in.
    """
    match value:
        case Const(value=int() | float()):
            return Number(Exponent.ZERO, tally=Tally.CONSTANT)
    return value


def is_start(tensor: Tensor) -> bool:
    """True for `torch.zeros(1)`, to which a loop adds losses."""
    plain = all(not term.trail for term in tensor.terms)
    return (
        plain
        and not tensor.loss
        and tensor.differentiable is False
        and not tensor.data
        and tensor.axes.reduced
        and tensor.axes.rank is not None
    )


def adds_up(tensor: Tensor) -> bool:
    """True for a loss, of the catalogue or written by hand: what is added to such a start, whose zeros it outgrows."""
    return tensor.loss or (tensor.differentiable is True and all(term.trail for term in tensor.terms))


def _join_numbers(left: Value, right: Value) -> Number:
    """The number that is either; `n = 0` every k rounds leaves a counter one."""
    counts = [v.counter for v in (left, right) if isinstance(v, Number)]
    whole = Number(exponent_of(left).join(exponent_of(right)), counter=bool(counts) and all(counts))
    tally = tally_of(left).join(tally_of(right))
    return whole if tally == tally_of(whole) else replace(whole, tally=tally)


def _join_tensors(left: Tensor, right: Tensor) -> Tensor:
    for start, other in ((left, right), (right, left)):
        if is_start(start) and adds_up(other):
            return other
    same = left.differentiable is right.differentiable
    return Tensor(
        axes=left.axes.join(right.axes),
        terms=_join_terms(left.terms, right.terms),
        differentiable=left.differentiable if same else None,
        loss=left.loss or right.loss,
        data=left.data and right.data,
        mask=left.mask and right.mask,
        padding=left.padding and right.padding,
        masked=_join_masked(left, right),
        selected=left.selected or right.selected,
        synthetic=left.synthetic and right.synthetic,
        tally=_join_tallies(left, right),
    )


def _join_masked(left: Tensor, right: Tensor) -> Site | None:
    """Where elements of either were set to zero; a single number has none that a mean of the other could count."""
    with_elements = [tensor for tensor in (left, right) if not tensor.axes.scalar]
    return next((tensor.masked for tensor in with_elements or (left, right) if tensor.masked), None)


def _join_tallies(left: Tensor, right: Tensor) -> Tally | None:
    """The tally of either tensor; None where what their exponents say is enough."""
    return None if left.tally is right.tally is None else tally_of(left).join(tally_of(right))


def _join_terms(left: tuple[Term, ...], right: tuple[Term, ...]) -> tuple[Term, ...]:
    """The terms after one branch or the other.

    Where one branch only adds terms (`if kl: loss = loss + kl`), the longer objective stands for both. Where the two
    compute different losses, one term stands for either; if each has a batch sum, so has the whole.
    """
    mine, theirs = _by_origin(left), _by_origin(right)
    more, fewer = (mine, theirs) if len(mine) >= len(theirs) else (theirs, mine)
    if fewer.keys() <= more.keys():
        return tuple(term if origin not in fewer else _join_term(term, fewer[origin]) for origin, term in more.items())
    terms = (*left, *right)
    sums = tuple(term for term in terms if term.exponent.at_least(1))
    others = tuple(term for term in terms if not term.exponent.at_least(1))
    if others and all(any(term in sums for term in side) for side in (left, right)):
        return merged(sums), merged(others)
    return (merged(terms),)


def _by_origin(terms: tuple[Term, ...]) -> dict[Trail, Term]:
    """One term for each origin: `loss + penalty(x) + target` has two addends whose origin is out of sight."""
    kept: dict[Trail, Term] = {}
    for term in terms:
        kept[term.origin] = _join_term(kept[term.origin], term) if term.origin in kept else term
    return kept


def _join_term(left: Term, right: Term) -> Term:
    longer = left if len(left.trail) >= len(right.trail) else right
    exponent, batchless = left.exponent.join(right.exponent), left.batchless and right.batchless
    return replace(longer, exponent=exponent, batchless=batchless, lost=left.lost or right.lost)


def merged(terms: tuple[Term, ...]) -> Term:
    """One term that stands for all: the hull of their exponents, the trail of the one that grows most."""
    whole = terms[0].exponent
    for term in terms[1:]:
        whole = whole.join(term.exponent)
    chosen = max(terms, key=lambda t: (t.exponent.low is not None, t.exponent.low or 0, len(t.trail)))
    lost = next((term.lost for term in terms if term.lost is not None), None)
    return Term(whole, chosen.trail, all(term.batchless for term in terms), lost)
