"""The paths of a trace: one for each objective that reaches backward, and each thing that it may be."""

from __future__ import annotations

from collections.abc import Iterator
from functools import reduce

from lossflow.domain.exponent import Exponent
from lossflow.domain.trace import Trace
from lossflow.domain.training import TrainingStep, training_steps
from lossflow.domain.values import Tensor, Value, alternatives
from lossflow.rules.wording import sink
from lossflow.tracing import reasons, updates
from lossflow.tracing.path import Path, Reason, TermPath
from lossflow.tracing.stages import spot, stages


def paths(trace: Trace) -> tuple[Path, ...]:
    """Every objective that reaches backward, in the order of the program, each once.

    A function is also analysed on its own, where its parameters are unknown: what a call shows of it is better known.
    """
    found = list(dict.fromkeys(path for training in training_steps(trace) for path in _paths_of(trace, training)))
    known = {path.spot for path in found if not path.reasons}
    return tuple(path for path in found if not path.reasons or path.spot not in known)


def untraced(trace: Trace) -> tuple[Path, ...]:
    """The paths to a training step that could not be followed to the end."""
    return tuple(path for path in paths(trace) if path.reasons and path.drivers)


def _paths_of(trace: Trace, training: TrainingStep) -> Iterator[Path]:
    objective = training.backward.objective
    for value in alternatives(objective) if objective is not None else ():
        # Of zero, as in `loss = 0` before a loop that adds to it, there is nothing to tell.
        if isinstance(value, Tensor) and value.differentiable is False:
            continue
        yield _path(trace, training, value)


def _path(trace: Trace, training: TrainingStep, value: Value) -> Path:
    backward = training.backward
    tensor = value if isinstance(value, Tensor) else None
    terms = tuple(_terms(trace, tensor)) if tensor is not None else ()
    grown = [term.exponent for term in terms if not term.batchless] or [Exponent.ZERO]
    gradient = (reduce(Exponent.join, grown) if tensor is not None else Exponent.UNKNOWN) + training.factor
    drivers = updates.drivers(trace, training, gradient)
    why = [
        *reasons.of_objective(trace, backward, value),
        *(term.reason for term in terms if term.reason is not None and not term.batchless),
        *(driver.reason for driver in drivers if driver.reason is not None),
    ]
    unknown: tuple[Reason, ...] = tuple(dict.fromkeys(why))
    return Path(
        words=f"{'' if backward.framework else 'the objective '}{sink(trace, backward)}",
        spot=spot(trace, backward.site),
        case=backward.case,
        axes=None if tensor is None else str(tensor.axes),
        terms=terms,
        scaling=training.factor,
        gradient=gradient,
        drivers=drivers,
        verdict=updates.verdict(training, tensor, gradient, drivers, unknown),
        reasons=unknown,
    )


def _terms(trace: Trace, tensor: Tensor) -> Iterator[TermPath]:
    for term in tensor.terms:
        yield TermPath(term.exponent, tuple(stages(trace, term)), term.batchless, reasons.of_term(trace, term))
