"""`lossflow rule` explains the rules from their own documentation."""

from __future__ import annotations

import json

import pytest

from lossflow.cli import main
from lossflow.rules import RULES
from lossflow.rules.documentation import documentation


def test_one_rule_as_text(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["rule", "lf101"]) == 0
    page = capsys.readouterr().out
    assert page.startswith("LF101 sum-with-fixed-lr\n=======================\n")
    headings = [page.index(f"\n{name}\n---") for name in ("Why", "Bad", "Good", "Fix safety", "References")]
    assert headings == sorted(headings)


def test_all_rules_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["rule", "--all", "--output-format", "json"]) == 0
    pages = json.loads(capsys.readouterr().out)
    assert [page["code"] for page in pages] == [rule.code for rule in RULES]
    keys = {"code", "name", "severity", "fix", "default", "summary", "why", "bad", "good", "fix_safety", "references"}
    assert all(set(page) == keys for page in pages)
    assert pages[0]["bad"] == documentation(RULES[0]).bad


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["LF1O1"], "there is no rule `LF1O1`. Did you mean `LF101`?"),
        (["nonsense"], "there is no rule `nonsense`."),
        ([], "`lossflow rule` takes the code of one rule, or `--all`."),
        (["LF101", "--all"], "`lossflow rule` takes the code of one rule, or `--all`."),
    ],
)
def test_what_is_no_rule_is_one_sentence(
    capsys: pytest.CaptureFixture[str], arguments: list[str], sentence: str
) -> None:
    assert main(["rule", *arguments]) == 2
    captured = capsys.readouterr()
    assert (captured.out, captured.err) == ("", f"error: {sentence}\n")
