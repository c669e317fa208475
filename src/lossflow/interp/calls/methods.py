"""Methods that the program doesn't define: of tensors, containers, strings, and objects of other packages."""

from __future__ import annotations

from dataclasses import replace

import libcst as cst

from lossflow.catalog.names import means_optimizer
from lossflow.domain import tensors
from lossflow.domain.environment import Kind
from lossflow.domain.tensor_calls import Call
from lossflow.domain.values import Const, External, Number, OneOf, Ref, Size, Super, Tensor, Unknown, Value
from lossflow.interp.calls import unseen
from lossflow.interp.engine.frames import Arguments, Frame
from lossflow.interp.engine.machine import Machine
from lossflow.interp.objects import classes, containers, iteration, masks, sequences
from lossflow.interp.tensors import distributions, layers
from lossflow.interp.training import frameworks, gradients, losses, optimizers, sinks

_CLEARS = "zero_grad()"
"""The mark of an object out of sight whose `zero_grad` was called: if it has a `step`, that is an optimizer's."""


def call_method(
    machine: Machine, receiver: Value, name: str, arguments: Arguments, node: cst.CSTNode, frame: Frame
) -> Value:
    """The value of `receiver.name(...)`."""
    match receiver:
        case Tensor():
            return of_tensor(machine, receiver, name, arguments, node, frame)
        case Const(value=str() as text):
            return _of_string(text, name, arguments)
        case Size() if name == "numel":
            return tensors.method("numel", Call(Tensor(receiver.axes), (), {}, machine.site(node, frame))) or Unknown()
        case Super():
            return _of_super(machine, receiver, name, arguments, node, frame)
        case Ref():
            if machine.get(receiver).kind in (Kind.LIST, Kind.DICT):
                return containers.call_method(machine, receiver, name, arguments, node)
            return _of_object(machine, receiver, name, arguments, node, frame)
        case OneOf(values=values) if name in ("step", "zero_grad") and optimizers.identity(machine, receiver):
            return _of_optimizer(machine, receiver, name, arguments, node, frame)
        case OneOf(values=values):
            return machine.joined(
                [call_method(machine, v, name, arguments, node, frame) for v in values if v != Const(None)]
            )
        case Unknown() if name == "backward":
            sinks.backward(machine, receiver, node, frame)
            return Const(None)
        case Unknown():
            return Unknown(computed=True)
        case Number() if name == "item":
            return receiver
    return Unknown(computed=True, why=f"what `.{name}()` returns")


def of_tensor(
    machine: Machine, tensor: Tensor, name: str, arguments: Arguments, node: cst.CSTNode, frame: Frame
) -> Value:
    """A method of a tensor, or a function of torch that takes it first."""
    sink = machine.catalog.sink(f"torch.Tensor.{name}")
    if sink is not None:
        return sinks.run(machine, sink, tensor, arguments, node=node, frame=frame)
    site = machine.site(node, frame)
    if name == "requires_grad_" and not tensor.axes.certain and tensor.axes.known:
        return replace(
            iteration.PARAMETER, axes=replace(tensor.axes, dims=(False,) * len(tensor.axes.dims), certain=True)
        )
    if (
        name in ("sub_", "add_", "copy_")
        and isinstance(node, cst.Call)
        and any(gradients.mentions_gradient(a.value) for a in node.args)
    ):
        gradients.note_step_in_place(machine, tensor, node, frame)
    positional = tuple(sequences.as_tuple(machine, value) for value in arguments.positional)
    keywords = {key: sequences.as_tuple(machine, value) for key, value in arguments.keywords.items()}
    call = Call(tensor, positional, keywords, site, machine.factor)
    if machine.unmasked:
        call = replace(call, tensor=replace(tensor, masked=None))
    if name in masks.TAKES_A_MASK:
        seen = {key: masks.seen(value) for key, value in keywords.items()}
        call = replace(call, args=tuple(map(masks.seen, positional)), kwargs=seen)
    result = None if arguments.open else tensors.method(name, call)
    if result is None:
        return Unknown(computed=True, why=f"what `.{name}()` of a tensor returns")
    if not isinstance(result, Tensor):
        machine.use(tensor)  # where it goes from here is not followed
    result = masks.after_method(name, call, result)
    if name.endswith("_") and not name.endswith("__") and isinstance(node, cst.Call):
        containers.store_in_place(machine, node, result, frame)
    if not machine.grad_enabled and isinstance(result, Tensor):
        return replace(result, differentiable=False)
    return result


def _of_string(text: str, name: str, arguments: Arguments) -> Value:
    """The methods of strings by which reductions are spelled."""
    if name in ("lower", "upper", "strip", "title", "capitalize") and not arguments.positional:
        return Const(getattr(text, name)())
    return Unknown(computed=True)


