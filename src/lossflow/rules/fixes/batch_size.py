"""How many examples a loss has, written with a tensor that is in sight where the loss is: `inputs.size(0)`."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from lossflow.domain.trace import Applied, LossCall, Trace
from lossflow.edits.syntax import Scope, Syntax

_OWN_NAMES = (ast.Lambda, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
"""What is named within these is not known outside."""
_MAX_DEPTH = 3
"""Assignments that are followed back from the loss."""
_OF_TENSORS = frozenset({"size", "shape", "view", "reshape", "dim", "ndim", "float", "long", "mean", "sum", "detach"})
"""Attributes that a tensor has, and a container of tensors has not."""


def batch_size(trace: Trace, syntax: Syntax, loss: ast.expr) -> str | None:
    """The number of examples that went into `loss`, as an expression that holds where `loss` is written.

    Names are looked up where they were assigned last, provided that the tensor is still the same by then.
    """
    in_sight = {trace.span(place): found for place, found in trace.batches.items() if place.file == trace.file}
    for computed in _computed(syntax, loss, _MAX_DEPTH):
        named = [node for node in _named(computed) if syntax.span(node) in in_sight]
        # A name is easier to read than `batch["input"]`.
        for node in sorted(named, key=lambda each: not isinstance(each, ast.Name)):
            found = in_sight[syntax.span(node)]
            text = syntax.text(node)
            if _is_rebound(syntax, node, loss):
                continue
            if (found.evident or _is_tensor(trace, syntax, node)) and syntax.unchanged(node, loss, of=text):
                return f"{text}.size({found.dim})"
        for node in _gone_over(syntax, computed):
            over, text = in_sight.get(syntax.span(node)), syntax.text(node)
            # Tensor or list, a loop over its examples shows how many there are.
            if over is not None and over.dim == 0 and syntax.unchanged(node, loss, of=text):
                return f"len({text})"
    return None


def _is_rebound(syntax: Syntax, node: ast.expr, loss: ast.expr) -> bool:
    """True where the statement that reads a name binds it anew before the loss is read: `loss = loss.sum()`."""
    statement = syntax.statement(node)
    if statement is syntax.statement(loss) or not isinstance(statement, ast.Assign):
        return False
    read = {each.id for each in ast.walk(node) if isinstance(each, ast.Name)}
    return any(isinstance(each, ast.Name) and each.id in read for t in statement.targets for each in ast.walk(t))


def _gone_over(syntax: Syntax, computed: ast.expr) -> Iterator[ast.expr]:
    """What the loops around an expression go over whose rounds name a part of it."""
    used = {node.id for node in _named(computed) if isinstance(node, ast.Name)}
    for loop in syntax.around(computed):
        if isinstance(loop, Scope):
            return
        if isinstance(loop, ast.For):
            bound = {node.id for node in ast.walk(loop.target) if isinstance(node, ast.Name)}
            match loop.iter:
                case ast.Call(func=ast.Name(id="zip" | "enumerate"), args=args):
                    yield from args if bound & used else ()
                case node if bound & used:
                    yield node


def _computed(syntax: Syntax, loss: ast.expr, depth: int) -> Iterator[ast.expr]:
    """The expression that makes the loss, then those that make the names in it."""
    yield loss
    for name in [node for node in _named(loss) if isinstance(node, ast.Name)] if depth else ():
        found = [each for each in _assignments(syntax, name) if syntax.span(each).end <= syntax.span(name).start]
        if found:
            yield from _computed(syntax, max(found, key=lambda each: syntax.span(each)).value, depth - 1)
        for value in _added(syntax, name):
            yield from _computed(syntax, value, depth - 1)


def _assignments(syntax: Syntax, name: ast.Name) -> Iterator[ast.Assign]:
    """The plain assignments to a name in its scope."""
    scope = syntax.scope(name)
    for node in ast.walk(scope):
        if isinstance(node, ast.Assign) and syntax.scope(node) is scope and any(_is(name, t) for t in node.targets):
            yield node


def _added(syntax: Syntax, name: ast.Name) -> Iterator[ast.expr]:
    """What loops add to a name before; under a condition it may name what is not there otherwise."""
    scope, around = syntax.scope(name), list(syntax.around(name))
    for node in ast.walk(scope):
        if isinstance(node, ast.AugAssign) and isinstance(node.op, ast.Add) and _is(name, node.target):
            own = [each for each in syntax.around(node) if each not in around]
            if all(isinstance(each, ast.For) for each in own) and syntax.span(node).end <= syntax.span(name).start:
                yield node.value


def _is(name: ast.Name, target: ast.expr) -> bool:
    return isinstance(target, ast.Name) and target.id == name.id


def _named(node: ast.AST) -> Iterator[ast.expr]:
    """The names, attributes and subscripts that an expression is made of, the outermost first."""
    if isinstance(node, _OWN_NAMES):
        return
    if isinstance(node, (ast.Name, ast.Attribute, ast.Subscript)):
        yield node
    for child in ast.iter_child_nodes(node):
        yield from _named(child)


def _is_tensor(trace: Trace, syntax: Syntax, node: ast.expr) -> bool:
    """True where the code treats what is named as a tensor: a loader's batch may also be a dict or a list of them."""
    parent = syntax.parent(node)
    match parent:
        case ast.BinOp() | ast.UnaryOp():
            return True
        case ast.Attribute(attr=attribute) if attribute in _OF_TENSORS:
            return True
        case ast.Call(args=arguments) if node in arguments:
            if _is_loss(trace, syntax, parent):
                return True
    text, scope = syntax.text(node), syntax.scope(node)
    return any(
        isinstance(each, ast.Attribute) and each.attr in _OF_TENSORS and syntax.text(each.value) == text
        for each in ast.walk(scope)
    )


def _is_loss(trace: Trace, syntax: Syntax, call: ast.Call) -> bool:
    """True for a call of torch, or of a loss: what these are given are tensors."""
    if isinstance(call.func, ast.Attribute) and isinstance(call.func.value, ast.Name) and call.func.value.id == "torch":
        return True
    span = syntax.span(call)
    return any(
        trace.here(event.site) and trace.span(event.site.place) == span
        for event in trace.events
        if isinstance(event, Applied) or (isinstance(event, LossCall) and not event.constructor)
    )
