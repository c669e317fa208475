"""Where on the trail of a loss its reduction was chosen, and in which file a finding about it stands."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from lossflow.domain.trace import Averaged, Backward, Event, Pairs, Place, Returned, Site, Step, StepKind, Trace
from lossflow.domain.values import Tensor, Term, Value, alternatives
from lossflow.rules.mixtures import mixture
from lossflow.source import Span, is_test

REDUCING = (StepKind.COMPUTED, StepKind.REDUCED, StepKind.AVERAGED)
"""The steps after which a loss has fewer elements, or was computed with as many as its reduction leaves."""


def tensors(value: Value | None) -> Iterator[Tensor]:
    """The tensors that an objective may be; gradients flow through each, or backward would raise."""
    for alternative in alternatives(value) if value is not None else ():
        if isinstance(alternative, Tensor) and alternative.differentiable is not False:
            yield alternative


def raising_step(term: Term) -> Step | None:
    """The step that made a batch sum of the term: the last to lift its exponent from below 1 to at least 1.

    In `loss.sum() / n * n` that is the factor, not the sum, which the division had made up for.
    """
    total = Fraction(0)
    found: Step | None = None
    for step in term.trail:
        rise = step.exponent.low
        if rise is None:
            continue
        if total < 1 <= total + rise:
            found = step
        total += rise
    # A loop repeats a step without writing it down again, so that no single step need reach 1.
    return found or next((step for step in term.trail if step.exponent.low is not None and step.exponent.low > 0), None)


def dividing_step(term: Term) -> Step | None:
    """The last step that took a power of the batch size from the term, such as the division of a batch sum."""
    return next((step for step in reversed(term.trail) if divides(step)), None)


def divides(step: Step) -> bool:
    """True for a step that certainly takes a power of the batch size from the loss."""
    return step.exponent.high is not None and step.exponent.high < 0


def chosen_at(term: Term, step: Step) -> Step:
    """Where the reduction of `step` was chosen: at the constructor of a criterion, which was made before its call."""
    if step.kind is not StepKind.COMPUTED:
        return step
    before = term.trail[: term.trail.index(step)]
    for earlier in reversed(before):
        if earlier.kind is StepKind.COMPUTED:
            break  # a criterion applied to the result of another one: the constructor before belongs to that
        if earlier.kind is StepKind.CONSTRUCTED and earlier.loss == step.loss:
            return earlier
    return step


def own_choice(term: Term) -> Step | None:
    """Where the reduction was chosen of a term that no step has reduced: at its loss, else where its trail begins."""
    computed = term.last(StepKind.COMPUTED)
    if computed is not None:
        return chosen_at(term, computed)
    return term.first(StepKind.CONSTRUCTED) or (term.trail[0] if term.trail else None)


def merely_imported(trace: Trace, choice: Site, backward: Backward) -> bool:
    """True when another file's own analysis brings the two together, so that the finding stands there."""
    return _brought_together_elsewhere(trace, choice, backward.site, files=backward.files)


def averaged_elsewhere(trace: Trace, choice: Site, average: Averaged) -> bool:
    """The same of a loss and the division that makes an average of it."""
    assert average.division is not None
    if trace.here(average.site):
        return False
    files = frozenset({average.site.place.file})
    return _brought_together_elsewhere(trace, choice, average.division, files=files)


def _brought_together_elsewhere(trace: Trace, choice: Site, end: Site, *, files: frozenset[str]) -> bool:
    if trace.here(choice) or trace.here(end):
        return False
    pair = (_spot(trace, choice.place), _spot(trace, end.place))
    others = {choice.place.file, end.place.file, *files} - {trace.file}
    return any(pair in trace.elsewhere(file) for file in sorted(others))


def stands_elsewhere(trace: Trace, step: Step, event: Event) -> bool:
    """True when a finding at `step`, which the loss of `event` has behind it, stands in another file already."""
    if trace.here(step.site):
        return False
    spot = _spot(trace, step.site.place)
    if (spot, spot) in trace.elsewhere(step.site.place.file):
        return True
    return isinstance(event, Backward) and merely_imported(trace, step.site, event)


