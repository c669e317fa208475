"""Operators as functions, `operator.mul(a, b)`, and the folding of a list with a function: `functools.reduce`."""

from __future__ import annotations

import libcst as cst

from lossflow.domain.values import Unknown, Value
from lossflow.interp.engine.frames import Arguments, Frame
from lossflow.interp.engine.machine import Machine
from lossflow.interp.objects import iteration
from lossflow.interp.syntax import expressions

_SYMBOLS = {
    "operator.add": "+",
    "operator.iadd": "+",
    "operator.sub": "-",
    "operator.mul": "*",
    "operator.truediv": "/",
    "operator.matmul": "@",
    "operator.pow": "**",
}


def call_function(machine: Machine, name: str, arguments: Arguments, node: cst.CSTNode, frame: Frame) -> Value | None:
    """The value of an operator's function, or of a fold; None for everything else."""
    if name in _SYMBOLS and len(arguments.positional) == 2:
        left, right = arguments.positional
        return expressions.operate(machine, _SYMBOLS[name], left, right, node, frame)
    return _fold(machine, arguments, node, frame) if name == "functools.reduce" else None


def _fold(machine: Machine, arguments: Arguments, node: cst.CSTNode, frame: Frame) -> Value:
    """`reduce(function, items, first)`: for a list of known length, the calls one after the other."""
    function, iterable = arguments.get(0), arguments.get(1)
    items = None if iterable is None else iteration.known_items(machine, iterable)
    if function is None or items is None:
        return Unknown(computed=True)
    first = arguments.get(2)
    values = items if first is None else (first, *items)
    if not values:
        return Unknown(computed=True)
    whole, *rest = values
    for item in rest:
        whole = machine.call(function, Arguments((whole, item)), node, frame)
    return whole
