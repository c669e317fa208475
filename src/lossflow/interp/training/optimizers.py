"""Optimizers: constructing them, and what is known of one when it steps."""

from __future__ import annotations

from dataclasses import replace

import libcst as cst

from lossflow.catalog.entry import Optimizer, Scale
from lossflow.domain.environment import Kind, Record
from lossflow.domain.exponent import Exponent
from lossflow.domain.trace import OptimizerFacts, OptimizerStep, Step, StepKind, ZeroGrad
from lossflow.domain.values import Const, External, Number, OneOf, Ref, Unknown, Value
from lossflow.interp.engine.frames import Arguments, Frame
from lossflow.interp.engine.machine import Machine
from lossflow.interp.objects import classes
from lossflow.interp.training import perturbations

GROUPS = "param_groups"
_GROUPS = External("torch.optim.Optimizer.param_groups")
"""What marks the list of the groups of an optimizer."""
_PERTURBS = "lossflow.perturbs"
"""The attribute that tells whether an optimizer optimises something of each example."""


def construct(machine: Machine, row: Optimizer, arguments: Arguments, *, node: cst.CSTNode, frame: Frame) -> Value:
    """A new optimizer. Its learning rate lives in its parameter group, where schedulers and warm-ups write it."""
    site = machine.site(node, frame)
    instance = machine.allocate(
        node, Record(Kind.INSTANCE, cls=External(row.name), made=Step(StepKind.CONSTRUCTED, site))
    )
    initialise(machine, instance, row, arguments, node=node, frame=frame)
    return instance


def initialise(
    machine: Machine, instance: Ref, row: Optimizer, arguments: Arguments, *, node: cst.CSTNode, frame: Frame
) -> None:
    """What the constructor of a catalogue's optimizer does to `instance`."""
    names = row.params.split()
    given = arguments.get(names.index("lr") if "lr" in names else -1, "lr", "learning_rate")
    if given is None:
        given = Unknown(computed=True) if arguments.open else Const(0)
    rate = _with_groups(machine, given, arguments.get(0, "params"))
    group = machine.allocate((node, "group"), Record(Kind.DICT, {"lr": machine.named(rate, "lr")}))
    groups = machine.allocate((node, GROUPS), Record(Kind.LIST, rest=group, cls=_GROUPS))
    machine.put(instance, GROUPS, groups)
    written = _rate_site(machine, arguments, names, node, frame) if rate is given else Number(Exponent.ZERO, "lr")
    machine.put(instance, "lr", written)
    machine.put(instance, _PERTURBS, Const(perturbations.are_perturbations(machine, arguments.get(0, "params"))))
    machine.set(instance, replace(machine.get(instance), made=Step(StepKind.CONSTRUCTED, machine.site(node, frame))))


def _with_groups(machine: Machine, rate: Value, params: Value | None) -> Value:
    """The learning rate joined with those that the parameter groups name themselves; where all do, it is no group's."""
    if not isinstance(params, Ref) or machine.get(params).kind is not Kind.LIST:
        return rate
    own = [_own_rate(machine, group) for group in machine.get(params).values()]
    if own and machine.get(params).rest is None and None not in own:
        rate = Const(0)
    for each in own:
        if each is not None:
            rate = each if rate == Const(0) else _either_rate(machine, rate, each)
    return rate


def _own_rate(machine: Machine, group: Value) -> Value | None:
    """The learning rate that a parameter group names."""
    if isinstance(group, Ref) and machine.get(group).kind is Kind.DICT:
        return machine.get(group).get("lr")
    return None


def _either_rate(machine: Machine, left: Value, right: Value) -> Value:
    """One of two learning rates: of `args.lr` and `0.1 * args.lr` both are fixed."""
    if left == right:
        return left
    return Number(machine.factor(left).join(machine.factor(right)))


def _rate_site(machine: Machine, arguments: Arguments, names: list[str], node: cst.CSTNode, frame: Frame) -> Value:
    """Where the learning rate is written, carried as the site of a number."""
    position = names.index("lr") if "lr" in names else -1
    positional = [a for a in arguments.nodes if a.keyword is None and not a.star]
    written = next(
        (a for a in arguments.nodes if a.keyword is not None and a.keyword.value in ("lr", "learning_rate")), None
    )
    if written is None and 0 <= position < len(positional) and len(positional) == len(arguments.positional):
        written = positional[position]
    return Number(Exponent.ZERO, "lr", None if written is None else machine.site(written.value, frame))


