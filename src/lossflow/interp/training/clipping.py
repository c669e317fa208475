"""Clipping of gradients: by a function or method, or by an option of a framework's trainer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from math import isfinite

import libcst as cst

from lossflow.catalog.entry import Sink
from lossflow.catalog.names import means_threshold
from lossflow.domain.exponent import Exponent
from lossflow.domain.trace import Clipped, Site
from lossflow.domain.values import Const, Number, Ref, Unknown, Value
from lossflow.interp.engine.frames import Arguments, Frame
from lossflow.interp.engine.machine import Machine

_OPTION = "gradient_clip_val"
_MARK = "where gradient_clip_val is given"


def note(machine: Machine, sink: Sink, arguments: Arguments, node: cst.CSTNode, frame: Frame) -> None:
    """Record a call that clips gradients; one with an infinite threshold only measures them."""
    threshold = arguments.get(sink.position, *sink.keyword.split())
    if threshold is not None:
        event = Clipped(machine.site(node, frame), function=sink.name.rpartition(".")[2])
        _record(machine, event, threshold)


def marked(machine: Machine, arguments: Arguments, node: cst.CSTNode, frame: Frame) -> Mapping[str, Value]:
    """The options of an object of another package, with the place where they ask for clipping."""
    if _OPTION not in arguments.keywords:
        return arguments.keywords
    written = next((a for a in arguments.nodes if a.keyword is not None and a.keyword.value == _OPTION), None)
    at = machine.site(node if written is None else written.value, frame)
    return {**arguments.keywords, _MARK: Number(Exponent.ZERO, site=at)}


def note_option(machine: Machine, trainer: Ref, framework: str, module: Site | None) -> None:
    """Record that a trainer clips the gradients of the class whose objective it is handed."""
    record = machine.get(trainer)
    threshold, mark = record.get(_OPTION), record.get(_MARK)
    if threshold is None or not isinstance(mark, Number) or mark.site is None or module is None:
        return
    _record(machine, Clipped(mark.site, function=_OPTION, framework=framework, module=module), threshold)


def _record(machine: Machine, event: Clipped, threshold: Value) -> None:
    exponent = _exponent(machine, threshold)
    match threshold:
        case Const(value=int() | float() as number) if not isfinite(number) or number <= 0:
            return
        case Const(value=None):
            return
        case Const(value=int() | float() as number):
            event = replace(event, value=float(number))
        case Unknown(name=name):
            event = replace(event, words=name)
    machine.record(replace(event, threshold=exponent))


def _exponent(machine: Machine, threshold: Value) -> Exponent:
    """The power of the batch size in a threshold; one that is only named is fixed."""
    if isinstance(threshold, Unknown) and not threshold.computed and means_threshold(threshold.name):
        return Exponent.ZERO
    return machine.factor(threshold)
