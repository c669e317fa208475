"""What decorators of the program do beside: `@register("mse")` puts what it decorates into a dict.

What they make of a function or class is not followed: a wrapper mostly calls what it wraps.
"""

from __future__ import annotations

from collections.abc import Sequence

import libcst as cst

from lossflow.domain.values import Bound, Function, Value
from lossflow.interp.engine.frames import Arguments, Frame
from lossflow.interp.engine.machine import Machine


def run(machine: Machine, decorators: Sequence[cst.Decorator], decorated: Value, frame: Frame) -> None:
    """Call the decorators that the program writes itself, the last of them first."""
    for each in reversed(decorators):
        written = each.decorator
        made_by = machine.evaluate(written.func if isinstance(written, cst.Call) else written, frame)
        if not _is_written(made_by):
            continue
        decorator = machine.evaluate(written, frame) if isinstance(written, cst.Call) else made_by
        if _is_written(decorator):
            machine.call(decorator, Arguments((decorated,)), written, frame)


def _is_written(value: Value) -> bool:
    """True for a function or method of the program."""
    return isinstance(value, Function) or (isinstance(value, Bound) and isinstance(value.function, Function))
