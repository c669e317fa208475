"""LF102."""

from __future__ import annotations

from lossflow.domain.trace import Trace
from lossflow.findings import Severity
from lossflow.rules.advice import remedy
from lossflow.rules.scale import Driver, Sum
from lossflow.rules.sum_rule import SumRule
from lossflow.rules.way import opening
from lossflow.rules.wording import optimizer_name, outgrow


class SumWithAdaptiveOptimizer(SumRule):
    """A loss summed over the batch drives an optimizer whose step does not depend on the gradient's scale.

    ## Why
    Adam and its relatives divide the gradient by a running measure of its own size, so that the step survives a
    loss that is summed over the batch. What does not survive is everything that looks at the gradient before that
    division: the threshold of gradient clipping, `eps`, and weight decay that is added to the gradient (Adam's
    `weight_decay`, not AdamW's). The loss that is printed grows with the batch size too, so that runs of different
    batch size cannot be compared, and changing to SGD later makes it LF101. The learning rate needs no linear
    scaling either way.

    ## Bad
    ```python
    import torch
    from torch import nn

    model = nn.Linear(4, 3)
    criterion = nn.CrossEntropyLoss(reduction="sum")
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
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
    criterion = nn.CrossEntropyLoss(reduction="mean")
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    loader = torch.utils.data.DataLoader(
        torch.utils.data.TensorDataset(torch.randn(32, 4), torch.randint(3, (32,))), batch_size=8
    )

    for inputs, labels in loader:
        optimizer.zero_grad()
        loss = criterion(model(inputs), labels)
        loss.backward()
        optimizer.step()
    ```

    ## Fix safety
    Unsafe: clipping, `eps` and coupled weight decay act more strongly on the smaller gradients of the mean. An
    objective of several sums keeps its balance only if the whole of it is divided by the batch size.

    ## References
    - PyTorch documentation, "torch.optim.Adam"
    - Kingma and Ba, "Adam: A Method for Stochastic Optimization", 2015
    - Malladi et al., "On the SDEs and Scaling Rules for Adaptive Gradient Algorithms", 2022
    """

    code = "LF102"
    name = "sum-with-adaptive-optimizer"
    driver = Driver.ADAPTIVE
    fixable = "sometimes unsafe"
    severity = Severity.NOTE

    def message(self, trace: Trace, found: Sum) -> str:
        optimizer = found.optimizer
        exception = f" ({optimizer.exception})" if optimizer.exception else ""
        return (
            f"{opening(trace, found)}. "
            f"The step of {optimizer_name(optimizer)} does not depend on the gradient's scale{exception}, so the "
            f"updates hardly change; but {outgrow(found.gradient)}. "
            f"To make the gradients independent of the batch size, {remedy(trace, found)}; the learning rate can stay."
        )
