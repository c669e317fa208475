"""LF201."""

from __future__ import annotations

from collections.abc import Iterator

from lossflow.domain.trace import Backward, Place, Step, StepKind, Trace
from lossflow.domain.values import Tensor
from lossflow.findings import Finding, Related, Role, Severity
from lossflow.rules.fixes import unreduced as fixes
from lossflow.rules.reductions import merely_imported, own_choice, unreduced
from lossflow.rules.rule import Rule, related
from lossflow.rules.way import unrepeated
from lossflow.rules.wording import in_case, line, reduction_of


class UnreducedBackward(Rule):
    """A loss that still has one value for each example reaches backward.

    ## Why
    Torch computes gradients of a single number. `loss.backward()` on a tensor with one loss for each example raises
    "grad can be implicitly created only for scalar outputs", except where the batch happens to hold a single
    element: then it works, and the first larger batch ends the run.

    ## Bad
    ```python
    import torch
    from torch import nn

    model = nn.Linear(4, 3)
    criterion = nn.CrossEntropyLoss(reduction="none")
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
    loader = torch.utils.data.DataLoader(
        torch.utils.data.TensorDataset(torch.randn(32, 4), torch.randint(3, (32,))), batch_size=8
    )

    for inputs, labels in loader:
        optimizer.zero_grad()
        loss = criterion(model(inputs), labels)
        loss.backward()
        optimizer.step()
    ```

    ## Good
    ```python
    import torch
    from torch import nn

    model = nn.Linear(4, 3)
    criterion = nn.CrossEntropyLoss(reduction="none")
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
    loader = torch.utils.data.DataLoader(
        torch.utils.data.TensorDataset(torch.randn(32, 4), torch.randint(3, (32,))), batch_size=8
    )

    for inputs, labels in loader:
        optimizer.zero_grad()
        loss = criterion(model(inputs), labels)
        loss.mean().backward()
        optimizer.step()
    ```

    ## Fix safety
    Safe: the code could only raise, or the loss had a single element, whose mean it is. Of a masked loss the mean is
    that of what the mask keeps; it is unsafe, as one of a single element may be another number.

    ## References
    - PyTorch documentation, "torch.Tensor.backward", parameter `gradient`
    - PyTorch documentation, "torch.nn.CrossEntropyLoss", parameter `reduction`
    """

    code = "LF201"
    name = "unreduced-backward"
    fixable = "sometimes safe"
    severity = Severity.ERROR

    def check(self, trace: Trace) -> Iterator[Finding]:
        """Each backward of a loss that is certainly per example, without a gradient argument."""
        found: dict[Place, Finding] = {}
        for event in trace.events:
            if isinstance(event, Backward) and not event.framework and not event.gradient and event.grad_enabled:
                for tensor in unreduced(event.objective):
                    choice = own_choice(tensor.terms[0])
                    if not merely_imported(trace, choice.site if choice else event.site, event):
                        found.setdefault(event.site.entry, self._finding(trace, event, tensor, choice))
        yield from found.values()

    def _finding(self, trace: Trace, event: Backward, tensor: Tensor, choice: Step | None) -> Finding:
        message, way, fix = (
            _message(trace, event, tensor, choice),
            _way(trace, event, choice),
            fixes.fix(trace, event, tensor),
        )
        return self.finding(trace, event.site.entry, message, related=way, fix=fix)


def _message(trace: Trace, event: Backward, tensor: Tensor, choice: Step | None) -> str:
    computed = tensor.terms[0].last(StepKind.COMPUTED)
    origin = ""
    if computed is not None and choice is not None and computed.loss:
        how = reduction_of(trace, computed, choice.site.place)
        origin = f" ({how} on {line(trace, choice.site.place)})"
    return (
        f"This loss still has one value for each example{origin}{in_case(event)}, so backward raises as soon as it "
        "holds more than one element. Reduce it first, as in `loss.mean().backward()`."
    )


def _way(trace: Trace, event: Backward, choice: Step | None) -> tuple[Related, ...]:
    locations: list[Related] = []
    if choice is not None:
        locations.append(related(trace, Role.REDUCTION, choice.site, "the reduction is chosen here"))
    if not trace.here(event.site):
        locations.append(related(trace, Role.BACKWARD, event.site, "backward is here"))
    return unrepeated(locations)
