"""What a rule says about itself: as text or JSON for `lossflow rule`, as Markdown for editors."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from textwrap import indent

from lossflow.rules import Rule
from lossflow.rules.documentation import documentation


def text(rules: Sequence[type[Rule]]) -> str:
    """A page for each rule."""
    return "\n".join(_page(rule) for rule in rules)


def markdown(rule: type[Rule]) -> str:
    """The page of a rule in Markdown."""
    says = documentation(rule)
    return "\n".join(
        (
            f"**{rule.code} {rule.name}**\n",
            f"{says.summary}\n",
            f"Severity: {rule.severity.value}. Fix: {rule.fixable or 'none'}.\n",
            f"**Why**\n\n{says.why}\n",
            f"**Bad**\n\n```python\n{says.bad.rstrip()}\n```\n",
            f"**Good**\n\n```python\n{says.good.rstrip()}\n```\n",
            f"**Fix safety**\n\n{says.fix_safety}\n",
            f"**References**\n\n{says.references}\n",
        )
    )


def markdown_list(rules: Sequence[type[Rule]]) -> str:
    """A line for each rule in Markdown."""
    return "".join(f"- **{rule.code} {rule.name}**: {documentation(rule).summary}\n" for rule in rules)


def _page(rule: type[Rule]) -> str:
    says = documentation(rule)
    switch = "" if rule.default else f" Off by default: only `{rule.code}` or `ALL` in `select` turns it on."
    head = f"{rule.code} {rule.name}"
    return "\n".join(
        (
            head,
            "=" * len(head),
            f"{says.summary}{switch}\n",
            f"Severity: {rule.severity.value}. Fix: {rule.fixable or 'none'}.\n",
            f"Why\n---\n{says.why}\n",
            f"Bad\n---\n{indent(says.bad.rstrip(), '    ')}\n",
            f"Good\n----\n{indent(says.good.rstrip(), '    ')}\n",
            f"Fix safety\n----------\n{says.fix_safety}\n",
            f"References\n----------\n{says.references}\n",
        )
    )


def json_text(rules: Sequence[type[Rule]]) -> str:
    """A JSON object for each rule: in a list, or alone where there is one."""
    pages = [
        {
            "code": rule.code,
            "name": rule.name,
            "severity": rule.severity.value,
            "fix": rule.fixable or None,
            "default": rule.default,
            **asdict(documentation(rule)),
        }
        for rule in rules
    ]
    return json.dumps(pages[0] if len(pages) == 1 else pages, indent=2) + "\n"
