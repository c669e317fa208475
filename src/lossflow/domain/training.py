"""Which optimizer acts on which backward: the training steps of a trace."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from lossflow.domain.exponent import Exponent
from lossflow.domain.trace import (
    Backward,
    Clipped,
    Event,
    GradientScaled,
    OptimizerFacts,
    OptimizerStep,
    Trace,
    ZeroGrad,
)
from lossflow.source import is_test


@dataclass(frozen=True, slots=True)
class TrainingStep:
    """A backward and the optimizers that step on its gradients; `scaled` is the exponent of a factor on them.

    `accumulated` is the exponent of how many gradients add up, where a step comes every so many batches only. `steps`
    are the optimizers' steps, `scalings` what multiplies the gradients before them, and `clips` what clips
    them, each with the exponent of the factor that they have by then.
    """

    backward: Backward
    optimizers: tuple[OptimizerFacts, ...]
    scaled: Exponent = Exponent.ZERO
    accumulated: Exponent = Exponent.ZERO
    steps: tuple[OptimizerStep, ...] = ()
    scalings: tuple[GradientScaled, ...] = ()
    clips: tuple[tuple[Clipped, Exponent], ...] = ()

    @property
    def factor(self) -> Exponent:
        """The exponent of what the gradient of one backward is multiplied with by the time of the step."""
        return self.scaled + self.accumulated

    @property
    def repeated(self) -> bool:
        """True in a loop that goes round with the same optimizer, and where a framework runs one."""
        looped = bool(self.backward.loops) and any(step.optimizer.repeats for step in self.steps)
        return bool(self.backward.framework) or looped or any(s.loops and s.optimizer.repeats for s in self.steps)


@dataclass(slots=True)
class _Way:
    """What happens to gradients on the way to the optimizers' steps."""

    steps: list[OptimizerStep] = field(default_factory=list)
    scalings: list[GradientScaled] = field(default_factory=list)
    clips: list[tuple[Clipped, Exponent]] = field(default_factory=list)
    scaled: Exponent = Exponent.ZERO


def training_steps(trace: Trace) -> Iterator[TrainingStep]:
    """Each backward of the trace with the optimizers that step on its gradients; none where no step is in sight.

    What is optimised for each example by itself, as an attack's perturbation is, is no training.
    """
    if is_test(trace.source):
        return
    for index, event in enumerate(trace.events):
        if isinstance(event, Backward):
            if event.returned:
                yield TrainingStep(event, ())
                continue
            if event.framework:
                clips = tuple((each, Exponent.ZERO) for each in _clips_of(trace, event))
                yield TrainingStep(event, event.optimizers, clips=clips)
                continue
            later = [e for e in trace.events[index + 1 :] if e.root == event.root]
            # A step at the head of a loop acts on the gradients of the iteration before.
            around = [e for e in trace.events[:index] if e.root == event.root and _share_loop(e, event)]
            way = _way(later + around)
            steps = tuple(step for step in way.steps if not step.optimizer.perturbs)
            if way.steps and not steps:
                continue  # each example has a gradient of its own, which a larger batch does not change
            yield TrainingStep(
                event,
                tuple(step.optimizer for step in steps),
                way.scaled,
                accumulated=_accumulated(event, steps),
                steps=steps,
                scalings=tuple(way.scalings),
                clips=tuple(way.clips),
            )


def _clips_of(trace: Trace, backward: Backward) -> Iterator[Clipped]:
    """What clips the gradients of an objective that a framework is handed."""
    for event in trace.events:
        if isinstance(event, Clipped) and event.module is not None and event.module == backward.module:
            yield event


def _share_loop(left: Event, right: Event) -> bool:
    return bool(left.loops and right.loops and left.loops[0] == right.loops[0])


def _accumulated(backward: Backward, steps: Sequence[OptimizerStep]) -> Exponent:
    """The exponent of how many gradients add up before the first step, where it comes every k-th round only."""
    rounds = Exponent.ZERO
    for guard in steps[0].guards if steps else ():
        if guard.rare and guard not in backward.guards:
            rounds = rounds + guard.period.exponent
    return rounds


def _way(events: list[Event]) -> _Way:
    """The way to the first step before the gradients are cleared, and to those that follow it at once."""
    cleared: set[int] = set()
    way = _Way()
    for event in events:
        match event:
            case ZeroGrad():
                if way.steps or event.identity == 0:
                    break
                cleared.add(event.identity)
            case Backward():
                if way.steps:
                    break
            case OptimizerStep():
                if event.optimizer.identity == 0 or event.optimizer.identity not in cleared:
                    way.steps.append(event)
            case GradientScaled() if not way.steps:
                way.scaled = way.scaled + event.exponent
                way.scalings.append(event)
            case Clipped(module=None) if not way.steps:
                way.clips.append((event, way.scaled))
    return way
