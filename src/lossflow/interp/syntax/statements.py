"""Running statements: `run_block(body) -> Outcome`, with one heap for each way in which the block can end."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import libcst as cst

from lossflow.domain.environment import Kind
from lossflow.domain.exponent import Exponent
from lossflow.domain.tally import Tally
from lossflow.domain.values import Const, Number, Ref, Unknown, Value
from lossflow.interp.engine import cases
from lossflow.interp.engine.frames import Frame, Outcome, Returned
from lossflow.interp.engine.machine import Machine
from lossflow.interp.engine.outcomes import either, then
from lossflow.interp.objects import definitions, functions, iteration, masks, names, truth
from lossflow.interp.reports import tallies
from lossflow.interp.syntax import contexts, decorators, imports, loops, narrowing, patterns, rounds, untaken
from lossflow.interp.syntax.expressions import operate, symbol
from lossflow.interp.training import gradients


def run_block(machine: Machine, body: Sequence[cst.CSTNode], frame: Frame) -> Outcome:
    """Run statements in order until none falls through to the next."""
    whole = Outcome(falls=machine.heap)
    guards = machine.guards
    for statement in body:
        assert whole.falls is not None
        machine.heap = whole.falls
        handler = _HANDLERS.get(type(statement))
        one = Outcome(falls=machine.heap) if handler is None else handler(machine, statement, frame)
        whole = then(whole, one)
        if whole.falls is None:
            break
    machine.guards = guards
    return whole


def falls(machine: Machine) -> Outcome:
    """The outcome of a statement that goes on to the next."""
    return Outcome(falls=machine.heap)


# --- simple statements --------------------------------------------------------------------------------------------


def _line(machine: Machine, node: cst.SimpleStatementLine | cst.SimpleStatementSuite, frame: Frame) -> Outcome:
    return run_block(machine, node.body, frame)


def _indented(machine: Machine, node: cst.IndentedBlock, frame: Frame) -> Outcome:
    return run_block(machine, node.body, frame)


def _expression(machine: Machine, node: cst.Expr, frame: Frame) -> Outcome:
    machine.evaluate(node.value, frame)
    return falls(machine)


def _assign(machine: Machine, node: cst.Assign, frame: Frame) -> Outcome:
    addend = _addend(node)
    if addend is not None:
        return _update(machine, node.targets[0].target, "+", addend, node, frame)
    value = machine.evaluate(node.value, frame)
    for target in node.targets:
        held = gradients.note_assignment(machine, target.target, node.value, value, frame)
        names.assign(machine, target.target, held, frame)
    return falls(machine)


def _addend(node: cst.Assign) -> cst.BaseExpression | None:
    """What `total = total + loss` adds."""
    target = node.targets[0].target
    match node.value:
        case cst.BinaryOperation(left=left, operator=cst.Add(), right=right) if isinstance(
            target, (cst.Name, cst.Attribute)
        ):
            if left.deep_equals(target):
                return right
            if right.deep_equals(target):
                return left
    return None


def _annotated(machine: Machine, node: cst.AnnAssign, frame: Frame) -> Outcome:
    if isinstance(node.target, cst.Name):
        definitions.declare(machine, node.target.value, frame)
    if node.value is not None:
        names.assign(machine, node.target, machine.evaluate(node.value, frame), frame)
    return falls(machine)


def _augmented(machine: Machine, node: cst.AugAssign, frame: Frame) -> Outcome:
    return _update(machine, node.target, symbol(node.operator), node.value, node, frame)


def _update(
    machine: Machine,
    target: cst.BaseExpression,
    operator: str,
    operand: cst.BaseExpression,
    node: cst.CSTNode,
    frame: Frame,
) -> Outcome:
    """`target += operand`: what is added counts as often as the loops go round."""
    before = machine.evaluate(target, frame)
    value = machine.evaluate(operand, frame)
    if gradients.note_update(machine, target, operator, before, value, node, frame):
        return falls(machine)
    if operator == "+" and isinstance(before, Ref) and machine.is_kind(before, Kind.LIST):
        iteration.extended(machine, before, value)
        return falls(machine)
    tally: Tally | None = None
    if operator in ("+", "-"):
        held = names.slot(machine, target, frame)
        if held is not None and operator == "+":
            update = tallies.update_of_meter(machine, operand, frame)
            tally = tallies.accumulated(machine, machine.loops_since(*held), before, value, update=update)
        value = names.accumulate(machine, target, value, node, frame)
    after = operate(machine, operator, before, value, node, frame)
    if isinstance(after, Const) and isinstance(after.value, (int, float)):
        after = Number(Exponent.ZERO)  # `n += 1` counts steps: its name says nothing of examples
    if operator == "+" and isinstance(after, Number) and isinstance(operand, cst.Integer) and operand.value == "1":
        after = replace(after, counter=True)
    if tally is not None:
        after = tallies.settled(after, tally)
    with machine.updating():
        names.assign(machine, target, after, frame)
    return falls(machine)


def _delete(machine: Machine, node: cst.Del, frame: Frame) -> Outcome:
    if isinstance(node.target, cst.Name):
        scope = names.scope_of(machine, node.target.value, frame)
        machine.set(scope, machine.get(scope).without(node.target.value))
    return falls(machine)


def _assert(machine: Machine, node: cst.Assert, frame: Frame) -> Outcome:
    machine.evaluate(node.test, frame)
    return falls(machine)


def _return(machine: Machine, node: cst.Return, frame: Frame) -> Outcome:
    value: Value = Const(None) if node.value is None else machine.evaluate(node.value, frame)
    return Outcome(returns=Returned(value, machine.heap))


def _raise(machine: Machine, node: cst.Raise, frame: Frame) -> Outcome:
    return Outcome()


def _break(machine: Machine, node: cst.Break, frame: Frame) -> Outcome:
    return Outcome(breaks=machine.heap)


def _continue(machine: Machine, node: cst.Continue, frame: Frame) -> Outcome:
    return Outcome(continues=machine.heap)


def _global(machine: Machine, node: cst.Global | cst.Nonlocal, frame: Frame) -> Outcome:
    kept = frame.globals if isinstance(node, cst.Global) else frame.nonlocals
    kept.update(item.name.value for item in node.names)
    return falls(machine)


def _import(machine: Machine, node: cst.Import | cst.ImportFrom, frame: Frame) -> Outcome:
    imports.run(machine, node, frame)
    return falls(machine)


# --- compound statements ------------------------------------------------------------------------------------------


def _if(machine: Machine, node: cst.If, frame: Frame, *, chained: bool = False) -> Outcome:
    tested = machine.evaluate(node.test, frame)
    known = truth.truth(machine, tested)
    if known is True:
        if isinstance(node.orelse, cst.Else):
            untaken.look_through(machine, node.orelse.body, frame)
        return run_block(machine, [node.body], frame)
    if known is False:
        untaken.look_through(machine, node.body, frame)
        return _else(machine, node.orelse, frame)
    before = machine.heap.fork()
    guards, unmasked = machine.guards, machine.unmasked
    when = rounds.guards(machine, node, tested, frame)
    without = masks.missing(node.test)
    machine.guards, machine.unmasked = (*guards, *when), unmasked or without is True
    narrowing.narrow(machine, node.test, frame, holds=True)
    body = run_block(machine, [node.body], frame)
    machine.heap = before
    narrowing.narrow(machine, node.test, frame, holds=False)
    machine.guards, machine.unmasked = (*guards, *map(rounds.otherwise, when)), unmasked or without is False
    orelse = _else(machine, node.orelse, frame)
    machine.unmasked = unmasked
    if chained and node.orelse is None and body.falls is not None and orelse.falls is not None:
        # A chain of `elif` is meant to be complete: that none of its tests holds is no evidence of a mask.
        orelse = replace(orelse, falls=orelse.falls.without_masks_lost_in(body.falls))
    outcome = either(body, orelse)
    machine.heap = outcome.falls or machine.heap
    if body.falls is not None:
        machine.guards = guards if orelse.falls is not None else (*guards, *when)
    # Else the guards of the else branch stand: what follows `if step % k: continue` happens when the test fails.
    cases.of_branches(machine, node, body, orelse, frame)
    return outcome


def _else(machine: Machine, node: cst.If | cst.Else | None, frame: Frame) -> Outcome:
    match node:
        case cst.If():
            return _if(machine, node, frame, chained=True)
        case cst.Else():
            return run_block(machine, [node.body], frame)
    return falls(machine)


def _try(machine: Machine, node: cst.Try | cst.TryStar, frame: Frame) -> Outcome:
    """A handler starts from before the body or after it; `finally` runs on every way that falls through."""
    before = machine.heap.fork()
    body = run_block(machine, [node.body], frame)
    reached = before if body.falls is None else before.join(body.falls)
    if body.falls is not None and node.orelse is not None:
        machine.heap = body.falls
        body = then(body, run_block(machine, [node.orelse.body], frame))
    for handler in node.handlers:
        machine.heap = reached.fork()
        if handler.name is not None:
            names.assign(machine, handler.name.name, Unknown(computed=True), frame)
        body = either(body, run_block(machine, [handler.body], frame))
    if node.finalbody is not None and body.falls is not None:
        machine.heap = body.falls
        body = then(body, run_block(machine, [node.finalbody.body], frame))
    return body


def _with(machine: Machine, node: cst.With, frame: Frame) -> Outcome:
    enabled = machine.grad_enabled
    for item in node.items:
        value = machine.evaluate(item.item, frame)
        bound = contexts.enter(machine, value, item.item, frame)
        if item.asname is not None:
            names.assign(machine, item.asname.name, bound, frame)
    outcome = run_block(machine, [node.body], frame)
    machine.grad_enabled = enabled
    return outcome


def _match(machine: Machine, node: cst.Match, frame: Frame) -> Outcome:
    subject = machine.evaluate(node.subject, frame)
    whole = Outcome()
    for case in node.cases:
        fits = patterns.fits(machine, case, subject, frame)
        if fits is False:
            continue
        before = machine.heap.fork()
        for name, part in patterns.captures(machine, case.pattern, subject, frame):
            names.store(machine, name, part, frame)
        whole = either(whole, run_block(machine, [case.body], frame))
        machine.heap = before
        if fits is True:
            return whole
    return either(whole, falls(machine))


def _function(machine: Machine, node: cst.FunctionDef, frame: Frame) -> Outcome:
    if machine.untaken:
        return falls(machine)
    function = functions.define(machine, node, node.name.value, frame)
    decorators.run(machine, node.decorators, function, frame)
    names.store(machine, node.name.value, function, frame)
    return falls(machine)


def _class(machine: Machine, node: cst.ClassDef, frame: Frame) -> Outcome:
    if machine.untaken:
        return falls(machine)
    cls = definitions.define_class(machine, node, frame)
    decorators.run(machine, node.decorators, cls, frame)
    names.store(machine, node.name.value, cls, frame)
    return falls(machine)


def _for(machine: Machine, node: cst.For, frame: Frame) -> Outcome:
    return loops.run_for(machine, node, frame)


def _while(machine: Machine, node: cst.While, frame: Frame) -> Outcome:
    return loops.run_while(machine, node, frame)


_HANDLERS: dict[type[cst.CSTNode], Callable[[Machine, Any, Frame], Outcome]] = {
    cst.SimpleStatementLine: _line,
    cst.SimpleStatementSuite: _line,
    cst.IndentedBlock: _indented,
    cst.Expr: _expression,
    cst.Assign: _assign,
    cst.AnnAssign: _annotated,
    cst.AugAssign: _augmented,
    cst.Del: _delete,
    cst.Assert: _assert,
    cst.Return: _return,
    cst.Raise: _raise,
    cst.Break: _break,
    cst.Continue: _continue,
    cst.Global: _global,
    cst.Nonlocal: _global,
    cst.Import: _import,
    cst.ImportFrom: _import,
    cst.If: _if,
    cst.Try: _try,
    cst.TryStar: _try,
    cst.With: _with,
    cst.Match: _match,
    cst.FunctionDef: _function,
    cst.ClassDef: _class,
    cst.For: _for,
    cst.While: _while,
}
