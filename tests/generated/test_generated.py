"""Torch runs every generated program at B and at 2 B, and the analysis must agree wherever it claims to know."""

from __future__ import annotations

from collections import Counter

from .reporting import quoted, share
from .verdicts import Verdict

UNKNOWN = 0.02
"""The share of programs that may be unknown to the analysis."""
CODES = {"LF101", "LF102", "LF104", "LF105", "LF107", "LF109", "LF201"}


def test_torch_refutes_nothing(compared: list[Verdict]) -> None:
    wrong = [(each, "; ".join(each.comparison.refuted)) for each in compared if each.comparison.refuted]
    assert not wrong, quoted(wrong)


def test_no_mistake_that_torch_shows_is_missed(compared: list[Verdict]) -> None:
    wrong = [(each, "; ".join(each.comparison.missed)) for each in compared if each.comparison.missed]
    assert not wrong, quoted(wrong)


def test_what_was_fixed_is_independent_of_the_batch(compared: list[Verdict]) -> None:
    wrong = [(each, "; ".join(each.unrepaired)) for each in compared if each.unrepaired]
    assert not wrong, quoted(wrong)


def test_little_is_unknown(compared: list[Verdict]) -> None:
    wrong = [(each, "; ".join(each.comparison.unknown)) for each in compared if each.comparison.unknown]
    assert share(compared) <= UNKNOWN, quoted(wrong)


def test_torch_can_judge_the_programs(compared: list[Verdict]) -> None:
    wrong = [(each, f"torch made nothing of it: {each.judgement.error}") for each in compared
             if not each.comparison.judged]  # fmt: skip
    assert len(wrong) <= 0.02 * len(compared), quoted(wrong)


def test_the_programs_make_every_mistake(compared: list[Verdict]) -> None:
    found = Counter(code for each in compared for code in each.comparison.codes)
    assert found.keys() >= CODES
