"""LF107."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from lossflow.catalog.names import means_accumulation, means_weight
from lossflow.domain.trace import Multiplier, OptimizerFacts, Period, Place, Step, Trace
from lossflow.domain.values import Tensor, Term, Unknown
from lossflow.findings import Finding, Fix, Related, Role, Severity
from lossflow.rules.accumulation import Accumulation, accumulations
from lossflow.rules.fixes import accumulation as fixes
from lossflow.rules.reductions import dividing_step, merely_imported, own_choice, tensors
from lossflow.rules.rule import Rule, related
from lossflow.rules.way import unrepeated
from lossflow.rules.wording import MAX_QUOTED, in_case, line, optimizer_name


class AccumulationNotDivided(Rule):
    """Gradients of several batches add up before the optimizer steps, and nothing divides by their number.

    ## Why
    Gradient accumulation is meant to stand for a larger batch. The gradient of a mean over that batch is the mean of
    the gradients of its parts, but `backward` adds them up: with k parts the step sees k times the gradient. SGD then
    takes a step that is k times as long, as if the learning rate had been multiplied by k; Adam evens that out, while
    clipping thresholds, `eps` and weight decay that is added to the gradients stay as they are. So two runs that
    should be the same, a batch of 32 at once or 4 batches of 8, are not. Dividing by the running counter of the
    batches (by 1, by 2, ..., by k) gives the first of them more weight than the last.

    ## Bad
    ```python
    import torch
    from torch import nn

    model = nn.Linear(4, 1)
    criterion = nn.MSELoss()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
    loader = torch.utils.data.DataLoader(
        torch.utils.data.TensorDataset(torch.randn(32, 4), torch.randn(32, 1)), batch_size=8
    )
    accumulation_steps = 4

    for i, (inputs, targets) in enumerate(loader):
        loss = criterion(model(inputs), targets)
        loss.backward()
        if (i + 1) % accumulation_steps == 0:
            optimizer.step()
            optimizer.zero_grad()
    ```

    ## Good
    ```python
    import torch
    from torch import nn

    model = nn.Linear(4, 1)
    criterion = nn.MSELoss()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
    loader = torch.utils.data.DataLoader(
        torch.utils.data.TensorDataset(torch.randn(32, 4), torch.randn(32, 1)), batch_size=8
    )
    accumulation_steps = 4

    for i, (inputs, targets) in enumerate(loader):
        loss = criterion(model(inputs), targets)
        (loss / accumulation_steps).backward()
        if (i + 1) % accumulation_steps == 0:
            optimizer.step()
            optimizer.zero_grad()
    ```

    ## Fix safety
    Unsafe: the updates become smaller, so the learning rate must be tuned again. It is offered where the number of
    batches can be written beside the loss as it is written at the step.

    ## References
    - PyTorch documentation, "CUDA Automatic Mixed Precision examples", section "Gradient accumulation"
    - Goyal et al., "Accurate, Large Minibatch SGD: Training ImageNet in 1 Hour", 2017, section 3
    """

    code = "LF107"
    name = "accumulation-not-divided"
    fixable = "sometimes unsafe"
    severity = Severity.ERROR

    def check(self, trace: Trace) -> Iterator[Finding]:
        """Each loss once, at its first backward; what is found without supposing anything comes first."""
        kept: dict[Place, Undivided] = {}
        for accumulation in accumulations(trace):
            found = _undivided(trace, accumulation)
            if found is not None:
                place = accumulation.training.backward.site.entry
                if place not in kept or kept[place].accumulation.training.backward.case:
                    kept[place] = found
        losses: dict[object, list[Undivided]] = {}
        for found in kept.values():
            losses.setdefault(found.loss, []).append(found)
        for found, *others in losses.values():  # the others stand in other branches
            place = found.accumulation.training.backward.site.entry
            way, fix = _way(trace, found, others), _fix(trace, [found, *others])
            yield self.finding(trace, place, _message(trace, found), related=way, fix=fix)


@dataclass(frozen=True, slots=True)
class Undivided:
    """An accumulation that nothing divides by its period.

    `choice` is where the reduction is chosen, as far as that is in sight, `division` where a sum is divided by the
    batch; `counter` where the running counter divides.
    """

    accumulation: Accumulation
    choice: Step | None = None
    counter: Step | None = None
    division: Step | None = None

    @property
    def loss(self) -> object:
        """What tells the loss from others."""
        objective = self.accumulation.training.backward.objective
        trails = tuple(term.trail for term in objective.terms) if isinstance(objective, Tensor) else ()
        return self.counter or (trails if any(trails) else self.accumulation.training.backward.site)


def _undivided(trace: Trace, found: Accumulation) -> Undivided | None:
    """What is wrong with the accumulation; None where it is right, may be, or belongs to another file."""
    training = found.training
    # Whatever multiplies the gradients themselves may be meant to divide by their number.
    if training.backward.divides or training.scalings or _rate_is_divided(trace, found):
        return None
    undivided = _of_objective(trace, found)
    if undivided is None or trace.here(training.backward.site):
        return undivided
    choice = undivided.choice
    return None if choice is None or merely_imported(trace, choice.site, training.backward) else undivided


def _of_objective(trace: Trace, found: Accumulation) -> Undivided | None:
    objective = found.training.backward.objective
    if isinstance(objective, Unknown):
        if objective.over is None or found.loop is not None:
            return None
        return Undivided(found, counter=objective.over)
    for tensor in tensors(objective):
        terms = [term for term in tensor.terms if not term.batchless]
        counters = [step for term in terms for step in term.trail if _is_counter(step)]
        if counters and found.loop is None:
            return Undivided(found, own_choice(terms[0]), counters[0])
        if _is_mean(tensor, terms) and not all(_may_be_divided(trace, term, found.period) for term in terms):
            return Undivided(found, own_choice(terms[0]), division=dividing_step(terms[0]))
    return None


def _is_mean(tensor: Tensor, terms: list[Term]) -> bool:
    """True for a loss whose gradient doesn't grow with the batch: a sum may be divided over all batches together."""
    return bool(terms) and tensor.axes.reduced and all(term.exponent.is_zero for term in terms)


