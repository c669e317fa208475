"""How an objective's gradient and the optimizer's step answer to the batch size: the one detection of LF101 to LF105.

One objective gets one scale finding. A mixture (LF105) comes before a sum, and among sums a learning rate that grows
too (LF104) before a fixed one (LF101), before an optimizer that evens the scale out (LF102), before one that is out of
sight (LF103).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import IntEnum

from lossflow.domain.exponent import Exponent
from lossflow.domain.trace import Backward, OptimizerFacts, Place, Site, Step, StepKind, Trace
from lossflow.domain.training import TrainingStep, training_steps
from lossflow.domain.values import Const, Tensor, Term
from lossflow.rules.mixtures import mixture
from lossflow.rules.reductions import chosen_at, masks_nothing, merely_imported, own_choice, raising_step, tensors


class Driver(IntEnum):
    """What turns the gradient of a sum into an update; of several optimizers the first in this order counts."""

    GROWING = 1  # proportional to the gradient, with a learning rate that grows with the batch size
    FIXED = 2  # proportional to the gradient, with a learning rate that does not make up for the sum
    ADAPTIVE = 3  # invariant to the gradient's scale
    UNSEEN = 4  # the optimizer or its learning rate is out of sight
    BALANCED = 5  # the learning rate makes up for the sum, or may


@dataclass(frozen=True, slots=True)
class Objective:
    """What one training step differentiates: `terms` are those that depend on the batch."""

    training: TrainingStep
    terms: tuple[Term, ...]

    @property
    def mixed(self) -> bool:
        """True when two terms are known to have different exponents, whatever the others have."""
        return mixture(self.terms) is not None


@dataclass(frozen=True, slots=True)
class SummedTerm:
    """A term of exponent 1 or more: the step that summed it, and the step at which that was chosen."""

    term: Term
    sum: Step
    choice: Step


@dataclass(frozen=True, slots=True)
class Sum:
    """A summed objective and what drives it; `gradient` is the exponent of its gradients as the optimizer sees them.

    The finding stands at the first of `terms`. `unfollowed` are the terms of which it is not known how they grow, each
    by where it comes from. `repeats` are further training steps with the same sum and driver.
    """

    driver: Driver
    training: TrainingStep
    optimizer: OptimizerFacts
    gradient: Exponent
    terms: tuple[SummedTerm, ...]
    unfollowed: tuple[Site | None, ...] = ()
    repeats: tuple[TrainingStep, ...] = ()

    @property
    def choice(self) -> Site:
        """Where the reduction is chosen."""
        return self.terms[0].choice.site

    @property
    def update(self) -> Exponent:
        """The exponent of an update by an optimizer whose step is proportional to the gradient."""
        return self.gradient + self.optimizer.learning_rate

    @property
    def stands_alone(self) -> bool:
        """True where the objective adds nothing to the sum that grows with the batch, or may do so."""
        return len(self.terms) == 1 and not self.unfollowed

    @property
    def is_one(self) -> bool:
        """True where a single sum makes all of the growth, so that nothing of it is left without that sum."""
        return len(self.terms) == 1 and self.is_of_one_step

    @property
    def is_of_one_step(self) -> bool:
        """True where a single step makes all of the growth, of several terms together perhaps."""
        step = self.terms[0].sum
        return (
            all(term.sum == step and term.term.exponent == self.terms[0].term.exponent for term in self.terms)
            and all(_is_its_steps(term.term) for term in self.terms)
            and step.exponent.known == 1
            and self.gradient.known == 1
        )


def _is_its_steps(term: Term) -> bool:
    """True unless a power on the way has made more of a step than it shows: the square of a sum grows as B^2."""
    whole = Exponent.ZERO
    for step in term.trail:
        whole += step.exponent
    return whole == term.exponent


def objectives(trace: Trace) -> Iterator[Objective]:
    """Each objective that an optimizer, or a framework's training step, acts on."""
    settled = _settled(trace)
    for training in training_steps(trace):
        if not training.backward.grad_enabled or not (training.optimizers or training.backward.framework):
            continue
        if training.backward.case and training.backward.site.place in settled:
            continue
        for tensor in tensors(training.backward.objective):
            if tensor.synthetic and not training.repeated:
                continue  # one step on numbers that were made up, as in a unit test, trains nothing
            if tensor.axes.per_example and tensor.axes.certain:
                continue  # that backward raises: LF201's and LF202's business
            if masks_nothing(tensor) is not None:
                continue  # LF204 comes first
            terms = tuple(term for term in tensor.terms if not term.batchless)
            if terms:
                yield Objective(training, terms)


