"""LF108."""

from __future__ import annotations

from collections.abc import Iterator

from lossflow.domain.trace import Backward, Place, Step, StepKind, Trace
from lossflow.domain.values import Term
from lossflow.findings import Finding, Role
from lossflow.rules.reductions import REDUCING, merely_imported, own_choice, tensors
from lossflow.rules.rule import Rule, related
from lossflow.rules.way import reduction, unrepeated
from lossflow.rules.wording import line


class IgnoredNumItems(Rule):
    """A Trainer's `compute_loss` returns a mean of its own and ignores the number of items to divide by.

    ## Why
    With gradient accumulation, `transformers.Trainer` hands `compute_loss` the number of items in all the batches of
    one step, and expects the sum divided by it: where the model accepts loss arguments, it does not divide by the
    accumulation steps itself. A mean over each batch is then added up: the gradient is as many times too large as
    there are accumulation steps, and batches with few tokens weigh as much as full ones.

    ## Bad
    ```python
    import torch
    from transformers import Trainer


    class WeightedTrainer(Trainer):
        def compute_loss(self, model, inputs, return_outputs=False, num_items_in_batch=None):
            labels = inputs.pop("labels")
            outputs = model(**inputs)
            loss = torch.nn.functional.cross_entropy(outputs.logits, labels)
            return (loss, outputs) if return_outputs else loss
    ```

    ## Good
    ```python
    import torch
    from transformers import Trainer


    class WeightedTrainer(Trainer):
        def compute_loss(self, model, inputs, return_outputs=False, num_items_in_batch=None):
            labels = inputs.pop("labels")
            outputs = model(**inputs)
            loss = torch.nn.functional.cross_entropy(outputs.logits, labels, reduction="sum") / num_items_in_batch
            return (loss, outputs) if return_outputs else loss
    ```

    ## Fix safety
    No fix is offered: whether to sum and divide, or to set `model_accepts_loss_kwargs = False`, is for the author to
    say.

    ## References
    - Transformers documentation, "Trainer", method `compute_loss`
    - Hugging Face, "Fixing Gradient Accumulation", 2024
    """

    code = "LF108"
    name = "ignored-num-items"
    default = False
    comes_before = frozenset({Role.REDUCTION, Role.CALL})

    def check(self, trace: Trace) -> Iterator[Finding]:
        """Each mean that a `compute_loss` returns without a look at the number of items."""
        found: dict[Place, Finding] = {}
        for event in trace.events:
            if not isinstance(event, Backward) or event.unread is None or not event.grad_enabled:
                continue
            for tensor in tensors(event.objective):
                choice = next((step for term in tensor.terms if (step := _last_reduction(term)) is not None), None)
                averaged = tensor.axes.reduced and all(map(_is_mean, tensor.terms))
                if choice is None or not averaged or not tensor.loss or merely_imported(trace, choice.site, event):
                    continue
                place = choice.site.entry
                way = [
                    *reduction(trace, choice.site),
                    related(trace, Role.CALL, event.unread, "the number of items is received here"),
                    related(trace, Role.BACKWARD, event.site, f"the objective is handed to {event.framework} here"),
                ]
                found.setdefault(place, self.finding(trace, place, _message(trace, event), related=unrepeated(way)))
        yield from found.values()


def _last_reduction(term: Term) -> Step | None:
    last = term.last(*REDUCING)
    return own_choice(term) if last is None or last.kind is StepKind.COMPUTED else last


def _is_mean(term: Term) -> bool:
    """True for an average over the batch, whatever was averaged."""
    last = term.last(*REDUCING)
    averaged = last is not None and (last.kind is StepKind.AVERAGED or last.reduction == "mean")
    return averaged or term.exponent.is_zero


def _message(trace: Trace, event: Backward) -> str:
    assert event.unread is not None
    received = f"`{trace.text(event.unread.place)}` ({line(trace, event.unread.place)})"
    return (
        f"This mean is what `compute_loss` returns on {line(trace, event.site.place)}, and {received} is never read. "
        "Where the model accepts loss arguments, Trainer leaves the division by the accumulation steps to "
        "`compute_loss`: with k accumulation steps the gradient is then k times too large. Divide the sum by "
        "`num_items_in_batch`, or set `self.model_accepts_loss_kwargs = False` in `__init__`."
    )
