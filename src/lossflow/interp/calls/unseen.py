"""Calls of what is out of sight: names are the only evidence of what an object is."""

from __future__ import annotations

import libcst as cst

from lossflow.catalog import names
from lossflow.domain.trace import Revealed
from lossflow.domain.values import Const, Tensor, Tuple, Unknown, Value
from lossflow.interp.engine.frames import Arguments, Frame
from lossflow.interp.engine.machine import Machine
from lossflow.interp.objects import iteration, masks
from lossflow.interp.tensors import layers
from lossflow.interp.training import gradients, optimizers, sinks

SAME_OBJECT = frozenset(
    {
        "to",
        "cuda",
        "cpu",
        "train",
        "eval",
        "float",
        "double",
        "half",
        "requires_grad_",
        "apply",
        "share_memory",
        "compile",
    }
)
"""Methods of a module that return the module."""
PREPARATIONS = frozenset({"prepare", "setup", "setup_module", "setup_optimizers", "setup_dataloaders"})
"""Methods of Accelerate and Fabric that give back what they are given, wrapped."""
_UNWRAPPED = frozenset({"module", "_orig_mod"})


def call_unseen(machine: Machine, function: Unknown, arguments: Arguments, node: cst.CSTNode, frame: Frame) -> Value:
    """The value of calling something out of sight, known by its dotted name."""
    receiver, _, method = function.name.rpartition(".")
    if function.name == "reveal" and arguments.positional:
        machine.record(Revealed(machine.site(node, frame), value=arguments.positional[0]))
        return Const(None)
    if receiver and (result := _method(machine, function, arguments, node, frame)) is not None:
        return result
    last = method if method not in _UNWRAPPED else receiver.rpartition(".")[2]
    if names.means_model(last):
        return layers.apply(machine, last, arguments)
    called = f"`{function.name}`" if function.name else "this call"
    why = "" if _was_lost_before(machine, function, node, frame) else f"what {called} returns"
    return Unknown(computed=True, why=why)


def _was_lost_before(machine: Machine, function: Unknown, node: cst.CSTNode, frame: Frame) -> bool:
    """True where what is called comes of a value that was lost elsewhere: `q.mean()` of what a model returned."""
    called = node.func if isinstance(node, cst.Call) else None
    while isinstance(called, cst.Attribute):
        called = called.value
    lost = function.lost
    return lost is not None and (bool(lost.why) or called is None or lost.site != machine.site(called, frame))


def _method(machine: Machine, function: Unknown, arguments: Arguments, node: cst.CSTNode, frame: Frame) -> Value | None:
    """The value of a method of an object out of sight; None when its name tells nothing."""
    receiver, _, method = function.name.rpartition(".")
    last = receiver.rpartition(".")[2]
    sink = machine.catalog.method_sink(method, receiver)
    if sink is not None:
        # The steps of DeepSpeed's engine and the like are those of an optimizer that nobody sees.
        subject = Unknown(receiver)
        return sinks.run(machine, sink, subject, arguments, node=node, frame=frame)
    match method:
        case "backward" if not arguments.positional:
            sinks.backward(machine, Unknown(receiver, lost=function.lost), node, frame)
            return Const(None)
        case "backward" if isinstance(arguments.positional[0], Tensor) and len(arguments.positional) == 1:
            sinks.backward(machine, arguments.positional[0], node, frame, written=sinks.argument(node, 0))
            return Const(None)
        case "step" if names.means_optimizer(last):
            closure = arguments.get(0, "closure")
            if closure is not None:
                machine.call(closure, Arguments(), node, frame)
            optimizers.step(machine, Unknown(receiver), node, frame)
            return Unknown(computed=True)
        case "zero_grad":
            optimizers.zero_grad(machine, Unknown(receiver), node, frame)
            return Const(None)
        case "zero_" if last == "grad" or receiver.endswith("grad.data"):
            optimizers.zero_grad(machine, Unknown(receiver), node, frame)
            return Unknown(receiver, computed=True)
        case "div_" | "mul_" | "divide_" | "multiply_" if last == "grad" or receiver.endswith("grad.data"):
            gradients.note_method(machine, method, arguments.get(0, "other", "value"), node, frame)
            return Unknown(receiver, computed=True)
        case _ if method in PREPARATIONS:
            return prepared(machine, arguments)
        case _ if method in iteration.PARAMETER_ITERATORS:
            return iteration.parameters_of(machine, node, named=method.startswith("named"))
        case _ if (mask := masks.of_unseen(receiver, method, arguments.get(0, "other"))) is not None:
            return mask
        case _ if method in SAME_OBJECT:
            return Unknown(receiver)
    if names.means_model(last) and method in ("forward", "__call__", "generate_logits"):
        return layers.apply(machine, last, arguments)
    return None


def prepared(machine: Machine, arguments: Arguments) -> Value:
    """What `accelerator.prepare(model, optimizer, loader)` gives back: the same objects, wrapped."""
    given = arguments.positional
    return given[0] if len(given) == 1 else Tuple(given)
