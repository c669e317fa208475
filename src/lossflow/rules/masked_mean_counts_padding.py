"""LF203."""

from __future__ import annotations

import re
from collections.abc import Iterator

from lossflow.domain.trace import Backward, Place, Returned, Step, StepKind, Trace
from lossflow.domain.values import Tensor
from lossflow.findings import Finding, Related, Role
from lossflow.rules.fixes import masked_means as fixes
from lossflow.rules.reductions import losses_that_leave, mean_of_masked, stands_elsewhere
from lossflow.rules.rule import Rule, related
from lossflow.rules.way import reduction, unrepeated, way_out
from lossflow.rules.wording import called, leaves, line

_DROPS = re.compile(r"[\w.]+\[(?P<index>~?[\w.]+)\]|.*\.masked_fill_?\(\s*(?P<fill>~?[\w.]+)\s*,[^()]*\)", re.DOTALL)
"""`loss[padding]`, to which zero is assigned, or `loss.masked_fill(padding, 0)`: the mask says what does not count."""


class MaskedMeanCountsPadding(Rule):
    """The mean of a masked loss counts the masked elements too.

    ## Why
    A mask sets the losses of padding to zero, but the mean still divides by their number. A batch that is half
    padding gets half the loss and half the gradient of the same tokens without padding, so that the weight of an
    example depends on the longest one beside it, and the learning rate on how batches are put together.

    ## Bad
    ```python
    import torch
    import torch.nn.functional as F
    from torch import nn

    model = nn.Linear(4, 1)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    loader = torch.utils.data.DataLoader(
        torch.utils.data.TensorDataset(torch.randn(64, 5, 4), torch.randn(64, 5), torch.rand(64, 5) < 0.7),
        batch_size=16,
    )

    for inputs, targets, mask in loader:
        optimizer.zero_grad()
        loss = F.mse_loss(model(inputs).squeeze(-1), targets, reduction="none") * mask
        loss = loss.mean()
        loss.backward()
        optimizer.step()
    ```

    ## Good
    ```python
    import torch
    import torch.nn.functional as F
    from torch import nn

    model = nn.Linear(4, 1)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    loader = torch.utils.data.DataLoader(
        torch.utils.data.TensorDataset(torch.randn(64, 5, 4), torch.randn(64, 5), torch.rand(64, 5) < 0.7),
        batch_size=16,
    )

    for inputs, targets, mask in loader:
        optimizer.zero_grad()
        loss = F.mse_loss(model(inputs).squeeze(-1), targets, reduction="none") * mask
        loss = loss.sum() / mask.expand_as(loss).sum().clamp(min=1)
        loss.backward()
        optimizer.step()
    ```

    ## Fix safety
    Unsafe: the loss and its gradients grow by the share of masked elements, and the learning rate was tuned without.
    It is offered for means over all elements that one mask masks in any case, of a loss that has a value for each; a
    masked loss without a name gets one. The mask is expanded to the shape of the loss, because one of shape (B, 1)
    counts D times in a loss of shape (B, D).
    For `ignore_index` the fix is `reduction="mean"` at the loss, where nothing but the mean uses it.

    ## References
    - PyTorch documentation, "torch.nn.CrossEntropyLoss", parameter `ignore_index`: the mean is over the others
    """

    code = "LF203"
    name = "masked-mean-counts-padding"
    fixable = "sometimes unsafe"

    def check(self, trace: Trace) -> Iterator[Finding]:
        """Each mean of masked elements on the way of a loss that reaches backward, or leaves the file."""
        found: dict[Place, Finding] = {}
        for event, tensor in losses_that_leave(trace):
            step = mean_of_masked(tensor)
            if step is not None and not stands_elsewhere(trace, step, event):
                place = step.site.entry
                way = _way(trace, event, step)
                ignored = _ignored(tensor, step)
                fix = fixes.fix(trace, step) if ignored is None else fixes.of_ignored(trace, step, ignored)
                message = _message(trace, event, tensor, step)
                found.setdefault(place, self.finding(trace, place, message, related=way, fix=fix))
        yield from found.values()


def _message(trace: Trace, event: Backward | Returned, tensor: Tensor, step: Step) -> str:
    assert step.masked is not None
    where, goes = line(trace, step.masked.place), leaves(trace, event)
    noun, counts = ("loss", "is averaged over") if step.kind is StepKind.COMPUTED else ("mean", "counts")
    mean = f"This {noun}" if trace.here(step.site) else f"The {noun} on {line(trace, step.site.place)}"
    computed = _ignored(tensor, step)
    if computed is not None:
        loss = called(trace, computed.site.place, computed.loss)
        return (
            f"{mean} counts the targets that `ignore_index` leaves out of `{loss}` ({where}), whose losses are "
            f"zero, and {goes}: the more of them a batch holds, the smaller are the loss and its gradients. "
            '`reduction="mean"` at the loss divides by the number of the other targets.'
        )
    return (
        f"{mean} {counts} all elements, those that a mask has set to zero on {where} included, and {goes}: the more of "
        "them a batch holds, the smaller are the loss and its gradients. Divide the sum of the loss by the number of "
        f"its elements that {_kept(trace.text(step.masked.place))}."
    )


def _ignored(tensor: Tensor, step: Step) -> Step | None:
    """The loss that leaves targets out by itself, where that is what the mean counts."""
    computed = next((s for t in tensor.terms for s in t.trail if s.kind is StepKind.COMPUTED), None)
    return computed if computed is not None and computed.site == step.masked else None


def _kept(masked: str) -> str:
    """Which elements count after `masked`, by the name of the mask where it says what does not."""
    written = _DROPS.fullmatch(masked)
    if written is None:
        return "are kept"
    dropped = written["index"] or written["fill"]
    return f"`{dropped[1:] if dropped.startswith('~') else '~' + dropped}` keeps"


def _way(trace: Trace, event: Backward | Returned, step: Step) -> tuple[Related, ...]:
    assert step.masked is not None
    locations = [*reduction(trace, step.site)]
    locations.append(related(trace, Role.TERM, step.masked, "elements are set to zero here"))
    if isinstance(event, Backward):
        locations += way_out(trace, event, event.optimizers)
    return unrepeated(locations)
