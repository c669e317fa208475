"""Frameworks that take the objective from a method's return value: Lightning's `training_step` and the like."""

from __future__ import annotations

import libcst as cst

from lossflow.catalog.entry import Framework
from lossflow.domain.environment import Kind
from lossflow.domain.exponent import Exponent
from lossflow.domain.trace import Backward, OptimizerFacts, Site
from lossflow.domain.values import Bound, Class, Const, Function, Number, OneOf, Ref, Tensor, Tuple, Value, alternatives
from lossflow.interp.engine.frames import Arguments, Code, Frame
from lossflow.interp.engine.machine import Machine
from lossflow.interp.objects import classes, functions, iteration, truth
from lossflow.interp.training import clipping, optimizers, sinks


def of(machine: Machine, cls: Class) -> Framework | None:
    """The framework that a class of the program belongs to."""
    for base in classes.external_bases(machine, cls):
        if framework := machine.catalog.framework(base.name):
            return framework
    return None


def fit(machine: Machine, receiver: Ref, name: str, arguments: Arguments, node: cst.CSTNode, frame: Frame) -> None:
    """`trainer.fit(module)` and `trainer.train()`: the step of a class that another file defines.

    The classes of the file at hand are run anyway, whether somebody fits them or not, unless a function defines them.
    """
    instance = receiver if name == "train" else arguments.get(0, "model")
    cls = classes.instance_class(machine, instance) if instance is not None else None
    framework = of(machine, cls) if isinstance(cls, Class) else None
    if framework is None or not isinstance(instance, Ref) or not isinstance(cls, Class):
        return
    clipping.note_option(machine, receiver, framework.title, cls.site)
    method = classes.lookup(machine, cls, framework.method)
    if not isinstance(method, Function) or not isinstance(method.code, Code):
        return
    if method.code.unit is machine.root and machine.get(cls.scope).cls == machine.root.globals:
        return
    entry = frame.unit.places.of(node) if frame.unit is machine.root else frame.entry
    root = machine.root_number
    run_step(machine, framework, instance, method, Frame(method.code.unit, frame.scope, entry=entry))
    machine.root_number = root


def run_step(machine: Machine, framework: Framework, instance: Ref, method: Function, frame: Frame) -> None:
    """Run the step with a batch, and hand what it returns to the framework."""
    assert isinstance(method.code, Code)
    keywords: dict[str, Value] = {
        name: iteration.BATCH for name in framework.batch if name in functions.parameters(method)
    }
    index = {name for name in ("batch_idx", "batch_nb") if name in functions.parameters(method)}
    keywords |= {name: Number(Exponent.ZERO, name, counter=True) for name in index}
    machine.enter_root()
    value = machine.call(Bound(instance, method), Arguments((), keywords), method.code.node, frame)
    manual = machine.get(instance).get(framework.manual) if framework.manual else None
    if manual == Const(False) or _keeps_backward(machine, framework, instance):
        return
    objective = objective_of(machine, value)
    machine.use(objective)
    machine.record(
        Backward(
            machine.site(_handed_over(method.code.node), Frame(method.code.unit, frame.scope, entry=frame.entry)),
            objective=sinks.evident(objective),
            framework=framework.title,
            optimizers=_optimizers(machine, framework, instance, method.code.node, frame),
            divides=framework.divides,
            module=_module(machine, instance),
            files=machine.files() | {method.code.unit.source.name},
            written=tuple(map(method.code.unit.places.of, _written(machine, method.code.node, value))),
            unread=_unread_count(machine, framework, instance, method.code, frame),
        )
    )


def _unread_count(machine: Machine, framework: Framework, instance: Ref, code: Code, frame: Frame) -> Site | None:
    """The parameter by which the method gets the number of items, where it never reads it."""
    cls = machine.get(instance).cls
    counts = machine.get(instance).get(framework.counts) or (
        classes.lookup(machine, cls, framework.counts) if cls is not None else None
    )
    if not framework.count or counts == Const(False) or not isinstance(code.node, cst.FunctionDef):
        return None
    params = code.node.params
    named = [p for p in (*params.params, *params.kwonly_params) if p.name.value == framework.count]
    received = named[0] if named else params.star_kwarg
    if received is None or _reads(code.node.body, received.name.value):
        return None
    return machine.site(received.name, Frame(code.unit, frame.scope, entry=frame.entry))


