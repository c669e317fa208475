"""LF106."""

from __future__ import annotations

from collections.abc import Iterator

from lossflow.domain.exponent import Exponent
from lossflow.domain.trace import Clipped, Place, Step, Trace
from lossflow.domain.values import Term
from lossflow.findings import Finding, Related, Role, Severity
from lossflow.rules.reductions import chosen_at, merely_imported, raising_step
from lossflow.rules.rule import Rule, related
from lossflow.rules.scale import Objective, objectives
from lossflow.rules.way import unrepeated
from lossflow.rules.wording import line, on_doubling, power, sink


class ClipWithSum(Rule):
    """Gradients of a loss summed over the batch are clipped at a threshold that stays as it is.

    ## Why
    The gradients of a sum grow with the number of examples in the batch, the threshold of `clip_grad_norm_` does not.
    At twice the batch the same threshold cuts off twice as much: a value that was tuned to catch rare outliers at a
    batch of 16 clips every step at a batch of 128, and the training goes on with normalised gradients. The smaller
    last batch of an epoch may escape the clipping that all others undergo. A learning rate that makes up for the sum
    does not make up for the threshold.

    ## Bad
    ```python
    import torch
    from torch import nn

    model = nn.Linear(4, 1)
    criterion = nn.MSELoss(reduction="sum")
    batch_size = 8
    optimizer = torch.optim.SGD(model.parameters(), lr=0.08 / batch_size)
    loader = torch.utils.data.DataLoader(
        torch.utils.data.TensorDataset(torch.randn(32, 4), torch.randn(32, 1)), batch_size=batch_size
    )

    for inputs, targets in loader:
        optimizer.zero_grad()
        loss = criterion(model(inputs), targets)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
    ```

    ## Good
    ```python
    import torch
    from torch import nn

    model = nn.Linear(4, 1)
    criterion = nn.MSELoss(reduction="mean")
    batch_size = 8
    optimizer = torch.optim.SGD(model.parameters(), lr=0.08)
    loader = torch.utils.data.DataLoader(
        torch.utils.data.TensorDataset(torch.randn(32, 4), torch.randn(32, 1)), batch_size=batch_size
    )

    for inputs, targets in loader:
        optimizer.zero_grad()
        loss = criterion(model(inputs), targets)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
    ```

    ## Fix safety
    No fix: the sum is mended where it is chosen, and with the mean the threshold must be chosen anew.

    ## References
    - PyTorch documentation, "torch.nn.utils.clip_grad_norm_"
    - Pascanu et al., "On the difficulty of training recurrent neural networks", 2013
    """

    code = "LF106"
    name = "clip-with-sum"
    severity = Severity.NOTE
    comes_before = frozenset({Role.REDUCTION, Role.BACKWARD})

    def check(self, trace: Trace) -> Iterator[Finding]:
        """Each clipping of gradients that grow with the batch, once."""
        found: dict[Place, Finding] = {}
        for objective in objectives(trace):
            for clipped, scaled in objective.training.clips:
                gradient = _summed(objective, scaled)
                if gradient is None or not clipped.threshold.is_zero or clipped.site.entry in found:
                    continue
                step = _choice(gradient[0])
                if step is not None and merely_imported(trace, step.site, objective.training.backward):
                    continue
                message = _message(trace, objective, clipped, *gradient)
                way = _way(trace, objective, clipped, step)
                found[clipped.site.entry] = self.finding(trace, clipped.site.entry, message, related=way)
        yield from found.values()


def _summed(objective: Objective, scaled: Exponent) -> tuple[Term, Exponent] | None:
    """The term whose gradients grow at least in proportion to the batch, and how they do; None of a mixture."""
    if objective.mixed:
        return None
    for term in objective.terms:
        exponent = term.exponent + scaled
        if exponent.at_least(1):
            return term, exponent
    return None


def _choice(term: Term) -> Step | None:
    raised = raising_step(term)
    return chosen_at(term, raised) if raised is not None else None


def _message(trace: Trace, objective: Objective, clipped: Clipped, term: Term, exponent: Exponent) -> str:
    step = _choice(term)
    chosen = f" (chosen on {line(trace, step.site.place)})" if step is not None else ""
    return (
        f"`{clipped.function}` clips at {_threshold(clipped)} the gradients of a sum over the batch{chosen}, which "
        f"{sink(trace, objective.training.backward)}: they grow as {power(exponent)}, B being the batch size, and "
        f"{_number(clipped, exponent)}. Doubling the batch {on_doubling(exponent, 'them')} and clips them that much "
        "harder. Average the loss over the batch, and choose the threshold for the mean."
    )


def _threshold(clipped: Clipped) -> str:
    if clipped.value is not None:
        return f"a fixed {clipped.value:g}"
    return f"the fixed `{clipped.words}`" if clipped.words else "a fixed threshold"


def _number(clipped: Clipped, exponent: Exponent) -> str:
    """What the threshold means for the gradient of the mean, at two batch sizes."""
    power_of = exponent.low
    assert power_of is not None
    shares = [_EXAMPLE ** float(power_of), (2 * _EXAMPLE) ** float(power_of)]
    if clipped.value is not None:
        small, large = (f"{clipped.value / share:.2g}" for share in shares)
    else:
        small, large = (f"1/{share:,.0f} of its value" for share in shares)
    return (
        f"the threshold does not: for the gradient of the mean it amounts to {small} in a batch of {_EXAMPLE}, for "
        f"example, and to {large} in one of {2 * _EXAMPLE}"
    )


_EXAMPLE = 64


def _way(trace: Trace, objective: Objective, clipped: Clipped, step: Step | None) -> tuple[Related, ...]:
    locations: list[Related] = []
    if step is not None:
        locations.append(related(trace, Role.REDUCTION, step.site, "the sum is chosen here"))
    if not trace.here(clipped.site):
        locations.append(related(trace, Role.CALL, clipped.site, "the gradients are clipped here"))
    backward = objective.training.backward
    where = f"the objective is handed to {backward.framework} here" if backward.framework else "backward is here"
    locations.append(related(trace, Role.BACKWARD, backward.site, where))
    return unrepeated(locations)
