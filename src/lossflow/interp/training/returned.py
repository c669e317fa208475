"""What functions return that nobody calls in sight: perhaps a loss, with which another program trains."""

from __future__ import annotations

from collections.abc import Iterator

import libcst as cst

from lossflow.catalog.names import means_evaluation, means_loss
from lossflow.domain.environment import Kind
from lossflow.domain.trace import Returned
from lossflow.domain.values import Class, Function, OneOf, Ref, Tensor, Tuple, Value
from lossflow.interp.engine.frames import Frame
from lossflow.interp.engine.machine import Machine

_MAX_DEPTH = 3
"""Containers within each other that are looked into."""


def note(machine: Machine, value: Value, function: Function, node: cst.CSTNode, frame: Frame) -> None:
    """Note the losses that `function`, defined at `node`, returned; a metric is none, however it is made.

    What no loss of the catalogue has a part in is a loss where the function, or its class, is called one.
    """
    owner = function.owner
    if isinstance(node, cst.FunctionDef) and not means_evaluation(node.name.value):
        named = means_loss(node.name.value) or (isinstance(owner, Class) and means_loss(owner.name))
        parts = tuple(each for each in _tensors(machine, value, _MAX_DEPTH) if each.loss or named)
        if parts:
            machine.record(Returned(machine.site(node.name, frame), parts=parts))


def _tensors(machine: Machine, value: Value, depth: int) -> Iterator[Tensor]:
    if depth == 0:
        return
    match value:
        case Tensor():
            yield value
        case OneOf(values=values):
            for one in values:
                yield from _tensors(machine, one, depth)
        case Tuple(items=items):
            for item in items:
                yield from _tensors(machine, item, depth - 1)
        case Ref() if machine.get(value).kind in (Kind.LIST, Kind.DICT):
            for item in machine.get(value).values():
                yield from _tensors(machine, item, depth - 1)
