"""What stands around the step: functions, classes, nested loops, accumulation, tests of the configuration."""

from __future__ import annotations

from collections.abc import Callable

from . import at_top, in_classes, in_functions
from .averages import Reported, reported
from .choices import Choices
from .losses import DATA, EXAMPLES, Loss
from .optimizers import Update
from .parts import Accumulation, Parts
from .script import Script

_DRAWN = {
    "loader": "loader = DataLoader(TensorDataset({names}), batch_size=batch_size)",
    "shuffling loader": "loader = torch.utils.data.DataLoader(dataset=TensorDataset({names}), batch_size=batch_size, "
    "shuffle=False)",
    "list of batches": "loader = [({drawn}) for _ in range(6)]",
    "generator": "",
}


ACCUMULATIONS = ("none", "none ", "none  ", "divided", "not divided")
_Structure = Callable[[Script, Choices, Parts], list[str]]


def written(script: Script, choices: Choices, loss: Loss, update: Update) -> str:
    """The whole script; `accumulation` and `data` are chosen already."""
    accumulation = Accumulation(script, choices, choices.made["accumulation"].strip(), update)
    loader = _data(script, choices, loss, repeated=accumulation.on)
    structures: dict[str, _Structure] = {
        "module": at_top.at_top,
        "main": at_top.main,
        "function": in_functions.function,
        "function with everything": in_functions.function_with_everything,
        "step function": in_functions.step_function,
        "loss function": in_functions.loss_function,
        "class": in_classes.trainer,
        "guarded": at_top.guarded,
        "loss in the model": in_classes.loss_in_the_model,
        "try": at_top.tried,
        "with": at_top.in_context,
        "skip": at_top.skip,
        "dict returned": in_functions.dict_returned,
        "tuple returned": in_functions.tuple_returned,
        "base class": in_classes.base_class,
        "few steps": at_top.few_steps,
    }
    if not accumulation.on:
        structures |= {"while": at_top.while_left, "other file": in_functions.other_file, "phases": at_top.phases}
        if "optimizer" in script.objects and not update.backward.scaled:
            structures["closure"] = in_functions.closure
    script.constants[:0] = ["torch.set_default_dtype(torch.float64)", "batch_size = 4"]
    # Where no optimizer steps, nothing keeps the parameters as they are; other data would be drawn at 2 B.
    averages = "loader" in choices.made["data"] and "optimizer" in script.objects
    averages = averages and "left" not in choices.made.get("reduced by", "").split()  # whose `.item()` raises
    average = reported(script, choices) if averages else Reported()
    parts = Parts(loss, loader, update, accumulation, average)
    lines = choices.among("structure", structures)(script, choices, parts)
    text = "\n".join(lines) + "\n"
    if average.after and average.after[0] not in text:  # of a loop that reports nothing
        choices.made["average"] = "none"
    return text


def sources(choices: Choices) -> None:
    """Choose where batches come from, and whether the gradients of several add up: other choices depend on it."""
    accumulates = choices.word("accumulation", ACCUMULATIONS).strip() != "none"
    choices.word("data", [name for name in _DRAWN if "loader" in name or not accumulates])


def _data(script: Script, choices: Choices, loss: Loss, *, repeated: bool) -> list[str]:
    """The lines that make `loader`; `repeated` makes all of its batches the same."""
    data = DATA[loss.data]
    way = choices.made["data"], _DRAWN[choices.made["data"]]
    if way[0] == "generator":
        drawn = ", ".join(each.format(n="batch_size") for each in data.tensors)
        script.define(f"""
def batches(count):
    for _ in range(count):
        yield {drawn}
""")
        return ["loader = batches(6)"]
    if way[0] == "list of batches":
        return [way[1].format(drawn=", ".join(each.format(n="batch_size") for each in data.tensors))]
    script.imports.add(
        "from torch.utils.data import DataLoader, TensorDataset"
        if "torch.utils.data" not in way[1]
        else "from torch.utils.data import TensorDataset"
    )
    names = ["inputs", *(("others",) if data.batch[-1] == "y" else ()), "targets", "masks"][: len(data.tensors)]
    made = [each.format(n=4 if repeated else EXAMPLES) for each in data.tensors]
    if repeated:
        made = [f"torch.cat([{each}] * {EXAMPLES // 4})" for each in made]
    return [*(f"{name} = {each}" for name, each in zip(names, made)), way[1].format(names=", ".join(names))]
