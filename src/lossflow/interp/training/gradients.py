"""What the program does to gradients and parameters by hand: scaling `p.grad`, and `w -= lr * w.grad`."""

from __future__ import annotations

from dataclasses import replace

import libcst as cst

from lossflow.domain.axes import Axes
from lossflow.domain.exponent import Exponent
from lossflow.domain.trace import (
    Backward,
    GradientScaled,
    OptimizerFacts,
    OptimizerStep,
    Step,
    StepKind,
    ZeroGrad,
)
from lossflow.domain.values import Const, Tensor, Value
from lossflow.interp.engine.frames import Frame
from lossflow.interp.engine.machine import Machine
from lossflow.interp.training import perturbations

HAND_WRITTEN = "gradient descent written by hand"


def mentions_gradient(node: cst.CSTNode) -> bool:
    """True when `.grad` is read anywhere in the expression."""
    match node:
        case cst.Attribute(attr=cst.Name(value="grad")):
            return True
    return any(mentions_gradient(child) for child in node.children)


def is_gradient(node: cst.BaseExpression) -> bool:
    """True for `p.grad` and `p.grad.data`."""
    match node:
        case cst.Attribute(attr=cst.Name(value="grad")):
            return True
        case cst.Attribute(value=inner, attr=cst.Name(value="data")):
            return is_gradient(inner)
    return False


def note_update(
    machine: Machine,
    target: cst.BaseExpression,
    operator: str,
    before: Value,
    value: Value,
    node: cst.CSTNode,
    frame: Frame,
) -> bool:
    """`p.grad /= n` scales gradients; `w -= lr * w.grad` is a step of gradient descent, and w stays a parameter.

    True when it was one of the two.
    """
    if is_gradient(target):
        if operator in ("*", "/"):
            exponent = machine.factor(value)
            scaled = exponent if operator == "*" else -exponent
            machine.record(GradientScaled(machine.site(node, frame), exponent=scaled))
        return True
    operand = node.value if isinstance(node, (cst.AugAssign, cst.Assign)) else None
    if operator in ("-", "+") and operand is not None and is_descent(machine, operand, frame):
        note_step(machine, before, operand, node, frame)
        return True
    return False


def note_method(machine: Machine, name: str, factor: Value | None, node: cst.CSTNode, frame: Frame) -> None:
    """`p.grad.div_(n)`, `p.grad.data.mul_(c)` and `torch._foreach_div_(gradients, n)` scale gradients too."""
    if factor is None:
        return
    exponent = machine.factor(factor)
    if name.removesuffix("_").endswith(("mul", "multiply")):
        machine.record(GradientScaled(machine.site(node, frame), exponent=exponent))
    elif name.removesuffix("_").endswith(("div", "divide")):
        machine.record(GradientScaled(machine.site(node, frame), exponent=-exponent))


def note_assignment(
    machine: Machine, target: cst.BaseExpression, written: cst.BaseExpression, value: Value, frame: Frame
) -> Value:
    """`w = w - lr * w.grad`, `p.grad = p.grad / n`, `p.grad = gradient`: what the target holds afterwards."""
    if is_gradient(target):
        match written:
            case cst.BinaryOperation(left=left, operator=cst.Divide(), right=divisor) if is_gradient(left):
                exponent = -machine.factor(machine.evaluate(divisor, frame))
                machine.record(GradientScaled(machine.site(written, frame), exponent=exponent))
        if value == Const(None):
            machine.record(ZeroGrad(machine.site(written, frame)))
        hand_over(machine, value)
        return value
    match written:
        case cst.BinaryOperation(left=left, operator=cst.Subtract(), right=step) if is_descent(machine, step, frame):
            before = machine.evaluate(left, frame)
            note_step(machine, before, step, written, frame)
            return before
    return value


