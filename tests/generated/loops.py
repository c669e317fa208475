"""What stands around the step: functions, classes, nested loops, accumulation, tests of the configuration."""

from __future__ import annotations

import re
from collections.abc import Callable

from .averages import Reported, reported
from .choices import Choices
from .losses import DATA, EXAMPLES, Loss
from .optimizers import Update
from .script import Script, indented

_DRAWN = {
    "loader": "loader = DataLoader(TensorDataset({names}), batch_size=batch_size)",
    "shuffling loader": "loader = torch.utils.data.DataLoader(dataset=TensorDataset({names}), batch_size=batch_size, "
    "shuffle=False)",
    "list of batches": "loader = [({drawn}) for _ in range(6)]",
    "generator": "",
}


ACCUMULATIONS = ("none", "none ", "none  ", "divided", "not divided")


def written(script: Script, choices: Choices, loss: Loss, update: Update) -> str:
    """The whole script; `accumulation` and `data` are chosen already."""
    accumulation = _Accumulation(script, choices, choices.made["accumulation"].strip(), update)
    loader = _data(script, choices, loss, repeated=accumulation.on)
    structures: dict[str, _Structure] = {
        "module": _module,
        "main": _main,
        "function": _function,
        "function with everything": _function_with_everything,
        "step function": _step_function,
        "loss function": _loss_function,
        "class": _class,
        "guarded": _guarded,
        "loss in the model": _loss_in_the_model,
        "try": _try,
        "with": _with,
        "skip": _skip,
        "dict returned": _dict_returned,
        "tuple returned": _tuple_returned,
        "base class": _base_class,
        "few steps": _few_steps,
    }
    if not accumulation.on:
        structures |= {"while": _while, "other file": _other_file, "phases": _phases}
        if "optimizer" in script.objects and not update.backward.scaled:
            structures["closure"] = _closure
    script.constants[:0] = ["torch.set_default_dtype(torch.float64)", "batch_size = 4"]
    # Where no optimizer steps, nothing keeps the parameters as they are; other data would be drawn at 2 B.
    averages = "loader" in choices.made["data"] and "optimizer" in script.objects
    averages = averages and "left" not in choices.made.get("reduced by", "").split()  # whose `.item()` raises
    average = reported(script, choices) if averages else Reported()
    parts = _Parts(loss, loader, update, accumulation, average)
    lines = choices.among("structure", structures)(script, choices, parts)
    text = "\n".join(lines) + "\n"
    if average.after and average.after[0] not in text:  # of a loop that reports nothing
        choices.made["average"] = "none"
    return text


def sources(choices: Choices) -> None:
    """Choose where batches come from, and whether the gradients of several add up: other choices depend on it."""
    accumulates = choices.word("accumulation", ACCUMULATIONS).strip() != "none"
    choices.word("data", [name for name in _DRAWN if "loader" in name or not accumulates])


class _Accumulation:
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


class _Parts:
    """What a structure puts together."""

    def __init__(
        self, loss: Loss, loader: list[str], update: Update, accumulation: _Accumulation, average: Reported
    ) -> None:
        self.loss = loss
        self.loader = loader
        self.update = update
        self.accumulation = accumulation
        self.average = average

    @property
    def batch(self) -> str:
        return ", ".join(DATA[self.loss.data].batch)

    @property
    def heading(self) -> str:
        if self.accumulation.on:
            return f"for i, ({self.batch}) in enumerate(loader):"
        return f"for {self.batch} in loader:"


_Structure = Callable[[Script, Choices, _Parts], list[str]]


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


def _made(script: Script, parts: _Parts) -> list[str]:
    """The objects, and the loader."""
    lines = ["torch.manual_seed(0)"]
    for text in script.objects.values():
        lines += text.split("\n")
    return [*lines, *parts.loader]


def _epochs(script: Script, parts: _Parts, loop: list[str]) -> list[str]:
    if not parts.update.scheduled:
        return loop
    return ["for epoch in range(2):", *indented(loop), "    scheduler.step()"]


