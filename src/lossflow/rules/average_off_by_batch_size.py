"""LF401."""

from __future__ import annotations

from collections.abc import Iterator

from lossflow.domain.exponent import Exponent
from lossflow.domain.trace import Averaged, Backward, Place, Step, StepKind, Trace
from lossflow.domain.values import Tensor, Term
from lossflow.findings import Finding, Related, Role, Severity
from lossflow.rules.fixes import averages as fixes
from lossflow.rules.reductions import (
    REDUCING,
    averaged_elsewhere,
    chosen_at,
    divides,
    own_choice,
    raising_step,
    tensors,
)
from lossflow.rules.rule import Rule, related
from lossflow.rules.way import unrepeated
from lossflow.rules.wording import line, power


class AverageOffByBatchSize(Rule):
    """A reported average divides losses of batches by a number that does not fit their reduction.

    ## Why
    A total of batch means is a matter of the number of batches, a total of batch sums one of the number of examples.
    Divided by the other number, the loss that is printed is off by a factor of the batch size: it can't be compared
    with a run at another batch size, with a validation loss that is averaged rightly, or with the literature.
    Training itself is not affected, unless a scheduler or early stopping holds such a number against a threshold.
    An average that is only compared with the best so far is not reported: both are off by the same factor.

    ## Bad
    ```python
    import torch
    from torch import nn

    model = nn.Linear(4, 3)
    criterion = nn.CrossEntropyLoss()
    dataset = torch.utils.data.TensorDataset(torch.randn(32, 4), torch.randint(3, (32,)))
    loader = torch.utils.data.DataLoader(dataset, batch_size=8)

    total = 0.0
    with torch.no_grad():
        for inputs, labels in loader:
            total += criterion(model(inputs), labels).item()
    print(total / len(loader.dataset))
    ```

    ## Good
    ```python
    import torch
    from torch import nn

    model = nn.Linear(4, 3)
    criterion = nn.CrossEntropyLoss()
    dataset = torch.utils.data.TensorDataset(torch.randn(32, 4), torch.randint(3, (32,)))
    loader = torch.utils.data.DataLoader(dataset, batch_size=8)

    total = 0.0
    with torch.no_grad():
        for inputs, labels in loader:
            total += criterion(model(inputs), labels).item()
    print(total / len(loader))
    ```

    ## Fix safety
    Unsafe: the reported number changes, and with it what a threshold for it does. It is offered where the length of
    the loader, of its dataset or of the list of losses is the number that was meant; where the examples are counted
    beside the total, whose means are then multiplied by it; and for meters that are given a loss and a number.

    ## References
    - PyTorch documentation, "torch.nn.CrossEntropyLoss", parameter `reduction`
    - PyTorch documentation, "torch.utils.data.DataLoader": its length is a number of batches
    """

    code = "LF401"
    name = "average-off-by-batch-size"
    fixable = "sometimes unsafe"
    severity = Severity.NOTE

    def check(self, trace: Trace) -> Iterator[Finding]:
        """Each average of losses that goes as a power of the batch size, once."""
        averages = [event for event in trace.events if isinstance(event, Averaged)]
        amended = {event.division for event in averages if event.amended}
        found: dict[Place, Finding] = {}
        for event in averages:
            if event.amended or event.total == event.divisor or event.division in amended:
                continue
            if _is_objective(trace, event) or not _is_loss(trace, event):
                continue
            term = _term(event)
            choice = _choice(event, term)
            if not averaged_elsewhere(trace, choice.site if choice else event.site, event):
                message = _message(trace, event, term, choice)
                ways = unrepeated(_way(trace, event, choice))
                place, fix = event.site.entry, fixes.fix(trace, event)
                found.setdefault(place, self.finding(trace, place, message, related=ways, fix=fix))
        yield from found.values()


def _losses(event: Averaged) -> Tensor:
    assert isinstance(event.losses, Tensor)
    return event.losses


def _term(event: Averaged) -> Term:
    return _losses(event).terms[0]


