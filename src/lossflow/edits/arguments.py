"""Edits of the arguments of a call: give one, remove some, give one in the place of others.

What stands between the arguments is found between their ends and starts: `ast` knows of no comma. Line breaks, comments
and a trailing comma stay; a positional argument that loses one before it becomes a keyword argument.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from lossflow.edits.syntax import Syntax
from lossflow.source import Edit, Span

_BLANKS = re.compile(r"[ \t\f]*")
_NEWLINE = re.compile(r"\r\n?|\n|\Z")
_COMMENT = re.compile(r"[ \t\f]*(?:#[^\r\n]*)?")

Parameters = Mapping[ast.expr, str]
"""The parameters that positional arguments land in, as far as they are known."""


@dataclass(frozen=True, slots=True)
class _Argument:
    """An argument as it is written.

    `span` has its `name=`, its stars and its own parentheses in it; `comma` is where the comma after it stands.
    """

    value: ast.expr
    keyword: str  # empty for a positional argument and for what is starred
    starred: bool
    span: Span
    comma: int | None


def given(
    syntax: Syntax,
    call: ast.Call,
    name: str,
    content: str,
    *,
    parameters: Parameters,
    instead: Collection[ast.expr] = (),
) -> tuple[Edit, ...] | None:
    """The call with `content` for the parameter `name`, and without the arguments whose values are `instead`.

    None where the outcome would depend on what is starred, or on the parameter of an argument that is not known.
    """
    arguments = _arguments(syntax, call)
    lost = [each for each in arguments if each.value in instead and not each.starred]
    same = next((each for each in arguments if each not in lost and _parameter(each, parameters) == name), None)
    turned = _turned(arguments, lost, parameters)
    if turned is None or len(lost) < len(instead) or (same is None and _may_hold(arguments, call, lost)):
        return None
    if same is not None:
        edits, removed = [_again(syntax, same, name, content, by_name=same in turned)], lost
    elif lost:
        edits, removed = [Edit(lost[0].span, f"{name}={content}")], lost[1:]
    else:
        edits, removed = [*_appended(syntax, call, arguments, f"{name}={content}")], []
    removal = _removal(syntax, arguments, removed)
    if removal is None:
        return None
    named = [edit for each in turned if each is not same for edit in _named(syntax, each, parameters)]
    return (*edits, *removal, *named)


def without(syntax: Syntax, call: ast.Call, values: Collection[ast.expr]) -> tuple[Edit, ...] | None:
    """The call without the keyword arguments of these values; None where a comment would be lost."""
    arguments = _arguments(syntax, call)
    return _removal(syntax, arguments, [each for each in arguments if each.value in values])


def opening(syntax: Syntax, call: ast.Call) -> int:
    """The character after the parenthesis that opens the arguments."""
    return syntax.token_after(syntax.parenthesised(call.func).end) + 1


# --- what is written ----------------------------------------------------------------------------------------------


def _arguments(syntax: Syntax, call: ast.Call) -> list[_Argument]:
    """The arguments in their order."""
    found = [_argument(syntax, node, node.arg or "", node.value) for node in call.keywords]
    found += [_argument(syntax, node, "", node) for node in call.args]
    return sorted(found, key=lambda each: each.span)


def _argument(syntax: Syntax, node: ast.expr | ast.keyword, keyword: str, value: ast.expr) -> _Argument:
    span = syntax.span(node) if isinstance(node, ast.keyword) else syntax.parenthesised(node)
    if _is_bare_generator(syntax, node):
        span = Span(span.start + 1, span.end - 1)  # its parentheses are those of the call
    after = syntax.token_after(span.end)
    comma = after if syntax.source.text.startswith(",", after) else None
    starred = not keyword if isinstance(node, ast.keyword) else isinstance(node, ast.Starred)
    return _Argument(value, keyword, starred, span, comma)


def _is_bare_generator(syntax: Syntax, node: ast.expr | ast.keyword) -> bool:
    call = syntax.parent(node)
    return (
        isinstance(node, ast.GeneratorExp)
        and isinstance(call, ast.Call)
        and syntax.span(node).end == syntax.span(call).end
    )


def _parameter(argument: _Argument, parameters: Parameters) -> str:
    return argument.keyword or parameters.get(argument.value, "")


def _may_hold(arguments: list[_Argument], call: ast.Call, lost: list[_Argument]) -> bool:
    """True where something starred may hold the argument already.

    Positional ones end before a legacy argument that is given by name: its successor comes later in every signature.
    """
    if any(keyword.arg is None for keyword in call.keywords):
        return True
    return not lost and any(each.starred for each in arguments)


def _turned(arguments: list[_Argument], lost: list[_Argument], parameters: Parameters) -> list[_Argument] | None:
    """The positional arguments after a lost one, which have to become keyword arguments; None where one can't."""
    positional = [each for each in arguments if not each.keyword]
    first = next((index for index, each in enumerate(positional) if each in lost), len(positional))
    later = [each for each in positional[first:] if each not in lost]
    if any(each.starred or not parameters.get(each.value) for each in later):
        return None
    return later


