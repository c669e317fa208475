"""Products without one of their factors, as text."""

from __future__ import annotations

import ast

import pytest

from lossflow.edits import products
from lossflow.edits.syntax import Syntax
from lossflow.source import Source, apply_edits


def without(text: str, operand: int) -> str | None:
    """The text without an operand of the first product in it, 0 or 1."""
    syntax = Syntax(Source("script.py", text), ast.parse(text))
    nodes = [node for node in ast.walk(syntax.tree) if isinstance(node, (ast.BinOp, ast.AugAssign, ast.Call))]
    node = next(node for node in nodes if products.factors(node) or products.divisor(node))
    operands = products.factors(node) or (None, products.divisor(node))
    left_out = operands[operand]
    assert left_out is not None
    edits = products.without(syntax, node, left_out)
    return None if edits is None else apply_edits(text, edits)


@pytest.mark.parametrize(
    ("before", "operand", "after"),
    [
        ("loss = a * n", 1, "loss = a"),
        ("loss = n * a", 0, "loss = a"),
        ("loss = a.b(c) / n  # per example", 1, "loss = a.b(c)  # per example"),
        ("(a * n).backward()", 1, "a.backward()"),
        ("((a + b) * n).backward()", 1, "((a + b)).backward()"),
        ("loss = (a + b) * n", 1, "loss = a + b"),
        ("loss = (a +\n  b) * n", 1, "loss = (a +\n  b)"),
        ("loss = w - (a - b) * n", 1, "loss = w - (a - b)"),
        ("step(loss=(a + b) / n)", 1, "step(loss=a + b)"),
        ("loss = (\n    a\n    * n\n)", 1, "loss = a"),
        ("loss = torch.mul(a, n)", 1, "loss = a"),
        ("loss = a.div(n)", 1, "loss = a"),
        ("loss *= n\nstep()", 1, "step()"),
        ("loss = loss / n\nstep()", 1, "step()"),
        ("if more:\n    loss /= n", 1, None),
        ("if more:\n    loss = loss * n", 1, None),
        ("loss *= n; step()", 1, None),
    ],
)
def test_only_the_other_operand_is_left(before: str, operand: int, after: str | None) -> None:
    assert without(before, operand) == after
