"""The words that the messages of several rules share: how a place, a loss, an optimizer and a growth are called."""

from __future__ import annotations

import re
from fractions import Fraction
from pathlib import PurePath

from lossflow.catalog.legacy import legacy_reduction
from lossflow.domain.exponent import Exponent
from lossflow.domain.trace import Backward, Event, LossCall, OptimizerFacts, Place, Returned, Step, StepKind, Trace
from lossflow.domain.values import Const
from lossflow.rules.arguments import legacy_arguments

MAX_QUOTED = 40
"""Characters of source that a message quotes."""

_FAMILIAR = (("torch.nn.functional.", "F."), ("torch.nn.", "nn."))
_CALLEE = re.compile(r"([\w.]+)\s*\(")
_OFTEN = {Fraction(1): "doubles", Fraction(2): "quadruples"}


def line(trace: Trace, place: Place) -> str:
    """`line 12`; `line 3 of cell 2` in a notebook, `line 12 of losses.py` where the place is in another file."""
    source = trace.sources[place.file]
    words = source.described(source.row(trace.span(place).start))
    return words if place.file == trace.file else f"{words} of {PurePath(place.file).name}"


def loss_name(dotted: str) -> str:
    """A loss as scripts call it: `nn.MSELoss`, `F.mse_loss`, `sigmoid_focal_loss`."""
    for long, short in _FAMILIAR:
        leaf = dotted.removeprefix(long)
        if leaf != dotted and "." not in leaf:
            return short + leaf
    return dotted.rpartition(".")[2]


def called(trace: Trace, place: Place, dotted: str) -> str:
    """A loss as the source calls it at `place`, under whatever name its module was imported."""
    written = _CALLEE.match(trace.text(place))
    if written is not None and written[1].rpartition(".")[2] == dotted.rpartition(".")[2]:
        return written[1]
    return loss_name(dotted)


def reduction_given(trace: Trace, step: Step, chosen: Place) -> str:
    """How the reduction of a computed loss is written: `reduction="sum"`, or `size_average=False`."""
    for event in trace.events:
        if isinstance(event, LossCall) and event.site.place == chosen:
            given = {bound.name: bound.value for bound in legacy_arguments(trace, event)}
            values = {name: value.value for name, value in given.items() if isinstance(value, Const)}
            meant = legacy_reduction(values.get("size_average"), values.get("reduce"))
            if values and len(values) == len(given) and meant == step.reduction:
                return listed([f"`{name}={value}`" for name, value in values.items()])
    return f'`reduction="{step.reduction}"`' + (", its default," if step.default else "")


def optimizer_name(optimizer: OptimizerFacts) -> str:
    """`SGD`; `the hand-written update` for a step that is plain code."""
    if optimizer.name:
        return optimizer.name.rpartition(".")[2]
    return "the hand-written update" if optimizer.proportional else "the optimizer"


def learning_rate(trace: Trace, optimizer: OptimizerFacts) -> str:
    """`learning rate `args.lr` (line 20)`, as far as its text and its place are known."""
    site = optimizer.learning_rate_site
    text = trace.text(site.place) if site is not None and site != optimizer.site else ""
    # A long expression is better looked up than read.
    words = f"learning rate `{text}`" if text and len(text) <= MAX_QUOTED and "\n" not in text else "learning rate"
    return f"{words} ({line(trace, site.place)})" if site else words


def sink(trace: Trace, backward: Backward) -> str:
    """Where the loss goes: `reaches backward on line 41`, or the framework that is handed it."""
    where = line(trace, backward.site.place)
    words = f"is handed to {backward.framework} on {where}" if backward.framework else f"reaches backward on {where}"
    return words + in_case(backward)


def leaves(trace: Trace, event: Backward | Returned) -> str:
    """Where the loss goes, also where that is out of sight."""
    if isinstance(event, Backward):
        return sink(trace, event)
    return f"is returned by `{trace.text(event.site.place)}` ({line(trace, event.site.place)}){in_case(event)}"


def in_case(event: Event) -> str:
    """What was supposed when the event was seen, as a clause: ` where `args.loss` is `'sum'``."""
    return f" where {event.case}" if event.case else ""


def power(exponent: Exponent) -> str:
    """How something grows with the batch size, of which a least growth is known: `B`, `B^2`, `at least B^(3/2)`."""
    low = exponent.low
    assert low is not None
    written = "B" if low == 1 else f"B^{low}" if low.denominator == 1 else f"B^({low})"
    return written if exponent.known is not None else f"at least {written}"


def on_doubling(exponent: Exponent, what: str) -> str:
    """What a batch of twice the size does to `what`: `doubles it`, `at least doubles it`, `multiplies it by 2.8`."""
    low = exponent.low
    assert low is not None
    often = _OFTEN.get(low)
    action = f"{often} {what}" if often else f"multiplies {what} by {2 ** float(low):.2g}"
    return action if exponent.known is not None else f"at least {action}"


def outgrow(exponent: Exponent) -> str:
    """What follows for an optimizer that evens out the scale of gradients with this exponent."""
    return (
        f"doubling the batch {on_doubling(exponent, 'the gradients')}, while clipping thresholds, `eps` and weight "
        "decay that is added to them stay as they are"
    )


def reduction_of(trace: Trace, step: Step, chosen: Place) -> str:
    """The step that reduced a loss, as the subject of a sentence; its reduction was chosen at `chosen`."""
    match step:
        case Step(kind=StepKind.COMPUTED, loss=loss) if loss:
            return f"`{called(trace, chosen, loss)}` with {reduction_given(trace, step, chosen)}"
        case Step(kind=StepKind.REDUCED):
            return "This sum over the batch"
        case Step(kind=StepKind.SCALED):
            return "This loss, multiplied by the batch size,"
        case Step(kind=StepKind.ADDED):
            return "This sum of one loss for each example"
        case _:
            return "This sum"


def listed(names: list[str], last: str = "and") -> str:
    """`a`, `a and b`, `a, b and c`."""
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} {last} {names[-1]}"
