"""What the fixes of a run did, and which of them were left out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping

from lossflow.fixing.rounds import Dropped, Fixed
from lossflow.rendering.places import at, shown
from lossflow.rendering.styled import Line, Piece, count


def lines(files: Mapping[str, Fixed], *, done: bool) -> Iterator[Line]:
    """A list of the codes that were fixed in each file, or would be."""
    yield (Piece("Fixes:" if done else "Fixes that would be made:", "bold"),)
    for name, fixed in files.items():
        yield (Piece(f"  {shown(name)}:", "bold"),)
        own = [applied.finding for applied in fixed.applied]
        for findings, along in ((own, ""), (fixed.settled, ", settled along with the others")):
            for (code, rule), number in sorted(Counter((each.code, each.name) for each in findings).items()):
                yield (Piece(f"    {number} x "), Piece(code, "bold red"), Piece(f" ({rule}){along}"))


def summary(files: Mapping[str, Fixed], *, done: bool) -> Iterator[Line]:
    """The last line of a run that reports nothing of what is left."""
    total = sum(fixed.count for fixed in files.values())
    said = f"{count(total, 'problem')} in {count(len(files), 'file')}" if files else "nothing"
    yield (Piece(f"{'Fixed' if done else 'Would fix'} {said}.", "bold green"),)


def dropped(fixes: Iterable[Dropped]) -> Iterator[str]:
    """A line for each fix that was left out."""
    for each in fixes:
        place = at(each.finding.file, each.location)
        yield f"warning: {place}: the fix of {each.finding.code} was not applied: {each.reason}.\n"


def refused(name: str, reason: str) -> Iterator[str]:
    """A line for a file that could not be fixed."""
    if reason:
        yield f"error: {shown(name)} was not fixed: {reason}.\n"
