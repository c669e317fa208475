"""String literals in the quotes of the code around them."""

from __future__ import annotations

import ast
import re
from collections import Counter

from lossflow.edits.syntax import Syntax

_OPENING = re.compile(r"[A-Za-z]*(\"\"\"|'''|\"|')")


def respelled(syntax: Syntax, literal: ast.Constant, word: str) -> str:
    """Another word in the quotes of a literal."""
    quotes = _quotes(syntax, literal)
    return f"{quotes}{word}{quotes}"


def quoted(syntax: Syntax, near: ast.expr, word: str) -> str:
    """The word in the quotes of the strings within `near`; without any, in those that the file prefers."""
    within = syntax.span(near)
    ours: Counter[str] = Counter()
    theirs: Counter[str] = Counter()
    for literal in syntax.strings:
        span, quotes = syntax.span(literal), _quotes(syntax, literal)
        if len(quotes) == 1:  # a docstring has three, whatever the file prefers
            (ours if within.start <= span.start < within.end else theirs)[quotes] += 1
    counted = ours or theirs
    quote = "'" if counted["'"] > counted['"'] else '"'
    return f"{quote}{word}{quote}"


def _quotes(syntax: Syntax, literal: ast.Constant) -> str:
    found = _OPENING.match(syntax.text(literal))
    assert found is not None
    return found[1]