def _is_counter(step: Step) -> bool:
    return step.by is not None and step.by.counter and step.by.inverse


def _may_be_divided(trace: Trace, term: Term, period: Period | None) -> bool:
    """True when a number by which the term was multiplied or divided may be the number of batches."""
    return any(step.by is not None and _may_be(trace, step, step.by, period) for step in term.trail)


def _fix(trace: Trace, branches: list[Undivided]) -> Fix | None:
    """The division of a loss in all branches that hand it to backward: in one alone it would be another loss."""
    gathered = [each.accumulation for each in branches]
    period = gathered[0].period
    alike = period is not None and all(each.period is not None and each.period.is_that_of(period) for each in gathered)
    if not alike or any(_is_partly_divided(trace, each) for each in branches):
        return None
    return fixes.fix(trace, [each.training.backward for each in gathered], period, branches[0].counter)


def _is_partly_divided(trace: Trace, found: Undivided) -> bool:
    """True where one of several terms may be divided already: dividing the whole would divide it twice."""
    objective, period = found.accumulation.training.backward.objective, found.accumulation.period
    return found.counter is None and any(
        _may_be_divided(trace, term, period) for tensor in tensors(objective) for term in tensor.terms
    )


def _may_be(trace: Trace, step: Step, by: Multiplier, period: Period | None) -> bool:
    """True unless the number is known to be something else: in doubt the loss is divided."""
    if by.counter:
        return False
    if not step.exponent.is_zero:
        return by.inverse and by.name not in _OF_THE_BATCH
    if by.value is not None:
        divisor = by.value if by.inverse else 1 / by.value if by.value else 1
        if period is not None and period.value is not None:
            return abs(divisor - period.value) < 1e-6 * period.value
        return divisor > 1
    if period is not None and _mentions(trace, step.site.place, period):
        return True
    return not means_weight(by.name)


_OF_THE_BATCH = frozenset({"shape", "size", "len", "numel"})
"""Numbers that are taken from the batch at hand: dividing by them makes a mean, but not one over several batches."""


def _mentions(trace: Trace, place: Place, period: Period) -> bool:
    return bool(period.name) and re.search(rf"\b{re.escape(period.name)}\b", trace.text(place)) is not None


