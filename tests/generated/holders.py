"""What holds a loss between the choice of its reduction and its call.

Each function writes what is needed into the script and returns the expression that computes the loss.
"""

from __future__ import annotations

from collections.abc import Callable

from .choices import Choices
from .losses import Loss
from .reductions import Given
from .script import Script

Holder = Callable[[Script, Loss, Given], str]


def hold(script: Script, choices: Choices, loss: Loss, given: Given) -> str:
    """Choose a holder."""
    holders: dict[str, Holder] = dict(_WRITTEN if loss.written else _OF_TORCH)
    if given.argument and not given.argument.startswith("reduction="):
        for name in ("parameter of a function", "subclass with reduction", "factory", "factory in another file",
                     "module with reduction", "closure", "class attribute", "set afterwards",
                     "base class"):  # fmt: skip
            holders.pop(name, None)
        for name in ("partial", "partial of the class", "keywords", "options of the class", "partial in a dict"):
            if "=" not in given.argument:
                holders.pop(name, None)
    elif not given.argument:
        for name in ("partial", "parameter of a function", "subclass with reduction", "factory", "closure",
                     "factory in another file", "module with reduction", "partial of the class",
                     "keywords", "set afterwards", "base class", "options of the class"):  # fmt: skip
            holders.pop(name, None)
    if loss.options and given.argument.split(",")[0] in ("None", "True", "False"):
        raise AssertionError("what comes by position follows the inputs at once")
    return choices.among("held by", holders)(script, loss, given)


# --- losses of torch ----------------------------------------------------------------------------------------------


def _call(script: Script, loss: Loss, given: Given) -> str:
    script.imports.add("import torch.nn.functional as F")
    return loss.applied(given.argument)


def _at_once(script: Script, loss: Loss, given: Given) -> str:
    return f"{loss.made(given.argument)}({loss.inputs})"


def _variable(script: Script, loss: Loss, given: Given) -> str:
    script.objects["criterion"] = f"criterion = {loss.made(given.argument)}"
    return f"criterion({loss.inputs})"


def _partial(script: Script, loss: Loss, given: Given) -> str:
    script.imports |= {"import torch.nn.functional as F", "from functools import partial"}
    options = ", ".join(each for each in (f"F.{loss.fn}", loss.options, given.argument) if each)
    script.objects["criterion"] = f"criterion = partial({options})"
    return f"criterion({loss.inputs})"


def _partial_of_class(script: Script, loss: Loss, given: Given) -> str:
    script.imports.add("import functools")
    options = ", ".join(each for each in (f"nn.{loss.cls}", loss.options) if each)
    script.objects["criterion"] = f"criterion = functools.partial({options})({given.argument})"
    return f"criterion({loss.inputs})"


def _lambda(script: Script, loss: Loss, given: Given) -> str:
    script.imports.add("import torch.nn.functional as F")
    names = _parameters(loss)
    script.objects["criterion"] = f"criterion = lambda {names}: {loss.applied(given.argument)}"
    return f"criterion({names})"


def _dict(script: Script, loss: Loss, given: Given) -> str:
    script.objects["criteria"] = f'criteria = {{"main": {loss.made(given.argument)}, "other": nn.L1Loss()}}'
    return f'criteria["main"]({loss.inputs})'


def _dict_by_config(script: Script, loss: Loss, given: Given) -> str:
    key = script.set("loss", '"main"')
    entries = f'{{"other": nn.SmoothL1Loss(), "main": {loss.made(given.argument)}}}'
    script.objects["criterion"] = f"criterion = {entries}[{key}]"
    return f"criterion({loss.inputs})"


def _list(script: Script, loss: Loss, given: Given) -> str:
    script.objects["criteria"] = f"criteria = [{loss.made(given.argument)}, nn.L1Loss()]"
    return f"criteria[0]({loss.inputs})"


