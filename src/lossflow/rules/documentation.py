"""A rule's docstring, taken apart: the one place that knows how it is written.

    One line that says what is wrong.

    ## Why
    Text.

    ## Bad
    ```python
    a complete script
    ```

and so on through `HEADINGS`, each once and in this order.
"""

from __future__ import annotations

import inspect
import re
from dataclasses import dataclass

from lossflow.rules.rule import Rule

HEADINGS = ("Why", "Bad", "Good", "Fix safety", "References")

_HEADING = re.compile(r"^## (.+)$", re.MULTILINE)
_CODE = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True, slots=True)
class Documentation:
    """What a rule says about itself; `bad` and `good` are scripts that torch runs, the rest is Markdown."""

    summary: str
    why: str
    bad: str
    good: str
    fix_safety: str
    references: str


def documentation(rule: type[Rule]) -> Documentation:
    """The documentation of a rule; raises ValueError when its docstring is not written as this module says."""
    text = inspect.cleandoc(rule.__doc__ or "")
    summary, *parts = _HEADING.split(text)
    headings = tuple(parts[::2])
    if headings != HEADINGS:
        raise ValueError(f"{rule.__name__} has the headings {headings}, not {HEADINGS}")
    why, bad, good, fix_safety, references = (part.strip() for part in parts[1::2])
    return Documentation(summary.strip(), why, _script(rule, bad), _script(rule, good), fix_safety, references)


def _script(rule: type[Rule], section: str) -> str:
    scripts: list[str] = _CODE.findall(f"{section}\n")
    if len(scripts) != 1:
        raise ValueError(f"{rule.__name__} has {len(scripts)} scripts under a heading that takes one")
    return scripts[0]
