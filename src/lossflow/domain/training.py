"""Which optimizer acts on which backward: the training steps of a trace."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from lossflow.domain.exponent import Exponent
from lossflow.domain.trace import Backward, Event, GradientScaled, OptimizerFacts, OptimizerStep, Trace, ZeroGrad


@dataclass(frozen=True, slots=True)
class TrainingStep:
    """A backward and the optimizers that step on its gradients; `scaled` is the exponent of a factor on them."""

    backward: Backward
    optimizers: tuple[OptimizerFacts, ...]
    scaled: Exponent = Exponent.ZERO


def training_steps(trace: Trace) -> Iterator[TrainingStep]:
    """Each backward of the trace with the optimizers that step on its gradients; none where no step is in sight."""
    for index, event in enumerate(trace.events):
        if isinstance(event, Backward):
            if event.returned:
                yield TrainingStep(event, ())
                continue
            if event.framework:
                yield TrainingStep(event, event.optimizers)
                continue
            later = [e for e in trace.events[index + 1 :] if e.root == event.root]
            # A step at the head of a loop acts on the gradients of the iteration before.
            around = [e for e in trace.events[:index] if e.root == event.root and _share_loop(e, event)]
            optimizers, scaled = _steps(later + around)
            yield TrainingStep(event, optimizers, scaled)


def _share_loop(left: Event, right: Event) -> bool:
    return bool(left.loops and right.loops and left.loops[0] == right.loops[0])


def _steps(events: list[Event]) -> tuple[tuple[OptimizerFacts, ...], Exponent]:
    """The optimizers that step before their gradients are cleared: the first step, and those that follow it at once."""
    cleared: set[int] = set()
    found: list[OptimizerFacts] = []
    scaled = Exponent.ZERO
    for event in events:
        match event:
            case ZeroGrad():
                if found or event.identity == 0:
                    break
                cleared.add(event.identity)
            case Backward():
                if found:
                    break
            case OptimizerStep():
                if event.optimizer.identity == 0 or event.optimizer.identity not in cleared:
                    found.append(event.optimizer)
            case GradientScaled() if not found:
                scaled = scaled + event.exponent
    return tuple(found), scaled