def _module_dict(script: Script, loss: Loss, given: Given) -> str:
    script.objects["criteria"] = f'criteria = nn.ModuleDict({{"main": {loss.made(given.argument)}}})'
    return f'criteria["main"]({loss.inputs})'


def _subclass(script: Script, loss: Loss, given: Given) -> str:
    names = _parameters(loss)
    script.define(f"""
class Objective(nn.{loss.cls}):
    def forward(self, {names}):
        return super().forward({loss.inputs})
""")
    options = ", ".join(each for each in (loss.options, given.argument) if each)
    script.objects["criterion"] = f"criterion = Objective({options})"
    return f"criterion({names})"


def _subclass_with_reduction(script: Script, loss: Loss, given: Given) -> str:
    options = f"{loss.options}, " if loss.options else ""
    script.define(f"""
class Objective(nn.{loss.cls}):
    def __init__(self, reduction="mean"):
        super().__init__({options}reduction=reduction)
""")
    script.objects["criterion"] = f"criterion = Objective({given.argument})"
    return f"criterion({loss.inputs})"


def _wrapper(script: Script, loss: Loss, given: Given) -> str:
    names = _parameters(loss)
    script.define(f"""
class Objective(nn.Module):
    def __init__(self):
        super().__init__()
        self.inner = {loss.made(given.argument)}

    def forward(self, {names}):
        return self.inner({loss.inputs})
""")
    script.objects["criterion"] = "criterion = Objective()"
    return f"criterion({names})"


def _class_attribute(script: Script, loss: Loss, given: Given) -> str:
    names = _parameters(loss)
    script.imports.add("import torch.nn.functional as F")
    script.define(f"""
class Objective(nn.Module):
    reduction = {given.value or '"mean"'}

    def forward(self, {names}):
        return {loss.applied("reduction=self.reduction")}
""")
    script.objects["criterion"] = "criterion = Objective()"
    return f"criterion({names})"


def _parameter(script: Script, loss: Loss, given: Given) -> str:
    script.imports.add("import torch.nn.functional as F")
    names = _parameters(loss)
    script.define(f"""
def objective({names}, reduction="mean"):
    return {loss.applied("reduction=reduction")}
""")
    return f"objective({names}, {given.argument})"


def _factory(script: Script, loss: Loss, given: Given) -> str:
    script.define(_FACTORY.format(made=loss.made("reduction=reduction")))
    script.objects["criterion"] = f'criterion = make_criterion("main", {given.argument})'
    return f"criterion({loss.inputs})"


def _factory_elsewhere(script: Script, loss: Loss, given: Given) -> str:
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


def _function_elsewhere(script: Script, loss: Loss, given: Given) -> str:
    argument = _literal(script, given)
    names = _parameters(loss)
    script.beside["objectives.py"] = (
        f"import torch\nimport torch.nn.functional as F\n\n\ndef objective({names}):\n"
        f"    return {loss.applied(argument)}\n"
    )
    script.imports.add("from objectives import objective")
    return f"objective({names})"


def _criterion_elsewhere(script: Script, loss: Loss, given: Given) -> str:
    argument = _literal(script, given)
    script.beside["objectives.py"] = f"from torch import nn\n\ncriterion = {loss.made(argument)}\n"
    script.imports.add("import objectives")
    return f"objectives.criterion({loss.inputs})"


def _closure(script: Script, loss: Loss, given: Given) -> str:
    script.imports.add("import torch.nn.functional as F")
    names = _parameters(loss)
    script.define(f"""
def objective_of(reduction):
    def objective({names}):
        return {loss.applied("reduction=reduction")}

    return objective
""")
    script.objects["criterion"] = f"criterion = objective_of({given.value})"
    return f"criterion({names})"


def _conditional(script: Script, loss: Loss, given: Given) -> str:
    flag = script.set("robust", "False")
    script.objects["criterion"] = f"criterion = nn.SmoothL1Loss() if {flag} else {loss.made(given.argument)}"
    return f"criterion({loss.inputs})"


