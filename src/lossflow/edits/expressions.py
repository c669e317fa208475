"""Edits of one expression: divide it, call a method of it, put another in its place.

Parentheses are added where the grammar needs them, never else.
"""

from __future__ import annotations

import ast

from lossflow.edits.syntax import Syntax
from lossflow.source import NEWLINE, Edit, Span

_PRIMARY = (
    ast.Name, ast.Attribute, ast.Call, ast.Subscript, ast.Constant, ast.List, ast.Dict, ast.Set, ast.ListComp,
    ast.SetComp, ast.DictComp, ast.GeneratorExp, ast.Tuple, ast.JoinedStr,
)  # fmt: skip
"""What a method can be called of as it stands; a tuple has its parentheses wherever that is asked."""
_FACTORS = (ast.Mult, ast.Div, ast.FloorDiv, ast.Mod, ast.MatMult, ast.Pow)


def replaced(syntax: Syntax, node: ast.expr, content: str) -> tuple[Edit, ...]:
    """Other text in place of the node; its parentheses stay."""
    return (Edit(syntax.span(node), content),)


def is_primary(node: ast.expr) -> bool:
    """True for what needs no parentheses as an operand, nor for its methods to be called."""
    return isinstance(node, _PRIMARY)


def as_primary(syntax: Syntax, node: ast.expr) -> str:
    """The node as it is written, in parentheses if it needs them as an operand."""
    text = syntax.text(node)
    return text if is_primary(node) else f"({text})"


def renamed(syntax: Syntax, call: ast.Call, name: str) -> tuple[Edit, ...]:
    """The last word of what is called, replaced: `torch.sum(x)` becomes `torch.mean(x)`."""
    end = syntax.span(call.func).end
    written = call.func.attr if isinstance(call.func, ast.Attribute) else syntax.text(call.func)
    return (Edit(Span(end - len(written), end), name),)


def with_method(syntax: Syntax, node: ast.expr, call: str) -> tuple[Edit, ...]:
    """`call` appended to the node: `(a + b)` and `.mean()` become `(a + b).mean()`."""
    span = syntax.parenthesised(node)
    if span != syntax.span(node) or is_primary(node):
        return _around(span, "", call)
    return _around(span, "(", f"){call}")


def divided(syntax: Syntax, node: ast.expr, divisor: str) -> tuple[Edit, ...]:
    """The node over `divisor`, a primary expression."""
    span = syntax.parenthesised(node)
    opening, closing = "", ""
    if span == syntax.span(node) and not _binds_like_division(node):
        opening, closing = "(", ")"
    parent = syntax.parent(node)
    if parent is not None and _needs_parentheses(node, parent):
        return _around(span, f"({opening}", f"{closing} / {divisor})")
    return _around(span, opening, f"{closing} / {divisor}")


def multiplied(syntax: Syntax, node: ast.expr, factor: str) -> tuple[Edit, ...]:
    """The node, of which nothing but its value is wanted, times `factor`, a primary expression."""
    span = syntax.parenthesised(node)
    if span == syntax.span(node) and not _binds_like_division(node):
        return _around(span, "(", f") * {factor}")
    return _around(span, "", f" * {factor}")


def without_statement(syntax: Syntax, statement: ast.stmt) -> Edit | None:
    """The lines of a statement left out; None where something else is on them, or the block would be empty."""
    parent, source = syntax.parent(statement), syntax.source
    blocks = [value for _, value in ast.iter_fields(parent) if isinstance(value, list)] if parent is not None else []
    if not any(statement in block and len(block) > 1 for block in blocks):
        return None
    span = syntax.span(statement)
    first, last = source.row(span.start), source.row(span.end)
    begin, after = source.offset(first), source.text[span.end : source.offset(last) + len(source.line(last))]
    if source.text[begin : span.start].strip() or after.strip().partition("#")[0]:
        return None
    end = source.offset(last) + len(source.line(last))
    newline = NEWLINE.match(source.text, end)
    return Edit(Span(begin, newline.end() if newline else end), "")


def quotient(syntax: Syntax, node: ast.expr, content: str) -> tuple[Edit, ...]:
    """A division in place of the node."""
    return replaced(syntax, node, f"({content})" if _is_wrapped(syntax, node) else content)


def quotient_of(syntax: Syntax, node: ast.expr, part: ast.expr, call: str, divisor: str) -> tuple[Edit, ...]:
    """`part.sum() / divisor` in place of the node; the part stays as it is written, and may have edits of its own."""
    whole = syntax.span(node)
    kept = whole if part is node else syntax.parenthesised(part)
    needed = kept == syntax.span(part) and not is_primary(part)
    opening, closing = ("(", ")") if needed else ("", "")
    if _is_wrapped(syntax, node):
        opening, divisor = f"({opening}", f"{divisor})"
    edits = (
        Edit(Span(whole.start, kept.start), opening),
        Edit(Span(kept.end, whole.end), f"{closing}{call} / {divisor}"),
    )
    return tuple(edit for edit in edits if edit.content or edit.span.start < edit.span.end)


def _around(span: Span, opening: str, closing: str) -> tuple[Edit, ...]:
    after = Edit(Span(span.end, span.end), closing)
    return (Edit(Span(span.start, span.start), opening), after) if opening else (after,)


def _binds_like_division(node: ast.expr) -> bool:
    """True where `node / n` divides the whole of the node."""
    if isinstance(node, ast.BinOp):
        return isinstance(node.op, _FACTORS)
    return isinstance(node, (*_PRIMARY, ast.Await)) or (
        isinstance(node, ast.UnaryOp) and not isinstance(node.op, ast.Not)
    )


def _is_wrapped(syntax: Syntax, node: ast.expr) -> bool:
    """True where a division in place of the node needs parentheses that the node has not."""
    parent = syntax.parent(node)
    bare = syntax.parenthesised(node) == syntax.span(node)
    return bare and parent is not None and _needs_parentheses(node, parent)


def _needs_parentheses(node: ast.expr, parent: ast.AST) -> bool:
    """True where what stands around would take the node away from the division."""
    match parent:
        case ast.Attribute() | ast.Await():
            return True
        case ast.Subscript(value=value):
            return value is node
        case ast.Call(func=called):
            return called is node
        case ast.BinOp(left=left, op=operator):
            # `w * loss / n` divides the product, which is the same; `n / loss / n` is not.
            return isinstance(operator, ast.Pow) or (
                left is not node and isinstance(operator, _FACTORS) and not isinstance(operator, ast.Mult)
            )
    return False