# --- one argument -------------------------------------------------------------------------------------------------


def _again(syntax: Syntax, argument: _Argument, name: str, content: str, *, by_name: bool) -> Edit:
    """Other content for an argument that is given already."""
    if by_name:
        return Edit(argument.span, f"{name}={content}")
    return Edit(syntax.span(argument.value), content)


def _named(syntax: Syntax, argument: _Argument, parameters: Parameters) -> Iterator[Edit]:
    """A positional argument with the name of its parameter in front."""
    value, (start, end) = argument.value, (argument.span.start, argument.span.end)
    bare = isinstance(value, ast.NamedExpr) and argument.span == syntax.span(value)
    yield Edit(Span(start, start), f"{parameters[value]}={'(' if bare else ''}")
    if bare:
        yield Edit(Span(end, end), ")")


def _appended(syntax: Syntax, call: ast.Call, arguments: list[_Argument], text: str) -> Iterator[Edit]:
    """One more argument after the last: on a line of its own where the last one has one, too."""
    if not arguments:
        at = opening(syntax, call)
        yield Edit(Span(at, at), text)
        return
    last = arguments[-1]
    source = syntax.source.text
    end = last.span.end if last.comma is None else last.comma + 1
    rest = _COMMENT.match(source, end)
    assert rest is not None
    if not last.keyword and _is_bare_generator(syntax, last.value):
        yield Edit(Span(last.span.start, last.span.start), "(")
        yield Edit(Span(end, end), f"), {text}")
    elif not _margin(source, last.span)[1].strip() and _NEWLINE.match(source, rest.end()):
        if last.comma is None:
            yield Edit(Span(end, end), ",")
        trailing = "" if last.comma is None else ","
        line = f"{syntax.source.newline}{_margin(source, last.span)[1]}{text}{trailing}"
        yield Edit(Span(rest.end(), rest.end()), line)
    elif last.comma is None:
        yield Edit(Span(end, end), f", {text}")
    else:
        yield Edit(Span(end, end), f" {text},")


def _margin(source: str, span: Span) -> tuple[int, str]:
    """Where the line of a span begins, and what stands on it before the span."""
    start = max(source.rfind("\n", 0, span.start), source.rfind("\r", 0, span.start)) + 1
    return start, source[start : span.start]


# --- removal ------------------------------------------------------------------------------------------------------


def _removal(syntax: Syntax, arguments: list[_Argument], lost: list[_Argument]) -> tuple[Edit, ...] | None:
    """The arguments taken out with a comma each; None where what stands between two of them would go as well."""
    spans: list[Span] = []
    index = 0
    while index < len(arguments):
        end = index
        while end < len(arguments) and arguments[end] in lost:
            end += 1
        if end > index:
            before = arguments[index - 1].comma if index else None
            span = _with_comma(syntax, arguments[index:end], before)
            if span is None:
                return None
            spans.append(_tidied(syntax.source.text, span))
        index = end + 1
    return tuple(Edit(span, "") for span in spans)


def _with_comma(syntax: Syntax, run: list[_Argument], before: int | None) -> Span | None:
    """The arguments of a run with the comma after them; with that before them where only that is on their line.

    Where a comment would go with it the comma before them stays, as a trailing one.
    """
    start, end, after = run[0].span.start, run[-1].span.end, run[-1].comma
    source = syntax.source
    if after is not None and (before is None or source.row(after) == source.row(end - 1)):
        spans = [Span(start, after + 1)]
    elif before is not None:
        spans = [Span(before, end), *([Span(start, end)] if after is None else [])]
    else:
        spans = [Span(start, end)]
    return next((span for span in spans if "#" not in _beside(source.text, run, span)), None)


def _beside(text: str, run: list[_Argument], span: Span) -> str:
    """What the span has beside the arguments of the run."""
    kept, at = "", span.start
    for each in run:
        kept += text[at : each.span.start]
        at = each.span.end
    return kept + text[at : span.end]


def _tidied(source: str, span: Span) -> Span:
    """The span with the blanks that would be left: of a whole line, at the end of one, or two in a row."""
    blanks = _BLANKS.match(source, span.end)
    assert blanks is not None
    begin, before = _margin(source, span)
    newline = _NEWLINE.match(source, blanks.end())
    if newline is not None and not before.strip():
        return Span(begin, newline.end())
    if newline is not None or source.startswith("#", blanks.end()):
        if before.strip():
            return Span(begin + len(before.rstrip()), span.end if newline is None else blanks.end())
        return Span(span.start, blanks.end())
    follows = source[span.end - 1] == "," and source[blanks.end() : blanks.end() + 1] != ")"
    return Span(span.start, blanks.end()) if follows else span
