"""LF302."""

from __future__ import annotations

from collections.abc import Iterator

from lossflow.catalog import Catalog, Loss
from lossflow.domain.trace import LossCall, Place, Trace
from lossflow.findings import Finding, Severity
from lossflow.rules.arguments import constants, legacy_arguments, place_of
from lossflow.rules.rule import Rule
from lossflow.rules.wording import listed, loss_name

_MEANS = frozenset({"avg", "average", "elementwise_mean"})


class InvalidReduction(Rule):
    """The reduction that a loss is given is one that it rejects or has deprecated.

    ## Why
    Torch looks at `reduction` when the loss is computed, not when the criterion is constructed, so that a misspelt
    one ends the run at its first batch with "... is not a valid value for reduction". None is not a way to say
    "none", and "batchmean" belongs to the Kullback-Leibler divergence alone. "elementwise_mean" still works for
    most losses, with a warning, and raises for the rest.

    ## Bad
    ```python
    import torch
    from torch import nn

    model = nn.Linear(4, 1)
    criterion = nn.MSELoss(reduction="avg")
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
    Safe for a valid reduction in another case, and for "avg", "average" and "elementwise_mean", which become
    "mean": the code could only raise, or computed the mean. Nothing is offered otherwise.

    ## References
    - PyTorch documentation, "torch.nn.MSELoss" and "torch.nn.KLDivLoss", parameter `reduction`
    - PyTorch source, `torch/nn/_reduction.py`, function `get_enum`
    """

    code = "LF302"
    name = "invalid-reduction"
    fixable = "sometimes safe"
    severity = Severity.ERROR

    def check(self, trace: Trace) -> Iterator[Finding]:
        """Each reduction in this file that is, on some path, a literal that its loss does not take."""
        found: dict[Place, Finding] = {}
        for event in trace.events:
            if isinstance(event, LossCall) and trace.here(event.site):
                for place, message in _rejected(trace, event):
                    found.setdefault(place, self.finding(trace, place, message))
        yield from found.values()


def _rejected(trace: Trace, event: LossCall) -> Iterator[tuple[Place, str]]:
    match = Catalog.default().loss(event.loss)
    # A subclass of torch's bare `_Loss` may have reductions of its own; a legacy argument keeps torch from looking.
    if match is None or match.row.lenient or match.row.integers or match.row.abstract or legacy_arguments(event):
        return
    bound = event.argument(match.row.parameter)
    if bound is None or not match.row.reductions:
        return
    for constant in constants(bound.value):
        if (constant is None or isinstance(constant, (str, int, float))) and not _accepted(match.row, constant):
            yield place_of(trace, event, bound), _message(event, match.row, constant)


def _accepted(row: Loss, constant: object) -> bool:
    spelled = row.spelled(constant)
    return spelled is not None and spelled in row.reductions


def _message(event: LossCall, row: Loss, constant: object) -> str:
    name = loss_name(event.loss)
    written = f'"{constant}"' if isinstance(constant, str) else str(constant)
    if constant in row.deprecated:
        return (
            f"`{name}` takes {written} for its reduction only with a deprecation warning, and computes the mean. "
            'Write `reduction="mean"`, which gives the same numbers.'
        )
    accepted = listed([f'"{each}"' for each in row.reductions], "or")
    when = "when the criterion is called, not when it is constructed" if event.constructor else "when it is called"
    return f"`{name}` rejects {written} as a reduction and raises {when}. {_advice(row, constant, accepted)}"


def _advice(row: Loss, constant: object, accepted: str) -> str:
    near = _near(row, constant)
    if near is not None:
        return f'Write `reduction="{near}"`.'
    if constant is None and "none" in row.reductions:
        return f'Write `reduction="none"` for one loss per example, or another of {accepted}.'
    if constant == "batchmean":
        return (
            f'It takes {accepted}; for a sum over each example averaged over the batch, use `reduction="sum"` and '
            "divide the loss by the batch size."
        )
    return f"It takes {accepted}."


def _near(row: Loss, constant: object) -> str | None:
    """The accepted reduction that is meant: the same in another case, or another word for the mean."""
    if not isinstance(constant, str):
        return None
    lower = constant.strip().lower()
    meant = "mean" if lower in _MEANS else lower
    return meant if meant in row.reductions else None