def _keeps_backward(machine: Machine, framework: Framework, instance: Ref) -> bool:
    """True where the class overrides the hook that calls backward, and its own calls none."""
    cls = machine.get(instance).cls
    hook = classes.lookup(machine, cls, framework.hook) if framework.hook and cls is not None else None
    return isinstance(hook, Function) and isinstance(hook.code, Code) and not _reads(hook.code.node.body, "backward")


def _reads(node: cst.CSTNode, name: str) -> bool:
    """True when the name stands anywhere in the code."""
    if isinstance(node, cst.Name):
        return node.value == name
    return any(_reads(child, name) for child in node.children)


def _module(machine: Machine, instance: Ref) -> Site | None:
    """Where the class of an instance is defined."""
    cls = machine.get(instance).cls
    return cls.site if isinstance(cls, Class) else None


def objective_of(machine: Machine, value: Value) -> Value:
    """The loss in what the step returns: itself, the first of a tuple, or `"loss"` of a dict."""
    value = truth.usable(value)
    match value:
        case Tuple(items=(first, *_)):
            return first
        case Ref() if machine.get(value).kind is Kind.DICT:
            record = machine.get(value)
            return record.get("loss") or record.rest or value
    return value


def _handed_over(node: cst.FunctionDef | cst.Lambda) -> cst.CSTNode:
    """The last return statement of the step, else its name."""
    returns = [found for found in _returns(node.body) if found.value is not None]
    if returns:
        return returns[-1]
    return node.name if isinstance(node, cst.FunctionDef) else node


def _written(machine: Machine, node: cst.FunctionDef | cst.Lambda, value: Value) -> tuple[cst.BaseExpression, ...]:
    """The expressions of the objective in the one return statement of the step; empty where they are out of sight."""
    returned = [found.value for found in _returns(node.body) if found.value is not None]
    if len(returned) != 1:
        return ()
    found: list[cst.BaseExpression] = []
    bare = any(isinstance(each, Tensor) for each in alternatives(value))
    for expression in _branches(returned[0]):
        match expression:
            case cst.Tuple(elements=[cst.Element(value=first), *_]):
                found.append(first)
            case cst.Dict(elements=elements):
                found += [each.value for each in elements if isinstance(each, cst.DictElement) and _is_loss(each.key)]
            case _ if bare:
                found.append(expression)
    return tuple(found) if len(found) == len(_branches(returned[0])) else ()


def _branches(node: cst.BaseExpression) -> list[cst.BaseExpression]:
    """The expressions that a conditional one chooses from."""
    if isinstance(node, cst.IfExp):
        return [*_branches(node.body), *_branches(node.orelse)]
    return [node]


def _is_loss(key: cst.BaseExpression) -> bool:
    return isinstance(key, cst.SimpleString) and key.evaluated_value == "loss"


def _returns(node: cst.CSTNode) -> list[cst.Return]:
    if isinstance(node, cst.Return):
        return [node]
    if isinstance(node, (cst.FunctionDef, cst.Lambda, cst.ClassDef, cst.BaseExpression)):
        return []
    return [found for child in node.children for found in _returns(child)]


def _optimizers(
    machine: Machine, framework: Framework, instance: Ref, node: cst.CSTNode, frame: Frame
) -> tuple[OptimizerFacts, ...]:
    """The optimizers that the framework gets from the class, else one that is out of sight."""
    cls = classes.instance_class(machine, instance)
    method = classes.lookup(machine, cls, framework.optimizers) if framework.optimizers and cls is not None else None
    if not isinstance(method, Function):
        return (OptimizerFacts(),)
    value = truth.usable(machine.call(Bound(instance, method), Arguments(), node, frame))
    found = tuple(optimizers.facts(machine, one) for one in _listed(machine, value))
    return found or (OptimizerFacts(),)


def _listed(machine: Machine, value: Value) -> list[Value]:
    """The optimizers of any form that `configure_optimizers` may return."""
    if optimizers.row_of(machine, value) is not None:
        return [value]
    match value:
        case Tuple(items=items) | OneOf(values=items):
            found = [one for item in items for one in _listed(machine, item)]
            return [one for index, one in enumerate(found) if one not in found[:index]]
        case Ref():
            record = machine.get(value)
            if record.kind is Kind.DICT:
                held = record.get("optimizer")
                return [] if held is None else _listed(machine, held)
            if record.kind is Kind.LIST:
                return [one for item in record.values() for one in _listed(machine, item)]
    return []