def _loop(parts: _Parts, body: list[str]) -> list[str]:
    average = parts.average
    rounds = [parts.heading, *indented([*parts.accumulation.around(body), *average.inside])]
    return [*average.before, *rounds, *average.after]


def _module(script: Script, choices: Choices, parts: _Parts) -> list[str]:
    loop = _epochs(script, parts, _loop(parts, script.body))
    if choices.maybe("nested"):
        loop = ["for run in range(1):", *indented(loop)]
    return [*script.header(), *_made(script, parts), *loop]


def _main(script: Script, choices: Choices, parts: _Parts) -> list[str]:
    loop = _epochs(script, parts, _loop(parts, script.body))
    body = indented([*_made(script, parts), *loop])
    return [*script.header(), "", "def main():", *body, "", "", 'if __name__ == "__main__":', "    main()"]


def _guarded(script: Script, choices: Choices, parts: _Parts) -> list[str]:
    trains = script.set("train", "True")
    loop = _loop(parts, script.body)
    verbose = script.set("verbose", "False")
    loop += [f"if {verbose}:", "    print(loss.item())"]
    return [*script.header(), *_made(script, parts), f"if {trains}:", *indented(_epochs(script, parts, loop))]


def _while(script: Script, choices: Choices, parts: _Parts) -> list[str]:
    loop = ["steps = 0", "batches_left = iter(loader)", "while steps < 3:", f"    {parts.batch} = next(batches_left)"]
    loop += indented([*parts.accumulation.around(script.body), "steps += 1"])
    return [*script.header(), *_made(script, parts), *loop]


def _named(script: Script, parts: _Parts) -> list[str]:
    """The objects that a training function has to be handed."""
    lines = script.body + parts.accumulation.around([])
    text = "\n".join(lines)
    return [name for name in script.objects if name == "model" or re.search(rf"(?<![.\w\"]){name}\b(?!\")", text)]


def _function(script: Script, choices: Choices, parts: _Parts) -> list[str]:
    """A function that reads what is global."""
    lines = ["def train(loader):", "    model.train()", *indented(_loop(parts, script.body)), ""]
    run = _epochs(script, parts, ["train(loader)"])
    return [*script.header(), *_made(script, parts), "", "", *lines, "", *run]


def _function_with_everything(script: Script, choices: Choices, parts: _Parts) -> list[str]:
    names = _named(script, parts)
    body = _loop(parts, script.body)
    if "generator" not in choices.made["data"]:  # which yields nothing in a second epoch
        body.append("return loss.item()")
    lines = ["", f"def train_one_epoch({', '.join(names)}, loader):", *indented(body), ""]
    call = f"train_one_epoch({', '.join(names)}, loader)"
    if choices.maybe("keywords"):
        call = f"train_one_epoch({', '.join([*names, 'loader=loader'])})"
    return [*script.header(), *lines, "", *_made(script, parts), *_epochs(script, parts, [call])]


def _step_function(script: Script, choices: Choices, parts: _Parts) -> list[str]:
    if parts.accumulation.on:
        return _function_with_everything(script, choices, parts)
    names = _named(script, parts)
    arguments = ", ".join([*names, parts.batch])
    body = [*parts.accumulation.around(script.body), "return loss.item()"]
    lines = ["", f"def train_step({arguments}):", *indented(body), ""]
    loop = _epochs(script, parts, [parts.heading, f"    value = train_step({arguments})"])
    if "loader.batch_size" in "\n".join(script.body):
        return _module(script, choices, parts)
    return [*script.header(), *lines, "", *_made(script, parts), *loop]


def _loss_function(script: Script, choices: Choices, parts: _Parts) -> list[str]:
    """The loss is computed by a function, which returns it."""
    if "loader.batch_size" in "\n".join(script.body):
        return _module(script, choices, parts)
    names = [name for name in _named(script, parts) if name not in ("optimizer", "scaler")]
    arguments = ", ".join([*names, parts.batch])
    lines = ["", f"def compute_loss({arguments}):", *indented([*script.body, "return loss"]), ""]
    loop = _epochs(script, parts, _loop(parts, [f"loss = compute_loss({arguments})"]))
    return [*script.header(), *lines, "", *_made(script, parts), *loop]


