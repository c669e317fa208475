"""Edits of arguments in many layouts, judged by what Python makes of the edited text."""

from __future__ import annotations

import ast
from collections.abc import Collection

import pytest

from lossflow.edits import arguments
from lossflow.edits.strings import quoted, respelled
from lossflow.edits.syntax import Syntax, syntax_of
from lossflow.source import Source, apply_edits

PARAMETERS = ("input", "target", "size_average", "reduce", "reduction", "weight")


def parsed(text: str) -> Syntax:
    syntax = syntax_of(Source("script.py", text))
    assert syntax is not None
    return syntax


def first_call(syntax: Syntax) -> ast.Call:
    return next(node for node in ast.walk(syntax.tree) if isinstance(node, ast.Call))


def with_sum(text: str, *, instead: Collection[str] = ()) -> str | None:
    """The text of a call of `f`, a loss, with `reduction="sum"` in the place of the parameters `instead`."""
    syntax = parsed(text)
    call = first_call(syntax)
    landed = dict(zip(call.args, PARAMETERS))
    values = [value for value, name in landed.items() if name in instead]
    values += [keyword.value for keyword in call.keywords if keyword.arg in instead]
    edits = arguments.given(syntax, call, "reduction", '"sum"', parameters=landed, instead=values)
    return None if edits is None else apply_edits(text, edits)


def holds(text: str) -> dict[str, str]:
    """The parameters of a call of `f` and what is written for them; a starred argument has its own name."""
    call = first_call(parsed(text))
    found = {name: ast.unparse(value) for name, value in zip(PARAMETERS, call.args)}
    return found | {keyword.arg or "**": ast.unparse(keyword.value) for keyword in call.keywords}


def comments(text: str) -> list[str]:
    return [line.partition("#")[2] for line in text.splitlines() if "#" in line]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("f()", 'f(reduction="sum")'),
        ("f(  # why\n)", 'f(reduction="sum"  # why\n)'),
        ("f(a)", 'f(a, reduction="sum")'),
        ("f(a, b,)", 'f(a, b, reduction="sum",)'),
        ("f(a, b, )", 'f(a, b, reduction="sum", )'),
        ("f(\n    a,\n    b,\n)", 'f(\n    a,\n    b,\n    reduction="sum",\n)'),
        ("f(\n    a,\n    b\n)", 'f(\n    a,\n    b,\n    reduction="sum"\n)'),
        ("f(\r\n\ta,\r\n\tb\r\n)", 'f(\r\n\ta,\r\n\tb,\r\n\treduction="sum"\r\n)'),
        ("f(\n    a,\n    b,  # c\n)", 'f(\n    a,\n    b,  # c\n    reduction="sum",\n)'),
        ("f(\n    a,\n    b  # c\n)", 'f(\n    a,\n    b,  # c\n    reduction="sum"\n)'),
        ("f(\n    a, b\n)", 'f(\n    a, b, reduction="sum"\n)'),
        ("f(\n    a, b,  # c\n)", 'f(\n    a, b, reduction="sum",  # c\n)'),
        ("f(a,\n  b)", 'f(a,\n  b, reduction="sum")'),
        ("f(x for x in y)", 'f((x for x in y), reduction="sum")'),
        ("f((x for x in y))", 'f((x for x in y), reduction="sum")'),
        ("f((a))", 'f((a), reduction="sum")'),
        ("f((a),)", 'f((a), reduction="sum",)'),
        ("(f)(a)", '(f)(a, reduction="sum")'),
        ("f \\\n (a)", 'f \\\n (a, reduction="sum")'),
        ("f(a, reduction=('none'))", 'f(a, reduction=("sum"))'),
        ("f(a, b, None, None, 'none', w)", 'f(a, b, None, None, "sum", w)'),
        ("f(**k, reduction='none')", 'f(**k, reduction="sum")'),
    ],
)
def test_an_argument_is_given(before: str, after: str) -> None:
    assert with_sum(before) == after
    assert holds(after) == holds(before) | {"reduction": "'sum'"}


