"""Why nothing is said about a loss: which value is not known, and where."""

from __future__ import annotations

import re
from collections.abc import Iterator

from lossflow.domain.trace import Backward, OptimizerFacts, Step, StepKind, Trace
from lossflow.domain.values import Lost, Tensor, Term, Unknown, Value
from lossflow.rules.wording import called, line, optimizer_name
from lossflow.tracing.path import Reason
from lossflow.tracing.stages import spot

_NAME = re.compile(r"[\w.]+")
_LONGEST = 60
"""Characters of code in a reason; what is longer is told by its line."""


def of_objective(trace: Trace, backward: Backward, value: Value | None) -> Iterator[Reason]:
    """Why the whole of an objective is not known."""
    if isinstance(value, Unknown):
        if value.lost is not None:
            yield of_lost(trace, value.lost)
        elif value.why:
            yield Reason(f"it is not known {value.why}", spot(trace, backward.site))
        else:
            yield Reason("nothing is known of the objective", spot(trace, backward.site))
    elif isinstance(value, Tensor):
        if any(term.exponent.known is None for term in value.terms):
            return  # then the terms say why
        if not value.axes.known or (value.axes.per_example and not value.axes.certain):
            where = next((step for term in value.terms for step in reversed(term.trail)), None)
            words = "it is not known which dimensions of the objective are over the examples"
            yield Reason(words, spot(trace, where.site if where else backward.site))
    elif value is not None:
        yield Reason("the objective is no tensor, as far as is known", spot(trace, backward.site))


def of_term(trace: Trace, term: Term) -> Reason | None:
    """Why the exponent of a term is not known; None where it is."""
    if term.exponent.known is not None:
        return None
    step = next((step for step in term.trail if step.exponent.known is None), None)
    if step is None:
        return Reason("it is not known how it was computed") if term.lost is None else of_lost(trace, term.lost)
    words, before = _of_step(trace, step), term.lost
    if before is None or before.site == step.site:
        return Reason(words, spot(trace, step.site))
    lost = of_lost(trace, before)
    return Reason(f"{words}: {lost.words}", lost.spot)


def of_lost(trace: Trace, lost: Lost) -> Reason:
    """The first value on the way that is not known."""
    where = line(trace, lost.site.place)
    if lost.why:
        return Reason(f"it is not known {lost.why} ({where})", spot(trace, lost.site))
    text = trace.text(lost.site.place)
    quoted = f"`{text}` ({where})" if len(text) <= _LONGEST and "\n" not in text else f"the expression on {where}"
    if _NAME.fullmatch(text):
        return Reason(f"the value of {quoted} is out of sight", spot(trace, lost.site))
    return Reason(f"{quoted} is not followed", spot(trace, lost.site))


def of_optimizer(trace: Trace, optimizer: OptimizerFacts) -> Reason | None:
    """Why the update of an optimizer is not known; None where it is, given the gradient."""
    where = None if optimizer.site is None else spot(trace, optimizer.site)
    if optimizer.proportional is None:
        if optimizer.name:
            return Reason(f"it is not known what {optimizer_name(optimizer)} makes of the gradient's scale", where)
        return Reason("the optimizer that steps on it is out of sight or may be of several kinds", where)
    if optimizer.learning_rate.known is None:
        rate = None if optimizer.learning_rate_site is None else spot(trace, optimizer.learning_rate_site)
        return Reason(f"the learning rate of {optimizer_name(optimizer)} is out of sight", rate or where)
    return None


def _of_step(trace: Trace, step: Step) -> str:
    where = line(trace, step.site.place)
    match step.kind:
        case StepKind.COMPUTED:
            return f"the reduction of `{called(trace, step.site.place, step.loss)}` ({where}) is not known"
        case StepKind.REDUCED | StepKind.AVERAGED:
            return f"it is not known whether what is reduced on {where} has the examples among its dimensions"
        case StepKind.SCALED if step.by is not None and step.by.name:
            return f"it is not known how `{step.by.name}` ({where}) depends on the batch size"
        case StepKind.SCALED:
            return f"it is not known how the factor on {where} depends on the batch size"
        case StepKind.ADDED:
            return f"it is not known how many of them are added on {where}"
    return f"it is not known what happens to it on {where}"
