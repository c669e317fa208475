"""What the structures of a script put together: batches, the step for one of them, and the loop around it."""

from __future__ import annotations

import re

from .averages import Reported
from .choices import Choices
from .losses import DATA, Loss
from .optimizers import Update
from .script import Script, indented


class Accumulation:
    """Whether gradients of several batches add up, and what that adds to the loop."""

    def __init__(self, script: Script, choices: Choices, kind: str, update: Update) -> None:
        self.on = kind in ("divided", "not divided")
        self.divided = kind == "divided"
        self.update = update
        if self.on:
            script.constants.append("accum_steps = 3")
            self.test = choices.word(
                "accumulation test",
                ("(i + 1) % accum_steps == 0", "i % accum_steps == accum_steps - 1", "not (i + 1) % accum_steps"),
            )
            self.apart = choices.maybe("accumulation apart")
        else:
            self.zero_first = choices.maybe("zero first")

    def around(self, body: list[str]) -> list[str]:
        """The step for one batch, whose loss `body` computes."""
        update = self.update
        if not self.on:
            if self.zero_first:
                return [*update.clear, *body, *update.lines]
            return [*body, *update.clear, *update.lines]
        backward = list(update.backward.lines)
        if self.divided:
            apart = ["loss = loss / accum_steps", *backward]
            backward = apart if self.apart else update.backward.of("loss / accum_steps")
        steps = indented([*update.before, *update.step, *update.clear])
        return [*body, *backward, f"if {self.test}:", *steps]


class Parts:
    """What a structure puts together."""

    def __init__(
        self, loss: Loss, loader: list[str], update: Update, accumulation: Accumulation, average: Reported
    ) -> None:
        self.loss = loss
        self.loader = loader
        self.update = update
        self.accumulation = accumulation
        self.average = average

    @property
    def batch(self) -> str:
        """The names of a batch."""
        return ", ".join(DATA[self.loss.data].batch)

    @property
    def heading(self) -> str:
        """The first line of the loop."""
        if self.accumulation.on:
            return f"for i, ({self.batch}) in enumerate(loader):"
        return f"for {self.batch} in loader:"


def objects(script: Script, parts: Parts) -> list[str]:
    """The objects, and the loader."""
    lines = ["torch.manual_seed(0)"]
    for text in script.objects.values():
        lines += text.split("\n")
    return [*lines, *parts.loader]


def epochs(script: Script, parts: Parts, loop: list[str]) -> list[str]:
    """The loop as often as there are epochs; several where a scheduler steps after each."""
    if not parts.update.scheduled:
        return loop
    return ["for epoch in range(2):", *indented(loop), "    scheduler.step()"]


def over_batches(parts: Parts, body: list[str]) -> list[str]:
    """The loop over the batches, with the average that it reports."""
    average = parts.average
    loop = [parts.heading, *indented([*parts.accumulation.around(body), *average.inside])]
    return [*average.before, *loop, *average.after]


def named(script: Script, parts: Parts) -> list[str]:
    """The objects that a training function has to be handed."""
    lines = script.body + parts.accumulation.around([])
    text = "\n".join(lines)
    return [name for name in script.objects if name == "model" or re.search(rf"(?<![.\w\"]){name}\b(?!\")", text)]
