"""What the arguments of a loss say that their author did not mean: shared by the rules LF301, LF302, LF304 and LF305.

Each mistake has one rule: a reduction string that went astray is LF304 alone, tensors given to a constructor are LF305
alone, whatever parameters they land in.
"""

from __future__ import annotations

from collections.abc import Iterator

from lossflow.catalog.names import means_tensor
from lossflow.domain.trace import BoundArgument, LossCall, Place, Trace
from lossflow.domain.values import Const, Tensor, Unknown, Value, alternatives

LEGACY = ("size_average", "reduce")
REDUCTION_STRINGS = frozenset({"none", "mean", "sum", "batchmean", "elementwise_mean"})

# Class weights are tensors by right, in constructors too.
_TENSOR_PARAMETERS = frozenset({"weight", "pos_weight"})


def place_of(trace: Trace, event: LossCall, bound: BoundArgument) -> Place:
    """Where a finding about the argument stands: at the argument, or at the call if another file's partial gave it."""
    return bound.place if bound.place.file == trace.file else event.site.place


def constants(value: Value | None) -> Iterator[object]:
    """The literals that the value may be."""
    for alternative in alternatives(value) if value is not None else ():
        if isinstance(alternative, Const):
            yield alternative.value


def misplaced_reduction(trace: Trace, event: LossCall) -> tuple[BoundArgument, str] | None:
    """The positional argument that is a reduction string but not the reduction, and the string."""
    match = trace.loss(event.loss)
    reduction = match.row.parameter if match else "reduction"
    for bound in event.arguments:
        if bound.keyword or bound.name == reduction:
            continue
        for constant in constants(bound.value):
            if isinstance(constant, str) and constant.lower() in REDUCTION_STRINGS:
                return bound, constant
    return None


def legacy_arguments(trace: Trace, event: LossCall) -> tuple[BoundArgument, ...]:
    """The arguments among `size_average` and `reduce` that torch would not ignore, as it ignores None."""
    match = trace.loss(event.loss)
    if match is None or misplaced_reduction(trace, event) or tensors_to_constructor(event):
        return ()
    return tuple(
        bound
        for bound in event.arguments
        if is_legacy(event, bound) and bound.name in match.params and _given(bound.value)
    )


def is_legacy(event: LossCall, bound: BoundArgument) -> bool:
    """True where torch reads the argument; another package's parameter of that name may mean anything."""
    return bound.name in LEGACY and event.loss.startswith("torch.")


def _given(value: Value) -> bool:
    """True when the value is known to be something on some path.

    What is out of sight may well be None, whatever it is called. Only a parameter with another default is something:
    wherever the caller leaves it out.
    """
    for alternative in alternatives(value):
        match alternative:
            case Const(value=None) | Unknown(defaulted=False):
                continue
            case _:
                return True
    return False


def losses_with_a_string_astray(trace: Trace) -> frozenset[Place]:
    """Where the losses are constructed, or called, whose reduction string landed in another parameter."""
    return frozenset(
        event.site.place for event in trace.events if isinstance(event, LossCall) and misplaced_reduction(trace, event)
    )


def tensors_to_constructor(event: LossCall) -> tuple[BoundArgument, ...]:
    """The positional arguments of a constructor that are input and target of the loss; empty where they are not.

    One argument is enough where it is a batch; a lone tensor may be a margin. Names are evidence only in a pair.
    """
    if not event.constructor:
        return ()
    found = tuple(bound for bound in event.arguments if not bound.keyword and _is_tensor(bound.value))
    astray = [bound for bound in found if bound.name not in _TENSOR_PARAMETERS]
    if astray and (len(found) > 1 or any(_is_batch(bound.value) for bound in astray)):
        return found
    return ()


def _is_tensor(value: Value) -> bool:
    match value:
        case Tensor(axes=axes):
            return not axes.scalar
        case Unknown(name=name):
            return means_tensor(name)
        case _:
            return False


def _is_batch(value: Value) -> bool:
    return isinstance(value, Tensor) and value.axes.per_example