def row_of(machine: Machine, value: Value) -> Optimizer | None:
    """The catalogue's row of an optimizer object."""
    cls = classes.instance_class(machine, value)
    if cls is None:
        return None
    for base in classes.external_bases(machine, cls):
        if row := machine.catalog.optimizer(base.name):
            return row
    return None


def is_own(machine: Machine, value: Value) -> bool:
    """True for an instance of an optimizer class that the program writes itself."""
    cls = classes.instance_class(machine, value)
    bases = classes.external_bases(machine, cls) if cls is not None else ()
    return any(base.name in ("torch.optim.Optimizer", "torch.optim.optimizer.Optimizer") for base in bases)


def identity(machine: Machine, value: Value) -> int:
    """The number by which steps and zero_grads of the same optimizer are told; 0 where it is out of sight."""
    if isinstance(value, OneOf):
        return -sum(identity(machine, one) for one in value.values)
    known = row_of(machine, value) is not None or is_own(machine, value)
    return value.address if isinstance(value, Ref) and known else 0


def facts(machine: Machine, value: Value) -> OptimizerFacts:
    """What is known of an optimizer now; nothing of one that is out of sight, or that may be of different kinds."""
    if isinstance(value, OneOf):
        all_facts = [facts(machine, one) for one in value.values if one != Const(None)]
        return replace(_joined(all_facts), identity=identity(machine, value)) if all_facts else OptimizerFacts()
    row = row_of(machine, value)
    if row is None or not isinstance(value, Ref):
        return OptimizerFacts(identity=value.address if isinstance(value, Ref) else 0)
    record = machine.get(value)
    written = record.get("lr")
    return OptimizerFacts(
        name=row.name,
        proportional=row.scale is Scale.PROPORTIONAL,
        learning_rate=machine.factor(rate(machine, value)),
        exception=row.exception,
        site=record.made.site if record.made is not None else None,
        learning_rate_site=written.site if isinstance(written, Number) else None,
        identity=value.address,
        perturbs=record.get(_PERTURBS) == Const(True),
        repeats=len(machine.loops) > machine.depths.get((value.address, None), 0),
    )


def _joined(all_facts: list[OptimizerFacts]) -> OptimizerFacts:
    """One of several optimizers: what they have in common."""
    first = all_facts[0]
    for other in all_facts[1:]:
        first = replace(
            first,
            name=first.name if first.name == other.name else "",
            proportional=first.proportional if first.proportional is other.proportional else None,
            learning_rate=first.learning_rate.join(other.learning_rate),
            learning_rate_site=first.learning_rate_site
            if first.learning_rate_site == other.learning_rate_site
            else None,
            perturbs=first.perturbs and other.perturbs,
        )
    return first


def rate(machine: Machine, optimizer: Ref) -> Value:
    """The learning rate that the parameter groups hold now."""
    groups = machine.get(optimizer).get(GROUPS)
    held = machine.get(groups).rest if isinstance(groups, Ref) else None
    if not isinstance(held, Ref):
        return Unknown(computed=True)
    return machine.get(held).get("lr") or Unknown(computed=True)


def group_of(machine: Machine, value: Value) -> Value | None:
    """The group that stands for all of an optimizer; None for anything else than the list of its groups."""
    if not isinstance(value, Ref):
        return None
    record = machine.get(value)
    return record.rest if record.cls == _GROUPS else None


def scale_rate(machine: Machine, optimizer: Value, exponent: Exponent) -> None:
    """Multiply the learning rate, as a LambdaLR does whose lambda contains the batch size."""
    if not isinstance(optimizer, Ref) or exponent.is_zero:
        return
    groups = machine.get(optimizer).get(GROUPS)
    group = machine.get(groups).rest if isinstance(groups, Ref) else None
    if isinstance(group, Ref):
        machine.put(group, "lr", Number(machine.factor(rate(machine, optimizer)) + exponent))


def step(machine: Machine, optimizer: Value, node: cst.CSTNode, frame: Frame) -> None:
    """Record that the optimizer steps."""
    machine.record(OptimizerStep(machine.site(node, frame), optimizer=facts(machine, optimizer)))


def zero_grad(machine: Machine, owner: Value, node: cst.CSTNode, frame: Frame) -> None:
    """Record that gradients are set to zero: those of one optimizer, or of a module."""
    machine.record(ZeroGrad(machine.site(node, frame), identity=identity(machine, owner)))
