"""The fix of LF305: the criterion is constructed and then called with the tensors.

It is offered where the result is used as a loss: what a module cannot do shows that a tensor was meant.
"""

from __future__ import annotations

import ast
from collections.abc import Collection

from lossflow.domain.trace import BoundArgument, LossCall, Trace
from lossflow.edits import arguments
from lossflow.edits.syntax import Syntax
from lossflow.findings import Fix, Safety
from lossflow.rules.fixes import names
from lossflow.rules.fixes.calls import WrittenCall, written_call
from lossflow.source import Edit, Span

OF_LOSSES = frozenset({"backward", "item", "detach", "mean", "sum", "data", "numpy", "tolist", "clone", "div", "mul"})
"""What scripts ask of a loss, and what no module has."""
_DIFFERENTIATING = frozenset({"backward", "manual_backward", "scale"})
"""Methods that are handed a loss: of an accelerator, a Lightning module, a gradient scaler."""
_MAX_HOPS = 4
"""Names and functions that the result may go through before somebody uses it; a name may be assigned to itself."""


def fix(trace: Trace, event: LossCall, tensors: Collection[BoundArgument]) -> Fix | None:
    """`nn.MSELoss()(prediction, target)` for `nn.MSELoss(prediction, target)`."""
    call = written_call(trace, event)
    if call is None or len(call.node.args) != len(tensors) or len(tensors) != len(call.match.inputs):
        return None
    if any(isinstance(node, ast.Starred) for node in call.node.args) or not _is_loss(call.syntax, call.node):
        return None
    edits = _edits(call)
    name = " ".join(call.syntax.text(call.node.func).split())
    message = f"Construct the criterion first, and call it with the tensors: `{name}()(...)`."
    return None if edits is None else Fix(Safety.SAFE, message, edits)


def _edits(call: WrittenCall) -> tuple[Edit, ...] | None:
    """The options move in front of the tensors, each as it is written; the tensors stay where they are."""
    syntax, node = call.syntax, call.node
    options = [syntax.source.text[span.start : span.end] for span in map(syntax.span, node.keywords)]
    removal = arguments.without(syntax, node, [keyword.value for keyword in node.keywords])
    if removal is None or any("#" in option for option in options):
        return None
    at = arguments.opening(syntax, node)
    return (Edit(Span(at, at), f"{', '.join(options)})("), *removal)


# --- uses of the result -------------------------------------------------------------------------------------------


def _is_loss(syntax: Syntax, node: ast.expr, hops: int = _MAX_HOPS) -> bool:
    """True where the expression is used as a loss, by itself or under the name that it is given."""
    parent = syntax.parent(node)
    match parent:
        case ast.Attribute(attr=attribute):
            return attribute in OF_LOSSES
        case ast.BinOp(op=operator) | ast.AugAssign(op=operator):
            return not isinstance(operator, ast.Mod)  # which writes a module into a string
        case ast.UnaryOp(op=ast.USub()) | ast.Compare(ops=[ast.Lt() | ast.LtE() | ast.Gt() | ast.GtE()]):
            return True
        case ast.Call(func=ast.Attribute(attr=method)):
            return method in _DIFFERENTIATING and parent.func is not node
        case ast.IfExp(test=test):
            return test is not node and _is_loss(syntax, parent, hops)
        case ast.Assign(targets=[ast.Name() as name]) | ast.AnnAssign(target=ast.Name() as name):
            return hops > 0 and _name_is_loss(syntax, name, hops - 1)
        case ast.Return():
            return hops > 0 and _callers_want_loss(syntax, parent, hops - 1)
    return False


def _name_is_loss(syntax: Syntax, name: ast.Name, hops: int) -> bool:
    """True where one use of the name in its scope shows that it is a loss, and none calls it as a criterion."""
    scope = syntax.scope(name)
    uses = [node for node in ast.walk(scope) if isinstance(node, ast.Name) and node.id == name.id and node is not name]
    if any(isinstance(parent := syntax.parent(use), ast.Call) and parent.func is use for use in uses):
        return False
    return any(syntax.scope(use) is scope and _is_use_of_loss(syntax, use, hops) for use in uses)


def _is_use_of_loss(syntax: Syntax, use: ast.Name, hops: int) -> bool:
    if isinstance(use.ctx, ast.Load):
        return _is_loss(syntax, use, hops)
    return isinstance(syntax.parent(use), ast.AugAssign)


def _callers_want_loss(syntax: Syntax, statement: ast.Return, hops: int) -> bool:
    """True where the function is only called, by its name, and at least one of the results is used as a loss."""
    function = syntax.scope(statement)
    if not isinstance(function, ast.FunctionDef) or not isinstance(syntax.parent(function), ast.Module):
        return False
    uses = names.loads(syntax, function.name)
    calls = [parent for use in uses if isinstance(parent := syntax.parent(use), ast.Call) and parent.func is use]
    return len(calls) == len(uses) and any(_is_loss(syntax, call, hops) for call in calls)
