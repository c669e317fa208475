"""Functions of Python's and numpy's mathematics on numbers that may carry a power of the batch size."""

from __future__ import annotations

import math
from fractions import Fraction

from lossflow.domain import arithmetic
from lossflow.domain.trace import Site
from lossflow.domain.values import Const, Number, Tensor, Tuple, Unknown, Value
from lossflow.interp.engine.frames import Arguments
from lossflow.interp.engine.machine import Machine
from lossflow.interp.tensors import creators

_HOMES = ("math.", "numpy.")
_SAME = frozenset({"ceil", "floor", "fabs", "abs", "round", "float32", "float64", "int32", "int64", "trunc"})


def call_function(machine: Machine, name: str, arguments: Arguments, site: Site) -> Value | None:
    """The value of a function of `math` or `numpy`; None for those that this module doesn't know."""
    home = next((home for home in _HOMES if name.startswith(home)), None)
    first = arguments.get(0)
    if (noise := creators.noise_of_numpy(machine, name, arguments)) is not None:
        return noise
    if home is None or first is None or isinstance(first, Tensor):
        return None
    leaf = name.removeprefix(home)
    if leaf in _SAME:
        return first
    if leaf == "sqrt":
        return _root(machine, first)
    if leaf == "prod" and isinstance(first, Tuple):
        whole: Value = Const(1)
        for item in first.items:
            whole = arithmetic.binary("*", whole, item, site=site, factor=machine.factor)
        return whole
    second = arguments.get(1)
    if leaf in ("pow", "power") and second is not None:
        return arithmetic.binary("**", first, second, site=site, factor=machine.factor)
    return None


def _root(machine: Machine, value: Value) -> Value:
    if isinstance(value, Const) and isinstance(value.value, (int, float)) and value.value >= 0:
        return Const(math.sqrt(value.value))
    exponent = machine.factor(value)
    if exponent.low is None and exponent.high is None:
        return Unknown(computed=True)
    return Number(exponent.scaled(Fraction(1, 2)))