def _getattr(script: Script, loss: Loss, given: Given) -> str:
    options = ", ".join(each for each in (loss.options, given.argument) if each)
    script.objects["criterion"] = f'criterion = getattr(nn, "{loss.cls}")({options})'
    return f"criterion({loss.inputs})"


def _tuple(script: Script, loss: Loss, given: Given) -> str:
    script.objects["criterion"] = f"criterion, other_criterion = {loss.made(given.argument)}, nn.L1Loss()"
    return f"criterion({loss.inputs})"


def _loop_over_weighted(script: Script, loss: Loss, given: Given) -> str:
    """A dict of criteria with their weights, of which a function adds up the losses."""
    names = _parameters(loss)
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


def _module_list(script: Script, loss: Loss, given: Given) -> str:
    made = loss.made(given.argument)
    script.objects["criteria"] = f"criteria = nn.ModuleList([{made}, {made}])"
    return f"sum(criterion({loss.inputs}) for criterion in criteria)"


def _match(script: Script, loss: Loss, given: Given) -> str:
    script.define(f"""
def choose(name):
    match name:
        case "other":
            return nn.SmoothL1Loss()
        case _:
            return {loss.made(_literal(script, given))}
""")
    script.objects["criterion"] = 'criterion = choose("main")'
    return f"criterion({loss.inputs})"


def _static_method(script: Script, loss: Loss, given: Given) -> str:
    names = _parameters(loss)
    script.imports.add("import torch.nn.functional as F")
    script.define(f"""
class Objectives:
    @staticmethod
    def main({names}):
        return {loss.applied(given.argument)}
""")
    return f"Objectives.main({names})"


def _keywords(script: Script, loss: Loss, given: Given) -> str:
    script.imports.add("import torch.nn.functional as F")
    script.objects["options"] = f"options = dict({given.argument})"
    return loss.applied("**options")


def _registry(script: Script, loss: Loss, given: Given) -> str:
    script.definitions.append(f'LOSSES = {{"main": nn.{loss.cls}, "other": nn.SmoothL1Loss}}')
    options = ", ".join(each for each in (loss.options, given.argument) if each)
    script.objects["criterion"] = f'criterion = LOSSES["main"]({options})'
    return f"criterion({loss.inputs})"


def _registered(script: Script, loss: Loss, given: Given) -> str:
    script.imports.add("import torch.nn.functional as F")
    names = _parameters(loss)
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


def _decorated(script: Script, loss: Loss, given: Given) -> str:
    script.imports |= {"import functools", "import torch.nn.functional as F"}
    names = _parameters(loss)
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


def _field(script: Script, loss: Loss, given: Given) -> str:
    script.imports.add("from dataclasses import dataclass")
    script.define("""
@dataclass
class Objectives:
    main: nn.Module
    weight: float = 1.0
""")
    script.objects["objectives"] = f"objectives = Objectives({loss.made(given.argument)})"
    return f"objectives.weight * objectives.main({loss.inputs})"


def _named_tuple(script: Script, loss: Loss, given: Given) -> str:
    script.imports.add("from typing import NamedTuple")
    script.define("""
class Objectives(NamedTuple):
    main: nn.Module
    other: nn.Module
""")
    script.objects["objectives"] = f"objectives = Objectives(main={loss.made(given.argument)}, other=nn.L1Loss())"
    return f"objectives.main({loss.inputs})"


def _set_afterwards(script: Script, loss: Loss, given: Given) -> str:
    script.objects["criterion"] = f"criterion = {loss.made('')}\ncriterion.reduction = {given.value}"
    return f"criterion({loss.inputs})"


def _moved(script: Script, loss: Loss, given: Given) -> str:
    script.objects["criterion"] = f'criterion = {loss.made(given.argument)}.to("cpu")'
    return f"criterion({loss.inputs})"


