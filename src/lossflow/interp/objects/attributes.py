"""`owner.name`: reading and writing attributes."""

from __future__ import annotations

from dataclasses import replace

import libcst as cst

from lossflow.catalog.names import number_exponent
from lossflow.domain import tensors
from lossflow.domain.axes import Axes
from lossflow.domain.environment import Kind
from lossflow.domain.exponent import Exponent
from lossflow.domain.trace import AttributeSet, Step
from lossflow.domain.values import (
    Bound,
    Class,
    Const,
    External,
    Function,
    OneOf,
    Partial,
    Ref,
    Size,
    Super,
    Tensor,
    Term,
    Tuple,
    Unknown,
    Value,
)
from lossflow.interp.engine.frames import Arguments, Frame
from lossflow.interp.engine.machine import Machine
from lossflow.interp.objects import classes, modules

_PARTS = ("values", "indices")
"""What `x.max(dim=1)` and `x.sort()` return, by name."""


def load(machine: Machine, owner: Value, name: str, node: cst.CSTNode, frame: Frame) -> Value:
    """The value of `owner.name`."""
    match owner:
        case External(name=dotted):
            return External(f"{dotted}.{name}")
        case Bound(field=str() as field):
            return Unknown(
                f"{field}.{name}"
            )  # methods have no attributes: `cfg.train` is a field, `cfg.train.lr` another
        case Unknown(over=Step()) | Unknown(name="", computed=True) if name == "backward":
            return Bound(owner, name)
        case Unknown():
            dotted = f"{owner.name}.{name}" if owner.name else name
            return machine.get(machine.unseen).get(dotted) or Unknown(dotted)
        case Tensor():
            return _of_tensor(owner, name)
        case Size():
            return Bound(owner, name)
        case Tuple(items=items) if name in _PARTS and len(items) == len(_PARTS):
            return items[_PARTS.index(name)]
        case OneOf(values=values):
            return machine.joined([load(machine, v, name, node, frame) for v in values if v != Const(None)])
        case Class():
            found = classes.lookup(machine, owner, name)
            if isinstance(found, Function) and found.kind == "classmethod":
                return Bound(owner, found)
            if found is None and name == "apply" and classes.is_autograd_function(machine, owner):
                forward = classes.lookup(machine, owner, "forward")
                return Unknown(name) if forward is None else Partial(forward, (Unknown("ctx"),), ())
            return Unknown(name) if found is None else found
        case Super():
            return classes.super_attribute(machine, owner, name)
        case Ref():
            return _of_object(machine, owner, name, node, frame)
    return Bound(owner, name)


def _of_tensor(tensor: Tensor, name: str) -> Value:
    match name:
        case "shape":
            return Size(tensor.axes)
        case "data":
            return replace(tensor, differentiable=False)
        case "T" | "mT" | "H":
            turned = Axes(tensor.axes.dims[::-1]) if tensor.axes.rank is not None else tensor.axes.shuffled()
            return replace(tensor, axes=turned)
        case "loss" if tensor.data and tensor.differentiable:
            # What a model of transformers returns as `outputs.loss` is a mean.
            return Tensor(Axes.SCALAR, (Term(),), True, True)
        case "grad":
            return Unknown("grad", computed=True)
        case "dtype" | "device" | "requires_grad" | "ndim" | "is_cuda":
            return Unknown(name, computed=True)
    if tensor.data and name != "backward" and not tensors.knows(name) and not name.startswith("_"):
        counts = number_exponent(name) != Exponent.UNKNOWN
        return Unknown(name) if counts else tensor  # `batch.num_graphs`, `batch.src`
    return Bound(tensor, name)


def _of_object(machine: Machine, owner: Ref, name: str, node: cst.CSTNode, frame: Frame) -> Value:
    record = machine.get(owner)
    if record.kind is Kind.SCOPE:
        return modules.attribute(machine, owner, name)
    if record.kind is Kind.LIST or (record.kind is Kind.DICT and hasattr(dict, name)):
        return Bound(owner, name)
    held = record.get(name)  # of a ModuleDict, too
    if held is None and record.kind is Kind.DICT:
        return Bound(owner, name)
    if held is not None:
        return held
    cls = record.cls
    if cls is not None:
        found = classes.lookup(machine, cls, name)
        if isinstance(found, Function):
            match found.kind:
                case "staticmethod":
                    return found
                case "property":
                    return machine.call(Bound(owner, found), Arguments(), node, frame)
                case "classmethod":
                    return Bound(cls, found)
            return Bound(owner, found)
        if found is not None:
            return found
        if classes.external_base(machine, cls) is not None or isinstance(cls, External):
            return Bound(owner, name)
    return Unknown(f"self.{name}")


def store(machine: Machine, owner: Value, name: str, value: Value, node: cst.CSTNode, frame: Frame) -> None:
    """`owner.name = value`."""
    match owner:
        case Ref():
            record = machine.get(owner)
            if record.kind in (Kind.LIST, Kind.DICT):
                return
            _setting_of_criterion(machine, owner, name, value, node, frame)
            if name == "grad":
                return
            machine.put(owner, name, machine.named(value, name))
        case Class():
            machine.put(owner.scope, name, machine.named(value, name))
        case Unknown(name=str() as path) if path:
            machine.put(machine.unseen, f"{path}.{name}", machine.named(value, name))  # `args.lr = args.blr * batch`
        case OneOf(values=values):
            for one in values:
                store(machine, one, name, value, node, frame)


def _setting_of_criterion(
    machine: Machine, owner: Ref, name: str, value: Value, node: cst.CSTNode, frame: Frame
) -> None:
    """`criterion.size_average = False` after construction: a fact for LF301."""
    record = machine.get(owner)
    if (
        isinstance(record.cls, External)
        and record.made is not None
        and (match := machine.catalog.loss(record.cls.name))
    ) and name in ("size_average", "reduce", match.row.parameter):
        machine.record(
            AttributeSet(
                machine.site(node, frame),
                loss=record.cls.name,
                attribute=name,
                value=value,
                constructed=record.made.site,
            )
        )
