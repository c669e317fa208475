"""Every rule documents itself, and what it says of itself is true: its examples are analysed and run."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from lossflow.catalog import Catalog
from lossflow.domain.trace import Trace
from lossflow.findings import Finding, Severity
from lossflow.interp import interpret
from lossflow.rules import RULES, Rule
from lossflow.rules.documentation import HEADINGS, Documentation, documentation
from lossflow.source import Source, apply_edits

from .traces import findings

README = Path(__file__).resolve().parents[2] / "README.md"
SLUGS = {
    "LF101": "sum-with-fixed-lr",
    "LF102": "sum-with-adaptive-optimizer",
    "LF103": "sum-with-unseen-lr",
    "LF104": "sum-with-lr-times-batch",
    "LF105": "mixed-reductions",
    "LF106": "clip-with-sum",
    "LF107": "accumulation-not-divided",
    "LF108": "ignored-num-items",
    "LF109": "normalised-twice",
    "LF201": "unreduced-backward",
    "LF202": "unreduced-objective",
    "LF203": "masked-mean-counts-padding",
    "LF204": "mask-on-reduced-loss",
    "LF301": "legacy-reduction-arguments",
    "LF302": "invalid-reduction",
    "LF303": "kl-mean",
    "LF304": "reduction-in-wrong-position",
    "LF305": "tensors-to-constructor",
    "LF401": "average-off-by-batch-size",
}
ERRORS = {"LF105", "LF107", "LF201", "LF202", "LF302", "LF304", "LF305"}
NOTES = {"LF102", "LF103", "LF106", "LF401"}
RAISES = {"LF201": RuntimeError, "LF302": ValueError, "LF305": RuntimeError}
"""What torch says to the bad example of a rule about code that can only raise."""
BY_HAND = {"LF202"}
"""Rules that have fixes, but none for their own example: whether an unused loss was meant to count isn't known."""
every_rule = pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.code)


def analysed(script: str) -> list[Finding]:
    return findings(interpret(Source("example.py", script), catalog=Catalog.default()))


def test_codes_are_unique_and_sorted_and_names_are_those_of_the_table() -> None:
    assert {rule.code: rule.name for rule in RULES} == SLUGS
    assert [rule.code for rule in RULES] == sorted(SLUGS)


@every_rule
def test_a_rule_is_in_the_file_of_its_name(rule: type[Rule]) -> None:
    assert rule.__module__ == f"lossflow.rules.{rule.name.replace('-', '_')}"


@every_rule
def test_severity_is_that_of_the_table(rule: type[Rule]) -> None:
    expected = Severity.ERROR if rule.code in ERRORS else Severity.NOTE if rule.code in NOTES else Severity.WARNING
    assert rule.severity is expected


@every_rule
def test_fixable_and_the_fix_safety_agree(rule: type[Rule]) -> None:
    says = documentation(rule).fix_safety
    word = {"unsafe": "Unsafe", "sometimes unsafe": "Unsafe", "sometimes safe": "Safe", "": "No fix"}[rule.fixable]
    assert says.startswith(word)


@every_rule
def test_every_part_of_the_documentation_is_there(rule: type[Rule]) -> None:
    parts = documentation(rule)
    assert parts.summary.endswith(".")
    assert "\n" not in parts.summary
    assert all((parts.why, parts.bad, parts.good, parts.fix_safety))
    assert parts.references.startswith("- ")
    assert parts.bad != parts.good


@every_rule
def test_the_bad_example_is_flagged_with_exactly_that_code(rule: type[Rule]) -> None:
    assert [finding.code for finding in analysed(documentation(rule).bad)] == [rule.code]


@every_rule
def test_the_good_example_is_clean(rule: type[Rule]) -> None:
    assert analysed(documentation(rule).good) == []


@every_rule
def test_the_fix_of_the_bad_example_is_the_good_one(rule: type[Rule]) -> None:
    parts = documentation(rule)
    (finding,) = analysed(parts.bad)
    if rule.fixable and rule.code not in BY_HAND:
        assert finding.fix is not None
        assert apply_edits(parts.bad, finding.fix.edits) == parts.good
    else:
        assert finding.fix is None


@every_rule
def test_torch_runs_the_examples(rule: type[Rule], monkeypatch: pytest.MonkeyPatch) -> None:
    parts = documentation(rule)
    # The examples of LF108 only define classes: the base stands for that of a large package.
    monkeypatch.setitem(sys.modules, "transformers", SimpleNamespace(Trainer=object))
    exec(compile(parts.good, f"{rule.name} good", "exec"), {"__name__": "example"})
    bad = compile(parts.bad, f"{rule.name} bad", "exec")
    if rule.code in RAISES:
        with pytest.raises(RAISES[rule.code]):
            exec(bad, {"__name__": "example"})
    else:
        exec(bad, {"__name__": "example"})


@every_rule
def test_the_bad_and_the_good_example_differ_in_one_place(rule: type[Rule]) -> None:
    """The reader should see the mistake, not a rewrite; a scaled learning rate needs another base as well."""
    parts = documentation(rule)
    changed = set(parts.bad.splitlines()) ^ set(parts.good.splitlines())
    assert len(changed) <= 4


# --- the README --------------------------------------------------------------------------------------------------


def rows() -> Iterator[tuple[str, str]]:
    """Code and name of each row of the table between the README's markers."""
    parts = re.split(r"<!-- /?rules -->", README.read_text(encoding="utf-8"))
    assert len(parts) == 3, "the README needs one table of rules, between two markers"
    for line in parts[1].splitlines():
        found = re.match(r"\|\W*(LF\d{3})\W*\|\W*([a-z0-9-]+)\W*\|", line)
        if found:
            yield found[1], found[2]


def test_the_table_of_the_readme_is_the_rules() -> None:
    assert list(rows()) == [(rule.code, rule.name) for rule in RULES]


# --- what the parser of documentation refuses --------------------------------------------------------------------


class Undocumented(Rule):
    def check(self, trace: Trace) -> Iterator[Finding]:
        yield from ()


def sections(**changed: str) -> str:
    parts = dict.fromkeys(HEADINGS, "Text.")
    parts |= {"Bad": "```python\nbad = 1\n```", "Good": "```python\ngood = 1\n```", **changed}
    return "A summary.\n\n" + "\n\n".join(f"## {heading}\n{text}" for heading, text in parts.items())


def documented(text: str) -> type[Rule]:
    return type("Documented", (Undocumented,), {"__doc__": text})


def test_a_docstring_is_taken_apart() -> None:
    assert documentation(documented(sections(Why="One.\n\nTwo."))) == Documentation(
        "A summary.", "One.\n\nTwo.", "bad = 1\n", "good = 1\n", "Text.", "Text."
    )


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", r"has the headings \(\)"),
        (sections(Extra="More."), "Extra"),
        (sections().replace("## Why", "## Reason"), "Reason"),
        (sections(Bad="No script."), "has 0 scripts"),
        (sections(Good="```python\na = 1\n```\n```python\nb = 1\n```"), "has 2 scripts"),
    ],
)
def test_a_docstring_written_otherwise_is_refused(text: str, complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        documentation(documented(text))
