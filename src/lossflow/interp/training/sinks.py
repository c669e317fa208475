"""Sinks: calls that take a loss to its gradients, and optimizers to their step."""

from __future__ import annotations

from dataclasses import replace

import libcst as cst

from lossflow.catalog.entry import RECEIVER, Sink, SinkKind
from lossflow.domain.axes import Axes
from lossflow.domain.environment import Kind, Record
from lossflow.domain.exponent import Exponent
from lossflow.domain.trace import Backward, Step, StepKind
from lossflow.domain.values import Bound, Const, Function, Ref, Tensor, Tuple, Unknown, Value
from lossflow.interp.engine.frames import Arguments, Frame
from lossflow.interp.engine.machine import Machine
from lossflow.interp.objects import classes, truth
from lossflow.interp.training import clipping, optimizers


def run(
    machine: Machine, sink: Sink, receiver: Value | None, arguments: Arguments, *, node: cst.CSTNode, frame: Frame
) -> Value:
    """What a call of the sink does and yields."""
    subject = _subject(sink, receiver, arguments)
    match sink.kind:
        case SinkKind.BACKWARD:
            given = None if sink.gradient is None else arguments.get(sink.gradient[0], sink.gradient[1])
            backward(
                machine,
                _weighed(machine, subject, given, node, frame),
                node,
                frame,
                gradient=_is_given(given),
                divides=_divides(machine, sink, receiver),
                written=_written(sink, node),
            )
            return Const(None)
        case SinkKind.GRAD:
            given = None if sink.gradient is None else arguments.get(sink.gradient[0], sink.gradient[1])
            subject = _weighed(machine, subject, given, node, frame)
            backward(
                machine, subject, node, frame, gradient=_is_given(given), returned=True, written=_written(sink, node)
            )
            return _gradients(machine, subject, arguments, node, frame)
        case SinkKind.SCALE:
            if (scaled := _written(sink, node)) is not None:
                machine.scaled[id(node)] = scaled
            return subject
        case SinkKind.STEP:
            closure = arguments.get(0, "closure") if sink.position == RECEIVER else None
            if closure is not None and closure != Const(None):
                machine.call(closure, Arguments(), node, frame)
            own = None if sink.position == RECEIVER else _own_step(machine, subject)
            if own is not None:
                return machine.call(own, Arguments(), node, frame)
            optimizers.step(machine, subject, node, frame)
        case SinkKind.CLIP:
            clipping.note(machine, sink, arguments, node, frame)
        case SinkKind.ZERO_GRAD:
            optimizers.zero_grad(machine, subject, node, frame)
    return Unknown(computed=True)


def _own_step(machine: Machine, optimizer: Value) -> Value | None:
    """The `step` that a class of the program defines around an optimizer: `scaler.step(wrapper)` calls it."""
    cls = classes.instance_class(machine, optimizer) if isinstance(optimizer, Ref) else None
    method = classes.lookup(machine, cls, "step") if cls is not None else None
    return Bound(optimizer, method) if isinstance(method, Function) else None


def _gradients(machine: Machine, objective: Value, arguments: Arguments, node: cst.CSTNode, frame: Frame) -> Value:
    """What `torch.autograd.grad` returns: with respect to parameters, tensors with the exponents of the objective.

    With respect to the examples, as in gradient penalties and adversarial attacks, nothing is said.
    """
    objective, inputs = truth.usable(objective), arguments.get(1, "inputs")
    wanted = (
        machine.get(inputs).values()
        if isinstance(inputs, Ref)
        else inputs.items
        if isinstance(inputs, Tuple)
        else (inputs,)
    )
    parameters = [v for v in wanted if isinstance(v, Tensor) and v.axes.reduced and v.differentiable]
    if not isinstance(objective, Tensor) or not wanted or len(parameters) != len(wanted):
        return Unknown("grad", computed=True)
    step = Step(StepKind.DIFFERENTIATED, machine.site(node, frame))
    gradient = replace(objective.step(step), axes=Axes.PLAIN, differentiable=False, data=False)
    if isinstance(inputs, Tuple):
        return Tuple((gradient,) * len(inputs.items))
    return machine.allocate(node, Record(Kind.LIST, rest=gradient))


