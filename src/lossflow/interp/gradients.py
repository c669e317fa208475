"""What the program does to gradients and parameters by hand: scaling `p.grad`, and `w -= lr * w.grad`."""

from __future__ import annotations

import libcst as cst

from lossflow.domain.exponent import Exponent
from lossflow.domain.trace import GradientScaled, OptimizerFacts, OptimizerStep
from lossflow.domain.values import Value
from lossflow.interp.machine import Frame, Machine

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
    machine: Machine, target: cst.BaseExpression, operator: str, value: Value, node: cst.CSTNode, frame: Frame
) -> None:
    """`p.grad /= n` scales gradients; `w -= lr * w.grad` is a step of gradient descent."""
    if is_gradient(target):
        if operator in ("*", "/"):
            exponent = machine.factor(value)
            scaled = exponent if operator == "*" else -exponent
            machine.record(GradientScaled(machine.site(node, frame), exponent=scaled))
        return
    operand = node.value if isinstance(node, (cst.AugAssign, cst.Assign)) else None
    if operator in ("-", "+") and operand is not None and mentions_gradient(operand):
        note_step(machine, operand, node, frame)


def note_assignment(machine: Machine, target: cst.BaseExpression, value: cst.BaseExpression, frame: Frame) -> None:
    """`w.data = w.data - lr * w.grad.data` and `p.grad = p.grad / n`."""
    if is_gradient(target):
        match value:
            case cst.BinaryOperation(left=left, operator=cst.Divide(), right=divisor) if is_gradient(left):
                exponent = -machine.factor(machine.evaluate(divisor, frame))
                machine.record(GradientScaled(machine.site(value, frame), exponent=exponent))
        return
    match value:
        case cst.BinaryOperation(operator=cst.Subtract(), right=step) if mentions_gradient(step):
            note_step(machine, step, value, frame)


def note_step(machine: Machine, step: cst.BaseExpression, node: cst.CSTNode, frame: Frame) -> None:
    """A step of gradient descent by hand: proportional to the gradient, at the rate that multiplies it."""
    site = machine.site(node, frame)
    rate = _rate(machine, step, frame)
    facts = OptimizerFacts(HAND_WRITTEN, True, rate, site=site, learning_rate_site=site)
    machine.record(OptimizerStep(site, optimizer=facts))


def _rate(machine: Machine, step: cst.BaseExpression, frame: Frame) -> Exponent:
    """The exponent of what the gradient is multiplied with."""
    match step:
        case cst.BinaryOperation(left=left, operator=cst.Multiply(), right=right):
            if mentions_gradient(left) and mentions_gradient(right):
                return Exponent.UNKNOWN
            gradient, factor = (left, right) if mentions_gradient(left) else (right, left)
            return _rate(machine, gradient, frame) + machine.factor(machine.evaluate(factor, frame))
        case cst.BinaryOperation(left=left, operator=cst.Divide(), right=right) if mentions_gradient(left):
            return _rate(machine, left, frame) - machine.factor(machine.evaluate(right, frame))
        case cst.UnaryOperation(expression=inner):
            return _rate(machine, inner, frame)
    return Exponent.ZERO if is_gradient(step) else Exponent.UNKNOWN


def note_step_in_place(machine: Machine, call: cst.Call, frame: Frame) -> None:
    """`w.sub_(lr * w.grad)`, `w.add_(w.grad, alpha=-lr)` and the old `w.add_(-lr, w.grad)`."""
    site = machine.site(call, frame)
    rate = Exponent.ZERO
    for argument in call.args:
        if mentions_gradient(argument.value):
            rate = rate + _rate(machine, argument.value, frame)
        else:
            rate = rate + machine.factor(machine.evaluate(argument.value, frame))
    machine.record(OptimizerStep(site, optimizer=OptimizerFacts(HAND_WRITTEN, True, rate, site=site, learning_rate_site=site)))