def _base_class(script: Script, loss: Loss, given: Given) -> str:
    script.imports.add("import torch.nn.functional as F")
    names = _parameters(loss)
    script.define(f"""
class Base(nn.Module):
    def __init__(self, reduction="mean", weight=1.0):
        super().__init__()
        self.reduction = reduction
        self.weight = weight

    def compute(self, {names}):
        raise NotImplementedError

    def forward(self, {names}):
        return self.weight * self.compute({names})


class Objective(Base):
    def compute(self, {names}):
        return {loss.applied("reduction=self.reduction")}
""")
    script.objects["criterion"] = f"criterion = Objective({given.argument})"
    return f"criterion({names})"


def _tuple_returned(script: Script, loss: Loss, given: Given) -> str:
    script.imports.add("import torch.nn.functional as F")
    names = _parameters(loss)
    script.define(f"""
def objective({names}):
    loss = {loss.applied(given.argument)}
    return loss, {{"loss": loss.detach()}}
""")
    return f"objective({names})[0]"


def _dict_returned(script: Script, loss: Loss, given: Given) -> str:
    script.imports.add("import torch.nn.functional as F")
    names = _parameters(loss)
    script.define(f"""
def objective({names}):
    losses = {{}}
    losses["main"] = {loss.applied(given.argument)}
    return losses
""")
    return f'objective({names})["main"]'


def _partial_in_a_dict(script: Script, loss: Loss, given: Given) -> str:
    script.imports |= {"import torch.nn.functional as F", "from functools import partial"}
    options = ", ".join(each for each in (f"F.{loss.fn}", loss.options, given.argument) if each)
    script.objects["criteria"] = f'criteria = {{"main": partial({options}), "other": F.l1_loss}}'
    return f'criteria["main"]({loss.inputs})'


def _options_of_the_class(script: Script, loss: Loss, given: Given) -> str:
    script.objects["options"] = f"options = dict({given.argument})"
    script.objects["criterion"] = f"criterion = {loss.made('**options')}"
    return f"criterion({loss.inputs})"


def _called(script: Script, loss: Loss, given: Given) -> str:
    """A class of the program that is no module."""
    names = _parameters(loss)
    script.define(f"""
class Objective:
    def __init__(self, criterion):
        self.criterion = criterion

    def __call__(self, {names}):
        return self.criterion({loss.inputs})
""")
    script.objects["criterion"] = f"criterion = Objective({loss.made(given.argument)})"
    return f"criterion({names})"


def _property(script: Script, loss: Loss, given: Given) -> str:
    script.define(f"""
class Objectives:
    @property
    def main(self):
        return {loss.made(given.argument)}
""")
    script.objects["objectives"] = "objectives = Objectives()"
    return f"objectives.main({loss.inputs})"


def _tried(script: Script, loss: Loss, given: Given) -> str:
    script.objects["criterion"] = (
        f"try:\n    criterion = {loss.made(given.argument)}\nexcept AttributeError:\n    raise SystemExit(1)"
    )
    return f"criterion({loss.inputs})"


def _literal(script: Script, given: Given) -> str:
    """The argument as another file can write it, which doesn't know the constants of this one."""
    return f'reduction="{given.reduction}"' if given.value else given.argument


def _parameters(loss: Loss) -> str:
    """The names that the inputs of a loss are made from."""
    found = [name for name in ("prediction", "second", "near", "far", "y") if name in _words(loss)]
    return ", ".join(found)


def _words(loss: Loss) -> set[str]:
    text = loss.inputs
    for sign in "(),.-":
        text = text.replace(sign, " ")
    return set(text.split())


