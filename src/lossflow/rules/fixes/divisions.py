"""The fix of a mean that is divided once more, LF109: without the division."""

from __future__ import annotations

import ast

from lossflow.domain.trace import Multiplier, Step, Trace
from lossflow.edits import products
from lossflow.findings import Fix, Safety
from lossflow.rules.fixes import factors, places, reports


def fix(trace: Trace, step: Step) -> Fix | None:
    """The division left out, where all that comes of it is divided once too often."""
    syntax = places.syntax(trace)
    place = step.site.place
    if syntax is None or not trace.here(step.site) or step.exponent.known != -1 or reports.averages_of(trace, place):
        return None
    if any(term.exponent.known != -1 for _, _, term in places.losses_through(trace, place)):
        return None
    node = syntax.node(trace.span(place))
    divisor = products.divisor(node) or _reciprocal(node, step.by)
    edits = products.without(syntax, node, divisor) if node is not None and divisor is not None else None
    if edits is None:
        return None
    return Fix(Safety.UNSAFE, "Leave out the division, and tune the learning rate again.", edits)


def _reciprocal(node: products.Product | None, by: Multiplier | None) -> ast.expr | None:
    """The one factor of a product that divides it: `1 / n`, or the name of such a number."""
    found = [each for each in products.factors(node) if products.is_reciprocal(each)]
    return found[0] if len(found) == 1 else factors.named(node, by)
