"""LF103."""

from __future__ import annotations

from lossflow.domain.trace import Trace
from lossflow.findings import Severity
from lossflow.rules.advice import remedy
from lossflow.rules.scale import Driver, Sum
from lossflow.rules.sum_rule import SumRule
from lossflow.rules.way import opening
from lossflow.rules.wording import line, on_doubling, optimizer_name, outgrow


class SumWithUnseenLr(SumRule):
    """A loss summed over the batch drives a training step whose optimizer or learning rate is out of sight.

    ## Why
    The gradient of a sum over the batch grows with the number of examples in it. Whether the update grows with it
    depends on the optimizer and its learning rate, which this code gets from elsewhere: with SGD and a fixed
    learning rate doubling the batch doubles every update, with Adam it changes what clipping, `eps` and coupled
    weight decay do. Code that cannot see its optimizer does best to hand it a loss that does not depend on the
    batch size.

    ## Bad
    ```python
    import torch
    from torch import nn


    def train(model, loader, optimizer):
        criterion = nn.MSELoss(reduction="sum")
        for inputs, targets in loader:
            optimizer.zero_grad()
            loss = criterion(model(inputs), targets)
            loss.backward()
            optimizer.step()
    ```

    ## Good
    ```python
    import torch
    from torch import nn


    def train(model, loader, optimizer):
        criterion = nn.MSELoss(reduction="mean")
        for inputs, targets in loader:
            optimizer.zero_grad()
            loss = criterion(model(inputs), targets)
            loss.backward()
            optimizer.step()
    ```

    ## Fix safety
    Unsafe: the mean gives smaller gradients than the sum, so the learning rate may have to be tuned again. An
    objective of several sums keeps its balance only if the whole of it is divided by the batch size.

    ## References
    - PyTorch documentation, "torch.nn.MSELoss", parameter `reduction`
    - PyTorch documentation, "torch.optim", section "Taking an optimization step"
    """

    code = "LF103"
    name = "sum-with-unseen-lr"
    driver = Driver.UNSEEN
    fixable = "sometimes unsafe"
    severity = Severity.NOTE

    def message(self, trace: Trace, found: Sum) -> str:
        return (
            f"{opening(trace, found)}, and {_unseen(trace, found)}. "
            f"{_consequence(found)} "
            f"To make this independent of the batch size, {remedy(trace, found)}."
        )


def _unseen(trace: Trace, found: Sum) -> str:
    optimizer = found.optimizer
    if optimizer.proportional is not None:
        return f"the learning rate of {optimizer_name(optimizer)} is out of sight here"
    if optimizer.name:
        return f"what {optimizer_name(optimizer)} makes of the gradient's scale is not known here"
    if optimizer.site is not None:
        return f"the optimizer that steps on it ({line(trace, optimizer.site.place)}) may be of several kinds"
    return "the optimizer that steps on it is out of sight here"


def _consequence(found: Sum) -> str:
    updates = on_doubling(found.gradient, "every update")
    match found.optimizer.proportional:
        case False:
            step = f"The step of {optimizer_name(found.optimizer)}"
            return f"{step} does not depend on the gradient's scale, but {outgrow(found.gradient)}."
        case True:
            return f"Unless the learning rate shrinks with the batch size, doubling the batch {updates}."
        case None:
            return (
                f"If it is SGD with a fixed learning rate, doubling the batch {updates}; "
                f"if it is Adam, {outgrow(found.gradient)}."
            )
