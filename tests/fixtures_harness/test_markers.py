"""The markers of fixtures are read as their description says, and every fixture keeps to the conventions."""

from __future__ import annotations

from collections import Counter
from fractions import Fraction
from pathlib import Path

import pytest

from .markers import RULE_FIXTURES, BadMarker, Fixture, collect, read, silenced

FIXTURES = collect(RULE_FIXTURES)
RULES = sorted({fixture.path.parent for fixture in FIXTURES})
HERE = Path("fixture.py")


def test_findings_stand_on_the_line_of_their_comment() -> None:
    fixture = read(HERE, 'first = 1\nx = f(  # LF301, LF101\n    "# LF999 in a string",\n)\nx.backward()  # LF201\n')
    assert fixture.expected == Counter({(2, "LF301"): 1, (2, "LF101"): 1, (5, "LF201"): 1})
    assert not fixture.missed
    assert fixture.lines("LF101") == {2}
    assert fixture.codes == {"LF101", "LF201", "LF301"}


def test_two_findings_of_one_code_on_a_line_are_two() -> None:
    assert read(HERE, "f(); g()  # LF302, LF302\n").expected == Counter({(1, "LF302"): 2})


def test_known_misses_are_kept_apart() -> None:
    fixture = read(HERE, "f()  # LF301  # todo: LF101\n")
    assert fixture.expected == Counter({(1, "LF301"): 1})
    assert fixture.missed == Counter({(1, "LF101"): 1})
    assert silenced(fixture) == "f()  # noqa: LF301  # todo: LF101\n"


def test_what_a_fix_brings_to_light_is_kept_apart() -> None:
    fixture = read(HERE, "f()  # LF304  # fixed: LF101\n")
    assert fixture.expected == Counter({(1, "LF304"): 1})
    assert fixture.fixed == Counter({(1, "LF101"): 1})
    assert fixture.codes == {"LF304"}
    assert silenced(fixture) == "f()  # noqa: LF304  # fixed: LF101\n"


@pytest.mark.parametrize(
    "comment", ["# LF201 here", "# LF20", "# TODO LF201", "# todo LF201", "# LF201; LF202", "# lf201"]
)
def test_a_comment_that_only_looks_like_a_marker_is_an_error(comment: str) -> None:
    with pytest.raises(BadMarker, match=r"fixture\.py:2: "):
        read(HERE, f"x = 1\ny = 2  {comment}\n")


def test_noqa_is_not_a_marker() -> None:
    fixture = read(HERE, "f()  # noqa: LF101\n# flake8: noqa: LF101\n")
    assert not fixture.expected
    assert silenced(fixture) == fixture.text


def test_silencing_turns_markers_into_noqa_and_nothing_else() -> None:
    fixture = read(HERE, "a = 1  # the first\nf()  # LF101, LF301\ng()  # todo: LF101\n")
    assert silenced(fixture) == "a = 1  # the first\nf()  # noqa: LF101, LF301\ng()  # todo: LF101\n"


def test_reveals_are_read_with_their_line() -> None:
    assert read(HERE, "\nreveal(x)  # revealed: per example, B^0\n").revealed == {2: "per example, B^0"}


def test_what_is_not_known_yet_is_kept_apart() -> None:
    fixture = read(HERE, "reveal(x)  # todo: revealed: scalar, B^1\nreveal(y)  # revealed: scalar, B^0\n")
    assert (fixture.revealed, fixture.unrevealed) == ({2: "scalar, B^0"}, {1: "scalar, B^1"})


def test_the_first_line_says_why_a_fixture_is_not_run() -> None:
    assert read(HERE, "# not run: needs lightning\n").not_run == "needs lightning"
    assert read(HERE, "\n# not run: needs lightning\n").not_run == ""


def test_the_first_line_directs_the_oracle() -> None:
    said = read(HERE, "# oracle: batch size is per_gpu; gradient B^1; update B^1/2\n").directives
    assert (said.batch_size, said.gradient, said.update) == ("per_gpu", Fraction(1), Fraction(1, 2))
    said = read(HERE, "# oracle: gradient B^1, update B^0\n").directives
    assert (said.gradient, said.update, said.raises, said.words) == (Fraction(1), Fraction(0), None, frozenset())
    said = read(HERE, "# oracle: raises TypeError; warns; no step\n").directives
    assert (said.raises, said.words) == ("TypeError", {"warns", "no step"})


def test_a_directive_that_is_not_understood_is_an_error() -> None:
    with pytest.raises(BadMarker, match="gradients B"):
        read(HERE, "# oracle: gradients B^1\n")


@pytest.mark.parametrize("fixture", FIXTURES, ids=lambda fixture: fixture.id)
def test_a_flagged_fixture_expects_a_finding_and_a_clean_one_none(fixture: Fixture) -> None:
    kind, _, situation = fixture.path.stem.partition("_")
    assert kind in {"flagged", "clean"}
    assert situation
    assert bool(fixture.codes) is (kind == "flagged")
    compile(fixture.text, str(fixture.path), "exec")


@pytest.mark.parametrize("folder", RULES, ids=lambda folder: folder.name)
def test_a_rule_has_as_many_clean_fixtures_as_flagged_ones(folder: Path) -> None:
    names = [path.stem.partition("_")[0] for path in folder.glob("*.py")]
    assert names.count("clean") >= names.count("flagged") >= 3
