"""LF202."""

from __future__ import annotations

from collections.abc import Iterator

from lossflow.domain.trace import Backward, Event, OptimizerStep, Place, Trace, Unused
from lossflow.domain.values import Tensor
from lossflow.findings import Finding, Role, Severity
from lossflow.rules.fixes import unreduced as fixes
from lossflow.rules.reductions import merely_imported, own_choice, unreduced
from lossflow.rules.rule import Rule, related
from lossflow.rules.way import reduction, unrepeated
from lossflow.rules.wording import called, sink


class UnreducedObjective(Rule):
    """A loss that still has one value for each example is a framework's objective, or is never used at all.

    ## Why
    What `training_step` of Lightning or `compute_loss` of a Trainer returns goes to backward, and backward takes a
    single number: the run stops at its first batch of more than one element. A `reduction="none"` loss that a
    training loop computes and then neither reduces nor uses trains nothing, most often because the term was
    forgotten in the sum.

    ## Bad
    ```python
    import torch
    import torch.nn.functional as F
    from torch import nn

    model = nn.Linear(4, 4)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
    loader = torch.utils.data.DataLoader(
        torch.utils.data.TensorDataset(torch.randn(32, 4), torch.randint(3, (32,)), torch.randn(32)), batch_size=8
    )

    for inputs, labels, values in loader:
        outputs = model(inputs)
        loss = F.cross_entropy(outputs[:, :3], labels)
        auxiliary = F.mse_loss(outputs[:, 3], values, reduction="none")
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    ```

    ## Good
    ```python
    import torch
    import torch.nn.functional as F
    from torch import nn

    model = nn.Linear(4, 4)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
    loader = torch.utils.data.DataLoader(
        torch.utils.data.TensorDataset(torch.randn(32, 4), torch.randint(3, (32,)), torch.randn(32)), batch_size=8
    )

    for inputs, labels, values in loader:
        outputs = model(inputs)
        loss = F.cross_entropy(outputs[:, :3], labels)
        auxiliary = F.mse_loss(outputs[:, 3], values, reduction="none")
        optimizer.zero_grad()
        (loss + auxiliary.mean()).backward()
        optimizer.step()
    ```

    ## Fix safety
    Safe where the loss is returned: the code could only raise, or the loss had a single element, whose mean it is.
    The mean of what a mask keeps is unsafe, as one of a single element may be another number. None is offered for a
    loss that is never used.

    ## References
    - Lightning documentation, "LightningModule", method `training_step`
    - Transformers documentation, "Trainer", method `compute_loss`
    - PyTorch documentation, "torch.Tensor.backward", parameter `gradient`
    """

    code = "LF202"
    name = "unreduced-objective"
    fixable = "sometimes safe"
    severity = Severity.ERROR

    def check(self, trace: Trace) -> Iterator[Finding]:
        """Objectives of a framework that are certainly per example, and unreduced losses that a training loop drops."""
        found: dict[Place, Finding] = {}
        for event in trace.events:
            if not event.grad_enabled:
                continue
            if isinstance(event, Backward) and event.framework:
                for tensor in unreduced(event.objective):
                    for finding in self._returned(trace, event, tensor):
                        found.setdefault(finding[0], finding[1])
            elif isinstance(event, Unused) and trace.here(event.site) and _in_training(trace, event):
                message = _unused_message(trace, event)
                found.setdefault(event.site.place, self.finding(trace, event.site.place, message))
        yield from found.values()

    def _returned(self, trace: Trace, event: Backward, tensor: Tensor) -> Iterator[tuple[Place, Finding]]:
        choice = own_choice(tensor.terms[0])
        site = choice.site if choice else event.site
        if merely_imported(trace, site, event):
            return
        message = (
            f"This loss {sink(trace, event)} while it still has one value for each example: backward raises as soon as "
            "it holds more than one element. Return its mean, `loss.mean()`."
        )
        backward = related(trace, Role.BACKWARD, event.site, f"the objective is handed to {event.framework} here")
        way, fix = unrepeated([*reduction(trace, site), backward]), fixes.fix(trace, event, tensor)
        yield site.entry, self.finding(trace, site.entry, message, related=way, fix=fix)


def _unused_message(trace: Trace, event: Unused) -> str:
    subject = f"The unreduced `{called(trace, event.site.place, event.loss)}`" if event.loss else "This unreduced loss"
    return (
        f"{subject} has one value for each example, and this training loop neither reduces nor uses it: it trains "
        "nothing. Add its mean, `.mean()`, to the objective, or leave it out."
    )


def _in_training(trace: Trace, event: Event) -> bool:
    """True when an optimizer steps in the same loop, or in one around or inside it."""
    return any(
        isinstance(step, OptimizerStep) and step.root == event.root and _nested(step.loops, event.loops)
        for step in trace.events
    )


def _nested(left: tuple[int, ...], right: tuple[int, ...]) -> bool:
    """True when one of the two nests of loops begins with the other; code outside every loop goes with its like."""
    # An evaluation loop beside the training loop, both in the loop over epochs, has (1, 3) where that has (1, 2).
    depth = min(len(left), len(right))
    return left[:depth] == right[:depth] and (depth > 0 or left == right)
