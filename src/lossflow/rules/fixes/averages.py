"""The fix of an average that is off by the batch size, LF401: the number that fits what is added up."""

from __future__ import annotations

import ast

from lossflow.catalog.names import is_batch_size, number_exponent
from lossflow.domain.exponent import Exponent
from lossflow.domain.trace import Averaged, Trace
from lossflow.edits import expressions
from lossflow.edits.syntax import Syntax
from lossflow.findings import Fix, Safety
from lossflow.rules.fixes import counted, lists, places, totals
from lossflow.source import Edit


def fix(trace: Trace, event: Averaged) -> Fix | None:
    """The number of batches for means and of examples for sums; what is weighed by a number of examples is a mean."""
    syntax = places.syntax(trace)
    if syntax is None or event.division is None or not trace.here(event.site):
        return None
    if event.site != event.division:
        return _of_meter(trace, syntax, event)
    node = syntax.node(trace.span(event.site.place))
    divisor = divisor_of(node)
    means = event.total == 0 and event.divisor == 1
    sums = event.total == 1 and event.divisor == 0
    if node is None or not (means or sums):
        return None
    if divisor is None:
        return lists.mean_of_sums(syntax, node) if sums else None
    wanted = _batches(trace, syntax, event, node, divisor) if means else _examples(syntax, node, divisor)
    if wanted is not None:
        return Fix(Safety.UNSAFE, f"Divide by `{wanted}`.", _instead(syntax, divisor, wanted))
    return counted.fix(trace, syntax, event, divisor) if means else None


def divisor_of(node: ast.AST | None) -> ast.expr | None:
    """What the total is divided by, in a division of either form."""
    match node:
        case ast.BinOp(op=ast.Div(), right=right):
            return right
        case ast.AugAssign(op=ast.Div(), value=value):
            return value
    return None


def _instead(syntax: Syntax, divisor: ast.expr, wanted: str) -> tuple[Edit, ...]:
    """The other divisor; of `len(dataset)` and `len(loader)` only the argument is another one."""
    match divisor:
        case ast.Call(func=ast.Name(id="len"), args=[counted_], keywords=[]) if wanted.startswith("len("):
            return expressions.replaced(syntax, counted_, wanted[len("len(") : -1])
    return expressions.replaced(syntax, divisor, wanted)


def _examples(syntax: Syntax, node: ast.AST, divisor: ast.expr) -> str | None:
    """`len(loader.dataset)` for a number of batches, where the loader yields every example."""
    match divisor:
        case ast.Call(func=ast.Name(id="len"), args=[ast.Name(id=name)], keywords=[]):
            if totals.draws_all(syntax, name):
                return f"len({name}.dataset)"
            return lists.examples(syntax, node, name)
    return None


def _batches(trace: Trace, syntax: Syntax, event: Averaged, node: ast.AST, divisor: ast.expr) -> str | None:
    """The number of batches, for a number of examples."""
    match divisor:
        case ast.Call(func=ast.Name(id="len"), args=[ast.Attribute(value=loader, attr="dataset")], keywords=[]):
            return f"len({syntax.text(loader)})"
        case ast.Call(func=ast.Name(id="len"), args=[of], keywords=[]):
            return lists.batches(syntax, node) or _rounds(trace, syntax, event, node, of)
        case ast.BinOp(left=left, op=ast.Mult(), right=right):
            others = [each for each in (left, right) if not _is_batch_size(each)]
            return _in_parentheses(syntax, others[0]) if len(others) == 1 else None
    return None


def _is_batch_size(node: ast.expr) -> bool:
    name = node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "")
    return bool(name) and is_batch_size(name, frozenset())


def _in_parentheses(syntax: Syntax, node: ast.expr) -> str:
    """The factor with its parentheses; those of the product stay around it, as far as there are any."""
    product = syntax.parent(node)
    assert isinstance(product, ast.expr)
    own = syntax.parenthesised(product) != syntax.span(product)
    return syntax.text(node) if own else expressions.as_primary(syntax, node)


def _rounds(trace: Trace, syntax: Syntax, event: Averaged, node: ast.AST, of: ast.expr) -> str | None:
    """The length of the loader whose loop adds up the total, or divides each loss, in every round."""
    added = totals.addition(trace, syntax, event)
    if added is None:
        loop = totals.loop_of(syntax, node)
    elif syntax.scope(added.statement) is syntax.scope(node):
        loop = totals.loop_of(syntax, added.statement)
        loop = loop if loop is not None and syntax.same_block(loop, node) else None
    elif isinstance(node, ast.BinOp) and isinstance(node.left, ast.Call):
        handed = totals.loader_handed_over(syntax, added, node.left)
        return None if handed is None else f"len({syntax.text(handed)})"
    else:
        loop = totals.loop_that_calls(syntax, added, node)
    if loop is None or (isinstance(of, ast.Name) and not totals.is_empty_before(syntax, loop, of.id)):
        return None
    loader = totals.loader(syntax, loop)
    return None if loader is None else f"len({syntax.text(loader)})"


def _of_meter(trace: Trace, syntax: Syntax, event: Averaged) -> Fix | None:
    """`meter.update(loss.item() / n, n)` for a sum that the meter weighs by its number of examples.

    `meter.update(loss.item() * n, n)` for a mean that it adds to others as it is.
    """
    call = places.expression(trace, event.site.place)
    if not isinstance(call, ast.Call) or len(call.args) != 2 or call.keywords:
        return None
    loss, number = call.args
    if isinstance(loss, ast.Starred) or _is_number(loss) or not _is_number(number):
        return None
    text = expressions.as_primary(syntax, number)
    if event.total == 2 and event.divisor == 1:
        return Fix(Safety.UNSAFE, f"Divide the sum by `{text}`.", expressions.divided(syntax, loss, text))
    if event.total == 0 and event.divisor == 1:
        return Fix(Safety.UNSAFE, f"Multiply the mean by `{text}`.", expressions.multiplied(syntax, loss, text))
    return None


def _is_number(node: ast.expr) -> bool:
    """True for what counts examples, by its words: a meter may take the number first."""
    match node:
        case ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name)):
            return name in ("len", "size", "numel")
        case ast.Subscript(value=ast.Attribute(attr="shape")) | ast.Constant():
            return True
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return number_exponent(name) != Exponent.UNKNOWN
    return False