def _class(script: Script, choices: Choices, parts: _Parts) -> list[str]:
    """A trainer that holds the objects; its loop is a method."""
    names = [name for name in script.objects if name == "optimizer" or name in _named(script, parts)]
    if parts.update.scheduled:
        names.append("scheduler")
    body = _loop(parts, script.body)
    if parts.update.scheduled:
        body.append("scheduler.step()")
    held = re.compile(rf"(?<![.\w\"])({'|'.join(names)})\b(?![\"=])")
    body = [held.sub(r"self.\1", line) for line in body]
    made = [f"    def __init__(self, {', '.join(names)}):", *(f"        self.{name} = {name}" for name in names)]
    lines = ["", "class Trainer:", *made, "", "    def fit(self, loader):", *indented(body, 2), ""]
    return [*script.header(), *lines, "", *_made(script, parts),
            f"trainer = Trainer({', '.join(names)})", "trainer.fit(loader)"]  # fmt: skip


def _loss_in_the_model(script: Script, choices: Choices, parts: _Parts) -> list[str]:
    """The network computes its loss itself."""
    text = "\n".join(script.body)
    if "loader.batch_size" in text or "model.parameters" in text:
        return _module(script, choices, parts)
    names = [name for name in _named(script, parts) if name not in ("optimizer", "scaler", "model", "encoder")]
    apart = any("try:" in script.objects[name] or "options" in script.objects[name] for name in names)
    if "encoder" in script.objects or apart:
        return _module(script, choices, parts)
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
    loop = _epochs(script, parts, _loop(parts, [f"loss = model({parts.batch})"]))
    return [*script.header(), *lines, "", *_made(script, parts), *loop]


def _closure(script: Script, choices: Choices, parts: _Parts) -> list[str]:
    """The optimizer is handed a function that computes the loss and its gradients."""
    moved = [line for line in script.body[:1] if ".to(device)" in line]
    gradients = [*parts.update.backward.lines, *parts.update.before, "return loss"]
    inner = ["def closure():", *indented([*parts.update.clear, *script.body[len(moved) :], *gradients])]
    loop = [parts.heading, *indented([*moved, *inner, "", "optimizer.step(closure)"])]
    return [*script.header(), *_made(script, parts), *_epochs(script, parts, loop)]


def _other_file(script: Script, choices: Choices, parts: _Parts) -> list[str]:
    """The loop is a function of another file, which is handed the function of the loss."""
    if "loader.batch_size" in "\n".join(script.body) or "optimizer" not in script.objects:
        return _module(script, choices, parts)
    names = [name for name in _named(script, parts) if name != "optimizer"]
    arguments = ", ".join([*names, parts.batch])
    lines = ["", f"def compute_loss({arguments}):", *indented([*script.body, "return loss"]), ""]
    script.imports.add("from engine import train")
    objects = names
    gradients = [line for line in parts.update.before if "batch_size" not in "\n".join(parts.update.before)]
    step = [*parts.update.clear, f"loss = compute_loss({arguments})", *parts.update.backward.lines, *gradients]
    loop = [f"for {parts.batch} in loader:", *indented([*step, *parts.update.step])]
    head = f"def train({', '.join([*objects, 'optimizer', 'compute_loss', 'loader'])}):"
    script.beside["engine.py"] = "\n".join(["import torch", "from torch import nn", "", "", head, *indented(loop), ""])
    call = f"train({', '.join([*objects, 'optimizer', 'compute_loss', 'loader'])})"
    return [*script.header(), *lines, "", *_made(script, parts), *_epochs(script, parts, [call])]


def _try(script: Script, choices: Choices, parts: _Parts) -> list[str]:
    loop = _epochs(script, parts, _loop(parts, script.body))
    rest = ["except KeyboardInterrupt:", '    print("interrupted")', "finally:", "    model.eval()"]
    return [*script.header(), *_made(script, parts), "try:", *indented(loop), *rest]


