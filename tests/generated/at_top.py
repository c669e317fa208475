"""Training loops at the top of a script, in its main function or behind a test."""

from __future__ import annotations

from .choices import Choices
from .parts import Parts, epochs, objects, over_batches
from .script import Script, indented


def at_top(script: Script, choices: Choices, parts: Parts) -> list[str]:
    loop = epochs(script, parts, over_batches(parts, script.body))
    if choices.maybe("nested"):
        loop = ["for run in range(1):", *indented(loop)]
    return [*script.header(), *objects(script, parts), *loop]


def main(script: Script, choices: Choices, parts: Parts) -> list[str]:
    loop = epochs(script, parts, over_batches(parts, script.body))
    body = indented([*objects(script, parts), *loop])
    return [*script.header(), "", "def main():", *body, "", "", 'if __name__ == "__main__":', "    main()"]


def guarded(script: Script, choices: Choices, parts: Parts) -> list[str]:
    trains = script.set("train", "True")
    loop = over_batches(parts, script.body)
    verbose = script.set("verbose", "False")
    loop += [f"if {verbose}:", "    print(loss.item())"]
    return [*script.header(), *objects(script, parts), f"if {trains}:", *indented(epochs(script, parts, loop))]


def while_left(script: Script, choices: Choices, parts: Parts) -> list[str]:
    loop = ["steps = 0", "batches_left = iter(loader)", "while steps < 3:", f"    {parts.batch} = next(batches_left)"]
    loop += indented([*parts.accumulation.around(script.body), "steps += 1"])
    return [*script.header(), *objects(script, parts), *loop]


def tried(script: Script, choices: Choices, parts: Parts) -> list[str]:
    loop = epochs(script, parts, over_batches(parts, script.body))
    rest = ["except KeyboardInterrupt:", '    print("interrupted")', "finally:", "    model.eval()"]
    return [*script.header(), *objects(script, parts), "try:", *indented(loop), *rest]


def in_context(script: Script, choices: Choices, parts: Parts) -> list[str]:
    """The loss is computed in a context."""
    contexts = ("torch.enable_grad()", 'torch.autocast("cpu", enabled=False)', "torch.set_grad_enabled(True)")
    body = [f"with {choices.word('context', contexts)}:", *indented(script.body)]
    return [*script.header(), *objects(script, parts), *epochs(script, parts, over_batches(parts, body))]


def skip(script: Script, choices: Choices, parts: Parts) -> list[str]:
    """A loss that is not finite is left out."""
    body = [*script.body, "if not torch.isfinite(loss).all():", "    continue"]
    return [*script.header(), *objects(script, parts), *epochs(script, parts, over_batches(parts, body))]


def few_steps(script: Script, choices: Choices, parts: Parts) -> list[str]:
    """A loop that ends early; the number of its batches is not that of the loader."""
    body = [*script.body, "done += 1"]
    loop = [parts.heading, *indented(["if done >= max_steps:", "    break", *parts.accumulation.around(body)])]
    script.constants.append("max_steps = 6")
    return [*script.header(), *objects(script, parts), "done = 0", *epochs(script, parts, loop)]


def phases(script: Script, choices: Choices, parts: Parts) -> list[str]:
    """Training and validation share a loop."""
    update = parts.update
    step = [*script.body, 'if phase == "train":', *indented(update.lines)]
    loop = [
        parts.heading,
        *indented([*update.clear, 'with torch.set_grad_enabled(phase == "train"):', *indented(step)]),
    ]
    modes = ['if phase == "train":', "    model.train()", "else:", "    model.eval()"]
    phases = ['for phase in ["train", "val"]:', *indented([*modes, *loop])]
    return [*script.header(), *objects(script, parts), *epochs(script, parts, phases)]