def _of_super(
    machine: Machine, owner: Super, name: str, arguments: Arguments, node: cst.CSTNode, frame: Frame
) -> Value:
    """A method of a base class that another package defines."""
    if not isinstance(owner.receiver, Ref):
        return Unknown(computed=True)
    cls = classes.instance_class(machine, owner.receiver)
    for base in classes.external_bases(machine, cls) if cls is not None else ():
        if match := machine.catalog.loss(base.name):
            if name == "__init__":
                losses.initialise(machine, owner.receiver, match, arguments, node=node, frame=frame)
                return Const(None)
            if name in ("forward", "__call__"):
                return losses.apply(machine, match, machine.get(owner.receiver), arguments, node=node, frame=frame)
        if (row := machine.catalog.optimizer(base.name)) and name == "__init__":
            optimizers.initialise(machine, owner.receiver, row, arguments, node=node, frame=frame)
            return Const(None)
    return _of_object(machine, owner.receiver, name, arguments, node, frame)


def _of_object(
    machine: Machine, receiver: Ref, name: str, arguments: Arguments, node: cst.CSTNode, frame: Frame
) -> Value:
    """A method of an instance whose class, or a base of it, another package defines."""
    cls = machine.get(receiver).cls
    for base in classes.external_bases(machine, cls) if cls is not None else ():
        result = _of_base(machine, base.name, receiver, name, arguments, node, frame)
        if result is not None:
            return result
    return _by_name(machine, receiver, name, arguments, node, frame)


def _of_base(
    machine: Machine, base: str, receiver: Ref, name: str, arguments: Arguments, node: cst.CSTNode, frame: Frame
) -> Value | None:
    """What the method is known to do in the class `base`; None where nothing is known."""
    if sink := machine.catalog.sink(f"{base}.{name}"):
        return sinks.run(machine, sink, receiver, arguments, node=node, frame=frame)
    is_optimizer = machine.catalog.optimizer(base) or optimizers.is_own(machine, receiver)
    if is_optimizer and name in ("step", "zero_grad"):
        return _of_optimizer(machine, receiver, name, arguments, node, frame)
    if name == "forward" and (match := machine.catalog.loss(base)):
        return losses.apply(machine, match, machine.get(receiver), arguments, node=node, frame=frame)
    if name == "forward" and layers.is_layer(base):
        return layers.apply(machine, base, arguments)
    if name in unseen.PREPARATIONS and base.endswith(("Accelerator", "Fabric")):
        return unseen.prepared(machine, arguments)
    if distributions.is_distribution(base):
        return distributions.call_method(machine, receiver, name, arguments) or Unknown(computed=True)
    return None


def _of_optimizer(
    machine: Machine, receiver: Value, name: str, arguments: Arguments, node: cst.CSTNode, frame: Frame
) -> Value:
    """`step` or `zero_grad` of what is known to be an optimizer."""
    sink = machine.catalog.sink(f"torch.optim.Optimizer.{name}")
    assert sink is not None
    return sinks.run(machine, sink, receiver, arguments, node=node, frame=frame)


def _by_name(
    machine: Machine, receiver: Ref, name: str, arguments: Arguments, node: cst.CSTNode, frame: Frame
) -> Value:
    """A method that is only known by its name, and by what else was called on the object."""
    clears = machine.get(receiver).get(_CLEARS) is not None
    match name:
        case "step" if clears or _is_called_optimizer(machine, receiver, node):
            optimizers.step(machine, receiver, node, frame)
            return Unknown(computed=True)
        case "zero_grad":
            machine.put(receiver, _CLEARS, Const(True))
            optimizers.zero_grad(machine, receiver, node, frame)
            return Const(None)
        case "add_module" | "register_module":
            match arguments.get(0, "name"), arguments.get(1, "module"):
                case Const(value=str() as child), (Ref() | Unknown()) as module:
                    machine.put(receiver, child, module)
            return Const(None)
        case "parse_args":
            return Unknown("args")
        case "fit" | "train":
            frameworks.fit(machine, receiver, name, arguments, node, frame)
    if name in iteration.PARAMETER_ITERATORS:
        machine.put(receiver, layers.HAS_PARAMETERS, Const(True))
        return iteration.parameters_of(machine, node, named=name.startswith("named"))
    if name in unseen.SAME_OBJECT:
        return receiver
    return Unknown(computed=True, why=f"what `.{name}()` returns")


def _is_called_optimizer(machine: Machine, receiver: Ref, node: cst.CSTNode) -> bool:
    """True for an object of a class out of sight that is called an optimizer: `optimizer = mine.Clipped(...)`."""
    cls = machine.get(receiver).cls
    match node:
        case cst.Call(func=cst.Attribute(value=cst.Name(value=name) | cst.Attribute(attr=cst.Name(value=name)))):
            known = name
        case _:
            known = ""
    return means_optimizer(known) or (isinstance(cls, External) and means_optimizer(cls.name.rpartition(".")[2]))
