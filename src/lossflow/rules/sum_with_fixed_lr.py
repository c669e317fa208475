"""LF101."""

from __future__ import annotations

from lossflow.domain.trace import Trace
from lossflow.rules.advice import remedy
from lossflow.rules.scale import Driver, Sum
from lossflow.rules.sum_rule import SumRule
from lossflow.rules.way import opening
from lossflow.rules.wording import learning_rate, on_doubling, optimizer_name, power


class SumWithFixedLr(SumRule):
    """A loss summed over the batch, a step proportional to the gradient, and a learning rate that stays as it is.

    ## Why
    The gradient of a sum over the batch grows with the number of examples in it, and SGD's step grows with the
    gradient. With the learning rate left alone, doubling the batch doubles every update: the run that was tuned at
    batch size 16 diverges at 128, and the smaller last batch of an epoch counts for less than the others. The mean
    has none of this. A sum whose learning rate was tuned for one batch size is a legitimate choice as long as that
    size never changes. Dividing the learning rate instead of the loss is not the same once there is weight decay,
    or once the batch size varies while momentum carries gradients over.

    ## Bad
    ```python
    import torch
    from torch import nn

    model = nn.Linear(4, 1)
    criterion = nn.MSELoss(reduction="sum")
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
    loader = torch.utils.data.DataLoader(
        torch.utils.data.TensorDataset(torch.randn(32, 4), torch.randn(32, 1)), batch_size=8
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

    model = nn.Linear(4, 1)
    criterion = nn.MSELoss(reduction="mean")
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
    loader = torch.utils.data.DataLoader(
        torch.utils.data.TensorDataset(torch.randn(32, 4), torch.randn(32, 1)), batch_size=8
    )

    for inputs, targets in loader:
        optimizer.zero_grad()
        loss = criterion(model(inputs), targets)
        loss.backward()
        optimizer.step()
    ```

    ## Fix safety
    Unsafe: the mean gives smaller updates than the sum, so the learning rate must be tuned again. An objective of
    several sums keeps its balance only if the whole of it is divided by the batch size, whatever `sum-fix` says. The
    mean is offered where nothing else relies on the sum, and no mask has set elements of it to zero; where it can't
    be, a division is, provided that a tensor of the batch is in sight.

    ## References
    - PyTorch documentation, "torch.nn.MSELoss", parameter `reduction`
    - PyTorch documentation, "torch.optim.SGD"
    - Goyal et al., "Accurate, Large Minibatch SGD: Training ImageNet in 1 Hour", 2017
    """

    code = "LF101"
    name = "sum-with-fixed-lr"
    driver = Driver.FIXED
    fixable = "sometimes unsafe"

    def message(self, trace: Trace, found: Sum) -> str:
        return (
            f"{opening(trace, found)}, and the step of {optimizer_name(found.optimizer)} is proportional to the "
            f"gradient, at a {learning_rate(trace, found.optimizer)} that {_response(found)}. "
            f"So doubling the batch {on_doubling(found.update, 'every update')}{_number(found)}. "
            f"Unless the batch size never changes, {remedy(trace, found)}, and tune the learning rate again."
        )


def _response(found: Sum) -> str:
    """How the learning rate answers to the batch size."""
    rate = found.optimizer.learning_rate
    if rate.is_zero:
        return "does not change with the batch size"
    return f"does not make up for gradients that grow as {power(found.gradient)}, B being the batch size"


def _number(found: Sum) -> str:
    """The growth in numbers, for a batch size that serves as an example."""
    update = found.update.known
    if update is None:
        return ""
    return f"; in a batch of {_EXAMPLE}, for example, it is {_EXAMPLE ** float(update):,.0f} times that of one example"


_EXAMPLE = 64