def is_descent(machine: Machine, step: cst.BaseExpression, frame: Frame) -> bool:
    """True when what is subtracted from a parameter is a gradient times a rate."""
    if mentions_gradient(step):
        return True
    if isinstance(step, cst.BinaryOperation):
        parts = (machine.evaluate(step.left, frame), machine.evaluate(step.right, frame))
        return any(differentiated(part) is not None for part in parts)
    return False


def differentiated(value: Value) -> Step | None:
    """The call of `torch.autograd.grad` that a gradient comes from."""
    if isinstance(value, Tensor):
        return next((found for t in value.terms if (found := t.last(StepKind.DIFFERENTIATED)) is not None), None)
    return None


def hand_over(machine: Machine, value: Value) -> None:
    """A gradient of `torch.autograd.grad` is what a backward would have left: its objective is recorded now."""
    made = differentiated(value)
    if made is not None and isinstance(value, Tensor):
        objective = replace(value, axes=Axes.SCALAR, differentiable=True, loss=True)
        # Parameters are updated without recording gradients, but these were recorded.
        enabled, machine.grad_enabled = machine.grad_enabled, True
        machine.record(Backward(made.site, objective=objective))
        machine.grad_enabled = enabled


def note_step(machine: Machine, updated: Value, step: cst.BaseExpression, node: cst.CSTNode, frame: Frame) -> None:
    """A step of gradient descent by hand: proportional to the gradient, at the rate that multiplies it."""
    if isinstance(step, cst.BinaryOperation):
        for part in (step.left, step.right):
            hand_over(machine, machine.evaluate(part, frame))
    _record_step(machine, updated, _rate(machine, step, frame), node, frame)


def _record_step(machine: Machine, updated: Value, rate: Exponent, node: cst.CSTNode, frame: Frame) -> None:
    site = machine.site(node, frame)
    perturbs = perturbations.is_perturbation(updated)
    facts = OptimizerFacts(HAND_WRITTEN, True, rate, site=site, learning_rate_site=site, perturbs=perturbs)
    machine.record(OptimizerStep(site, optimizer=facts))


def _rate(machine: Machine, step: cst.BaseExpression, frame: Frame) -> Exponent:
    """The exponent of what the gradient is multiplied with."""
    match step:
        case cst.BinaryOperation(left=left, operator=cst.Multiply(), right=right):
            sides = [
                part for part in (left, right) if is_descent(machine, part, frame) or _is_handed(machine, part, frame)
            ]
            if len(sides) != 1:
                return Exponent.UNKNOWN
            gradient, factor = (left, right) if sides[0] is left else (right, left)
            return _rate(machine, gradient, frame) + machine.factor(machine.evaluate(factor, frame))
        case cst.BinaryOperation(left=left, operator=cst.Divide(), right=right) if mentions_gradient(left):
            return _rate(machine, left, frame) - machine.factor(machine.evaluate(right, frame))
        case cst.UnaryOperation(expression=inner):
            return _rate(machine, inner, frame)
    return Exponent.ZERO if is_gradient(step) or _is_handed(machine, step, frame) else Exponent.UNKNOWN


def _is_handed(machine: Machine, node: cst.BaseExpression, frame: Frame) -> bool:
    return isinstance(node, (cst.Name, cst.Subscript)) and differentiated(machine.evaluate(node, frame)) is not None


def note_step_in_place(machine: Machine, updated: Tensor, call: cst.Call, frame: Frame) -> None:
    """`w.sub_(lr * w.grad)`, `w.add_(w.grad, alpha=-lr)`, the old `w.add_(-lr, w.grad)`, `w.copy_(w - lr * w.grad)`."""
    rate = Exponent.ZERO
    for argument in call.args:
        match argument.value:
            case cst.BinaryOperation(operator=cst.Subtract(), right=step) if mentions_gradient(step):
                rate = rate + _rate(machine, step, frame)
                continue
        if mentions_gradient(argument.value):
            rate = rate + _rate(machine, argument.value, frame)
        else:
            rate = rate + machine.factor(machine.evaluate(argument.value, frame))
    _record_step(machine, updated, rate, call, frame)
