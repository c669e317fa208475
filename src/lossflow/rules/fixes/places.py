"""The syntax at the places of a trace, as far as they are in the analysed file."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from lossflow.domain.trace import Backward, Place, Trace
from lossflow.domain.values import Tensor, Term
from lossflow.edits.syntax import Syntax, syntax_of
from lossflow.rules.reductions import tensors


def syntax(trace: Trace) -> Syntax | None:
    """The syntax of the analysed file."""
    return syntax_of(trace.source)


def expression(trace: Trace, place: Place) -> ast.expr | None:
    """The expression at a place; None in another file."""
    found = syntax(trace)
    return found.expression(trace.span(place)) if found is not None and place.file == trace.file else None


def written(trace: Trace, backward: Backward) -> list[ast.expr]:
    """The expressions of an objective; empty unless all are in sight."""
    found = [expression(trace, place) for place in backward.written]
    return [each for each in found if each is not None] if None not in found else []


def losses_through(trace: Trace, place: Place) -> Iterator[tuple[Backward, Tensor, Term]]:
    """Everything that reaches a backward by way of a place, with the term that does."""
    for event in trace.events:
        if isinstance(event, Backward) and event.grad_enabled:
            for tensor in tensors(event.objective):
                for term in tensor.terms:
                    if any(step.site.place == place for step in term.trail):
                        yield event, tensor, term
