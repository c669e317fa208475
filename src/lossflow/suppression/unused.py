"""Codes of lossflow in `# noqa` comments that silence nothing.

What other tools report is not known here, so their codes, and comments without codes, are left alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from lossflow.configuration.config import Config
from lossflow.findings import Finding
from lossflow.source import Location, Source
from lossflow.suppression.comments import Suppressions

_OWN = re.compile(r"LF\d+")


@dataclass(frozen=True, slots=True)
class Unused:
    """A code that silences nothing, and where it stands."""

    code: str
    location: Location


def unused(comments: Suppressions, findings: Iterable[Finding], source: Source, config: Config) -> Iterator[Unused]:
    """The codes that silence none of the findings, of which none is left out for a comment yet.

    A code is only judged where every rule that it means is on: it may be there for a run that turns another one on.
    """
    if "LF" not in source.text or comments.whole_file:  # the first is all that most files cost
        return
    codes: dict[int, set[str]] = {}
    for finding in findings:
        codes.setdefault(source.row(finding.span.start), set()).add(finding.code)
    for run in comments.commented():
        found = {code for row in range(run.first, run.last + 1) for code in codes.get(row, ())}
        seen: set[str] = set()
        for each in run.codes or ():
            repeated, silences = each.word in seen, any(code.startswith(each.word) for code in found)
            seen.add(each.word)
            if _OWN.fullmatch(each.word) and (repeated or not silences) and _on(each.word, source.name, config):
                yield Unused(each.word, source.location(source.offset(each.row) + each.column - 1))


def _on(code: str, name: str, config: Config) -> bool:
    """True when every rule that the code means is on in the file of that name, or there is no such rule."""
    # Imported here: few files have a comment with a code of ours.
    from lossflow.rules import RULES

    meant = [rule for rule in RULES if rule.code.startswith(code) and (rule.default or rule.code == code)]
    return all(
        config.enables(rule.code, default=rule.default) and not config.ignores(rule.code, name) for rule in meant
    )
