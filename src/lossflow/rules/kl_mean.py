"""LF303."""

from __future__ import annotations

from collections.abc import Iterator

from lossflow.domain.trace import Backward, OptimizerFacts, Place, Returned, Step, Trace
from lossflow.domain.values import Term
from lossflow.findings import Finding
from lossflow.rules.arguments import losses_with_a_string_astray
from lossflow.rules.fixes import divergence
from lossflow.rules.reductions import chosen_at, handed_back, mean_divergences, stands_elsewhere
from lossflow.rules.rule import Rule
from lossflow.rules.scale import objectives
from lossflow.rules.way import reduction, unrepeated, way_out
from lossflow.rules.wording import called, leaves, reduction_given


class KlMean(Rule):
    """The objective is a Kullback-Leibler divergence divided by the number of its elements.

    ## Why
    A divergence is a sum over the classes, averaged over the examples. `reduction="mean"`, the default of
    `KLDivLoss` and `kl_div`, divides by examples *and* classes: with a thousand classes the loss is a thousand
    times smaller than the divergence, and a distillation weight tuned for one number of classes means nothing for
    another. Torch warns about it at run time. `reduction="batchmean"` is the divergence.

    ## Bad
    ```python
    import torch
    import torch.nn.functional as F
    from torch import nn

    teacher, student = nn.Linear(4, 10), nn.Linear(4, 10)
    criterion = nn.KLDivLoss()
    optimizer = torch.optim.SGD(student.parameters(), lr=0.01)

    for x in torch.utils.data.DataLoader(torch.randn(32, 4), batch_size=8):
        with torch.no_grad():
            target = F.softmax(teacher(x), dim=1)
        optimizer.zero_grad()
        loss = criterion(F.log_softmax(student(x), dim=1), target)
        loss.backward()
        optimizer.step()
    ```

    ## Good
    ```python
    import torch
    import torch.nn.functional as F
    from torch import nn

    teacher, student = nn.Linear(4, 10), nn.Linear(4, 10)
    criterion = nn.KLDivLoss(reduction="batchmean")
    optimizer = torch.optim.SGD(student.parameters(), lr=0.01)

    for x in torch.utils.data.DataLoader(torch.randn(32, 4), batch_size=8):
        with torch.no_grad():
            target = F.softmax(teacher(x), dim=1)
        optimizer.zero_grad()
        loss = criterion(F.log_softmax(student(x), dim=1), target)
        loss.backward()
        optimizer.step()
    ```

    ## Fix safety
    Unsafe: `batchmean` makes the loss as many times larger as there are classes, so its weight or the learning rate
    must be tuned again. It divides by the first dimension only: a loss over a batch of sequences still grows with
    their length. Offered where the reduction is "mean", or not given, at a call of the loss in this file.

    ## References
    - PyTorch documentation, "torch.nn.KLDivLoss", parameter `reduction` and the note on it
    - Hinton et al., "Distilling the Knowledge in a Neural Network", 2015
    """

    code = "LF303"
    name = "kl-mean"
    fixable = "unsafe"

    def check(self, trace: Trace) -> Iterator[Finding]:
        """Each divergence reduced by `mean` that a training step differentiates, or that leaves the file."""
        # `nn.KLDivLoss("batchmean")` averages because the string went astray: that is LF304 alone.
        astray = losses_with_a_string_astray(trace)
        found: dict[Place, Finding] = {}
        for event, optimizers, term in _terms(trace):
            for step in mean_divergences(trace, term):
                choice = chosen_at(term, step)
                place = choice.site.entry
                if not astray & {step.site.place, choice.site.place} and not stands_elsewhere(trace, choice, event):
                    message = _message(trace, step, choice.site.place, goes=leaves(trace, event))
                    way = way_out(trace, event, optimizers) if isinstance(event, Backward) else ()
                    related = unrepeated([*reduction(trace, choice.site), *way])
                    fix = divergence.fix(trace, choice.site.place)
                    found.setdefault(place, self.finding(trace, place, message, related=related, fix=fix))
        yield from found.values()


def _terms(trace: Trace) -> Iterator[tuple[Backward | Returned, tuple[OptimizerFacts, ...], Term]]:
    """The terms that are differentiated or returned, each with the optimizers that step on it."""
    for objective in objectives(trace):
        training = objective.training
        yield from ((training.backward, training.optimizers, term) for term in objective.terms)
    for event, tensor in handed_back(trace):
        yield from ((event, (), term) for term in tensor.terms)


def _message(trace: Trace, step: Step, chosen: Place, *, goes: str) -> str:
    # torch.kl_div takes the numbers 0, 1 and 2 for its reduction, and has none for "batchmean".
    cure = "`F.kl_div` with " if step.loss == "torch.kl_div" else ""
    return (
        f"`{called(trace, chosen, step.loss)}` with {reduction_given(trace, step, chosen)} {goes}. The mean divides by "
        "the number of all elements, classes included, so this is not the divergence but a fraction of it. Use "
        f'{cure}`reduction="batchmean"`; it is as many times larger as an example has elements, so tune the weight of '
        "this term again."
    )
