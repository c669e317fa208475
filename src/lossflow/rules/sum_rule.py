"""What LF101 to LF104 have in common: each reports the sums over the batch that drive one kind of update."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from lossflow.domain.trace import Trace
from lossflow.findings import Finding, Role
from lossflow.rules.fixes import sums as fixes
from lossflow.rules.rule import Rule
from lossflow.rules.scale import Driver, Sum, sums
from lossflow.rules.way import way_of_sum


class SumRule(Rule):
    """A rule about sums whose optimizer and learning rate are those of `driver`."""

    driver: ClassVar[Driver]
    comes_before = frozenset({Role.REDUCTION})  # the other terms are added to it later

    def check(self, trace: Trace) -> Iterator[Finding]:
        """Each sum once, where its reduction was chosen."""
        for found in sums(trace):
            if found.driver is self.driver:
                message, related = self.message(trace, found), way_of_sum(trace, found)
                fix = fixes.fix(trace, found, self.sum_fix) if self.fixable else None
                yield self.finding(trace, found.choice.entry, message, related=related, fix=fix)

    def message(self, trace: Trace, found: Sum) -> str:
        """What the sum does to the training, and what to do about it."""
        raise NotImplementedError