def _subject(sink: Sink, receiver: Value | None, arguments: Arguments) -> Value:
    if sink.position == RECEIVER:
        return receiver if receiver is not None else Unknown()
    names = (sink.keyword,) if sink.keyword else ()
    return arguments.get(sink.position, *names) or Unknown()


def _written(sink: Sink, node: cst.CSTNode) -> cst.BaseExpression | None:
    """The expression that is the subject of a call, where it is written at the call itself."""
    if not isinstance(node, cst.Call):
        return None
    if sink.position == RECEIVER:
        return node.func.value if isinstance(node.func, cst.Attribute) else None
    return argument(node, sink.position, sink.keyword)


def argument(node: cst.CSTNode, position: int, keyword: str = "") -> cst.BaseExpression | None:
    """The argument at a position of a call, or by that name; None where stars may have moved it."""
    if not isinstance(node, cst.Call) or any(arg.star for arg in node.args):
        return None
    named = [arg.value for arg in node.args if arg.keyword is not None and arg.keyword.value == keyword]
    plain = [arg.value for arg in node.args if arg.keyword is None]
    return plain[position] if position < len(plain) else next(iter(named), None)


def _is_given(gradient: Value | None) -> bool:
    return gradient is not None and gradient != Const(None)


def _weighed(machine: Machine, objective: Value, gradient: Value | None, node: cst.CSTNode, frame: Frame) -> Value:
    """What `loss.backward(gradient)` differentiates: the sum of the loss times the gradient."""
    loss = truth.usable(objective)
    if not _is_given(gradient) or not isinstance(loss, Tensor) or loss.axes.reduced:
        return objective
    site = machine.site(node, frame)
    grown = Exponent.UNKNOWN
    if isinstance(gradient, Tensor) and loss.axes.batches is not None:
        grown = Exponent.of(loss.axes.batches) + gradient.exponent
    return replace(loss, axes=Axes.SCALAR).step(Step(StepKind.REDUCED, site, grown))


def _divides(machine: Machine, sink: Sink, receiver: Value | None) -> bool:
    """Whether the framework divides by its accumulation steps: if its class was told how many there are."""
    if not sink.divides or not sink.divides_if:
        return sink.divides
    return not isinstance(receiver, Ref) or machine.get(receiver).get(sink.divides_if) is not None


def backward(
    machine: Machine,
    objective: Value,
    node: cst.CSTNode,
    frame: Frame,
    *,
    gradient: bool = False,
    divides: bool = False,
    returned: bool = False,
    written: cst.BaseExpression | None = None,
) -> None:
    """Record a backward; of several tensors at once each is an objective. `written` is its expression."""
    objectives = _objectives(machine, truth.usable(objective))
    while written is not None and id(written) in machine.scaled:
        written = machine.scaled[id(written)]  # `scaler.scale(loss).backward()`
    alone = written is not None and objectives == (truth.usable(objective),)
    places = (frame.unit.places.of(written),) if written is not None and alone else ()
    for one in objectives:
        machine.use(one)
        machine.record(
            Backward(
                machine.site(node, frame),
                objective=evident(one),
                gradient=gradient,
                divides=divides,
                returned=returned,
                files=machine.files(),
                written=places,
            )
        )


def _objectives(machine: Machine, objective: Value) -> tuple[Value, ...]:
    match objective:
        case Tuple(items=items):
            return items
        case Ref() if machine.get(objective).kind is Kind.LIST:
            return machine.get(objective).values()
    return (objective,)


def evident(objective: Value) -> Value:
    """The objective, if it is a loss for all that is known: a sum of tensors without evidence of a parameter is not."""
    if isinstance(objective, Tensor) and not objective.loss and objective.differentiable is not True:
        return Unknown(computed=True, why="whether gradients flow through it")
    return objective
