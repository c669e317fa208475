"""What becomes of the gradients: the power of B of each optimizer's step, and the verdict."""

from __future__ import annotations

from lossflow.domain.exponent import Exponent
from lossflow.domain.trace import OptimizerFacts, Trace
from lossflow.domain.training import TrainingStep
from lossflow.domain.values import Tensor
from lossflow.rules.mixtures import mixture
from lossflow.rules.wording import optimizer_name
from lossflow.tracing.path import Driver, Reason, growth
from lossflow.tracing.reasons import of_optimizer
from lossflow.tracing.stages import spot


def drivers(trace: Trace, training: TrainingStep, gradient: Exponent) -> tuple[Driver, ...]:
    """The optimizers that step on gradients of that exponent, each once."""
    return tuple(dict.fromkeys(_driver(trace, optimizer, gradient) for optimizer in training.optimizers))


def _driver(trace: Trace, optimizer: OptimizerFacts, gradient: Exponent) -> Driver:
    match optimizer.proportional:
        case True:
            words, update = "its step is proportional to the gradient", gradient + optimizer.learning_rate
        case False:
            words, update = "its step does not depend on the gradient's scale", optimizer.learning_rate
        case None:
            words, update = "what its step makes of the gradient's scale is not known", Exponent.UNKNOWN
    return Driver(
        f"{optimizer_name(optimizer)}: {words}",
        None if optimizer.site is None else spot(trace, optimizer.site),
        optimizer.learning_rate,
        None if optimizer.learning_rate_site is None else spot(trace, optimizer.learning_rate_site),
        update,
        of_optimizer(trace, optimizer),
    )


def verdict(
    training: TrainingStep,
    tensor: Tensor | None,
    gradient: Exponent,
    found: tuple[Driver, ...],
    reasons: tuple[Reason, ...],
) -> str:
    """The conclusion, as a sentence; `tensor` is None where nothing is known of the objective."""
    backward = training.backward
    if not backward.grad_enabled:
        return "no gradients are recorded here"
    if tensor is not None and tensor.axes.per_example and tensor.axes.certain and not backward.gradient:
        return "torch refuses it: the objective still has one value for each example"
    pair = None if tensor is None else mixture(tensor.terms)
    if pair is not None:
        return (
            f"the balance of the terms depends on the batch size: one grows as {growth(pair.steep.exponent)}, another "
            f"as {growth(pair.flat.exponent)}"
        )
    if not found:
        return f"gradients ~ {growth(gradient)}; no optimizer is in sight" + _because(reasons)
    updates = list(dict.fromkeys(growth(driver.update) for driver in found))
    if all(driver.update.is_zero for driver in found):
        if gradient.is_zero:
            return "update ~ B^0: independent of the batch size"
        return f"update ~ B^0, gradients ~ {growth(gradient)}" + _because(reasons)
    return f"update ~ {' or '.join(updates)}" + _because(reasons)


def _because(reasons: tuple[Reason, ...]) -> str:
    return f", because {reasons[0].words}" if reasons else ""
