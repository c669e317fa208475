"""LF301."""

from __future__ import annotations

from collections.abc import Iterator

from lossflow.catalog.legacy import legacy_reduction
from lossflow.domain.trace import AttributeSet, BoundArgument, LossCall, Place, Trace
from lossflow.domain.values import Const, Value
from lossflow.findings import Finding, Related, Role
from lossflow.rules.arguments import LEGACY, constants, legacy_arguments, place_of
from lossflow.rules.fixes import legacy
from lossflow.rules.rule import Rule, related
from lossflow.rules.wording import called, line, listed, loss_name


class LegacyReductionArguments(Rule):
    """A loss is told how to reduce by `size_average` or `reduce`, which `reduction` replaced.

    ## Why
    Torch deprecated both arguments in 2018 and still translates them: `size_average=False` means `reduction="sum"`,
    `reduce=False` means `reduction="none"`, and either overrides a `reduction` that is given as well. Any string
    counts as true, so `size_average="sum"` averages. Set on a criterion after its construction they do nothing at
    all: scripts written for torch 0.3 that switch to a sum this way have averaged silently since.

    ## Bad
    ```python
    import torch
    from torch import nn

    model = nn.Linear(4, 1)
    criterion = nn.MSELoss(size_average=True)
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
    Safe: the replacement is the reduction that torch derives from the same arguments. Where the argument is a
    variable, so is the reduction, by the same table: `"mean" if size_average is None or size_average else "sum"`.
    That is not offered beside a second legacy argument or a `reduction`, and nothing is where other arguments are
    unpacked from a dict or the loss is held in a variable. None is offered for an attribute, because what it meant is
    not what it does.

    ## References
    - PyTorch documentation, "torch.nn.MSELoss", parameters `size_average`, `reduce` and `reduction`
    - PyTorch source, `torch/nn/_reduction.py`, function `legacy_get_string`
    """

    code = "LF301"
    name = "legacy-reduction-arguments"
    fixable = "sometimes safe"
    comes_before = frozenset({Role.CALL})

    def check(self, trace: Trace) -> Iterator[Finding]:
        """Each legacy argument of a loss in this file, and each legacy attribute set on a criterion."""
        found: dict[Place, Finding] = {}
        for event in trace.events:
            if not trace.here(event.site):
                continue
            match event:
                case LossCall():
                    if given := legacy_arguments(trace, event):
                        place = place_of(trace, event, given[0])
                        meant = _meant(event) if all(bound.literal for bound in given) else None
                        message, fix = _message(trace, event, given, meant), legacy.fix(trace, event, given, meant)
                        found.setdefault(place, self.finding(trace, place, message, fix=fix))
                case AttributeSet(attribute=attribute, value=value) if attribute in LEGACY and value != Const(None):
                    place = event.site.place
                    message, constructed = _attribute(trace, event)
                    found.setdefault(place, self.finding(trace, place, message, related=constructed))
        yield from found.values()


def _message(trace: Trace, event: LossCall, given: tuple[BoundArgument, ...], meant: str | None) -> str:
    name = called(trace, event.site.place, event.loss)
    written = listed([_written(bound) for bound in given])
    verb = "is a legacy argument" if len(given) == 1 else "are legacy arguments"
    overridden = event.argument("reduction")
    ignored = ""
    if any(isinstance(constant, str) for bound in given for constant in constants(bound.value)):
        ignored = ", as it would any string"
    if overridden is not None:
        ignored += ", whatever the `reduction` that is given as well"
    if meant is None:
        return (
            f"{written} {verb} of `{name}` that torch translates into a reduction by its truth value"
            f'{ignored}: "none" where `reduce` is false, else "sum" where `size_average` is false, else "mean". '
            "Give `reduction` itself."
        )
    return (
        f'{written} {verb} of `{name}` that torch translates into `reduction="{meant}"`{ignored}. '
        f'Write `reduction="{meant}"`, which gives the same numbers.'
    )


def _written(bound: BoundArgument) -> str:
    """`size_average=False`, as far as the value is a literal."""
    match bound.value:
        case Const(value=value) if bound.literal:
            return f"`{bound.name}={value!r}`"
        case _:
            return f"`{bound.name}`"


def _meant(event: LossCall) -> str | None:
    """The reduction that torch makes of the legacy arguments; None where one of them is not a literal."""
    values: list[object] = []
    for name in LEGACY:
        bound = event.argument(name)
        if bound is None:
            values.append(None)
        elif isinstance(bound.value, Const):
            values.append(bound.value.value)
        else:
            return None
    return legacy_reduction(*values)


def _attribute(trace: Trace, event: AttributeSet) -> tuple[str, tuple[Related, ...]]:
    """The message about an attribute, and the constructor that took the reduction in force."""
    setting = f"{event.attribute} = {event.value.value!r}" if isinstance(event.value, Const) else event.attribute
    kept, where = _in_force(trace, event)
    meant = _attribute_meant(event.attribute, event.value)
    name = called(trace, event.constructed.place, event.loss) if event.constructed else loss_name(event.loss)
    constructor = f"`{name}`{where}"
    advice = f"Give {constructor} " + (f'`reduction="{meant}"` if that is meant' if meant else "`reduction`")
    message = (
        f"Torch reads `{event.attribute}` only when a criterion is constructed, so setting `{setting}` changes nothing"
        f"{kept}. {advice}, and delete this line."
    )
    if event.constructed is None:
        return message, ()
    return message, (related(trace, Role.CALL, event.constructed, "the criterion is constructed here"),)


def _in_force(trace: Trace, event: AttributeSet) -> tuple[str, str]:
    """The reduction that the criterion keeps, as a clause, and where it was constructed."""
    if event.constructed is None:
        return "", ""
    for call in trace.events:
        if isinstance(call, LossCall) and call.site.place == event.constructed.place:
            for reduction in constants(call.reduction):
                where = f" on {line(trace, event.constructed.place)}"
                return f': the reduction stays "{reduction}"', where
    return "", f" on {line(trace, event.constructed.place)}"


def _attribute_meant(attribute: str, value: Value | None) -> str | None:
    """The reduction that the attribute would stand for as an argument."""
    if not isinstance(value, Const):
        return None
    if attribute == "size_average":
        return legacy_reduction(value.value, None)
    return legacy_reduction(None, value.value)
