"""The related locations of a scale finding: the way of the loss from its reduction to the update."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from lossflow.domain.trace import Backward, OptimizerFacts, Site, Trace
from lossflow.findings import Related, Role
from lossflow.rules.rule import related
from lossflow.rules.scale import Sum, SummedTerm
from lossflow.rules.wording import line, listed, optimizer_name, reduction_of, sink


def opening(trace: Trace, found: Sum) -> str:
    """How a message about a sum begins: what was summed, where that was chosen in another file, and where it goes."""
    subject = reduction_of(trace, found.terms[0].sum, found.choice.place)
    if not trace.here(found.choice):
        subject = f"{subject.rstrip(',')}, chosen on {line(trace, found.choice.place)},"
    where = line(trace, found.training.backward.site.place)
    lines = dict.fromkeys(line(trace, training.backward.site.place) for training in found.repeats)
    again = [each for each in lines if each != where]
    return f"{subject} {sink(trace, found.training.backward)}" + (f" (and on {listed(again)})" if again else "")


def way_of_sum(trace: Trace, found: Sum) -> tuple[Related, ...]:
    """Where the loss is computed, what else is summed, where it goes, and what drives the update."""
    first, *others = found.terms
    locations = [*reduction(trace, first.choice.site)]
    if first.sum is not first.choice:
        locations.append(related(trace, Role.CALL, first.sum.site, "the loss is computed here"))
    locations += (_term(trace, other) for other in others if other.choice.site != first.choice.site)
    locations += (
        related(trace, Role.TERM, site, "this term of the objective could not be followed")
        for site in found.unfollowed
        if site is not None
    )
    for training in (found.training, *found.repeats):
        locations += way_out(trace, training.backward, (found.optimizer,) if training is found.training else ())
    return unrepeated(locations)


def reduction(trace: Trace, site: Site) -> Iterator[Related]:
    """The place of the reduction itself, where the finding stands at the call that leads to it."""
    if not trace.here(site):
        yield related(trace, Role.REDUCTION, site, "the reduction is chosen here")


def way_out(trace: Trace, backward: Backward, optimizers: tuple[OptimizerFacts, ...]) -> Iterator[Related]:
    """The backward, the optimizers and their learning rates, as far as they are in sight."""
    receiver = f"the objective is handed to {backward.framework} here" if backward.framework else "backward is here"
    yield related(trace, Role.BACKWARD, backward.site, receiver)
    for optimizer in optimizers:
        if optimizer.site is not None:
            yield related(trace, Role.OPTIMIZER, optimizer.site, f"{optimizer_name(optimizer)} is here")
        if optimizer.learning_rate_site is not None:
            yield related(trace, Role.LEARNING_RATE, optimizer.learning_rate_site, "the learning rate is here")


def unrepeated(locations: Iterable[Related]) -> tuple[Related, ...]:
    """The locations, each once."""
    return tuple(dict.fromkeys(locations))


def _term(trace: Trace, other: SummedTerm) -> Related:
    return related(trace, Role.TERM, other.choice.site, "this term of the objective is summed too")
