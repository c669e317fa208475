"""Expressions in which a batch is in sight, so that its size can be written down: `inputs.size(0)`."""

from __future__ import annotations

import libcst as cst

from lossflow.domain.values import Tensor
from lossflow.interp.engine.machine import Frame, Machine


def note(machine: Machine, node: cst.BaseExpression, tensor: Tensor, frame: Frame) -> None:
    """Note along which dimension the tensor that `node` names has its examples; it may be another one elsewhere."""
    axes = tensor.axes
    if frame.unit is not machine.root or not axes.known:
        return
    dim = axes.dims.index(True) if axes.batches == 1 else None
    place = frame.unit.places.of(node)
    machine.batches[place] = dim if machine.batches.setdefault(place, dim) == dim else None
