"""The fix of a mean that is multiplied by the batch size: without the factor."""

from __future__ import annotations

import ast

from lossflow.domain.trace import Multiplier, StepKind, Trace
from lossflow.edits import products
from lossflow.edits.syntax import Syntax
from lossflow.findings import Fix, Safety
from lossflow.rules.fixes import wanted
from lossflow.rules.scale import Sum


def fix(trace: Trace, syntax: Syntax, found: Sum) -> Fix | None:
    """The factor left out that all terms owe their growth to, where it is written as one of the two of a product."""
    step = found.terms[0].sum
    if step.kind is not StepKind.SCALED or not trace.here(step.site):
        return None
    node = syntax.node(trace.span(step.site.place))
    factor = named(node, step.by)
    if node is None or factor is None or not wanted.only_wanted(trace, found):
        return None
    edits = products.without(syntax, node, factor)
    if edits is None:
        return None
    message = f"Leave out the factor `{syntax.text(factor)}`, and tune the learning rate again."
    return Fix(Safety.UNSAFE, message, edits)


def named(node: products.Product | None, by: Multiplier | None) -> ast.expr | None:
    """The one factor of a product whose last word is the name of the number that multiplies."""
    found = [each for each in products.factors(node) if by is not None and by.name and _word(each) == by.name]
    return found[0] if len(found) == 1 else None


def _word(node: ast.expr) -> str:
    """The last word of a name: `size` of `x.size(0)`, `shape` of `x.shape[0]`."""
    match node:
        case ast.Name(id=word) | ast.Attribute(attr=word):
            return word
        case ast.Call(func=inner) | ast.Subscript(value=inner):
            return _word(inner)
    return ""
