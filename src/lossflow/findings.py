"""What a rule reports: plain data, free of syntax trees, in character offsets of the source."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from lossflow.source import Edit, Span


class Role(Enum):
    """What a related place is to the finding; the values are the `role` of the JSON output."""

    REDUCTION = "reduction"
    TERM = "term"
    CALL = "call"
    BACKWARD = "backward"
    OPTIMIZER = "optimizer"
    LEARNING_RATE = "learning-rate"
    DIVISION = "division"


class Safety(Enum):
    """A safe fix keeps the numbers, or repairs code that could only raise; every other fix is unsafe."""

    SAFE = "safe"
    UNSAFE = "unsafe"


class SumFix(Enum):
    """What the fix of a summed loss writes: the mean, or a division by the batch size."""

    MEAN = "mean"
    BATCH = "batch"


class Severity(Enum):
    """How a finding is shown to SARIF viewers and editors."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


@dataclass(frozen=True, slots=True)
class Related:
    """Another place that has a part in a finding."""

    role: Role
    file: str
    span: Span
    message: str


@dataclass(frozen=True, slots=True)
class Fix:
    """Edits of one file that repair a finding."""

    safety: Safety
    message: str
    edits: tuple[Edit, ...]


@dataclass(frozen=True, slots=True)
class Finding:
    """One mistake at one place; `file` is the key under which the run knows the source."""

    code: str
    name: str
    file: str
    span: Span
    message: str
    severity: Severity = Severity.WARNING
    related: tuple[Related, ...] = ()
    fix: Fix | None = None

    @property
    def order(self) -> tuple[str, Span, str]:
        """The key by which findings are sorted."""
        return (self.file, self.span, self.code)

    @property
    def files(self) -> set[str]:
        """The files that it names."""
        return {self.file, *(place.file for place in self.related)}


def fixable(finding: Finding, *, unsafe: bool) -> bool:
    """True when a run that allows unsafe fixes, or doesn't, fixes the finding."""
    return finding.fix is not None and (unsafe or finding.fix.safety is Safety.SAFE)
