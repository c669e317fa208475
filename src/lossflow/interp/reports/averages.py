"""Totals and averages of lists: `sum(losses)`, `np.mean(losses)`, `statistics.mean(losses)`."""

from __future__ import annotations

from lossflow.domain.environment import Kind
from lossflow.domain.tally import Tally
from lossflow.domain.trace import Site
from lossflow.domain.values import Ref, Tensor, Unknown, Value
from lossflow.interp.engine.frames import Arguments
from lossflow.interp.engine.machine import Machine
from lossflow.interp.objects import iteration, names
from lossflow.interp.reports import tallies

_MEANS = frozenset({"numpy.mean", "numpy.average", "numpy.nanmean", "statistics.mean", "statistics.fmean"})
_SUMS = frozenset({"numpy.sum", "numpy.nansum", "math.fsum"})


def call_function(machine: Machine, name: str, arguments: Arguments, site: Site) -> Value | None:
    """The total or average of a list to which the rounds of a loop have added; None for anything else."""
    held = arguments.get(0, "a", "data")
    if len(arguments.positional) + len(arguments.keywords) != 1 or held is None or not grows(machine, held):
        return None
    if name in _SUMS:
        return total(machine, held, iteration.element(machine, held), site=site)
    return mean(machine, held, site) if name in _MEANS else None


def grows(machine: Machine, held: Value) -> bool:
    """True for a list to which a loop over batches adds one element in each round."""
    return isinstance(held, Ref) and machine.get(held).kind is Kind.LIST and machine.get(held).length == Tally.BATCHES


def total(machine: Machine, held: Value, element: Value, *, site: Site) -> Value:
    """The sum of as many such elements as a list is long."""
    whole = names.repeated(element, iteration.trips(machine, held), site)
    if not grows(machine, held):
        return whole
    return tallies.settled(whole, tallies.of(machine, element).times(Tally.BATCHES))


def mean(machine: Machine, held: Value, site: Site) -> Value:
    """The mean of the elements of a list, one for each batch."""
    element = iteration.element(machine, held)
    whole = tallies.of(machine, element).times(Tally.BATCHES)
    average = whole.over(Tally.BATCHES, site=site)
    if isinstance(element, Tensor) and average.rounds == 0:
        tallies.note(machine, element, whole, average)
    return Unknown(computed=True, why="what an average of a list is", tally=average)