def _rate_is_divided(trace: Trace, found: Accumulation) -> bool:
    """True when the learning rate is written as something with the number of batches."""
    site = found.step.optimizer.learning_rate_site
    if site is None:
        return False
    named = found.period is not None and _mentions(trace, site.place, found.period)
    return named or any(means_accumulation(word) for word in re.findall(r"\w+", trace.text(site.place)))


# --- the message --------------------------------------------------------------------------------------------------


def _message(trace: Trace, found: Undivided) -> str:
    accumulation = found.accumulation
    backward, step = accumulation.training.backward, accumulation.step
    where = line(trace, step.site.place)
    count = _count(trace, accumulation.period)
    if found.counter is not None:
        return (
            f"Gradients add up over {count}{in_case(backward)} before the optimizer steps on {where}, and "
            f"{line(trace, found.counter.site.place)} divides the loss by a counter that goes up with every batch, not "
            "by their number: the first batch counts in full, the second half, and the sum is no mean. "
            f"Divide by {_number(trace, accumulation.period)} instead."
        )
    return (
        f"This loss is {_mean(trace, found)}, and `backward` adds its gradients up over {count}"
        f"{in_case(backward)} before the optimizer steps on {where}: {_consequence(trace, accumulation)}. Divide the "
        f"loss by {_number(trace, accumulation.period)} before backward."
    )


def _mean(trace: Trace, found: Undivided) -> str:
    """How the loss comes to be a mean."""
    choice, division = found.choice, found.division
    if division is not None:
        summed = f"a sum (chosen on {line(trace, choice.site.place)})" if choice else "a sum"
        return f"{summed} that is divided for each batch on {line(trace, division.site.place)}"
    return "a mean over each batch" + (f" (chosen on {line(trace, choice.site.place)})" if choice else "")


def _quoted(trace: Trace, period: Period | None) -> str:
    """The number of batches as it is written, if it is short."""
    text = trace.text(period.site.place) if period is not None else ""
    return f"`{text}`" if text and len(text) <= MAX_QUOTED and "\n" not in text else ""


def _count(trace: Trace, period: Period | None) -> str:
    quoted = _quoted(trace, period)
    return f"{quoted} batches" if quoted else "several batches"


def _number(trace: Trace, period: Period | None) -> str:
    quoted = _quoted(trace, period)
    known = period.value if period is not None else None
    if quoted and known is not None and quoted != f"`{known}`":
        return f"{quoted}, which is {known},"
    return quoted or "the number of these batches"


def _consequence(trace: Trace, found: Accumulation) -> str:
    """What becomes of the step."""
    optimizer: OptimizerFacts = found.step.optimizer
    times = _times(trace, found.period)
    if optimizer.proportional:
        return (
            f"the step of {optimizer_name(optimizer)}, which is proportional to the gradient, is {times} what it is "
            "for one batch of the same examples"
        )
    if optimizer.proportional is None:
        return f"it sees {times} the gradient of one batch of the same examples"
    return (
        f"{optimizer_name(optimizer)} sees {times} the gradient of one batch of the same examples, and while it evens "
        "that out, clipping thresholds, `eps` and weight decay that is added to the gradients stay as they are"
    )


def _times(trace: Trace, period: Period | None) -> str:
    if period is not None and period.value is not None:
        return f"{period.value} times"
    quoted = _quoted(trace, period)
    return f"{quoted} times" if quoted else "as many times as there are batches"


def _way(trace: Trace, found: Undivided, others: list[Undivided]) -> tuple[Related, ...]:
    accumulation = found.accumulation
    locations: list[Related] = []
    if found.choice is not None:
        reduction = "sum" if found.division else "mean"
        locations.append(related(trace, Role.REDUCTION, found.choice.site, f"the {reduction} is chosen here"))
    if found.division is not None:
        locations.append(related(trace, Role.DIVISION, found.division.site, "the sum is divided here"))
    if found.counter is not None:
        locations.append(related(trace, Role.DIVISION, found.counter.site, "the counter divides here"))
    backward = accumulation.training.backward.site
    if not trace.here(backward):
        locations.append(related(trace, Role.BACKWARD, backward, "backward is here"))
    for each in others:
        again = each.accumulation.training.backward.site
        locations.append(related(trace, Role.CALL, again, "backward of the same loss in another branch is here"))
    locations.append(related(trace, Role.OPTIMIZER, accumulation.step.site, "the optimizer steps here"))
    return unrepeated(locations)
