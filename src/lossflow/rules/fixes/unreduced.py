"""The fix of a per-example loss that goes to backward, LF201 and LF202: its mean."""

from __future__ import annotations

import ast

from lossflow.domain.trace import Backward, StepKind, Trace
from lossflow.domain.values import Tensor
from lossflow.edits import expressions
from lossflow.edits.syntax import Syntax
from lossflow.findings import Fix, Safety
from lossflow.rules.fixes import masked_means, names, places


def fix(trace: Trace, event: Backward, tensor: Tensor) -> Fix | None:
    """The mean where the loss is handed over; that of a masked loss must not count what is masked."""
    syntax = places.syntax(trace)
    written = places.written(trace, event)
    if syntax is None or not written:
        return None
    if tensor.masked is not None:
        computed = tensor.terms[0].last(StepKind.COMPUTED)
        return masked_means.of_unreduced(trace, written[0], tensor.masked, computed) if len(written) == 1 else None
    reduced = [_assigned(syntax, node) or node for node in written]
    edits = tuple(edit for node in reduced for edit in expressions.with_method(syntax, node, ".mean()"))
    return Fix(Safety.SAFE, "Take the mean of the loss, `.mean()`.", edits)


def _assigned(syntax: Syntax, node: ast.expr) -> ast.expr | None:
    """What is assigned to the name of a loss that is asked for its number elsewhere: `loss.item()` needs one, too."""
    if not isinstance(node, ast.Name):
        return None
    others = [each for each in names.loads(syntax, node.id) if each is not node]
    return names.value(syntax, node.id) if others and all(_is_number(syntax, each) for each in others) else None


def _is_number(syntax: Syntax, node: ast.Name) -> bool:
    """True for `loss.item()` and `float(loss)`, which raise for more than one element."""
    match syntax.parent(node):
        case ast.Attribute(attr="item") as method:
            return isinstance(syntax.parent(method), ast.Call)
        case ast.Call(func=ast.Name(id="float"), args=[argument]):
            return argument is node
    return False
