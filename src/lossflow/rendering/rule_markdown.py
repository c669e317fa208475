"""What rules say about themselves, as Markdown: a page for one, or a document of all of them with a table of links."""

from __future__ import annotations

from collections.abc import Sequence

from lossflow.rules import Rule
from lossflow.rules.documentation import documentation


def text(rules: Sequence[type[Rule]]) -> str:
    """The page of a rule that stands alone, else a document in which each rule is a section."""
    return page(rules[0]) if len(rules) == 1 else _document(rules)


def page(rule: type[Rule], *, level: int = 1) -> str:
    """What a rule says about itself, under a heading of that level."""
    says = documentation(rule)
    sections = (
        ("Why", says.why),
        ("Bad", _code(says.bad)),
        ("Good", _code(says.good)),
        ("Fix safety", says.fix_safety),
        ("References", says.references),
    )
    switch = "" if rule.default else f" Off by default: only `{rule.code}` or `ALL` in `select` turns it on."
    blocks = [
        f"{'#' * level} {rule.code} {rule.name}",
        f"{says.summary}{switch}",
        f"Severity: {rule.severity.value}. Fix: {rule.fixable or 'none'}.",
        *(f"{'#' * (level + 1)} {heading}\n\n{body}" for heading, body in sections),
    ]
    return "\n\n".join(blocks) + "\n"


def _document(rules: Sequence[type[Rule]]) -> str:
    # What a heading is called in a link differs from one site generator to the next: the anchors are written out.
    table = ["| code | name | what it finds |", "| --- | --- | --- |"]
    table += [f"| [{rule.code}](#{_anchor(rule)}) | {rule.name} | {documentation(rule).summary} |" for rule in rules]
    sections = (f'<a id="{_anchor(rule)}"></a>\n\n{page(rule, level=2)}' for rule in rules)
    return "\n".join(("# Rules of lossflow\n", *table, "", *sections))


def _anchor(rule: type[Rule]) -> str:
    return rule.code.lower()


def _code(script: str) -> str:
    return f"```python\n{script.rstrip()}\n```"