def _with(script: Script, choices: Choices, parts: _Parts) -> list[str]:
    """The loss is computed in a context."""
    contexts = ("torch.enable_grad()", 'torch.autocast("cpu", enabled=False)', "torch.set_grad_enabled(True)")
    body = [f"with {choices.word('context', contexts)}:", *indented(script.body)]
    return [*script.header(), *_made(script, parts), *_epochs(script, parts, _loop(parts, body))]


def _skip(script: Script, choices: Choices, parts: _Parts) -> list[str]:
    """A loss that is not finite is left out."""
    body = [*script.body, "if not torch.isfinite(loss).all():", "    continue"]
    return [*script.header(), *_made(script, parts), *_epochs(script, parts, _loop(parts, body))]


def _few_steps(script: Script, choices: Choices, parts: _Parts) -> list[str]:
    """A loop that ends early; the number of its batches is not that of the loader."""
    body = [*script.body, "done += 1"]
    loop = [parts.heading, *indented(["if done >= max_steps:", "    break", *parts.accumulation.around(body)])]
    script.constants.append("max_steps = 6")
    return [*script.header(), *_made(script, parts), "done = 0", *_epochs(script, parts, loop)]


def _phases(script: Script, choices: Choices, parts: _Parts) -> list[str]:
    """Training and validation share a loop."""
    update = parts.update
    step = [*script.body, 'if phase == "train":', *indented(update.lines)]
    loop = [
        parts.heading,
        *indented([*update.clear, 'with torch.set_grad_enabled(phase == "train"):', *indented(step)]),
    ]
    modes = ['if phase == "train":', "    model.train()", "else:", "    model.eval()"]
    phases = ['for phase in ["train", "val"]:', *indented([*modes, *loop])]
    return [*script.header(), *_made(script, parts), *_epochs(script, parts, phases)]


def _returned(script: Script, parts: _Parts, result: str, read: str) -> list[str]:
    """The loss is part of what a function returns."""
    names = [name for name in _named(script, parts) if name not in ("optimizer", "scaler", "loader")]
    arguments = ", ".join([*names, parts.batch])
    lines = ["", f"def forward_step({arguments}):", *indented([*script.body, f"return {result}"]), ""]
    loop = _epochs(script, parts, _loop(parts, [read.format(f"forward_step({arguments})")]))
    return [*script.header(), *lines, "", *_made(script, parts), *loop]


def _dict_returned(script: Script, choices: Choices, parts: _Parts) -> list[str]:
    if "loader.batch_size" in "\n".join(script.body):
        return _module(script, choices, parts)
    return _returned(script, parts, '{"loss": loss, "size": len(x)}', 'loss = {}["loss"]')


def _tuple_returned(script: Script, choices: Choices, parts: _Parts) -> list[str]:
    if "loader.batch_size" in "\n".join(script.body):
        return _module(script, choices, parts)
    return _returned(script, parts, '{"loss": loss.detach()}, loss', "logs, loss = {}")


def _base_class(script: Script, choices: Choices, parts: _Parts) -> list[str]:
    """A trainer whose loss is a method of a subclass."""
    if "loader.batch_size" in "\n".join(script.body):
        return _module(script, choices, parts)
    names = [name for name in script.objects if name == "optimizer" or name in _named(script, parts)]
    held = re.compile(rf"(?<![.\w\"])({'|'.join(names)})\b(?![\"=])")
    loop = [held.sub(r"self.\1", line) for line in _loop(parts, [f"loss = self.compute_loss({parts.batch})"])]
    body = [held.sub(r"self.\1", line) for line in [*script.body, "return loss"]]
    made = [f"    def __init__(self, {', '.join(names)}):", *(f"        self.{name} = {name}" for name in names)]
    abstract = ["", f"    def compute_loss(self, {parts.batch}):", "        raise NotImplementedError", ""]
    lines = ["", "class Base:", *made, "", "    def fit(self, loader):", *indented(loop, 2), *abstract]
    lines += ["", "class Trainer(Base):", f"    def compute_loss(self, {parts.batch}):", *indented(body, 2), ""]
    run = [f"trainer = Trainer({', '.join(names)})", *_epochs(script, parts, ["trainer.fit(loader)"])]
    return [*script.header(), *lines, "", *_made(script, parts), *run]
