"""Training loops and steps in functions, of which some stand in another file."""

from __future__ import annotations

from . import at_top
from .choices import Choices
from .parts import Parts, epochs, named, objects, over_batches
from .script import Script, indented


def function(script: Script, choices: Choices, parts: Parts) -> list[str]:
    """A function that reads what is global."""
    lines = ["def train(loader):", "    model.train()", *indented(over_batches(parts, script.body)), ""]
    run = epochs(script, parts, ["train(loader)"])
    return [*script.header(), *objects(script, parts), "", "", *lines, "", *run]


def function_with_everything(script: Script, choices: Choices, parts: Parts) -> list[str]:
    names = named(script, parts)
    body = over_batches(parts, script.body)
    if "generator" not in choices.made["data"]:  # which yields nothing in a second epoch
        body.append("return loss.detach()")
    lines = ["", f"def train_one_epoch({', '.join(names)}, loader):", *indented(body), ""]
    call = f"train_one_epoch({', '.join(names)}, loader)"
    if choices.maybe("keywords"):
        call = f"train_one_epoch({', '.join([*names, 'loader=loader'])})"
    return [*script.header(), *lines, "", *objects(script, parts), *epochs(script, parts, [call])]


def step_function(script: Script, choices: Choices, parts: Parts) -> list[str]:
    if parts.accumulation.on:
        return function_with_everything(script, choices, parts)
    names = named(script, parts)
    arguments = ", ".join([*names, parts.batch])
    body = [*parts.accumulation.around(script.body), "return loss.detach()"]
    lines = ["", f"def train_step({arguments}):", *indented(body), ""]
    loop = epochs(script, parts, [parts.heading, f"    value = train_step({arguments})"])
    if "loader.batch_size" in "\n".join(script.body):
        return at_top.at_top(script, choices, parts)
    return [*script.header(), *lines, "", *objects(script, parts), *loop]


def loss_function(script: Script, choices: Choices, parts: Parts) -> list[str]:
    """The loss is computed by a function, which returns it."""
    if "loader.batch_size" in "\n".join(script.body):
        return at_top.at_top(script, choices, parts)
    names = [name for name in named(script, parts) if name not in ("optimizer", "scaler")]
    arguments = ", ".join([*names, parts.batch])
    lines = ["", f"def compute_loss({arguments}):", *indented([*script.body, "return loss"]), ""]
    loop = epochs(script, parts, over_batches(parts, [f"loss = compute_loss({arguments})"]))
    return [*script.header(), *lines, "", *objects(script, parts), *loop]


def dict_returned(script: Script, choices: Choices, parts: Parts) -> list[str]:
    if "loader.batch_size" in "\n".join(script.body):
        return at_top.at_top(script, choices, parts)
    return _returned(script, parts, '{"loss": loss, "size": len(x)}', 'loss = {}["loss"]')


def tuple_returned(script: Script, choices: Choices, parts: Parts) -> list[str]:
    if "loader.batch_size" in "\n".join(script.body):
        return at_top.at_top(script, choices, parts)
    return _returned(script, parts, '{"loss": loss.detach()}, loss', "logs, loss = {}")


def _returned(script: Script, parts: Parts, result: str, read: str) -> list[str]:
    """The loss is part of what a function returns."""
    names = [name for name in named(script, parts) if name not in ("optimizer", "scaler", "loader")]
    arguments = ", ".join([*names, parts.batch])
    lines = ["", f"def forward_step({arguments}):", *indented([*script.body, f"return {result}"]), ""]
    loop = epochs(script, parts, over_batches(parts, [read.format(f"forward_step({arguments})")]))
    return [*script.header(), *lines, "", *objects(script, parts), *loop]


def closure(script: Script, choices: Choices, parts: Parts) -> list[str]:
    """The optimizer is handed a function that computes the loss and its gradients."""
    moved = [line for line in script.body[:1] if ".to(device)" in line]
    gradients = [*parts.update.backward.lines, *parts.update.before, "return loss"]
    inner = ["def closure():", *indented([*parts.update.clear, *script.body[len(moved) :], *gradients])]
    loop = [parts.heading, *indented([*moved, *inner, "", "optimizer.step(closure)"])]
    return [*script.header(), *objects(script, parts), *epochs(script, parts, loop)]


def other_file(script: Script, choices: Choices, parts: Parts) -> list[str]:
    """The loop is a function of another file, which is handed the function of the loss."""
    if "loader.batch_size" in "\n".join(script.body) or "optimizer" not in script.objects:
        return at_top.at_top(script, choices, parts)
    names = [name for name in named(script, parts) if name != "optimizer"]
    arguments = ", ".join([*names, parts.batch])
    lines = ["", f"def compute_loss({arguments}):", *indented([*script.body, "return loss"]), ""]
    script.imports.add("from engine import train")

    gradients = [line for line in parts.update.before if "batch_size" not in "\n".join(parts.update.before)]
    step = [*parts.update.clear, f"loss = compute_loss({arguments})", *parts.update.backward.lines, *gradients]
    loop = [f"for {parts.batch} in loader:", *indented([*step, *parts.update.step])]
    head = f"def train({', '.join([*names, 'optimizer', 'compute_loss', 'loader'])}):"
    script.beside["engine.py"] = "\n".join(["import torch", "from torch import nn", "", "", head, *indented(loop), ""])
    call = f"train({', '.join([*names, 'optimizer', 'compute_loss', 'loader'])})"
    return [*script.header(), *lines, "", *objects(script, parts), *epochs(script, parts, [call])]
