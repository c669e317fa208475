"""`lossflow rule` explains the rules from their own documentation."""

from __future__ import annotations

import json

import pytest
from markdown_it import MarkdownIt
from markdown_it.token import Token

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


def _markdown(capsys: pytest.CaptureFixture[str], *arguments: str) -> list[Token]:
    assert main(["rule", *arguments, "--output-format", "markdown"]) == 0
    return MarkdownIt("commonmark").enable("table").parse(capsys.readouterr().out)


def _headings(tokens: list[Token]) -> list[tuple[str, str]]:
    return [(token.tag, tokens[at + 1].content) for at, token in enumerate(tokens) if token.type == "heading_open"]


def _scripts(tokens: list[Token]) -> list[tuple[str, str]]:
    return [(token.info, token.content) for token in tokens if token.type == "fence"]


def test_one_rule_as_markdown(capsys: pytest.CaptureFixture[str]) -> None:
    tokens = _markdown(capsys, "LF101")
    assert _headings(tokens) == [
        ("h1", "LF101 sum-with-fixed-lr"),
        *(("h2", heading) for heading in ("Why", "Bad", "Good", "Fix safety", "References")),
    ]
    says = documentation(RULES[0])
    assert _scripts(tokens) == [("python", says.bad), ("python", says.good)]
    paragraphs = [token.content for token in tokens if token.type == "inline"]
    assert "Severity: warning. Fix: sometimes unsafe." in paragraphs
    assert says.summary in paragraphs


def test_a_rule_that_is_off_says_so_in_markdown(capsys: pytest.CaptureFixture[str]) -> None:
    contents = " ".join(token.content for token in _markdown(capsys, "LF108"))
    assert "Off by default: only `LF108` or `ALL` in `select` turns it on." in contents


def test_all_rules_as_one_markdown_document_with_a_table_of_links(capsys: pytest.CaptureFixture[str]) -> None:
    tokens = _markdown(capsys, "--all")
    headings = _headings(tokens)
    assert headings[0] == ("h1", "Rules of lossflow")
    assert [text for tag, text in headings if tag == "h2"] == [f"{rule.code} {rule.name}" for rule in RULES]
    assert len([tag for tag, _ in headings if tag == "h3"]) == 5 * len(RULES)
    scripts = [("python", script) for says in map(documentation, RULES) for script in (says.bad, says.good)]
    assert _scripts(tokens) == scripts

    children = [child for token in tokens for child in token.children or ()]
    links = [child.attrGet("href") for child in children if child.type == "link_open"]
    assert links == [f"#{rule.code.lower()}" for rule in RULES]
    anchors = [child.content for child in children if child.type == "html_inline" and child.content != "</a>"]
    assert anchors == [f'<a id="{rule.code.lower()}">' for rule in RULES]


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
