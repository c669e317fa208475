"""Training loops in classes, and losses that the network computes itself."""

from __future__ import annotations

import re

from . import at_top
from .choices import Choices
from .parts import Parts, epochs, named, objects, over_batches
from .script import Script, indented


def trainer(script: Script, choices: Choices, parts: Parts) -> list[str]:
    """A trainer that holds the objects; its loop is a method."""
    names = [name for name in script.objects if name == "optimizer" or name in named(script, parts)]
    if parts.update.scheduled:
        names.append("scheduler")
    body = over_batches(parts, script.body)
    if parts.update.scheduled:
        body.append("scheduler.step()")
    held = re.compile(rf"(?<![.\w\"])({'|'.join(names)})\b(?![\"=])")
    body = [held.sub(r"self.\1", line) for line in body]
    made = [f"    def __init__(self, {', '.join(names)}):", *(f"        self.{name} = {name}" for name in names)]
    lines = ["", "class Trainer:", *made, "", "    def fit(self, loader):", *indented(body, 2), ""]
    return [*script.header(), *lines, "", *objects(script, parts),
            f"trainer = Trainer({', '.join(names)})", "trainer.fit(loader)"]  # fmt: skip


def loss_in_the_model(script: Script, choices: Choices, parts: Parts) -> list[str]:
    """The network computes its loss itself."""
    text = "\n".join(script.body)
    if "loader.batch_size" in text or "model.parameters" in text:
        return at_top.at_top(script, choices, parts)
    names = [name for name in named(script, parts) if name not in ("optimizer", "scaler", "model", "encoder")]
    apart = any("try:" in script.objects[name] or "options" in script.objects[name] for name in names)
    if "encoder" in script.objects or apart:
        return at_top.at_top(script, choices, parts)
    inner = script.objects["model"].removeprefix("model = ")
    held = re.compile(rf"(?<![.\w\"])({'|'.join(['model', *names])})\b(?![\"=])")
    body = [held.sub(lambda found: "self.net" if found[1] == "model" else f"self.{found[1]}", each)
            for each in script.body]  # fmt: skip
    made = ["def __init__(self):", "    super().__init__()", f"    self.net = {inner}"]
    made += [f"    self.{line}" for name in names for line in script.objects[name].split("\n")]
    forward = [f"def forward(self, {parts.batch}):", *indented([*body, "return loss"])]
    script.objects["model"] = "model = Network()"
    for name in names:
        del script.objects[name]
    lines = ["", "class Network(nn.Module):", *indented(made), "", *indented(forward), ""]
    loop = epochs(script, parts, over_batches(parts, [f"loss = model({parts.batch})"]))
    return [*script.header(), *lines, "", *objects(script, parts), *loop]


def base_class(script: Script, choices: Choices, parts: Parts) -> list[str]:
    """A trainer whose loss is a method of a subclass."""
    if "loader.batch_size" in "\n".join(script.body):
        return at_top.at_top(script, choices, parts)
    names = [name for name in script.objects if name == "optimizer" or name in named(script, parts)]
    held = re.compile(rf"(?<![.\w\"])({'|'.join(names)})\b(?![\"=])")
    loop = [held.sub(r"self.\1", line) for line in over_batches(parts, [f"loss = self.compute_loss({parts.batch})"])]
    body = [held.sub(r"self.\1", line) for line in [*script.body, "return loss"]]
    made = [f"    def __init__(self, {', '.join(names)}):", *(f"        self.{name} = {name}" for name in names)]
    abstract = ["", f"    def compute_loss(self, {parts.batch}):", "        raise NotImplementedError", ""]
    lines = ["", "class Base:", *made, "", "    def fit(self, loader):", *indented(loop, 2), *abstract]
    lines += ["", "class Trainer(Base):", f"    def compute_loss(self, {parts.batch}):", *indented(body, 2), ""]
    run = [f"trainer = Trainer({', '.join(names)})", *epochs(script, parts, ["trainer.fit(loader)"])]
    return [*script.header(), *lines, "", *objects(script, parts), *run]
