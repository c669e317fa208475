"""LF204."""

from __future__ import annotations

from collections.abc import Iterator

from lossflow.domain.trace import Backward, Place, Returned, Step, StepKind, Trace
from lossflow.domain.values import Tensor
from lossflow.findings import Finding, Related, Role
from lossflow.rules.fixes import late_masks as fixes
from lossflow.rules.reductions import REDUCING, chosen_at, losses_that_leave, masks_nothing, stands_elsewhere
from lossflow.rules.rule import Rule, related
from lossflow.rules.way import reduction, unrepeated, way_out
from lossflow.rules.wording import called, leaves, line, reduction_given


class MaskOnReducedLoss(Rule):
    """A mask is multiplied onto a loss that is a single number already.

    ## Why
    A loss that is reduced has no elements left to mask. The product repeats the one number wherever the mask is 1,
    and its sum or mean is that number times the size of the mask or the share of it that is 1: padding still counts
    in the loss, and the loss now depends on the mask for no reason. Weights of examples weigh nothing likewise.

    ## Bad
    ```python
    import torch
    from torch import nn

    model = nn.Linear(4, 3)
    criterion = nn.CrossEntropyLoss()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    loader = torch.utils.data.DataLoader(
        torch.utils.data.TensorDataset(torch.randn(64, 4), torch.randint(3, (64,))), batch_size=16
    )

    for inputs, labels in loader:
        mask = labels != 0
        optimizer.zero_grad()
        loss = (criterion(model(inputs), labels) * mask).sum() / mask.sum().clamp(min=1)
        loss.backward()
        optimizer.step()
    ```

    ## Good
    ```python
    import torch
    from torch import nn

    model = nn.Linear(4, 3)
    criterion = nn.CrossEntropyLoss(reduction="none")
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    loader = torch.utils.data.DataLoader(
        torch.utils.data.TensorDataset(torch.randn(64, 4), torch.randint(3, (64,))), batch_size=16
    )

    for inputs, labels in loader:
        mask = labels != 0
        optimizer.zero_grad()
        loss = (criterion(model(inputs), labels) * mask).sum() / mask.sum().clamp(min=1)
        loss.backward()
        optimizer.step()
    ```

    ## Fix safety
    Unsafe: the loss and its gradients are others, and the learning rate was tuned without the mask. It is offered
    where nothing else uses the loss, where one sum or mean takes the product as it is, and where the mask is made of
    the targets, so that it has the shape of the unreduced loss. Which shape another factor has beside it is known to
    the author alone.

    ## References
    - PyTorch documentation, "torch.nn.CrossEntropyLoss", parameter `reduction`
    """

    code = "LF204"
    name = "mask-on-reduced-loss"
    fixable = "sometimes unsafe"

    def check(self, trace: Trace) -> Iterator[Finding]:
        """Each product of a reduced loss and a mask on the way of a loss that reaches backward, or leaves the file."""
        found: dict[Place, Finding] = {}
        for event, tensor in losses_that_leave(trace):
            step = masks_nothing(tensor)
            if step is not None and not stands_elsewhere(trace, step, event):
                place, reduced = step.site.entry, _reduced(tensor, step)
                way, message = _way(trace, event, step, reduced), _message(trace, event, reduced)
                fix = fixes.fix(trace, tensor, step)
                found.setdefault(place, self.finding(trace, place, message, related=way, fix=fix))
        yield from found.values()


def _reduced(tensor: Tensor, masked: Step) -> Step | None:
    """What made a single number of the loss before it was masked, at the place where that was chosen."""
    for term in tensor.terms:
        if masked in term.trail:
            before = term.trail[: term.trail.index(masked)]
            step = next((each for each in reversed(before) if each.kind in REDUCING), None)
            if step is not None:
                chosen = chosen_at(term, step)
                return chosen if chosen.reduction else step
    return None


def _message(trace: Trace, event: Backward | Returned, reduced: Step | None) -> str:
    how = ""
    if reduced is not None:
        place = reduced.site.place
        given = (
            f"`{called(trace, place, reduced.loss)}` with {reduction_given(trace, reduced, place)}"
            if reduced.loss
            else ""
        )
        how = f" ({given.rstrip(',')}{', ' if given else ''}{line(trace, place)})"
    shared = reduced is not None and reduced.kind is StepKind.CONSTRUCTED
    return (
        f"This loss is reduced to a single number already{how} and {leaves(trace, event)}: what is multiplied onto it "
        "here repeats that number and masks or weighs none of the elements that went into it. Compute the loss with "
        '`reduction="none"`, multiply it by the factor in its own shape, as (N,) times (N, 1) is (N, N), and divide '
        "the sum by that of the factor."
        f"{' Where the criterion is used without a factor, take the mean there.' if shared else ''}"
    )


def _way(trace: Trace, event: Backward | Returned, step: Step, reduced: Step | None) -> tuple[Related, ...]:
    locations = [*reduction(trace, step.site)]
    if reduced is not None:
        locations.append(related(trace, Role.REDUCTION, reduced.site, "the reduction is chosen here"))
    if isinstance(event, Backward):
        locations += way_out(trace, event, event.optimizers)
    return unrepeated(locations)
