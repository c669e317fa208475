"""Classes of the program: their definition, their bases, and the lookup of attributes through them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from lossflow.domain.environment import Kind
from lossflow.domain.values import Bound, Class, External, Function, Ref, Super, Value
from lossflow.interp.engine.machine import Machine


def lineage(machine: Machine, cls: Value) -> Iterator[Value]:
    """The class and its bases, depth first, each once: close enough to the method resolution order."""
    seen: list[Value] = []
    waiting = [cls]
    while waiting:
        one = waiting.pop(0)
        if one in seen or len(seen) > 40:
            continue
        seen.append(one)
        yield one
        if isinstance(one, Class):
            waiting = [*one.bases, *waiting]


def lookup(machine: Machine, cls: Value, name: str) -> Value | None:
    """An attribute that the class or a base of the program defines; None where only bases out of sight could."""
    for one in lineage(machine, cls):
        if isinstance(one, Class):
            value = machine.get(one.scope).get(name)
            if value is not None:
                return replace(value, owner=one) if isinstance(value, Function) and value.owner is None else value
    return None


def external_base(machine: Machine, cls: Value) -> External | None:
    """The first base that another package defines."""
    return next(
        (one for one in lineage(machine, cls) if isinstance(one, External) and one.name != "builtins.object"), None
    )


def external_bases(machine: Machine, cls: Value) -> tuple[External, ...]:
    """Every base that another package defines."""
    return tuple(one for one in lineage(machine, cls) if isinstance(one, External))


def is_autograd_function(machine: Machine, cls: Value) -> bool:
    """True for a subclass of `torch.autograd.Function`, whose `apply` runs its `forward`."""
    return any(base.name == "torch.autograd.Function" for base in external_bases(machine, cls))


def instance_class(machine: Machine, value: Value) -> Value | None:
    """The class of an instance."""
    if isinstance(value, Ref) and machine.get(value).kind is Kind.INSTANCE:
        return machine.get(value).cls
    return None


def super_attribute(machine: Machine, owner: Super, name: str) -> Value:
    """`super().name`: looked up behind the class that defines the method."""
    passed = False
    cls = instance_class(machine, owner.receiver) or owner.owner
    order = list(lineage(machine, cls))
    if owner.owner not in order:
        order = list(lineage(machine, owner.owner))
    for one in order:
        if passed:
            match one:
                case Class():
                    value = machine.get(one.scope).get(name)
                    if isinstance(value, Function):
                        return Bound(owner.receiver, replace(value, owner=one))
                    if value is not None:
                        return value
                case External() if one.name != "builtins.object":
                    return Bound(owner, name)
        passed = passed or one == owner.owner
    return Bound(owner, name)