_OF_TORCH: dict[str, Holder] = {
    "call": _call,
    "constructed and called": _at_once,
    "variable": _variable,
    "partial": _partial,
    "partial of the class": _partial_of_class,
    "lambda": _lambda,
    "dict": _dict,
    "dict by config": _dict_by_config,
    "list": _list,
    "module dict": _module_dict,
    "subclass": _subclass,
    "subclass with reduction": _subclass_with_reduction,
    "wrapper": _wrapper,
    "class attribute": _class_attribute,
    "parameter of a function": _parameter,
    "factory": _factory,
    "factory in another file": _factory_elsewhere,
    "function in another file": _function_elsewhere,
    "criterion in another file": _criterion_elsewhere,
    "closure": _closure,
    "conditional": _conditional,
    "tuple": _tuple,
    "weighted dict": _loop_over_weighted,
    "module list": _module_list,
    "match": _match,
    "static method": _static_method,
    "keywords": _keywords,
    "getattr": _getattr,
    "registry": _registry,
    "registered": _registered,
    "decorated": _decorated,
    "field": _field,
    "named tuple": _named_tuple,
    "set afterwards": _set_afterwards,
    "moved": _moved,
    "base class": _base_class,
    "tuple returned": _tuple_returned,
    "dict returned": _dict_returned,
    "partial in a dict": _partial_in_a_dict,
    "options of the class": _options_of_the_class,
    "called": _called,
    "property": _property,
    "tried": _tried,
}


# --- losses written by hand ---------------------------------------------------------------------------------------

_REDUCED = {"mean": "elements.mean()", "sum": "elements.sum()", "none": "elements"}


def _in_line(script: Script, loss: Loss, given: Given) -> str:
    script.imports.add("import torch.nn.functional as F")
    return {"mean": f"torch.mean({loss.written})", "sum": f"torch.sum({loss.written})", "none": loss.written}[
        given.reduction
    ]


def _function(script: Script, loss: Loss, given: Given) -> str:
    script.imports.add("import torch.nn.functional as F")
    names = _parameters(loss)
    script.define(f"""
def objective({names}):
    elements = {loss.written}
    return {_REDUCED[given.reduction]}
""")
    return f"objective({names})"


def _branches(script: Script, loss: Loss, given: Given) -> str:
    script.imports.add("import torch.nn.functional as F")
    names = _parameters(loss)
    script.define(f"""
def objective({names}, reduction="mean"):
    elements = {loss.written}
    if reduction == "mean":
        return elements.mean()
    elif reduction == "sum":
        return elements.sum()
    return elements
""")
    return f"objective({names}, {given.argument})"


def _module(script: Script, loss: Loss, given: Given) -> str:
    script.imports.add("import torch.nn.functional as F")
    names = _parameters(loss)
    script.define(_module_text(loss, names))
    script.objects["criterion"] = f"criterion = Objective({given.argument})"
    return f"criterion({names})"


def _module_elsewhere(script: Script, loss: Loss, given: Given) -> str:
    names = _parameters(loss)
    script.beside["objectives.py"] = (
        "import torch\nimport torch.nn.functional as F\nfrom torch import nn\n\n" + _module_text(loss, names)
    )
    script.imports.add("from objectives import Objective")
    script.objects["criterion"] = f"criterion = Objective({given.argument})"
    return f"criterion({names})"


def _module_text(loss: Loss, names: str) -> str:
    return f"""
class Objective(nn.Module):
    def __init__(self, reduction="mean"):
        super().__init__()
        if reduction not in ("mean", "sum", "none"):
            raise ValueError(reduction)
        self.reduction = reduction

    def forward(self, {names}):
        elements = {loss.written}
        if self.reduction == "mean":
            return elements.mean()
        if self.reduction == "sum":
            return elements.sum()
        return elements
"""


def _reduction_of_torch(script: Script, loss: Loss, given: Given) -> str:
    script.imports.add("import torch.nn.functional as F")
    names = _parameters(loss)
    script.define(f"""
REDUCTIONS = {{"mean": torch.mean, "sum": torch.sum, "none": lambda elements: elements}}


def objective({names}, reduction="mean"):
    return REDUCTIONS[reduction]({loss.written})
""")
    return f"objective({names}, {given.argument})"


_WRITTEN: dict[str, Holder] = {
    "in line": _in_line,
    "function": _function,
    "branches of a function": _branches,
    "module with reduction": _module,
    "module in another file": _module_elsewhere,
    "dict of functions": _reduction_of_torch,
}
