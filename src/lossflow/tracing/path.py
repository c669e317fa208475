"""The way of an objective from its losses to the update, as plain data that can be drawn as a tree or a graph."""

from __future__ import annotations

from dataclasses import dataclass

from lossflow.domain.exponent import Exponent
from lossflow.source import Location, Source, Span


@dataclass(frozen=True, slots=True)
class Spot:
    """A piece of source."""

    source: Source
    span: Span

    @property
    def start(self) -> Location:
        """Where it begins."""
        return self.source.location(self.span.start)

    @property
    def end(self) -> Location:
        """Where it ends."""
        return self.source.location(self.span.end)

    @property
    def text(self) -> str:
        """What is written there."""
        return self.source.text[self.span.start : self.span.end]

    @property
    def row(self) -> int:
        """The line of the whole file on which it begins."""
        return self.source.row(self.span.start)

    def on(self, row: int | None, cell: int | None) -> bool:
        """True when a line (of a cell) is one of those that this is written on; None stands for any."""
        if cell != self.start.cell and cell is not None:
            return False
        return row is None or self.start.row <= row <= self.end.row


@dataclass(frozen=True, slots=True)
class Reason:
    """Why something is not known, as a sentence; `spot` is the first value that is not."""

    words: str
    spot: Spot | None = None


@dataclass(frozen=True, slots=True)
class Stage:
    """One thing done to a loss: it adds `factor` to the power of B, which then is `total`."""

    words: str
    spot: Spot
    factor: Exponent
    total: Exponent


@dataclass(frozen=True, slots=True)
class TermPath:
    """An addend of the objective. `batchless` is True for one without examples, such as a penalty on parameters."""

    exponent: Exponent
    stages: tuple[Stage, ...]
    batchless: bool
    reason: Reason | None


@dataclass(frozen=True, slots=True)
class Driver:
    """An optimizer that steps on the gradients. `update` is the power of B of its step."""

    words: str
    spot: Spot | None
    learning_rate: Exponent
    learning_rate_spot: Spot | None
    update: Exponent
    reason: Reason | None


@dataclass(frozen=True, slots=True)
class Path:
    """What one backward differentiates, and what becomes of it.

    `scaling` is the power of B by which the gradients themselves are multiplied before the step, `gradient` that of the
    gradient that the optimizers see. `axes` says which dimensions the objective still has, None for one of which
    nothing is known. `verdict` is the conclusion, as a sentence, `reasons` why there is none.
    """

    words: str
    spot: Spot
    case: str
    axes: str | None
    terms: tuple[TermPath, ...]
    scaling: Exponent
    gradient: Exponent
    drivers: tuple[Driver, ...]
    verdict: str
    reasons: tuple[Reason, ...]

    @property
    def spots(self) -> tuple[Spot, ...]:
        """Every place on the way."""
        stages = [stage.spot for term in self.terms for stage in term.stages]
        reasons = [reason.spot for reason in (*self.reasons, *(t.reason for t in self.terms)) if reason is not None]
        drivers = [spot for driver in self.drivers for spot in (driver.spot, driver.learning_rate_spot)]
        return tuple(spot for spot in (*stages, self.spot, *reasons, *drivers) if spot is not None)


def growth(exponent: Exponent) -> str:
    """How something grows with the batch size: `B^1`, `B^(1/2)`, `at least B^1`, `an unknown power of B`."""
    if exponent.known is not None:
        return _power(str(exponent.known))
    match exponent.low, exponent.high:
        case None, None:
            return "an unknown power of B"
        case low, None:
            return f"at least {_power(str(low))}"
        case None, high:
            return f"at most {_power(str(high))}"
        case low, high:
            return f"{_power(str(low))} to {_power(str(high))}"


def _power(number: str) -> str:
    return f"B^({number})" if "/" in number else f"B^{number}"
