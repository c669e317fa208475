"""What a SARIF report says about the rules: one object for each code, with its documentation."""

from __future__ import annotations

from textwrap import shorten

from lossflow.findings import Severity
from lossflow.rendering import rule_markdown, rule_page
from lossflow.rules import Rule
from lossflow.rules.documentation import documentation

_LONGEST = 1024  # characters that GitHub takes of a description
_PROBLEM_SEVERITIES = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.NOTE: "recommendation"}


def descriptor(rule: type[Rule]) -> dict[str, object]:
    """The rule in the words of SARIF.

    There is no `security-severity`, which would make a security alert of every finding.
    """
    says = documentation(rule)
    return {
        "id": rule.code,
        "name": rule.name,
        "shortDescription": {"text": shorten(says.summary, _LONGEST)},
        "fullDescription": {"text": shorten(says.why.partition("\n\n")[0], _LONGEST)},
        "help": {"text": rule_page.text([rule]), "markdown": rule_markdown.page(rule)},
        "defaultConfiguration": {"enabled": rule.default, "level": rule.severity.value},
        "properties": {
            "precision": "high",
            "problem.severity": _PROBLEM_SEVERITIES[rule.severity],
            "tags": ["correctness", "pytorch"],
        },
    }
