"""The base of every rule: a class whose docstring is its documentation and whose `check` reads facts."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import ClassVar

from lossflow.domain.trace import Place, Site, Trace
from lossflow.findings import Finding, Fix, Related, Role, Severity, SumFix


class Rule(ABC):
    """One mistake. The docstring has the headings Why, Bad, Good, Fix safety and References."""

    code: ClassVar[str]
    name: ClassVar[str]
    fixable: ClassVar[str] = ""  # "unsafe", "sometimes safe", "sometimes unsafe" or nothing
    severity: ClassVar[Severity] = Severity.WARNING
    default: ClassVar[bool] = True  # False: only an explicit `select` enables it
    # The related places that the loss passes before the place of a finding, for those who show the way in order.
    comes_before: ClassVar[frozenset[Role]] = frozenset({Role.REDUCTION, Role.TERM, Role.DIVISION})

    def __init__(self, sum_fix: SumFix = SumFix.MEAN) -> None:
        """`sum_fix` is what the fix of a summed loss writes."""
        self.sum_fix = sum_fix

    @abstractmethod
    def check(self, trace: Trace) -> Iterator[Finding]:
        """The findings of this rule in the analysed file."""

    def finding(
        self, trace: Trace, place: Place, message: str, *, related: tuple[Related, ...] = (), fix: Fix | None = None
    ) -> Finding:
        """A finding of this rule at `place`, which must be in the analysed file."""
        return Finding(self.code, self.name, place.file, trace.span(place), message, self.severity, related, fix)


def related(trace: Trace, role: Role, site: Site, message: str) -> Related:
    """A related location at the place of `site`."""
    return Related(role, site.place.file, trace.span(site.place), message)
