"""The call of a tensor's method, and the tables of transfer functions by method name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from lossflow.domain.arithmetic import Factor
from lossflow.domain.trace import Site
from lossflow.domain.values import Const, Tensor, Tuple, Unknown, Value, exponent_of


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
"""What a method does to what is known of a tensor."""


def register(table: dict[str, Transfer], transfer: Transfer, names: str) -> None:
    """Enter one transfer function under several names."""
    table.update(dict.fromkeys(names.split(), transfer))


def dimensions(value: Value | None) -> tuple[int, ...] | Unknown | None:
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