def _choice(event: Averaged, term: Term) -> Step | None:
    """Where the batch means, or the batch sums, of which the message speaks became that.

    A loss without a reduction of its own is one by the step that sums it, and a mean by the one that divides the sum.
    """
    raising = raising_step(term)
    if event.total >= 1 and raising is not None and not _is_scaled(term):
        return chosen_at(term, raising)
    computed = term.last(StepKind.COMPUTED)
    if computed is not None and computed.reduction != "none" and computed.exponent.is_zero:
        return chosen_at(term, computed)
    return next((step for step in reversed(term.trail) if _makes_a_mean(step)), own_choice(term))


def _makes_a_mean(step: Step) -> bool:
    return step.kind is StepKind.AVERAGED or divides(step)


def _is_objective(trace: Trace, event: Averaged) -> bool:
    """True where the total itself reaches backward: its average is no mere report, and other rules speak of it."""
    added = _term(event).last(StepKind.ADDED)
    return added is not None and _is_trained_on(trace, added) and _losses(event).differentiable is not False


def _is_loss(trace: Trace, event: Averaged) -> bool:
    """True for losses of the catalogue, and for what is written by hand where the same is trained on.

    Elsewhere nothing tells a loss by hand from an accuracy, or from a norm.
    """
    reduction = _term(event).last(*REDUCING)
    return _losses(event).loss or (reduction is not None and _is_trained_on(trace, reduction))


def _is_trained_on(trace: Trace, step: Step) -> bool:
    """True where what the step gave is a part of what reaches backward."""
    return any(
        step in term.trail
        for backward in trace.events
        if isinstance(backward, Backward)
        for tensor in tensors(backward.objective)
        for term in tensor.terms
    )


def _message(trace: Trace, event: Averaged, term: Term, choice: Step | None) -> str:
    subject = "The average that this call updates" if event.site != event.division else "This average"
    where = f" ({line(trace, choice.site.place)})" if choice else ""
    what, follows, cure = _words(event, scaled=_is_scaled(term))
    return f"{subject} is that of {what.format(where)}, so it {follows}. {cure}."


def _words(event: Averaged, *, scaled: bool) -> tuple[str, str, str]:
    """What is divided by what, `{}` standing for where its reduction was chosen; by how much it is off; what to do."""
    too_large = "is too large by a factor of the batch size"
    match event.total, event.divisor:
        case 0, 1:
            return (
                "batch means{}, divided by the number of examples",
                "is too small by a factor of the batch size",
                "Divide by the number of batches, or multiply each mean by the number of its examples",
            )
        case 1, 0 if scaled:
            what = "batch means{} times their numbers of examples, divided by the number of batches"
            return what, too_large, "Divide by the number of examples, or add up the means as they are"
        case 1, 0:
            return "batch sums{}, divided by the number of batches", too_large, "Divide by the number of examples"
        case 2, 1 if not scaled:
            what = "batch sums{} times their numbers of examples, divided by the number of examples"
            return what, too_large, "Add up the sums as they are, or divide each by the number of its examples first"
    off = Exponent.of(abs(event.total - event.divisor))
    factor = "the batch size" if off == Exponent.ONE else f"{power(off)}, B being the batch size"
    return (
        "losses of batches{}, divided by a number that does not fit their reduction",
        f"is too {'large' if event.total > event.divisor else 'small'} by a factor of {factor}",
        "Divide batch means by the number of batches, and batch sums by the number of examples",
    )


def _is_scaled(term: Term) -> bool:
    """True where a batch mean was multiplied by the batch size."""
    raising = raising_step(term)
    return raising is not None and raising.kind is StepKind.SCALED


def _way(trace: Trace, event: Averaged, choice: Step | None) -> Iterator[Related]:
    if choice is not None:
        yield related(trace, Role.REDUCTION, choice.site, "the reduction is chosen here")
    if event.division is not None and event.division.place != event.site.entry:
        yield related(trace, Role.DIVISION, event.division, "the division is here")
