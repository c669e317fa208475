"""Losses of torch in variables, containers and partials."""

from __future__ import annotations

from .losses import Loss
from .reductions import Given
from .script import Script


def call(script: Script, loss: Loss, given: Given) -> str:
    script.imports.add("import torch.nn.functional as F")
    return loss.applied(given.argument)


def at_once(script: Script, loss: Loss, given: Given) -> str:
    return f"{loss.made(given.argument)}({loss.inputs})"


def variable(script: Script, loss: Loss, given: Given) -> str:
    script.objects["criterion"] = f"criterion = {loss.made(given.argument)}"
    return f"criterion({loss.inputs})"


def partial(script: Script, loss: Loss, given: Given) -> str:
    script.imports |= {"import torch.nn.functional as F", "from functools import partial"}
    options = ", ".join(each for each in (f"F.{loss.fn}", loss.options, given.argument) if each)
    script.objects["criterion"] = f"criterion = partial({options})"
    return f"criterion({loss.inputs})"


def partial_of_class(script: Script, loss: Loss, given: Given) -> str:
    script.imports.add("import functools")
    options = ", ".join(each for each in (f"nn.{loss.cls}", loss.options) if each)
    script.objects["criterion"] = f"criterion = functools.partial({options})({given.argument})"
    return f"criterion({loss.inputs})"


def of_dict(script: Script, loss: Loss, given: Given) -> str:
    script.objects["criteria"] = f'criteria = {{"main": {loss.made(given.argument)}, "other": nn.L1Loss()}}'
    return f'criteria["main"]({loss.inputs})'


def dict_by_config(script: Script, loss: Loss, given: Given) -> str:
    key = script.set("loss", '"main"')
    entries = f'{{"other": nn.SmoothL1Loss(), "main": {loss.made(given.argument)}}}'
    script.objects["criterion"] = f"criterion = {entries}[{key}]"
    return f"criterion({loss.inputs})"


def of_list(script: Script, loss: Loss, given: Given) -> str:
    script.objects["criteria"] = f"criteria = [{loss.made(given.argument)}, nn.L1Loss()]"
    return f"criteria[0]({loss.inputs})"


def module_dict(script: Script, loss: Loss, given: Given) -> str:
    script.objects["criteria"] = f'criteria = nn.ModuleDict({{"main": {loss.made(given.argument)}}})'
    return f'criteria["main"]({loss.inputs})'


def module_list(script: Script, loss: Loss, given: Given) -> str:
    made = loss.made(given.argument)
    script.objects["criteria"] = f"criteria = nn.ModuleList([{made}, {made}])"
    return f"sum(criterion({loss.inputs}) for criterion in criteria)"


def of_tuple(script: Script, loss: Loss, given: Given) -> str:
    script.objects["criterion"] = f"criterion, other_criterion = {loss.made(given.argument)}, nn.L1Loss()"
    return f"criterion({loss.inputs})"


def conditional(script: Script, loss: Loss, given: Given) -> str:
    flag = script.set("robust", "False")
    script.objects["criterion"] = f"criterion = nn.SmoothL1Loss() if {flag} else {loss.made(given.argument)}"
    return f"criterion({loss.inputs})"


def of_getattr(script: Script, loss: Loss, given: Given) -> str:
    options = ", ".join(each for each in (loss.options, given.argument) if each)
    script.objects["criterion"] = f'criterion = getattr(nn, "{loss.cls}")({options})'
    return f"criterion({loss.inputs})"


def named_tuple(script: Script, loss: Loss, given: Given) -> str:
    script.imports.add("from typing import NamedTuple")
    script.define("""
class Objectives(NamedTuple):
    main: nn.Module
    other: nn.Module
""")
    script.objects["objectives"] = f"objectives = Objectives(main={loss.made(given.argument)}, other=nn.L1Loss())"
    return f"objectives.main({loss.inputs})"


def set_afterwards(script: Script, loss: Loss, given: Given) -> str:
    script.objects["criterion"] = f"criterion = {loss.made('')}\ncriterion.reduction = {given.value}"
    return f"criterion({loss.inputs})"


def moved(script: Script, loss: Loss, given: Given) -> str:
    script.objects["criterion"] = f'criterion = {loss.made(given.argument)}.to("cpu")'
    return f"criterion({loss.inputs})"


def partial_in_a_dict(script: Script, loss: Loss, given: Given) -> str:
    script.imports |= {"import torch.nn.functional as F", "from functools import partial"}
    options = ", ".join(each for each in (f"F.{loss.fn}", loss.options, given.argument) if each)
    script.objects["criteria"] = f'criteria = {{"main": partial({options}), "other": F.l1_loss}}'
    return f'criteria["main"]({loss.inputs})'


def options_of_the_class(script: Script, loss: Loss, given: Given) -> str:
    script.objects["options"] = f"options = dict({given.argument})"
    script.objects["criterion"] = f"criterion = {loss.made('**options')}"
    return f"criterion({loss.inputs})"


def tried(script: Script, loss: Loss, given: Given) -> str:
    script.objects["criterion"] = (
        f"try:\n    criterion = {loss.made(given.argument)}\nexcept AttributeError:\n    raise SystemExit(1)"
    )
    return f"criterion({loss.inputs})"


def keywords(script: Script, loss: Loss, given: Given) -> str:
    script.imports.add("import torch.nn.functional as F")
    script.objects["options"] = f"options = dict({given.argument})"
    return loss.applied("**options")


def registry(script: Script, loss: Loss, given: Given) -> str:
    script.definitions.append(f'LOSSES = {{"main": nn.{loss.cls}, "other": nn.SmoothL1Loss}}')
    options = ", ".join(each for each in (loss.options, given.argument) if each)
    script.objects["criterion"] = f'criterion = LOSSES["main"]({options})'
    return f"criterion({loss.inputs})"


def criterion_elsewhere(script: Script, loss: Loss, given: Given) -> str:
    argument = given.literal
    script.beside["objectives.py"] = f"from torch import nn\n\ncriterion = {loss.made(argument)}\n"
    script.imports.add("import objectives")
    return f"objectives.criterion({loss.inputs})"