def _settled(trace: Trace) -> set[Place]:
    """The backwards whose objectives are known without supposing anything: what a case says of them is no news."""
    plain = [event for event in trace.events if isinstance(event, Backward) and not event.case]
    return {event.site.place for event in plain} - {event.site.place for event in plain if not _is_known(event)}


def _is_known(backward: Backward) -> bool:
    match backward.objective:
        case Tensor(terms=terms) as tensor:
            return tensor.axes.batches is not None and all(term.exponent.known is not None for term in terms)
        case Const() | None:
            return True
    return False


def sums(trace: Trace) -> list[Sum]:
    """The summed objectives of the trace, one for each place of a reduction and each driver of it."""
    found = [each for objective in objectives(trace) if (each := _sum(trace, objective)) is not None]
    # A function is also analysed on its own, where its parameters are unknown: what a call shows of it is better known.
    in_sight = {_places(each) for each in found if each.driver is not Driver.UNSEEN}
    # And what is found without supposing anything is better than what holds in one case.
    plain = {_places(each) for each in found if each.driver is not Driver.BALANCED and not each.training.backward.case}
    kept: dict[tuple[Driver, Place], Sum] = {}
    for each in found:
        if each.driver is Driver.BALANCED or (each.driver is Driver.UNSEEN and _places(each) in in_sight):
            continue
        if each.training.backward.case and _places(each) in plain:
            continue
        first = kept.setdefault((each.driver, each.choice.entry), each)
        if each.training.backward.site != first.training.backward.site:
            # The advice has to suit both: beside another sum, or what may be one, a mean of this one is wrong.
            main, other = (each, first) if first.stands_alone and not each.stands_alone else (first, each)
            kept[each.driver, each.choice.entry] = replace(main, repeats=(*first.repeats, other.training))
    return list(kept.values())


def _places(each: Sum) -> tuple[Place, Place]:
    return each.choice.place, each.training.backward.site.place


def _sum(trace: Trace, objective: Objective) -> Sum | None:
    """The objective as a sum; None when it is none, is a mixture, or belongs to another file."""
    training = objective.training
    if objective.mixed:
        return None
    terms = tuple(_summed(objective))
    if not terms or merely_imported(trace, terms[0].choice.site, training.backward):
        return None
    gradient = terms[0].term.exponent + training.factor
    # A framework that makes the optimizer itself shows none.
    optimizers = training.optimizers or (OptimizerFacts(),)
    driver, optimizer = min(((_driver(gradient, each), each) for each in optimizers), key=lambda pair: pair[0])
    return Sum(driver, training, optimizer, gradient, terms, tuple(_unfollowed(objective)))


def _summed(objective: Objective) -> Iterator[SummedTerm]:
    """The terms whose gradient grows at least in proportion to the batch size."""
    training = objective.training
    for term in objective.terms:
        # Means that add up to a batch, one for each of its parts, are LF107's business.
        within = (term.exponent + training.scaled).at_least(1)
        if within and (term.exponent + training.factor).at_least(1):
            # A way too long for its trail may have lost the step: then all that is known is where it ends.
            step = raising_step(term) or Step(StepKind.PASSED, training.backward.site)
            yield SummedTerm(term, step, chosen_at(term, step))


def _unfollowed(objective: Objective) -> Iterator[Site | None]:
    """Where each term comes from that may or may not grow with the batch size."""
    for term in objective.terms:
        exponent = term.exponent + objective.training.factor
        if exponent.known is None and not exponent.at_least(1):
            lost = next((step for step in term.trail if step.exponent.known is None), None) or own_choice(term)
            yield lost.site if lost else None


def _driver(gradient: Exponent, optimizer: OptimizerFacts) -> Driver:
    """What `optimizer` makes of the gradient of a sum."""
    rate = optimizer.learning_rate
    if optimizer.proportional is None or (rate.low is None and rate.high is None):
        return Driver.UNSEEN
    if not optimizer.proportional:
        return Driver.ADAPTIVE if rate.is_zero else Driver.BALANCED
    if rate.low is not None and rate.low > 0:
        return Driver.GROWING
    return Driver.FIXED if (gradient + rate).at_least(1) else Driver.BALANCED
