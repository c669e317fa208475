"""The fix of LF302: the reduction that was meant, where another spelling of it is written."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping

from lossflow.domain.trace import AttributeSet, LossCall, Trace
from lossflow.edits.expressions import replaced
from lossflow.edits.strings import respelled
from lossflow.edits.syntax import Syntax
from lossflow.findings import Fix, Safety
from lossflow.rules.fixes import names, places
from lossflow.rules.fixes.calls import written_call

Spellings = Mapping[object, "str | None"]
"""The literals that a loss does not take, and the reduction that each stands for, as far as that is known."""


def written_reduction(trace: Trace, event: LossCall | AttributeSet) -> ast.expr | None:
    """The expression of the reduction: an argument, or what is assigned to the attribute."""
    if isinstance(event, LossCall):
        call = written_call(trace, event)
        return None if call is None else call.argument(call.match.row.parameter)
    syntax, target = places.syntax(trace), places.expression(trace, event.site.place)
    statement = syntax.parent(target) if syntax is not None and target is not None else None
    match statement:
        case ast.Assign(targets=[only], value=value) if only is target:
            return value
    return None


def fix(trace: Trace, node: ast.expr | None, wrong: Mapping[ast.expr, Spellings], parameter: str) -> Fix | None:
    """The literals that make up the expression respelled; `wrong` has every such expression of the file.

    A constant is respelled where it is defined, provided that all that uses it makes the same mistake.
    """
    syntax = places.syntax(trace)
    meant = wrong.get(node) if node is not None else None
    if syntax is None or node is None or not meant:
        return None
    literals = list(_literals(node))
    constant = names.string(syntax, node.id) if isinstance(node, ast.Name) else None
    if constant is not None and isinstance(node, ast.Name):
        if any(wrong.get(use) != meant for use in names.loads(syntax, node.id)):
            return None
        literals = [constant]
    return _respelled(syntax, literals, meant, parameter)


def _literals(node: ast.expr) -> Iterator[ast.expr]:
    """The expression, or the alternatives of a conditional one."""
    if isinstance(node, ast.IfExp):
        yield from _literals(node.body)
        yield from _literals(node.orelse)
    else:
        yield node


def _respelled(syntax: Syntax, literals: list[ast.expr], meant: Spellings, parameter: str) -> Fix | None:
    """The fix, if all that is wrong is among the literals, and it is known what each stands for."""
    strings = [node for node in literals if isinstance(node, ast.Constant) and isinstance(node.value, str)]
    if len(strings) < len(literals) or not set(meant) <= {node.value for node in strings}:
        return None
    words = [(node, word) for node in strings if (word := meant.get(node.value)) is not None]
    if {node.value for node, _ in words} != set(meant):
        return None
    edits = [edit for node, word in words for edit in replaced(syntax, node, respelled(syntax, node, word))]
    return Fix(Safety.SAFE, f'Write `{parameter}="{words[0][1]}"`.', tuple(edits))
