"""LF304."""

from __future__ import annotations

from collections.abc import Iterator

from lossflow.catalog.legacy import legacy_reduction
from lossflow.domain.trace import BoundArgument, LossCall, Place, Trace
from lossflow.domain.values import Const
from lossflow.findings import Finding, Fix, Severity
from lossflow.rules.arguments import LEGACY, is_legacy, misplaced_reduction, place_of
from lossflow.rules.fixes import misplaced
from lossflow.rules.rule import Rule
from lossflow.rules.wording import called

# The constructors look at these at once; every other parameter is first looked at when the loss is computed.
_AT_CONSTRUCTION = frozenset({"weight", "pos_weight", "p", "delta", "in_features", "num_classes"})
_TAKES_ANY = ("torch.nn.functional.gaussian_nll_loss", "full")
"""The one parameter of torch's losses, beside the legacy ones, whose truth value is all that is asked for."""
_CHECKS_ITS_MARGIN = "torch.nn.TripletMarginLoss"


class ReductionInWrongPosition(Rule):
    """A reduction string is passed by position and lands in another parameter.

    ## Why
    `reduction` is hardly ever the first parameter of a loss. `nn.MSELoss("sum")` puts the string into
    `size_average`, where every string counts as true: the loss is the *mean*, and nothing but a deprecation warning
    says so. `nn.CrossEntropyLoss("sum")` puts it into `weight` and raises.

    ## Bad
    ```python
    import torch
    from torch import nn

    model = nn.Linear(4, 1)
    criterion = nn.MSELoss("mean")
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
    Safe for "mean", which is what the code computes, and where the code raises. Unsafe for any other reduction: the
    loss then becomes what the string says, which is not what it was. None is offered beside another legacy argument
    or a `reduction`, which have their own say.

    ## References
    - PyTorch documentation, "torch.nn.MSELoss" and "torch.nn.CrossEntropyLoss", order of the parameters
    - PyTorch source, `torch/nn/_reduction.py`, function `legacy_get_string`
    """

    code = "LF304"
    name = "reduction-in-wrong-position"
    fixable = "sometimes safe"
    severity = Severity.ERROR

    def check(self, trace: Trace) -> Iterator[Finding]:
        """Each reduction string in this file that another parameter receives."""
        found: dict[Place, Finding] = {}
        for event in trace.events:
            if isinstance(event, LossCall) and trace.here(event.site):
                astray = misplaced_reduction(trace, event)
                if astray is not None:
                    place = place_of(trace, event, astray[0])
                    found.setdefault(
                        place,
                        self.finding(trace, place, _message(trace, event, *astray), fix=_fix(trace, event, *astray)),
                    )
        yield from found.values()


def _message(trace: Trace, event: LossCall, bound: BoundArgument, string: str) -> str:
    name = called(trace, event.site.place, event.loss)
    meant = _meant(trace, event, string)
    if not bound.name:
        return (
            f'"{string}" is passed by position to `{name}`, which takes its options by keyword only and raises. '
            f'Write `reduction="{meant}"`.'
        )
    lands = f'"{string}" is passed by position and lands in the parameter `{bound.name}` of `{name}`'
    if not is_legacy(event, bound):
        return f'{lands}, which is not the reduction and {_raises(event, bound)}. Write `reduction="{meant}"`.'
    actual = _actual(event, bound, string)
    if actual == string.lower():
        lands = f"{lands}, which torch deprecated; that it computes the {actual} is luck, as it would for any string"
    else:
        lands = f'{lands}, where every string counts as true: the loss is reduced by "{actual}", not "{string}"'
    if actual == meant:
        return f'{lands}. Write `reduction="{meant}"`, which gives the same numbers.'
    return f'{lands}. Write `reduction="{meant}"` if that is meant, or `reduction="{actual}"` to keep today\'s numbers.'


def _meant(trace: Trace, event: LossCall, string: str) -> str:
    """The reduction that the string names; the mean for one that this loss rejects or has deprecated."""
    match = trace.loss(event.loss)
    lower = string.lower()
    return lower if match is None or lower in match.row.reductions else "mean"


def _actual(event: LossCall, bound: BoundArgument, string: str) -> str:
    """The reduction that torch makes of the string and of what the other legacy parameter holds."""
    values: dict[str, object] = {}
    for name in LEGACY:
        other = event.argument(name)
        if name == bound.name:
            values[name] = string
        elif other is not None and isinstance(other.value, Const):
            values[name] = other.value.value
    return legacy_reduction(values.get("size_average"), values.get("reduce"))


def _fix(trace: Trace, event: LossCall, bound: BoundArgument, string: str) -> Fix | None:
    meant = _meant(trace, event, string)
    if is_legacy(event, bound):
        return misplaced.fix(trace, event, bound, meant=meant, actual=_actual(event, bound, string))
    if event.loss.startswith("torch.") and (event.loss, bound.name) != _TAKES_ANY:
        return misplaced.fix(trace, event, bound, meant=meant, actual=None)
    return misplaced.fix(trace, event, bound, meant=meant, actual="")


def _raises(event: LossCall, bound: BoundArgument) -> str:
    """When the string does harm, as a clause."""
    if not event.loss.startswith("torch."):
        return "has no such value"
    if (event.loss, bound.name) == _TAKES_ANY:
        return "is true for every string"
    at_once = bound.name in _AT_CONSTRUCTION or (event.loss == _CHECKS_ITS_MARGIN and bound.name == "margin")
    if event.constructor and at_once:
        return "raises as the criterion is constructed"
    return "raises as soon as the loss is computed"
