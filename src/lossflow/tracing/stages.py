"""What was done to a loss, step by step, in words."""

from __future__ import annotations

from collections.abc import Iterator

from lossflow.domain.exponent import Exponent
from lossflow.domain.trace import Multiplier, Site, Step, StepKind, Trace
from lossflow.domain.values import Term
from lossflow.rules.wording import called, reduction_given
from lossflow.tracing.path import Spot, Stage, growth

_WORDS = {
    StepKind.ADDED: "added to other terms",
    StepKind.MASKED: "multiplied by a mask, when it was reduced already",
    StepKind.PASSED: "returned or handed on",
    StepKind.DIFFERENTIATED: "its gradients are returned by torch.autograd.grad",
}


def spot(trace: Trace, site: Site) -> Spot:
    """The place of a site."""
    return Spot(trace.sources[site.place.file], trace.span(site.place))


def stages(trace: Trace, term: Term) -> Iterator[Stage]:
    """The way of a term."""
    total = Exponent.ZERO
    for step in term.trail:
        total = total + step.exponent
        yield Stage(_words(trace, step), spot(trace, step.site), step.exponent, total)


def _words(trace: Trace, step: Step) -> str:
    match step.kind:
        case StepKind.CONSTRUCTED:
            return f"the criterion `{called(trace, step.site.place, step.loss)}` is made"
        case StepKind.COMPUTED:
            return _computed(trace, step)
        case StepKind.REDUCED:
            return "summed over the batch" if step.exponent.at_least(1) else _reduced(step)
        case StepKind.AVERAGED:
            return "averaged" + (", elements that a mask set to zero among them" if step.masked else "")
        case StepKind.SCALED | StepKind.WEIGHTED:
            return _multiplied(step.by, step.exponent)
    return _WORDS[step.kind]


def _computed(trace: Trace, step: Step) -> str:
    if not step.loss:
        return "the loss is computed"
    name = called(trace, step.site.place, step.loss)
    if not step.reduction:
        return f"`{name}` is computed"
    return f"`{name}` is computed, with {reduction_given(trace, step, step.site.place).rstrip(',')}"


def _reduced(step: Step) -> str:
    return "summed over dimensions other than the batch" if step.exponent.is_zero else "summed"


def _multiplied(by: Multiplier | None, factor: Exponent) -> str:
    """By what: its power of B where that is known, else its name or value."""
    divides = by.inverse if by is not None else factor.at_most(0) and not factor.is_zero
    action = "divided" if divides else "multiplied"
    if not factor.is_zero and factor.known is not None:
        return f"{action} by what goes as {growth(-factor if divides else factor)}"
    if by is not None and by.name:
        return f"{action} by `{by.name}`"
    return f"{action} by {by.value:g}" if by is not None and by.value is not None else action
