"""How many examples a loss has, written with a tensor that is in sight where the loss is: `inputs.size(0)`."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from lossflow.domain.trace import Applied, LossCall, Trace
from lossflow.edits.syntax import Syntax

_OWN_NAMES = (ast.Lambda, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
"""What is named within these is not known outside."""
_OF_TENSORS = frozenset({"size", "shape", "view", "reshape", "dim", "ndim", "float", "long", "mean", "sum", "detach"})
"""Attributes that a tensor has, and a container of tensors has not."""


def batch_size(trace: Trace, syntax: Syntax, loss: ast.expr) -> str | None:
    """The number of examples that went into `loss`, as an expression that holds where `loss` is written.

    A name is looked up where it was assigned last, provided that the tensor is still the same by then.
    """
    dims = {trace.span(place): dim for place, dim in trace.batches.items() if place.file == trace.file}
    computed, assigned = _computed(syntax, loss)
    if computed is None:
        return None
    named = [node for node in _named(computed) if syntax.span(node) in dims]
    # A name is easier to read than `batch["input"]`.
    for node in sorted(named, key=lambda each: not isinstance(each, ast.Name)):
        if _is_tensor(trace, syntax, node) and (assigned is None or _holds(syntax, node, assigned, loss)):
            return f"{syntax.text(node)}.size({dims[syntax.span(node)]})"
    return None


def _computed(syntax: Syntax, loss: ast.expr) -> tuple[ast.expr | None, ast.stmt | None]:
    """The expression that makes the loss, and the assignment that it stands in, if that is another place."""
    if not isinstance(loss, ast.Name):
        return loss, None
    found = [each for each in _assignments(syntax, loss) if syntax.span(each).end <= syntax.span(loss).start]
    last = max(found, key=lambda each: syntax.span(each), default=None)
    return (last.value, last) if last is not None else (None, None)


def _assignments(syntax: Syntax, name: ast.Name) -> Iterator[ast.Assign]:
    """The plain assignments to a name in its scope."""
    scope = syntax.scope(name)
    for node in ast.walk(scope):
        if isinstance(node, ast.Assign) and syntax.scope(node) is scope and any(_is(name, t) for t in node.targets):
            yield node


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


def _holds(syntax: Syntax, node: ast.expr, assigned: ast.stmt, loss: ast.expr) -> bool:
    """True when nothing is assigned to the name in between."""
    root = next(each for each in ast.walk(node) if isinstance(each, ast.Name)) if _has_name(node) else None
    if root is None:
        return False
    begin, end = syntax.span(assigned).end, syntax.span(loss).start
    return not any(
        isinstance(each, ast.Name)
        and each.id == root.id
        and not isinstance(each.ctx, ast.Load)
        and begin <= syntax.span(each).start < end
        for each in ast.walk(syntax.scope(loss))
    )


def _has_name(node: ast.expr) -> bool:
    return any(isinstance(each, ast.Name) for each in ast.walk(node))
