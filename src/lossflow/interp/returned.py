"""What functions return that nobody calls in sight: perhaps a loss, with which another program trains."""

from __future__ import annotations

from collections.abc import Iterator

import libcst as cst

from lossflow.catalog.names import means_evaluation
from lossflow.domain.environment import Kind
from lossflow.domain.trace import Returned
from lossflow.domain.values import OneOf, Ref, Tensor, Tuple, Value
from lossflow.interp.machine import Frame, Machine

_MAX_DEPTH = 3
"""Containers within each other that are looked into."""


def note(machine: Machine, value: Value, node: cst.FunctionDef | cst.Lambda, frame: Frame) -> None:
    """Note the tensors that the function `node` returned; a metric is no loss, however it is made."""
    if isinstance(node, cst.FunctionDef) and not means_evaluation(node.name.value):
        parts = tuple(_tensors(machine, value, _MAX_DEPTH))
        if parts:
            machine.record(Returned(machine.site(node.name, frame), parts=parts))


def _tensors(machine: Machine, value: Value, depth: int) -> Iterator[Tensor]:
    if depth == 0:
        return
    match value:
        case Tensor():
            yield value
        case Tuple(items=items) | OneOf(values=items):
            for item in items:
                yield from _tensors(machine, item, depth - 1)
        case Ref() if machine.get(value).kind in (Kind.LIST, Kind.DICT):
            for item in machine.get(value).values():
                yield from _tensors(machine, item, depth - 1)
