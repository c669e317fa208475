"""LF109."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from lossflow.domain.exponent import Exponent
from lossflow.domain.trace import Event, GradientScaled, OptimizerFacts, OptimizerStep, Place, Step, StepKind, Trace
from lossflow.domain.training import TrainingStep
from lossflow.domain.values import Term
from lossflow.findings import Finding, Related, Role
from lossflow.rules.arguments import losses_with_a_string_astray
from lossflow.rules.fixes import divisions as fixes
from lossflow.rules.reductions import merely_imported, own_choice
from lossflow.rules.rule import Rule, related
from lossflow.rules.scale import Objective, objectives
from lossflow.rules.way import reduction, unrepeated, way_out
from lossflow.rules.wording import learning_rate, line, optimizer_name, power, sink


class NormalisedTwice(Rule):
    """A loss that is already averaged over the batch is divided by the batch size once more.

    ## Why
    A mean does not depend on the batch size. Divided by it, the gradient shrinks as the batch grows, and with an
    optimizer whose step is proportional to the gradient so does every update: doubling the batch halves it. The usual
    cause is a criterion that averages by default inside a loop that was written for one that sums.

    ## Bad
    ```python
    import torch
    from torch import nn

    model = nn.Linear(4, 1)
    criterion = nn.MSELoss()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    loader = torch.utils.data.DataLoader(
        torch.utils.data.TensorDataset(torch.randn(64, 4), torch.randn(64, 1)), batch_size=16
    )

    for inputs, targets in loader:
        optimizer.zero_grad()
        loss = criterion(model(inputs), targets) / inputs.size(0)
        loss.backward()
        optimizer.step()
    ```

    ## Good
    ```python
    import torch
    from torch import nn

    model = nn.Linear(4, 1)
    criterion = nn.MSELoss()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    loader = torch.utils.data.DataLoader(
        torch.utils.data.TensorDataset(torch.randn(64, 4), torch.randn(64, 1)), batch_size=16
    )

    for inputs, targets in loader:
        optimizer.zero_grad()
        loss = criterion(model(inputs), targets)
        loss.backward()
        optimizer.step()
    ```

    ## Fix safety
    Unsafe: dropping the division multiplies every update by the batch size, and the learning rate was tuned with it.

    ## References
    - PyTorch documentation, "torch.nn.MSELoss", parameter `reduction`
    """

    code = "LF109"
    name = "normalised-twice"
    fixable = "sometimes unsafe"

    def check(self, trace: Trace) -> Iterator[Finding]:
        """Each division that makes an update shrink as the batch grows."""
        found: dict[Place, Finding] = {}
        # `F.mse_loss(a, b, "sum") / n` averages because the string went astray: that is LF304 alone.
        astray = losses_with_a_string_astray(trace)
        for objective in objectives(trace):
            if objective.mixed:
                continue  # LF105 comes first
            optimizer = _optimizer(objective)
            step = _division(objective) if _shrinks(_gradient(objective, objective.terms[0])) else None
            if optimizer is None or step is None or _adds_up(trace, objective.training):
                continue
            if any(each.site.place in astray for term in objective.terms for each in term.trail):
                continue
            if not merely_imported(trace, step.site, objective.training.backward):
                place = step.site.entry
                message = _message(trace, objective, optimizer, step)
                way = _way(trace, objective.training, objective.terms[0], step)
                fix = fixes.fix(trace, step) if isinstance(step, Step) else None
                found.setdefault(place, self.finding(trace, place, message, related=way, fix=fix))
        yield from found.values()


def _shrinks(exponent: Exponent) -> bool:
    return exponent.known is not None and exponent.at_most(-1)


def _optimizer(objective: Objective) -> OptimizerFacts | None:
    """The optimizer whose update shrinks; None where one of several makes up for it, or is out of sight."""
    optimizers = objective.training.optimizers
    if not optimizers:
        return None
    for optimizer in optimizers:
        if not optimizer.proportional or not all(
            _shrinks(_gradient(objective, term) + optimizer.learning_rate) for term in objective.terms
        ):
            return None
    return optimizers[0]


def _gradient(objective: Objective, term: Term) -> Exponent:
    return term.exponent + objective.training.factor


def _division(objective: Objective) -> Step | GradientScaled | None:
    """What took the first term from a mean, or more, below it: a step on its way, or a division of its gradients."""
    total = Fraction(0)
    found: Step | GradientScaled | None = None
    for step in objective.terms[0].trail:
        change = step.exponent.known
        if change is None:
            return None
        if total > -1 >= total + change and step.kind is StepKind.SCALED:
            found = step
        total += change
    reached = objective.terms[0].exponent.known  # a logarithm takes what was summed before out of the exponent
    for scaling in objective.training.scalings:
        change = scaling.exponent.known
        if change is None or reached is None:
            return None
        if reached > -1 >= reached + change:
            found = scaling
        reached += change
    return found


def _adds_up(trace: Trace, training: TrainingStep) -> bool:
    """True where gradients of several backwards may add up before the step: a share of each is then no mistake.

    An update by hand goes over the parameters in a loop of its own.
    """
    backward = training.backward
    if backward.framework:
        return False
    return not any(isinstance(event, OptimizerStep) and _goes_with(event, backward) for event in trace.events)


def _goes_with(step: Event, backward: Event) -> bool:
    within = step.loops[: len(backward.loops)] == backward.loops
    return step.root == backward.root and within and step.guards == backward.guards


def _message(trace: Trace, objective: Objective, optimizer: OptimizerFacts, step: Step | GradientScaled) -> str:
    gradient = _gradient(objective, objective.terms[0])
    update = gradient + optimizer.learning_rate
    assert update.known is not None
    choice = own_choice(objective.terms[0])
    mean = f" (chosen on {line(trace, choice.site.place)})" if choice is not None else ""
    divided = "then divided" if isinstance(step, Step) else "its gradients are divided"
    return (
        f"This loss is averaged over the batch{mean} and {divided} by the batch size, and "
        f"{sink(trace, objective.training.backward)}. Its gradient goes as {power(gradient)}, B being the batch size, "
        f"the step of {optimizer_name(optimizer)} is proportional to it, and the {learning_rate(trace, optimizer)} "
        f"does not make up for it: doubling the batch divides every update by {2 ** float(-update.known):.3g}. Drop "
        "the division, and tune the learning rate again; or sum the loss where a single division is meant."
    )


def _way(trace: Trace, training: TrainingStep, term: Term, step: Step | GradientScaled) -> tuple[Related, ...]:
    locations = [*reduction(trace, step.site)]
    choice = own_choice(term)
    if choice is not None and choice.site != step.site:
        locations.append(related(trace, Role.REDUCTION, choice.site, "the loss is averaged here"))
    return unrepeated([*locations, *way_out(trace, training.backward, training.optimizers)])
