"""Losses of torch in functions of the program: factories, closures, decorators."""

from __future__ import annotations

from .losses import Loss
from .reductions import Given
from .script import Script


def written_in_line(script: Script, loss: Loss, given: Given) -> str:
    script.imports.add("import torch.nn.functional as F")
    names = loss.names
    script.objects["criterion"] = f"criterion = lambda {names}: {loss.applied(given.argument)}"
    return f"criterion({names})"


def parameter(script: Script, loss: Loss, given: Given) -> str:
    script.imports.add("import torch.nn.functional as F")
    names = loss.names
    script.define(f"""
def objective({names}, reduction="mean"):
    return {loss.applied("reduction=reduction")}
""")
    return f"objective({names}, {given.argument})"


def factory(script: Script, loss: Loss, given: Given) -> str:
    script.define(_FACTORY.format(made=loss.made("reduction=reduction")))
    script.objects["criterion"] = f'criterion = make_criterion("main", {given.argument})'
    return f"criterion({loss.inputs})"


def factory_elsewhere(script: Script, loss: Loss, given: Given) -> str:
    made = loss.made("reduction=reduction")
    script.beside["objectives.py"] = "from torch import nn\n\n" + _FACTORY.format(made=made)
    script.imports.add("from objectives import make_criterion")
    script.objects["criterion"] = f'criterion = make_criterion("main", {given.argument})'
    return f"criterion({loss.inputs})"


_FACTORY = """
def make_criterion(name, reduction="mean"):
    if name == "other":
        return nn.SmoothL1Loss(reduction=reduction)
    if name == "main":
        return {made}
    raise ValueError(f"unknown loss: {{name}}")
"""


def function_elsewhere(script: Script, loss: Loss, given: Given) -> str:
    argument = given.literal
    names = loss.names
    script.beside["objectives.py"] = (
        f"import torch\nimport torch.nn.functional as F\n\n\ndef objective({names}):\n"
        f"    return {loss.applied(argument)}\n"
    )
    script.imports.add("from objectives import objective")
    return f"objective({names})"


def closure(script: Script, loss: Loss, given: Given) -> str:
    script.imports.add("import torch.nn.functional as F")
    names = loss.names
    script.define(f"""
def objective_of(reduction):
    def objective({names}):
        return {loss.applied("reduction=reduction")}

    return objective
""")
    script.objects["criterion"] = f"criterion = objective_of({given.value})"
    return f"criterion({names})"


def loop_over_weighted(script: Script, loss: Loss, given: Given) -> str:
    """A dict of criteria with their weights, of which a function adds up the losses."""
    names = loss.names
    script.define(f"""
def weighted(criteria, {names}):
    total = 0.0
    for name, (weight, criterion) in criteria.items():
        total = total + weight * criterion({loss.inputs})
    return total
""")
    made = loss.made(given.argument)
    script.objects["criteria"] = f'criteria = {{"first": (1.0, {made}), "second": (0.5, {made})}}'
    return f"weighted(criteria, {names})"


def match(script: Script, loss: Loss, given: Given) -> str:
    script.define(f"""
def choose(name):
    match name:
        case "other":
            return nn.SmoothL1Loss()
        case _:
            return {loss.made(given.literal)}
""")
    script.objects["criterion"] = 'criterion = choose("main")'
    return f"criterion({loss.inputs})"


def static_method(script: Script, loss: Loss, given: Given) -> str:
    names = loss.names
    script.imports.add("import torch.nn.functional as F")
    script.define(f"""
class Objectives:
    @staticmethod
    def main({names}):
        return {loss.applied(given.argument)}
""")
    return f"Objectives.main({names})"


def registered(script: Script, loss: Loss, given: Given) -> str:
    script.imports.add("import torch.nn.functional as F")
    names = loss.names
    script.define(f"""
LOSSES = {{}}


def register(name):
    def registered(function):
        LOSSES[name] = function
        return function

    return registered


@register("main")
def main_loss({names}):
    return {loss.applied(given.argument)}


@register("other")
def other_loss({names}):
    return prediction.abs().mean()
""")
    script.objects["criterion"] = 'criterion = LOSSES["main"]'
    return f"criterion({names})"


def decorated(script: Script, loss: Loss, given: Given) -> str:
    script.imports |= {"import functools", "import torch.nn.functional as F"}
    names = loss.names
    script.define(f"""
def counted(function):
    @functools.wraps(function)
    def wrapper(*args, **kwargs):
        wrapper.calls += 1
        return function(*args, **kwargs)

    wrapper.calls = 0
    return wrapper


@counted
def objective({names}):
    return {loss.applied(given.argument)}
""")
    return f"objective({names})"


def tuple_returned(script: Script, loss: Loss, given: Given) -> str:
    script.imports.add("import torch.nn.functional as F")
    names = loss.names
    script.define(f"""
def objective({names}):
    loss = {loss.applied(given.argument)}
    return loss, {{"loss": loss.detach()}}
""")
    return f"objective({names})[0]"


def dict_returned(script: Script, loss: Loss, given: Given) -> str:
    script.imports.add("import torch.nn.functional as F")
    names = loss.names
    script.define(f"""
def objective({names}):
    losses = {{}}
    losses["main"] = {loss.applied(given.argument)}
    return losses
""")
    return f'objective({names})["main"]'
