"""Fixes are applied in rounds, and none of them makes anything worse: a stand-in plays the rules."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator

import pytest

from lossflow.checking import FileReport
from lossflow.document import Document
from lossflow.findings import Finding, Fix, Safety
from lossflow.fixing.rounds import MAX_ROUNDS, Fixed, fix
from lossflow.source import Edit, Source, Span

Replace = Callable[[re.Match[str]], tuple[tuple[int, int, str], ...]]


class Rules:
    """Rules made of patterns: what a pattern matches is a finding, and its fix is what is said beside it."""

    def __init__(self, **rules: tuple[str, str | Replace] | tuple[str, str | Replace, Safety]) -> None:
        self.rules = rules
        self.texts: list[str] = []

    def __call__(self, source: Source) -> FileReport:
        self.texts.append(source.text)
        try:
            ast.parse(source.text)
        except SyntaxError:
            return FileReport(source.name, failure="it is not valid Python")
        found = tuple(sorted(self._findings(source), key=lambda finding: finding.order))
        return FileReport(source.name, found, {source.name: source}, omitted=source.broken)

    def _findings(self, source: Source) -> Iterator[Finding]:
        for code, (pattern, content, *rest) in self.rules.items():
            safety = rest[0] if rest else Safety.SAFE
            for match in re.finditer(pattern, source.text):
                edits = ((match.start(), match.end(), content),) if isinstance(content, str) else content(match)
                repair = Fix(safety, "Do.", tuple(Edit(Span(start, end), text) for start, end, text in edits))
                yield Finding(code, code.lower(), source.name, Span(match.start(), match.end()), "It is.", fix=repair)


def run(text: str, check: Callable[[Source], FileReport], **options) -> Fixed:
    fixed = fix(Document.of("x.py", text.encode()), check, **options)
    again = fix(fixed.after, check, **options)
    assert not again.changed, "a second run must change nothing"
    assert again.report.findings == fixed.report.findings
    return fixed


def after(fixed: Fixed) -> str:
    assert fixed.after.source.to_bytes() == fixed.after.data
    return fixed.after.source.text


def applied(fixed: Fixed) -> list[str]:
    return [each.finding.code for each in fixed.applied]


def test_what_has_no_fix_is_left_alone() -> None:
    fixed = run("a = 1\n", Rules())
    assert (fixed.changed, fixed.applied, fixed.dropped, fixed.count) == (False, (), (), 0)


def test_one_code_a_round_written_arguments_first_reports_last() -> None:
    rules = Rules(
        LF401=("four", "x4"), LF101=("one", "x1"), LF105=("five", "x5"), LF201=("two", "x2"), LF301=("three", "x3"),
        LF104=("more", "x6"),
    )  # fmt: skip
    fixed = run("four, more, one, five, two, three\n", rules)
    assert after(fixed) == "x4, x6, x1, x5, x2, x3\n"
    assert applied(fixed) == ["LF301", "LF201", "LF105", "LF101", "LF104", "LF401"]


def test_unsafe_fixes_wait_for_permission() -> None:
    rules = Rules(LF201=("two", "x2"), LF101=("one", "x1", Safety.UNSAFE))
    assert after(run("one, two\n", rules)) == "one, x2\n"
    fixed = run("one, two\n", rules)
    assert [finding.fix is not None for finding in fixed.report.findings] == [True]
    assert after(run("one, two\n", rules, unsafe=True)) == "x1, x2\n"


def test_a_fix_may_settle_another_finding() -> None:
    # `sum` is both LF301's and LF101's: once it is a mean, LF101 has nothing to say, though it had a fix.
    rules = Rules(LF301=("sum", "mean"), LF101=(r"sum|total", "other"))
    fixed = run("a = sum\n", rules)
    assert after(fixed) == "a = mean\n"
    assert (applied(fixed), [finding.code for finding in fixed.settled], fixed.count) == (["LF301"], ["LF101"], 2)


def test_what_a_fix_brings_to_light_is_told_apart_from_what_moved() -> None:
    rules = Rules(LF301=("short", "long_name = 0; seen"), LF101=("seen|moved", lambda match: ()))
    fixed = run("short\nmoved\n", rules)
    assert after(fixed) == "long_name = 0; seen\nmoved\n"
    texts = {after(fixed)[finding.span.start : finding.span.end] for finding in fixed.report.new}
    assert texts == {"seen"}


def test_fixes_that_overlap_wait_for_the_next_round() -> None:
    def outer(match: re.Match[str]) -> tuple[tuple[int, int, str], ...]:
        return ((match.start(), match.start() + 2, "g("), (match.end() - 1, match.end(), ", 1)"))

    # The inner call is inside of no edit of the outer one; the arguments that touch each other are.
    rules = Rules(LF301=(r"f\((?:[^()]|\([^()]*\))*\)", outer))
    assert after(run("f(f(x))\n", rules)) == "g(g(x, 1), 1)\n"
    rules = Rules(LF301=("(?=aa)", lambda match: ((match.start(), match.start() + 2, "b"),)))
    fixed = run("aaa\n", rules)
    assert after(fixed) == "ba\n"
    assert len(fixed.applied) == 1


def test_two_insertions_at_one_place_wait_and_identical_ones_are_made_once() -> None:
    def import_first(match: re.Match[str]) -> tuple[tuple[int, int, str], ...]:
        return ((0, 0, "import m\n"), (match.start(), match.end(), "m.ok"))

    fixed = run("bad, bad\n", Rules(LF301=("bad", import_first)))
    assert after(fixed) == "import m\nm.ok, m.ok\n"
    assert len(fixed.applied) == 2

    def named(match: re.Match[str]) -> tuple[tuple[int, int, str], ...]:
        return ((0, 0, f"import {match[0]}\n"), (match.start(), match.end(), "ok"))

    check = Rules(LF301=(r"(?<!import )bad\d", named))
    fixed = run("bad1, bad2\n", check)
    # Both insert at the start: their order would be arbitrary, so the second sees what the first did.
    assert after(fixed).endswith("ok, ok\n")
    assert [text.count("import") for text in check.texts[:3]] == [0, 1, 2]


def test_an_insertion_at_the_end_of_an_edit_waits() -> None:
    def edits(match: re.Match[str]) -> tuple[tuple[int, int, str], ...]:
        return ((0, 1, "s"),) if match[0] == "p" else ((1, 1, " + "),)

    check = Rules(LF301=(r"p|(?<=[ps])q", edits))
    assert after(run("pq\n", check)) == "s + q\n"
    assert check.texts[:3] == ["pq\n", "sq\n", "s + q\n"]


@pytest.mark.parametrize("text", ["bad, good\n", "good, bad\n", "good, bad, good\n", "bad\n", "bad, bad\n"])
def test_a_fix_that_breaks_the_file_is_dropped_and_named_and_the_others_stay(text: str) -> None:
    rules = Rules(LF201=("good|bad", lambda match: ((match.start(), match.end(), "f(" + ")" * (match[0] == "good")),)))
    fixed = run(text, rules)
    assert after(fixed) == text.replace("good", "f()")
    assert [each.location.column for each in fixed.dropped] == [match.start() + 1 for match in re.finditer("bad", text)]
    reason = "after it, the file could not be analysed: it is not valid Python"
    assert {each.reason for each in fixed.dropped} == {reason}
    assert [finding.fix for finding in fixed.report.findings] == [None] * text.count("bad")


def test_a_dropped_fix_stays_dropped_when_others_move_it() -> None:
    rules = Rules(LF301=("bad", "f("), LF401=("short", "much_longer"))
    fixed = run("short, bad\n", rules)
    assert after(fixed) == "much_longer, bad\n"
    assert [each.finding.code for each in fixed.dropped] == ["LF301"]


@pytest.mark.parametrize(
    ("edits", "reason"),
    [
        (((0, 2, "x"), (1, 3, "y")), "its own edits overlap"),
        (((0, 3, "bad"),), "it changes nothing"),
        ((), "it changes nothing"),
    ],
)
def test_a_fix_that_makes_no_sense_is_dropped(edits: tuple[tuple[int, int, str], ...], reason: str) -> None:
    fixed = run("bad\n", Rules(LF301=("bad", lambda match: edits)))
    assert [each.reason for each in fixed.dropped] == [reason]
    assert not fixed.changed


def test_a_fix_without_end_is_undone_and_the_others_are_made() -> None:
    rules = Rules(LF201=(r"loss(?=\.)", "loss.mean()"), LF401=("four", "x4"))
    fixed = run("loss.backward(), four\n", rules)
    assert after(fixed) == "loss.backward(), x4\n"
    assert [(each.finding.code, each.reason) for each in fixed.dropped] == [
        ("LF201", f"the fixes of LF201 came to no end within {MAX_ROUNDS} rounds")
    ]
    assert [finding.fix for finding in fixed.report.findings] == [None]


def test_fixes_that_undo_each_other_end() -> None:
    rules = Rules(LF301=("aa", "bb"), LF302=("bb", "aa"))
    fixed = run("aa\n", rules)
    assert after(fixed) in ("aa\n", "bb\n")
    assert fixed.dropped


def test_a_fix_of_another_file_is_not_made() -> None:
    def check(source: Source) -> FileReport:
        repair = Fix(Safety.SAFE, "Do.", (Edit(Span(0, 1), "b"),))
        finding = Finding("LF301", "n", "other.py", Span(0, 1), "It is.", fix=repair)
        return FileReport(source.name, (finding,))

    assert not run("a\n", check).changed


# --- bytes --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "data",
    [
        b"x = bad\r\ny = 1\r\n",
        b"x = bad\ry = 1\r",
        b"\xef\xbb\xbfx = bad  # \xc3\xa9\n",
        b"# coding: latin-1\nx = bad  # \xe9\n",
        b"x = bad",
        b"x = (\tbad,\n      )   \n\x0c\n",
        b"x = bad\r\ny = 1\nz = 2",
    ],
)
def test_only_the_characters_of_the_edit_change(data: bytes) -> None:
    fixed = fix(Document.of("x.py", data), Rules(LF301=("bad", "good")))
    assert fixed.after.data == data.replace(b"bad", b"good")
    assert fixed.before.data == data


def test_new_lines_end_as_those_of_the_file_do() -> None:
    fixed = fix(Document.of("x.py", b"x = bad\r\n"), Rules(LF301=("bad", "(\n    good\n)")))
    assert fixed.after.data == b"x = (\r\n    good\r\n)\r\n"


def test_a_character_that_the_encoding_lacks_is_a_reason() -> None:
    fixed = fix(Document.of("x.py", b"# coding: latin-1\nx = bad\n"), Rules(LF301=("bad", "'\N{EURO SIGN}'")))
    assert [each.reason for each in fixed.dropped] == [
        "the encoding of the file, iso-8859-1, lacks a character of the fix"
    ]


def test_an_encoding_that_does_not_give_back_its_bytes_is_a_reason() -> None:
    data = b"# coding: utf-7\nx = bad  # +AOk-+AOk-\n"
    fixed = fix(Document.of("x.py", data), Rules(LF301=("bad", "good")))
    assert not fixed.changed
    assert [each.reason for each in fixed.dropped] == [
        "its encoding, utf-7, does not give back the bytes that were read"
    ]
