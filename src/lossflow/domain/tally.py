"""How a number grows that is only reported: a total of losses, a count of batches or of examples, an average.

The batch exponent alone does not tell a total from a mean of the same losses. So what is counted or added up over the
batches of the data has a second power: with B examples in a batch and K batches, a total of batch means goes as
B^0 K^1, a total of batch sums as B^1 K^1, `len(loader)` as B^0 K^1, `len(dataset)`, which is B * K, as B^1 K^1. An
average is right when both powers of the quotient are zero.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from typing import ClassVar

from lossflow.domain.trace import Site


@dataclass(frozen=True, slots=True)
class Tally:
    """The powers of B (`batch`; None where nothing is known) and of K (`rounds`) with which a number goes.

    `update` is the call of a meter's method that adds to it. `division` is where it was last divided by a number of
    batches or examples, and `divisor` the power of B of that number.
    """

    batch: Fraction | None
    rounds: int = 0
    update: Site | None = None
    division: Site | None = None
    divisor: Fraction = Fraction(0)

    UNKNOWN: ClassVar[Tally]
    CONSTANT: ClassVar[Tally]
    BATCHES: ClassVar[Tally]
    EXAMPLES: ClassVar[Tally]

    @property
    def known(self) -> bool:
        return self.batch is not None

    def like(self, other: Tally) -> bool:
        """True when both go with the same powers, and these are known."""
        return self.known and (self.batch, self.rounds) == (other.batch, other.rounds)

    def join(self, other: Tally) -> Tally:
        """The tally of a number that is one or the other: commutative, associative and idempotent."""
        if self == other:
            return self
        if not self.like(other):
            return Tally.UNKNOWN
        division, divisor = max(
            (self.division, self.divisor), (other.division, other.divisor), key=lambda pair: (_order(pair[0]), pair[1])
        )
        update = max(self.update, other.update, key=_order)
        return replace(self, update=update, division=division, divisor=divisor)

    def times(self, other: Tally) -> Tally:
        """The tally of a product."""
        if self.batch is None or other.batch is None:
            return Tally.UNKNOWN
        main = self if self.update or self.division else other
        return replace(main, batch=self.batch + other.batch, rounds=self.rounds + other.rounds)

    def over(self, other: Tally, *, site: Site) -> Tally:
        """The tally of a quotient, which is made at `site`."""
        if self.batch is None or other.batch is None:
            return Tally.UNKNOWN
        quotient = replace(self, batch=self.batch - other.batch, rounds=self.rounds - other.rounds)
        return replace(quotient, division=site, divisor=other.batch) if other.rounds > 0 else quotient


def _order(site: Site | None) -> tuple[str, int]:
    return ("", 0) if site is None else (site.place.file, site.place.number)


Tally.UNKNOWN = Tally(None)
Tally.CONSTANT = Tally(Fraction(0))
Tally.BATCHES = Tally(Fraction(0), 1)
Tally.EXAMPLES = Tally(Fraction(1), 1)
