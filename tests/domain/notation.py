"""Shapes in words: the dimensions of a tensor, and the arguments of its methods.

`B` runs over the examples, a number does not, `...` are any number of further dimensions and `+` at least one. After
`?` it is a guess.
"""

from __future__ import annotations

from dataclasses import replace

from lossflow.domain.axes import Axes, Tail
from lossflow.domain.exponent import Exponent
from lossflow.domain.values import Const, Number, Size, Tensor, Tuple, Unknown, Value

B = Number(Exponent.ONE, "batch_size")
_TAILS = {"...": Tail.ANY, "+": Tail.SOME}


def shape(text: str) -> Axes:
    """The axes that `text` stands for."""
    if text == "unknown":
        return Axes.UNKNOWN
    if text.startswith("somewhere"):
        return replace(Axes.SOMEWHERE, certain=not text.endswith("?"))
    words = text.rstrip("?").split()
    tail = _TAILS.get(words[-1], Tail.NONE) if words else Tail.NONE
    dims = words if tail is Tail.NONE else words[:-1]
    return Axes(tuple(word == "B" for word in dims), tail, certain=not text.endswith("?"))


def value(argument: object) -> Value:
    """An argument of a method: a string is the shape of a tensor."""
    match argument:
        case str():
            return Tensor(shape(argument), differentiable=False)
        case tuple():
            return Tuple(tuple(map(value, argument)))
        case Tensor() | Const() | Number() | Unknown() | Size():
            return argument
    return Const(argument)
