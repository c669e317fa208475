"""The syntax of a source by its characters: which expression stands at a span, and what it is a part of.

The interpreter's tree is gone when fixes are made, and a fix needs little of it. `ast` parses in an eighth of the time
of libcst, and its nodes know where they begin and end.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Collection, Iterator
from functools import cached_property, lru_cache

from lossflow.source import Source, Span
from lossflow.unwarned import unwarned

_BLANK = re.compile(r"(?:\s|\\\r?\n|#[^\r\n]*)*")
"""What may stand between an expression and its parenthesis."""

_WORD = re.compile(r"\w+")

Scope = ast.Module | ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda | ast.ClassDef


class Syntax:
    """The syntax tree of a source; spans are characters of its text."""

    def __init__(self, source: Source, tree: ast.Module) -> None:
        self.source = source
        self.tree = tree
        self._parents: dict[int, ast.AST] = {}
        self._expressions: dict[Span, ast.expr] = {}
        self._assignments: dict[Span, ast.AugAssign] = {}
        waiting: list[ast.AST] = [tree]
        while waiting:
            parent = waiting.pop()
            if isinstance(parent, ast.JoinedStr):
                continue  # before Python 3.12 the places of what is in an f-string are wrong
            for child in ast.iter_child_nodes(parent):
                waiting.append(child)
                self._parents[id(child)] = parent
                if isinstance(child, ast.AugAssign):
                    self._assignments[self.span(child)] = child
                if isinstance(child, ast.expr):
                    self._expressions.setdefault(self.span(child), child)

    def expression(self, span: Span) -> ast.expr | None:
        """The expression that stands at exactly these characters."""
        return self._expressions.get(span)

    def node(self, span: Span) -> ast.expr | ast.AugAssign | None:
        """The same, or the assignment with an operator, `x /= n`, that stands there."""
        return self._assignments.get(span) or self._expressions.get(span)

    def span(self, node: ast.expr | ast.stmt | ast.keyword) -> Span:
        """The characters of a node, its own parentheses excluded."""
        end_row, end_column = node.end_lineno, node.end_col_offset
        assert end_row is not None
        assert end_column is not None
        return Span(self._offset(node.lineno, node.col_offset), self._offset(end_row, end_column))

    def text(self, node: ast.expr) -> str:
        """A node as it is written."""
        span = self.span(node)
        return self.source.text[span.start : span.end]

    def parent(self, node: ast.AST) -> ast.AST | None:
        """What the node is a part of; None for the module."""
        return self._parents.get(id(node))

    def around(self, node: ast.AST) -> Iterator[ast.AST]:
        """What the node is a part of, from the inside to the outside."""
        parent = self.parent(node)
        while parent is not None:
            yield parent
            parent = self.parent(parent)

    def scope(self, node: ast.AST) -> Scope:
        """The function, class or module whose names the node sees first."""
        return next((each for each in self.around(node) if isinstance(each, Scope)), self.tree)

    def statement(self, node: ast.AST) -> ast.stmt | None:
        """The innermost statement that the node is a part of."""
        return next((each for each in self.around(node) if isinstance(each, ast.stmt)), None)

    def same_block(self, left: ast.AST, right: ast.AST) -> bool:
        """True when the statements of both are always run together."""
        one, other = (each if isinstance(each, ast.stmt) else self.statement(each) for each in (left, right))
        return one is not None and other is not None and self.parent(one) is self.parent(other)

    def unchanged(self, before: ast.expr | ast.stmt, after: ast.expr, *, of: str) -> bool:
        """True when nothing is assigned, between the two, to any name in `of`, which is source text."""
        statement = self.statement(after)
        # The targets of its own assignment are written first, and stored last.
        begin, end = self.span(before).end, self.span(after if statement is None else statement).start
        return not self.binds(self.scope(after), set(_WORD.findall(of)), Span(begin, end))

    def binds(self, scope: Scope, names: Collection[str], within: Span) -> bool:
        """True when one of the names is assigned or deleted in those characters of a scope."""
        return any(
            isinstance(node, ast.Name)
            and node.id in names
            and not isinstance(node.ctx, ast.Load)
            and within.start <= self.span(node).start < within.end
            for node in ast.walk(scope)
        )

    def parenthesised(self, node: ast.expr) -> Span:
        """The characters of a node with all the parentheses that are its own."""
        span = self.span(node)
        text = self.source.text
        parent = self.parent(node)
        # `f(x)`: the parentheses around a sole argument are those of the call.
        limit = self.span(parent).end if isinstance(parent, ast.Call) and node is not parent.func else None
        spare = isinstance(parent, ast.ClassDef)
        while (outer := _wrapped(text, span)) is not None and outer.end != limit:
            if spare and _wrapped(text, outer) is None:
                break
            span = outer
        return span

    def token_after(self, offset: int) -> int:
        """Where the next token begins: past blanks and comments."""
        blank = _BLANK.match(self.source.text, offset)
        assert blank is not None
        return blank.end()

    @cached_property
    def strings(self) -> tuple[ast.Constant, ...]:
        """The string literals in their order, without those of f-strings."""
        found = [node for node in self._expressions.values() if isinstance(node, ast.Constant)]
        return tuple(sorted((node for node in found if isinstance(node.value, str)), key=self.span))

    def _offset(self, row: int, column: int) -> int:
        """The character at a byte of a line, as `ast` counts."""
        start = self.source.offset(row)
        line = self.source.line(row)
        return start + (column if line.isascii() else len(line.encode()[:column].decode()))


@lru_cache(maxsize=4)
def syntax_of(source: Source) -> Syntax | None:
    """The syntax of a source; None where the Python that runs lossflow can't parse what lossflow can."""
    try:
        with unwarned():
            tree = ast.parse(source.text)
        return Syntax(source, tree)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def _wrapped(text: str, span: Span) -> Span | None:
    """The span with the next pair of parentheses around it; None where there is none."""
    after = _BLANK.match(text, span.end)
    assert after is not None
    if not text.startswith(")", after.end()):
        return None
    start = _before(text, span.start)
    return Span(start, after.end() + 1) if start is not None else None


def _before(text: str, end: int) -> int | None:
    """Where the opening parenthesis stands before `end`, with nothing but blanks and comments in between."""
    start = text.rfind("(", 0, end)
    while start >= 0:
        blank = _BLANK.match(text, start + 1)
        assert blank is not None
        if blank.end() == end:
            return start
        if blank.end() < end:
            return None
        start = text.rfind("(", 0, start)  # a parenthesis in a comment
    return None
