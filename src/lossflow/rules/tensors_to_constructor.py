"""LF305."""

from __future__ import annotations

from collections.abc import Iterator

from lossflow.domain.trace import BoundArgument, LossCall, Place, Trace
from lossflow.findings import Finding, Severity
from lossflow.rules.arguments import tensors_to_constructor
from lossflow.rules.fixes import criterion
from lossflow.rules.rule import Rule
from lossflow.rules.wording import called, listed


class TensorsToConstructor(Rule):
    """The input and the target of a loss are passed to its constructor.

    ## Why
    `nn.MSELoss` is a class: its arguments say how to compute the loss, and the object that it makes computes it.
    `nn.MSELoss(prediction, target)` puts the tensors into `size_average` and `reduce` and raises "Boolean value of
    Tensor with more than one value is ambiguous"; a few losses accept them and return a module in place of a loss.
    The function `F.mse_loss(prediction, target)` takes both at once.

    ## Bad
    ```python
    import torch
    from torch import nn

    model = nn.Linear(4, 1)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
    loader = torch.utils.data.DataLoader(
        torch.utils.data.TensorDataset(torch.randn(32, 4), torch.randn(32, 1)), batch_size=8
    )

    for inputs, targets in loader:
        optimizer.zero_grad()
        loss = nn.MSELoss(model(inputs), targets)
        loss.backward()
        optimizer.step()
    ```

    ## Good
    ```python
    import torch
    from torch import nn

    model = nn.Linear(4, 1)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
    loader = torch.utils.data.DataLoader(
        torch.utils.data.TensorDataset(torch.randn(32, 4), torch.randn(32, 1)), batch_size=8
    )

    for inputs, targets in loader:
        optimizer.zero_grad()
        loss = nn.MSELoss()(model(inputs), targets)
        loss.backward()
        optimizer.step()
    ```

    ## Fix safety
    Safe: the code could only raise. It is offered where the result is used as a loss: its `backward` or `item` is
    called, it is added to another loss, or a function returns it to callers in the same file that do.

    ## References
    - PyTorch documentation, "torch.nn.MSELoss", section "Examples"
    - PyTorch documentation, "torch.nn.functional.mse_loss"
    """

    code = "LF305"
    name = "tensors-to-constructor"
    fixable = "sometimes safe"
    severity = Severity.ERROR

    def check(self, trace: Trace) -> Iterator[Finding]:
        """Each constructor in this file that is given tensors where it takes options."""
        found: dict[Place, Finding] = {}
        for event in trace.events:
            if isinstance(event, LossCall) and trace.here(event.site):
                tensors = tensors_to_constructor(event)
                if tensors:
                    place = event.site.place
                    message, fix = _message(trace, event, tensors), criterion.fix(trace, event, tensors)
                    found.setdefault(place, self.finding(trace, place, message, fix=fix))
        yield from found.values()


def _message(trace: Trace, event: LossCall, tensors: tuple[BoundArgument, ...]) -> str:
    name = called(trace, event.site.place, event.loss)
    texts = [" ".join(trace.text(bound.place).split()) for bound in tensors]
    parameters = listed([f"`{bound.name}`" if bound.name else "no parameter" for bound in tensors])
    values = listed([f"`{text}`" for text in texts])
    return (
        f"{values} {'is' if len(tensors) == 1 else 'are'} passed to the constructor of `{name}`, where tensors land in "
        f"{parameters}: it computes no loss, and raises or returns a module. Construct the criterion first and call it "
        f"with them, `{name}()({', '.join(texts)})`."
    )
