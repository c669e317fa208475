"""The power of the batch size B with which a value grows when the same examples are seen in a larger batch.

A value v has exponent e when repeating the batch k times multiplies v by k**e. A sum over the examples has exponent 1,
a mean 0, `sum / x.size(0)` 0, `mean * batch_size` 1. The same holds of the gradient of a loss with respect to the
parameters, because differentiation is linear. What is only partly known is an interval: the sum of a loop that may or
may not run over the examples lies in [e, e + 1], a value of which nothing is known in (-oo, oo).
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import ClassVar


@dataclass(frozen=True, slots=True)
class Exponent:
    """An interval of rational exponents; `None` is an open end."""

    low: Fraction | None
    high: Fraction | None

    ZERO: ClassVar[Exponent]
    ONE: ClassVar[Exponent]
    UNKNOWN: ClassVar[Exponent]

    @staticmethod
    def of(value: int | Fraction) -> Exponent:
        """The exponent that is exactly `value`."""
        exact = Fraction(value)
        return Exponent(exact, exact)

    @staticmethod
    def between(low: int | Fraction | None, high: int | Fraction | None) -> Exponent:
        """Any exponent from `low` to `high`; raises ValueError when they are the wrong way round."""
        if low is not None and high is not None and low > high:
            raise ValueError(f"an exponent cannot lie between {low} and {high}")
        return Exponent(None if low is None else Fraction(low), None if high is None else Fraction(high))

    @property
    def known(self) -> Fraction | None:
        """The exponent when it is a single number, else None."""
        return self.low if self.low == self.high else None

    @property
    def is_zero(self) -> bool:
        return self.low == 0 and self.high == 0

    def at_least(self, bound: int | Fraction) -> bool:
        """True when no exponent of the interval is below `bound`."""
        return self.low is not None and self.low >= bound

    def at_most(self, bound: int | Fraction) -> bool:
        """True when no exponent of the interval is above `bound`."""
        return self.high is not None and self.high <= bound

    def apart(self, other: Exponent) -> bool:
        """True when the two can't be equal, whatever they are."""
        return (self.high is not None and other.low is not None and self.high < other.low) or (
            other.high is not None and self.low is not None and other.high < self.low
        )

    def __add__(self, other: Exponent) -> Exponent:
        return Exponent(_plus(self.low, other.low), _plus(self.high, other.high))

    def __neg__(self) -> Exponent:
        return Exponent(None if self.high is None else -self.high, None if self.low is None else -self.low)

    def __sub__(self, other: Exponent) -> Exponent:
        return self + -other

    def scaled(self, factor: int | Fraction) -> Exponent:
        """The exponent of the value raised to the power `factor`."""
        if factor == 0:
            return Exponent.ZERO
        ends = [None if end is None else end * Fraction(factor) for end in (self.low, self.high)]
        return Exponent(*ends) if factor > 0 else Exponent(*reversed(ends))

    def join(self, other: Exponent) -> Exponent:
        """The smallest interval that holds both."""
        low = None if self.low is None or other.low is None else min(self.low, other.low)
        high = None if self.high is None or other.high is None else max(self.high, other.high)
        return Exponent(low, high)

    def widen(self, later: Exponent) -> Exponent:
        """The join, with every end that still moves thrown open, so that loops come to rest."""
        both = self.join(later)
        return Exponent(both.low if both.low == self.low else None, both.high if both.high == self.high else None)

    def __str__(self) -> str:
        if self.known is not None:
            return str(self.known)
        if self.low is None and self.high is None:
            return "?"
        return f"{'-oo' if self.low is None else self.low}..{'oo' if self.high is None else self.high}"


def _plus(left: Fraction | None, right: Fraction | None) -> Fraction | None:
    return None if left is None or right is None else left + right


Exponent.ZERO = Exponent.of(0)
Exponent.ONE = Exponent.of(1)
Exponent.UNKNOWN = Exponent(None, None)
