"""What a SARIF report says about the rules: one object for each code, with its documentation."""

from __future__ import annotations

from textwrap import shorten

from lossflow.findings import Severity
from lossflow.rendering import rule_page
from lossflow.rules import Rule
from lossflow.rules.documentation import Documentation, documentation

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
        "help": {"text": rule_page.text([rule]), "markdown": _markdown(rule, says)},
        "defaultConfiguration": {"enabled": rule.default, "level": rule.severity.value},
        "properties": {
            "precision": "high",
            "problem.severity": _PROBLEM_SEVERITIES[rule.severity],
            "tags": ["correctness", "pytorch"],
        },
    }


def _markdown(rule: type[Rule], says: Documentation) -> str:
    return "\n\n".join(
        (
            f"# {rule.code} {rule.name}",
            says.summary,
            f"## Why\n\n{says.why}",
            f"## Bad\n\n```python\n{says.bad.rstrip()}\n```",
            f"## Good\n\n```python\n{says.good.rstrip()}\n```",
            f"## Fix safety\n\n{says.fix_safety}",
            f"## References\n\n{says.references}",
        )
    )
