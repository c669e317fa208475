"""Expressions in which a batch is in sight, so that its size can be written down: `inputs.size(0)`."""

from __future__ import annotations

from dataclasses import replace

import libcst as cst

from lossflow.domain.trace import InSight
from lossflow.domain.values import Tensor
from lossflow.interp.engine.frames import Frame
from lossflow.interp.engine.machine import Machine


def note(machine: Machine, node: cst.BaseExpression, tensor: Tensor, frame: Frame) -> None:
    """Note along which dimension the tensor that `node` names has its examples; it may be another one elsewhere."""
    axes = tensor.axes
    if frame.unit is not machine.root or not axes.known:
        return
    place = frame.unit.places.of(node)
    found = InSight(axes.dims.index(True), not (tensor.data or tensor.opaque)) if axes.batches == 1 else None
    before = machine.batches.setdefault(place, found)
    machine.batches[place] = _both(found, before) if found is not None and before is not None else None


def _both(found: InSight, before: InSight) -> InSight | None:
    """What is true of two tensors that one expression held."""
    return replace(found, evident=found.evident and before.evident) if found.dim == before.dim else None
