"""LF104."""

from __future__ import annotations

from lossflow.domain.trace import Trace
from lossflow.rules.advice import remedy
from lossflow.rules.scale import Driver, Sum
from lossflow.rules.sum_rule import SumRule
from lossflow.rules.way import opening
from lossflow.rules.wording import line, on_doubling, optimizer_name, power


class SumWithLrTimesBatch(SumRule):
    """A loss summed over the batch meets a learning rate that grows with the batch size as well.

    ## Why
    The linear scaling rule multiplies the learning rate by the batch size because the *mean* over a larger batch
    takes fewer steps in an epoch. A loss that is summed over the batch already carries that factor in its gradient,
    so that the update grows with both together, usually with the square of the batch size: doubling the batch
    quadruples every update.

    ## Bad
    ```python
    import torch
    from torch import nn

    batch_size = 16
    model = nn.Linear(4, 1)
    criterion = nn.MSELoss(reduction="sum")
    optimizer = torch.optim.SGD(model.parameters(), lr=0.001 * batch_size / 256)
    loader = torch.utils.data.DataLoader(
        torch.utils.data.TensorDataset(torch.randn(64, 4), torch.randn(64, 1)), batch_size=batch_size
    )

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

    batch_size = 16
    model = nn.Linear(4, 1)
    criterion = nn.MSELoss(reduction="mean")
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1 * batch_size / 256)
    loader = torch.utils.data.DataLoader(
        torch.utils.data.TensorDataset(torch.randn(64, 4), torch.randn(64, 1)), batch_size=batch_size
    )

    for inputs, targets in loader:
        optimizer.zero_grad()
        loss = criterion(model(inputs), targets)
        loss.backward()
        optimizer.step()
    ```

    ## Fix safety
    No fix is offered: whether the sum or the scaled learning rate is the mistake is for the author to say.

    ## References
    - PyTorch documentation, "torch.nn.MSELoss", parameter `reduction`
    - Goyal et al., "Accurate, Large Minibatch SGD: Training ImageNet in 1 Hour", 2017, section 2.1
    """

    code = "LF104"
    name = "sum-with-lr-times-batch"
    driver = Driver.GROWING

    def message(self, trace: Trace, found: Sum) -> str:
        optimizer = found.optimizer
        # The text of the learning rate is not quoted: `base_lr` is multiplied by the batch size somewhere else.
        site = optimizer.learning_rate_site
        given = f" ({line(trace, site.place)})" if site else ""
        return (
            f"{opening(trace, found)}. Its gradient grows as {power(found.gradient)}, B being the batch size, and the "
            f"learning rate of {optimizer_name(optimizer)}{given} grows as {power(optimizer.learning_rate)}. Together "
            f"they make the update grow as {power(found.update)}: "
            f"doubling the batch {on_doubling(found.update, 'it')}. "
            f"A learning rate scaled by the batch size belongs to the mean: {remedy(trace, found)}."
        )
