"""Edits of expressions, judged by what Python makes of the edited text."""

from __future__ import annotations

import ast

import pytest

from lossflow.edits import expressions
from lossflow.edits.syntax import Syntax, syntax_of
from lossflow.source import Source, Span


def _parsed(text: str) -> Syntax:
    syntax = syntax_of(Source("script.py", text))
    assert syntax is not None
    return syntax


def _at(syntax: Syntax, text: str, part: str) -> ast.expr:
    start = text.index(part)
    node = syntax.expression(Span(start, start + len(part)))
    assert node is not None
    return node


@pytest.mark.parametrize(
    ("before", "part", "after"),
    [
        ("loss.backward()", "loss", "(loss / n).backward()"),
        ("(a + b).backward()", "a + b", "((a + b) / n).backward()"),
        ("( # why\n a + b).backward()", "a + b", "(( # why\n a + b) / n).backward()"),
        ("backward(a + b)", "a + b", "backward((a + b) / n)"),
        ("backward((a + b))", "a + b", "backward((a + b) / n)"),
        ("backward(a * b)", "a * b", "backward(a * b / n)"),
        ("backward(loss, b)", "loss", "backward(loss / n, b)"),
        ("total = loss(x, y)", "loss(x, y)", "total = loss(x, y) / n"),
        ("total = -0.5 * f(x)", "f(x)", "total = -0.5 * f(x) / n"),
        ("total = a / f(x)", "f(x)", "total = a / (f(x) / n)"),
        ("total = f(x) ** 2", "f(x)", "total = (f(x) / n) ** 2"),
        ("total = 2 ** f(x)", "f(x)", "total = 2 ** (f(x) / n)"),
        ("total = a + f(x)", "f(x)", "total = a + f(x) / n"),
        ("total = a if c else b", "a if c else b", "total = (a if c else b) / n"),
        ("total = -a", "-a", "total = -a / n"),
        ("total = loss[i]", "loss", "total = (loss / n)[i]"),
        ("total = b[loss]", "loss", "total = b[loss / n]"),
        ("größe = f(é, 'ü').sum()", "f(é, 'ü')", "größe = (f(é, 'ü') / n).sum()"),
        ("total = f(x)(y)", "f(x)", "total = (f(x) / n)(y)"),
        ("total = a < f(x)", "f(x)", "total = a < f(x) / n"),
    ],
)
def test_divided(before: str, part: str, after: str) -> None:
    syntax = _parsed(before)
    assert syntax.source.edited(expressions.divided(syntax, _at(syntax, before, part), "n")).text == after


@pytest.mark.parametrize(
    ("before", "part", "after"),
    [
        ("loss.backward()", "loss", "loss.mean().backward()"),
        ("return a + b", "a + b", "return (a + b).mean()"),
        ("return (a + b)", "a + b", "return (a + b).mean()"),
        ("backward(a + b)", "a + b", "backward((a + b).mean())"),
        ("return -a", "-a", "return (-a).mean()"),
        ("return f(\n    x,\n)", "f(\n    x,\n)", "return f(\n    x,\n).mean()"),
    ],
)
def test_with_method(before: str, part: str, after: str) -> None:
    module = before.startswith("return")
    text = f"def f():\n    {before}" if module else before
    syntax = _parsed(text)
    edited = syntax.source.edited(expressions.with_method(syntax, _at(syntax, text, part), ".mean()")).text
    assert edited == (f"def f():\n    {after}" if module else after)
    ast.parse(edited)


@pytest.mark.parametrize(
    ("before", "after"),
    [("torch.sum(x)", "torch.mean(x)"), ("sum(x)", "mean(x)"), ("x.é.sum()", "x.é.mean()"), ("(x + y)\\\n.sum()",) * 2],
)
def test_renamed(before: str, after: str) -> None:
    syntax = _parsed(before)
    call = syntax.expression(Span(0, len(before)))
    assert isinstance(call, ast.Call)
    edited = syntax.source.edited(expressions.renamed(syntax, call, "mean")).text
    assert edited == after.replace(".sum", ".mean")


def test_what_does_not_parse_has_no_syntax() -> None:
    assert syntax_of(Source("script.py", "f(")) is None


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_offsets_whatever_the_newlines(newline: str) -> None:
    text = f"a = 1{newline}é = f(x){newline}"
    syntax = _parsed(text)
    assert syntax.text(_at(syntax, text, "f(x)")) == "f(x)"
