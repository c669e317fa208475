"""Fixes, applied in rounds: the fixes of one code at a time, and the file analysed anew in between.

A fix of one finding often settles another, or moves it, so that only what the next analysis still says is acted on.
Nothing is written here: a document goes in, another one comes out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from lossflow.checking import FileReport
from lossflow.document import Document
from lossflow.errors import NotEdited
from lossflow.findings import Finding, fixable
from lossflow.source import Edit, Location, Source

MAX_ROUNDS = 10
"""Rounds of one file; fixes that still ask for more undo each other, or themselves."""

PRECEDENCE = ("LF30", "LF20", "LF105", "LF101", "LF102", "LF103", "LF107", "LF109", "LF1", "LF4")
"""Which code is fixed first: what a loss is told decides its scale, and the scale what an average divides."""

Check = Callable[[Source], FileReport]


@dataclass(frozen=True, slots=True)
class Applied:
    """A fix that was applied, and where its finding stood when it was."""

    finding: Finding
    location: Location


@dataclass(frozen=True, slots=True)
class Dropped:
    """A fix that was left out, where its finding stands, and why."""

    finding: Finding
    location: Location
    reason: str


@dataclass(frozen=True, slots=True)
class Fixed:
    """What the fixes of a file did.

    `report` is that of `after`, in which the fixes that were dropped are no longer offered. `settled` are the findings
    that went away without a fix of their own, along with what the others fixed.
    """

    before: Document
    after: Document
    report: FileReport
    applied: tuple[Applied, ...] = ()
    dropped: tuple[Dropped, ...] = ()
    settled: tuple[Finding, ...] = ()

    @property
    def changed(self) -> bool:
        """True when there is something to write."""
        return self.before.data != self.after.data

    @property
    def count(self) -> int:
        """How many findings are gone."""
        return len(self.applied) + len(self.settled)


def fix(document: Document, check: Check, *, unsafe: bool = False, known: FileReport | None = None) -> Fixed:
    """Apply the fixes that `check` offers; the unsafe ones only on request.

    `known` is what was reported of the document before something else changed, where something did: what goes beyond
    it came to light.
    """
    unsettled: set[str] = set()
    while True:
        rounds = _Rounds(document, check, unsafe, unsettled, known)
        if not rounds.run():
            return rounds.result()
        # A fix that is never done with does not repair: without its code, the others get their turn.
        unsettled |= {rounds.waiting}


def _rank(code: str) -> tuple[int, str]:
    """The place of a code in the precedence: where its longest prefix stands."""
    prefix = max((each for each in PRECEDENCE if code.startswith(each)), key=len, default="")
    return (PRECEDENCE.index(prefix) if prefix else len(PRECEDENCE), code)


# --- places that move ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Mark:
    """Where a finding was and, as the text around it changes, where it must be by now: between `low` and `high`."""

    finding: Finding
    low: int
    high: int

    @staticmethod
    def of(finding: Finding) -> _Mark:
        return _Mark(finding, finding.span.start, finding.span.start)

    def fits(self, finding: Finding) -> bool:
        return self.finding.code == finding.code and self.low <= finding.span.start <= self.high

    def moved(self, edits: Sequence[Edit]) -> _Mark:
        return replace(self, low=_moved(self.low, edits, behind=False), high=_moved(self.high, edits, behind=True))


def _moved(offset: int, edits: Sequence[Edit], *, behind: bool) -> int:
    """Where a character is after the edits; `behind` what took its place, or stands before it, where that is open."""
    shift = 0
    for edit in edits:
        if edit.span.end < offset or (edit.span.end == offset and behind):
            shift += len(edit.content) - (edit.span.end - edit.span.start)
        elif edit.span.start < offset:
            return edit.span.start + shift + (len(edit.content) if behind else 0)
    return offset + shift


def _place(finding: Finding, document: Document) -> Location:
    return document.source.location(finding.span.start)


@dataclass(frozen=True, slots=True)
class _Outcome:
    """What the edits of a round lead to."""

    edits: tuple[Edit, ...]
    document: Document
    report: FileReport


# --- rounds -------------------------------------------------------------------------------------------------------


@dataclass
class _Rounds:
    """The rounds of one file; `waiting` is the code whose fixes were still to be applied when they were over."""

    document: Document
    check: Check
    unsafe: bool
    unsettled: set[str]
    known: FileReport | None = None
    waiting: str = ""
    applied: list[Applied] = field(default_factory=list)
    dropped: list[Dropped] = field(default_factory=list)
    _refused: list[_Mark] = field(default_factory=list)
    _first: list[_Mark] = field(default_factory=list)
    _done: set[int] = field(default_factory=set)

    def run(self) -> bool:
        """Apply what can be applied; True when the rounds ended with something still waiting."""
        self._before, self._report = self.document, self.check(self.document.source)
        known = self.known or self._report
        self._first = [_Mark.of(finding) for finding in known.findings if finding not in known.new]
        for _ in range(MAX_ROUNDS):
            chosen = self._chosen()
            if not chosen:
                return False
            self._apply(chosen)
        self.waiting = next((finding.code for finding in self._chosen()), "")
        return bool(self.waiting)

    def result(self) -> Fixed:
        """What the rounds came to."""
        left = self._report.findings
        gone = [
            mark.finding
            for index, mark in enumerate(self._first)
            if index not in self._done and not any(map(mark.fits, left))
        ]
        shown = {finding: replace(finding, fix=None) if self._is_refused(finding) else finding for finding in left}
        new = {shown[finding] for finding in left if not any(mark.fits(finding) for mark in self._first)}
        report = replace(self._report, findings=tuple(shown.values()), new=frozenset(new))
        dropped = [*self.dropped, *self._unsettled()]
        return Fixed(self._before, self.document, report, tuple(self.applied), tuple(dropped), tuple(gone))

    def _unsettled(self) -> Iterator[Dropped]:
        for finding in self._report.findings:
            if finding.code in self.unsettled and fixable(finding, unsafe=self.unsafe):
                reason = f"the fixes of {finding.code} came to no end within {MAX_ROUNDS} rounds"
                yield Dropped(finding, _place(finding, self.document), reason)

    def _is_refused(self, finding: Finding) -> bool:
        return finding.code in self.unsettled or any(mark.fits(finding) for mark in self._refused)

    def _chosen(self) -> list[Finding]:
        """The findings to fix in the next round: all of one code."""
        offered = [
            finding
            for finding in self._report.findings
            if finding.file == self.document.source.name
            and fixable(finding, unsafe=self.unsafe)
            and not self._is_refused(finding)
        ]
        first = min((finding.code for finding in offered), key=_rank, default="")
        return [finding for finding in offered if finding.code == first]

    def _apply(self, chosen: Sequence[Finding]) -> None:
        """Apply the fixes together, without those that the file doesn't survive."""
        good = list(_compatible(chosen))
        outcome: _Outcome | None
        try:
            outcome = self._tried(good)
        except NotEdited:
            good, outcome = self._sifted(good)
        if outcome is not None:
            self._accept(good, outcome)

    def _sifted(self, suspects: Sequence[Finding]) -> tuple[list[Finding], _Outcome | None]:
        """The findings whose fixes do no harm, and what they lead to; each of the others is named with its reason."""
        good: list[Finding] = []
        outcome = None
        for finding in suspects:
            try:
                outcome = self._tried([*good, finding])
            except NotEdited as error:
                self.dropped.append(Dropped(finding, _place(finding, self.document), str(error)))
                self._refused.append(_Mark.of(finding))
            else:
                good.append(finding)
        return good, outcome

    def _tried(self, chosen: Sequence[Finding]) -> _Outcome:
        """What the fixes lead to; raises NotEdited where that is worse than it was, or the same."""
        edits = tuple(sorted({edit for finding in chosen for edit in _edits(finding)}, key=lambda edit: edit.span))
        try:
            document = self.document.edited(edits)
        except ValueError:
            raise NotEdited("its own edits overlap") from None
        if document.data == self.document.data:
            raise NotEdited("it changes nothing")
        report = self.check(document.source)
        if report.failure is not None:
            raise NotEdited(f"after it, the file could not be analysed: {report.failure}")
        if len(report.omitted) > len(self._report.omitted):
            worse = next(cell for cell in report.omitted if cell not in self._report.omitted)
            raise NotEdited(f"after it, the notebook could not be analysed without {worse}")
        return _Outcome(edits, document, report)

    def _accept(self, chosen: Sequence[Finding], outcome: _Outcome) -> None:
        for finding in chosen:
            self.applied.append(Applied(finding, _place(finding, self.document)))
            self._done |= {index for index, mark in enumerate(self._first) if mark.fits(finding)}
        self._first = [mark.moved(outcome.edits) for mark in self._first]
        self._refused = [mark.moved(outcome.edits) for mark in self._refused]
        self.document, self._report = outcome.document, outcome.report


# --- edits of one round -------------------------------------------------------------------------------------------


def _edits(finding: Finding) -> tuple[Edit, ...]:
    return finding.fix.edits if finding.fix is not None else ()


def _compatible(findings: Iterable[Finding]) -> Iterator[Finding]:
    """The findings whose fixes can be applied together, the earlier ones first.

    An edit that two fixes share is made once. One that touches an edit of another fix waits for the next round.
    """
    taken: list[Edit] = []
    for finding in findings:
        own = [edit for edit in _edits(finding) if edit not in taken]
        if not any(_overlap(edit, other) for edit in own for other in taken):
            taken += own
            yield finding


def _overlap(one: Edit, other: Edit) -> bool:
    """True when the order of two edits matters: where they share characters, or one inserts at an end of the other."""
    low, high = max(one.span.start, other.span.start), min(one.span.end, other.span.end)
    inserts = one.span.start == one.span.end or other.span.start == other.span.end
    return low <= high if inserts else low < high