def losses_that_leave(trace: Trace) -> Iterator[tuple[Backward | Returned, Tensor]]:
    """The losses that reach backward, and those that functions return which nobody calls in sight."""
    for event in trace.events:
        match event:
            case Backward(grad_enabled=True):
                yield from ((event, tensor) for tensor in tensors(event.objective))
            case Returned(grad_enabled=True):
                yield from ((event, tensor) for part in event.parts for tensor in tensors(part))


def handed_back(trace: Trace) -> Iterator[tuple[Returned, Tensor]]:
    """The losses that functions return to callers out of sight; unit tests, which train nothing, have none."""
    if not is_test(trace.source):
        yield from ((event, tensor) for event, tensor in losses_that_leave(trace) if isinstance(event, Returned))


def masks_nothing(tensor: Tensor) -> Step | None:
    """Where the loss was multiplied by a mask although it was a single number already, and reduced once more.

    Torch would refuse the product for backward if it were not reduced.
    """
    for term in tensor.terms:
        step = term.last(StepKind.MASKED)
        if step is not None:
            later = term.trail[term.trail.index(step) + 1 :]
            again = any(each.kind in (StepKind.REDUCED, StepKind.AVERAGED) for each in later)
            if again or (tensor.axes.per_example and tensor.axes.certain):
                return step
    return None


def mean_of_masked(tensor: Tensor) -> Step | None:
    """The first mean that counts elements which a mask has set to zero."""
    return next((step for term in tensor.terms for step in term.trail if step.masked), None)


def mean_divergences(trace: Trace, term: Term) -> Iterator[Step]:
    """The divergences on the way of the term that are divided by the number of their elements."""
    for step in term.trail:
        if step.kind is StepKind.COMPUTED and step.reduction == "mean":
            match = trace.loss(step.loss)
            if match is not None and match.row.divergence:
                yield step


def _mistakes(trace: Trace) -> Iterator[Step]:
    """The steps that are mistakes by themselves, whatever the loss reaches, where they are written."""
    for _, tensor in losses_that_leave(trace):
        yield from (step for step in (masks_nothing(tensor), mean_of_masked(tensor)) if step is not None)
        for term in tensor.terms:
            yield from (chosen_at(term, step) for step in mean_divergences(trace, term))
        pair = mixture(tensor.terms)
        if pair is not None and pair.addition is not None:
            yield pair.addition


def pairs(trace: Trace) -> Pairs:
    """Every place on the way of a loss, with the backward or the division that the loss reaches.

    A mistake that is one by itself is paired with its own place.
    """
    spots = [_spot(trace, step.site.place) for step in _mistakes(trace)]
    return frozenset((spot, spot) for spot in spots) | frozenset(
        (_spot(trace, step.site.place), _spot(trace, end.place))
        for event in trace.events
        for end, reaching in _ends(event)
        for tensor in reaching
        for term in tensor.terms
        for step in term.trail
    )


def _ends(event: Event) -> Iterator[tuple[Site, Iterator[Tensor]]]:
    match event:
        case Backward():
            yield event.site, tensors(event.objective)
        case Averaged(losses=Tensor() as losses, division=Site() as division):
            yield division, iter((losses,))


def _spot(trace: Trace, place: Place) -> tuple[str, Span]:
    return place.file, trace.span(place)


def unreduced(objective: Value | None) -> Iterator[Tensor]:
    """The tensors among what an objective may be that certainly have a dimension over the examples."""
    for tensor in tensors(objective):
        # A batch as a loader yields it is no loss; `batch.backward()` is some other method of some other class.
        # A mask that came too late is LF204's business.
        if tensor.axes.per_example and tensor.axes.certain and not tensor.data and masks_nothing(tensor) is None:
            yield tensor