ONE_A_LINE = """\
f(
    a,
    b,{}
    size_average=False,{}
    reduce=True{}
)"""


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("f(a, b, size_average=False, reduce=True)", 'f(a, b, reduction="sum")'),
        ("f(a, b, reduce=True,size_average=False, )", 'f(a, b, reduction="sum", )'),
        ("f(a, b, reduce=True, weight=w, size_average=False)", 'f(a, b, reduction="sum", weight=w)'),
        ("f(a, b, size_average=0, reduce=1, reduction='x')", 'f(a, b, reduction="sum")'),
        ("f(a, b, False)", 'f(a, b, reduction="sum")'),
        ("f(a, b, (False), True)", 'f(a, b, reduction="sum")'),
        ("f(a, b, False, True, 'x', w)", 'f(a, b, reduction="sum", weight=w)'),
        ("f(a, b, False, weight=(w))", 'f(a, b, reduction="sum", weight=(w))'),
        ("f(size_average=(False), input=a)", 'f(reduction="sum", input=a)'),
        ("f(*ab, size_average=False)", 'f(*ab, reduction="sum")'),
        ("f(a, size_average = False)", 'f(a, reduction="sum")'),
        (ONE_A_LINE.format("", "", ""), 'f(\n    a,\n    b,\n    reduction="sum"\n)'),
        (ONE_A_LINE.format("", "", ","), 'f(\n    a,\n    b,\n    reduction="sum",\n)'),
        (
            ONE_A_LINE.format("  # 1", "  # 2", ",  # 3"),
            'f(\n    a,\n    b,  # 1\n    reduction="sum",  # 2\n    # 3\n)',
        ),
        (ONE_A_LINE.format("", "  # 2", "  # 3"), 'f(\n    a,\n    b,\n    reduction="sum",  # 2\n    # 3\n)'),
        ("f(\n    a\n    , size_average=0\n    , reduce=1\n)", 'f(\n    a\n    , reduction="sum"\n)'),
        ("f(\n    a\n    , reduce=1\n    , size_average=0)", 'f(\n    a\n    , reduction="sum"\n    )'),
        ("f(a, size_average=0,\n  reduce=1)", 'f(a, reduction="sum")'),
        ("f(a, size_average=0, reduce=1,\n  reduction='x')", 'f(a,\n  reduction="sum")'),
        ("f(a, reduction='x', size_average=0,  # c\n  weight=w)", 'f(a, reduction="sum",  # c\n  weight=w)'),
    ],
)
def test_an_argument_is_given_instead_of_others(before: str, after: str) -> None:
    assert with_sum(before, instead=("size_average", "reduce")) == after
    ast.parse(after)
    kept = {name: text for name, text in holds(before).items() if name not in ("size_average", "reduce")}
    assert holds(after) == kept | {"reduction": "'sum'"}
    assert comments(after) == comments(before)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("f(a, b, False, True, 'x', w)", 'f(a, b, reduce=True, reduction="sum", weight=w)'),
        ("f(a, b, False, lambda x, y: (x, y))", 'f(a, b, reduction="sum", reduce=lambda x, y: (x, y))'),
        ("f(a, b, False, n := 1)", 'f(a, b, reduction="sum", reduce=(n := 1))'),
        ("f(a, b, False, (n := 1))", 'f(a, b, reduction="sum", reduce=(n := 1))'),
        (
            "f(\n    a,\n    b,\n    False,\n    (  # why\n        True\n    ),\n)",
            'f(\n    a,\n    b,\n    reduction="sum",\n    reduce=(  # why\n        True\n    ),\n)',
        ),
        ("f(a, b, False, 1, **k)", None),
        ("f(a, b, False, *rest)", None),
        ("f(a, size_average=False, **k)", None),
        ("f(a, size_average=False  # c\n  , reduction='x')", 'f(a  # c\n  , reduction="sum")'),
        ("f(size_average=False  # c\n  , reduction='x')", None),
    ],
)
def test_later_positional_arguments_become_keyword_arguments(before: str, after: str | None) -> None:
    assert with_sum(before, instead=("size_average",)) == after
    assert after is None or holds(after).items() >= {"reduction": "'sum'", "input": "a"}.items()


@pytest.mark.parametrize("text", ["f(*ab)", "f(a, **k)"])
def test_nothing_is_given_beside_what_may_hold_it_already(text: str) -> None:
    assert with_sum(text) is None


def test_a_parameter_that_is_not_known_has_no_name_to_become() -> None:
    syntax = parsed("f(False, a)")
    call = first_call(syntax)
    assert arguments.given(syntax, call, "reduction", '"sum"', parameters={}, instead=[call.args[0]]) is None
    assert arguments.given(syntax, call, "reduction", '"sum"', parameters={}, instead=[call.args[1]]) is not None


def test_keyword_arguments_are_taken_out() -> None:
    text = "f(a, b, reduction='sum', weight=w)"
    syntax = parsed(text)
    call = first_call(syntax)
    edits = arguments.without(syntax, call, [keyword.value for keyword in call.keywords])
    assert edits is not None
    assert apply_edits(text, edits) == "f(a, b)"
    assert arguments.opening(syntax, call) == 2


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("f(a)", '"sum"'),
        ("f(a, 'x')", "'sum'"),
        ("b = 'b', 'c', \"d\"\nf(a)", "'sum'"),
        ("b = 'b', 'c'\nf(a, \"x\")", '"sum"'),
        ("'''One.'''\nb = \"b\"\nf(a)", '"sum"'),
    ],
)
def test_quotes_are_those_of_the_call_or_of_the_file(text: str, expected: str) -> None:
    syntax = parsed(text)
    assert quoted(syntax, first_call(syntax), "sum") == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [("'avg'", "'mean'"), ('"avg"', '"mean"'), ("r'avg'", "'mean'"), ('"""avg"""', '"""mean"""')],
)
def test_a_literal_keeps_its_quotes(text: str, expected: str) -> None:
    syntax = parsed(text)
    (literal,) = syntax.strings
    assert respelled(syntax, literal, "mean") == expected


def test_the_strings_of_an_f_string_are_not_literals() -> None:
    assert [each.value for each in parsed("f(f\"{g('x')}\", 'y')").strings] == ["y"]


@pytest.mark.parametrize(
    ("text", "expected"), [("f((a),)", "(a)"), ("f((a))", "(a)"), ("f(a)", "a"), ("f(((a)))", "((a))")]
)
def test_the_parentheses_of_a_call_are_not_those_of_its_argument(text: str, expected: str) -> None:
    syntax = parsed(text)
    span = syntax.parenthesised(first_call(syntax).args[0])
    assert text[span.start : span.end] == expected
