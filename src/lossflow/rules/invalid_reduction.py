"""LF302."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from lossflow.domain.trace import AttributeSet, Event, LossCall, LossRow, Place, Trace
from lossflow.domain.values import Value
from lossflow.findings import Finding, Severity
from lossflow.rules.arguments import constants, legacy_arguments, place_of
from lossflow.rules.fixes import respelled
from lossflow.rules.rule import Rule
from lossflow.rules.wording import called, listed, loss_name

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
    "mean": the code could only raise, or computed the mean. A constant is respelled where it is defined, if all that
    uses it makes this mistake. Nothing is offered otherwise.

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
        given = [each for event in trace.events if trace.here(event.site) and (each := _given(trace, event))]
        mistakes = [
            (each, wrong, respelled.written_reduction(trace, each.event)) for each in given if (wrong := _wrong(each))
        ]
        written: dict[ast.expr, dict[object, str | None]] = {}
        for _, wrong, node in mistakes:
            if node is not None:
                written.setdefault(node, {}).update(wrong)
        for each, wrong, node in mistakes:
            fix = respelled.fix(trace, node, written, each.row.parameter)
            message = _message(trace, each, next(iter(wrong)))
            found.setdefault(each.place, self.finding(trace, each.place, message, fix=fix))
        yield from found.values()


@dataclass(frozen=True, slots=True)
class _Given:
    """A reduction that a loss is given: as an argument, or as an attribute of the criterion, which is `made` there."""

    event: LossCall | AttributeSet
    row: LossRow
    made: Place | None
    value: Value | None
    place: Place
    criterion: bool


def _given(trace: Trace, event: Event) -> _Given | None:
    if isinstance(event, LossCall) and (row := _row(trace, event.loss)) is not None:
        bound = event.argument(row.parameter)
        # Beside a legacy argument torch never looks at the reduction.
        if bound is not None and not legacy_arguments(trace, event):
            place = place_of(trace, event, bound)
            return _Given(event, row, event.site.place, bound.value, place, event.constructor)
    if (
        isinstance(event, AttributeSet)
        and (row := _row(trace, event.loss)) is not None
        and event.attribute == row.parameter
    ):
        made = event.constructed
        return _Given(event, row, made.place if made else None, event.value, event.site.place, True)
    return None


def _wrong(given: _Given) -> dict[object, str | None]:
    """The literals among what it may be that the loss does not take, each with the reduction that it stands for."""
    row = given.row
    return {
        constant: "mean" if constant in row.deprecated else _near(row, constant)
        for constant in constants(given.value)
        if not _accepted(row, constant)
    }


def _row(trace: Trace, loss: str) -> LossRow | None:
    """The row of a loss that rejects what it doesn't know."""
    match = trace.loss(loss)
    return match.row if match is not None and match.row.checked else None


def _accepted(row: LossRow, constant: object) -> bool:
    """True for an accepted string, and for what is no reduction at all, such as `...`."""
    if constant is not None and not isinstance(constant, (str, int, float)):
        return True
    spelled = row.spelled(constant)
    return spelled is not None and spelled in row.reductions


def _message(trace: Trace, given: _Given, constant: object) -> str:
    row, loss = given.row, given.event.loss
    name = called(trace, given.made, loss) if given.made is not None else loss_name(loss)
    written = f'"{constant}"' if isinstance(constant, str) else str(constant)
    if constant in row.deprecated:
        return (
            f"`{name}` takes {written} for its reduction only with a deprecation warning, and computes the mean. "
            'Write `reduction="mean"`, which gives the same numbers.'
        )
    accepted = listed([f'"{each}"' for each in row.reductions], "or")
    when = "when the criterion is called, not when it is constructed" if given.criterion else "when it is called"
    return f"`{name}` rejects {written} as a reduction and raises {when}. {_advice(row, constant, accepted)}"


def _advice(row: LossRow, constant: object, accepted: str) -> str:
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


def _near(row: LossRow, constant: object) -> str | None:
    """The accepted reduction that is meant: the same in another case, or another word for the mean."""
    if not isinstance(constant, str):
        return None
    lower = constant.strip().lower()
    meant = "mean" if lower in _MEANS else lower
    return meant if meant in row.reductions else None
