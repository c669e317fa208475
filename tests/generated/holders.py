"""What holds a loss between the choice of its reduction and its call.

Each function of the modules beside writes what is needed into the script and returns the expression that computes the
loss.
"""

from __future__ import annotations

from collections.abc import Callable

from . import held_by_hand, held_in_classes, held_in_functions, held_in_variables
from .choices import Choices
from .losses import Loss
from .reductions import Given
from .script import Script

Holder = Callable[[Script, Loss, Given], str]

_OF_TORCH: dict[str, Holder] = {
    "call": held_in_variables.call,
    "constructed and called": held_in_variables.at_once,
    "variable": held_in_variables.variable,
    "partial": held_in_variables.partial,
    "partial of the class": held_in_variables.partial_of_class,
    "lambda": held_in_functions.written_in_line,
    "dict": held_in_variables.of_dict,
    "dict by config": held_in_variables.dict_by_config,
    "list": held_in_variables.of_list,
    "module dict": held_in_variables.module_dict,
    "subclass": held_in_classes.subclass,
    "subclass with reduction": held_in_classes.subclass_with_reduction,
    "wrapper": held_in_classes.wrapper,
    "class attribute": held_in_classes.class_attribute,
    "parameter of a function": held_in_functions.parameter,
    "factory": held_in_functions.factory,
    "factory in another file": held_in_functions.factory_elsewhere,
    "function in another file": held_in_functions.function_elsewhere,
    "criterion in another file": held_in_variables.criterion_elsewhere,
    "closure": held_in_functions.closure,
    "conditional": held_in_variables.conditional,
    "tuple": held_in_variables.of_tuple,
    "weighted dict": held_in_functions.loop_over_weighted,
    "module list": held_in_variables.module_list,
    "match": held_in_functions.match,
    "static method": held_in_functions.static_method,
    "keywords": held_in_variables.keywords,
    "getattr": held_in_variables.of_getattr,
    "registry": held_in_variables.registry,
    "registered": held_in_functions.registered,
    "decorated": held_in_functions.decorated,
    "field": held_in_classes.field,
    "named tuple": held_in_variables.named_tuple,
    "set afterwards": held_in_variables.set_afterwards,
    "moved": held_in_variables.moved,
    "base class": held_in_classes.base_class,
    "tuple returned": held_in_functions.tuple_returned,
    "dict returned": held_in_functions.dict_returned,
    "partial in a dict": held_in_variables.partial_in_a_dict,
    "options of the class": held_in_variables.options_of_the_class,
    "called": held_in_classes.called,
    "property": held_in_classes.of_property,
    "tried": held_in_variables.tried,
}
_WRITTEN: dict[str, Holder] = {
    "in line": held_by_hand.in_line,
    "function": held_by_hand.function,
    "branches of a function": held_by_hand.branches,
    "module with reduction": held_by_hand.module,
    "module in another file": held_by_hand.module_elsewhere,
    "dict of functions": held_by_hand.reduction_of_torch,
}


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
