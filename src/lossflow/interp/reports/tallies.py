"""What is counted, added up and averaged over the batches of the data, for a report.

Objectives don't come here: a tally rides along with a value and changes neither its exponent nor its trail.
"""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import libcst as cst
from libcst import matchers as m

from lossflow.catalog.names import means_dataset, means_sampler
from lossflow.domain.environment import Kind
from lossflow.domain.joins import is_start
from lossflow.domain.tally import Tally
from lossflow.domain.trace import Averaged, Site
from lossflow.domain.values import Class, Const, External, Number, Ref, Tensor, Unknown, Value, tally_of
from lossflow.interp.engine.frames import Frame, Loop
from lossflow.interp.engine.machine import Machine
from lossflow.interp.objects import classes, iteration
from lossflow.interp.reports import uses

_ENTRIES = frozenset({"data", "examples", "imgs", "samples", "targets"})
"""What datasets hold one entry of for each example, by the names of torchvision and torchtext."""
_DATASETS = ("torch.utils.data.Dataset", "torch.utils.data.dataset.Dataset")


def of(machine: Machine, value: Value) -> Tally:
    """How a value grows; the name of what is out of sight is evidence of a batch size or a hyperparameter."""
    if isinstance(value, Unknown) and value.tally is None:
        return Tally(machine.factor(value).known)
    return tally_of(value)


def settled(value: Value, tally: Tally) -> Value:
    """`value` with its tally; unchanged where it is no number."""
    return replace(value, tally=tally) if isinstance(value, (Tensor, Number, Unknown)) else value


# --- operators ----------------------------------------------------------------------------------------------------


def combined(machine: Machine, operator: str, left: Value, right: Value, *, result: Value, site: Site) -> Value:
    """`result`, the value of `left operator right`, with its tally; a wrong average is noted."""
    if all(getattr(value, "tally", None) is None for value in (left, right)):
        return result
    before, other = of(machine, left), of(machine, right)
    match operator:
        case "+" | "-":
            return settled(result, _sum(left, right, before, other))
        case "*":
            tally = before.times(other)
        case "/" | "//":
            tally = before.over(other, site=site)
            if before.rounds >= 1 and tally.rounds == 0 and tally.division == site:
                note(machine, left, before, tally)
        case _:
            tally = Tally.UNKNOWN
    _amend(machine, result, tally, was=before if before.division else other)
    return settled(result, tally)


def _sum(left: Value, right: Value, before: Tally, other: Tally) -> Tally:
    """`i + 1` goes as i does; anything else must go alike to be added."""
    if isinstance(right, Const):
        return before
    if isinstance(left, Const):
        return other
    return before.join(other) if before.like(other) else Tally.UNKNOWN


def note(machine: Machine, losses: Value, total: Tally, average: Tally) -> None:
    """Note that a total of numbers, perhaps of losses, became an average."""
    division = average.division
    if total.batch is None or division is None or not isinstance(losses, Tensor):
        return
    if total.batch != average.divisor and _is_only_compared(machine, division):
        return
    site = total.update or division
    machine.record(Averaged(site, losses=losses, total=total.batch, divisor=average.divisor, division=division))


def _is_only_compared(machine: Machine, division: Site) -> bool:
    """True for an average that is off, but only compared with its like, where that makes no difference."""
    unit = next(unit for unit in machine.units.values() if unit.source.name == division.place.file)
    return uses.is_only_compared(unit.tree, unit.places.nodes[division.place.number])


def _amend(machine: Machine, losses: Value, tally: Tally, *, was: Tally) -> None:
    """Note that an average that was off is multiplied or divided by what makes it right."""
    if was.division is None or tally.division != was.division or was.rounds or tally.rounds:
        return
    if was.batch != 0 and tally.batch == 0:
        machine.record(Averaged(was.division, losses=losses, division=was.division, amended=True))


# --- loops --------------------------------------------------------------------------------------------------------


def accumulated(
    machine: Machine, loops: tuple[Loop, ...], before: Value, addend: Value, *, update: Site | None
) -> Tally | None:
    """The tally of a total after `addend` was added in every round of `loops`, which began after the total did.

    None where no round draws a batch. Other loops must go round as often whatever the batch size. A total that is set
    to zero within the loop, every k rounds, is one all the same: it comes round with what was added to it.
    """
    one = of(machine, addend)
    if not any(loop.batches or loop.counted for loop in loops):
        was = tally_of(before)
        return was if was.like(replace(one, rounds=one.rounds + 1)) else None  # reset every k rounds
    drawn = sum(loop.counted for loop in loops)
    if drawn != sum(not loop.trips.is_zero for loop in loops):
        return Tally.UNKNOWN
    if not one.known:
        return Tally.UNKNOWN
    total = replace(one, rounds=one.rounds + drawn, update=update)
    if one.division is not None and total.rounds == 0 and one.batch is not None:
        whole = replace(total, batch=one.batch + one.divisor)
        note(machine, addend, whole, total)
    start = before == Const(0) or (isinstance(before, Tensor) and before.tally is None and is_start(before))
    return total if start else of(machine, before).join(total)


def update_of_meter(machine: Machine, addend: cst.BaseExpression, frame: Frame) -> Site | None:
    """The call of `meter.update(loss, n)` where that is where the program is: it adds what it was given."""
    if frame.call is None or frame.code is None or frame.receiver is None or frame.depth < len(machine.loops):
        return None
    parameters = {parameter.name.value for parameter in frame.code.node.params.params[1:]}
    named = {name.value for name in m.findall(addend, m.Name()) if isinstance(name, cst.Name)}
    return frame.call if parameters & named else None


# --- lengths ------------------------------------------------------------------------------------------------------


def length(machine: Machine, held: Value, node: cst.CSTNode) -> Tally | None:
    """What `len(held)` counts: batches or examples; None where that is no question of the whole data."""
    match node:
        case cst.Call(args=[cst.Arg(value=cst.Attribute(attr=cst.Name(value=name)))]) if (
            name == "dataset" or means_sampler(name)
        ):
            return Tally.EXAMPLES
        case cst.Call(
            args=[cst.Arg(value=cst.Attribute(value=cst.Attribute(attr=cst.Name("dataset")), attr=cst.Name(name)))]
        ) if name in _ENTRIES:
            return Tally.EXAMPLES
    if iteration.is_loader(machine, held):
        return Tally.BATCHES if iteration.counts_batches(machine, held) else Tally.UNKNOWN
    match held:
        case Tensor(data=True):
            return Tally(Fraction(1))  # the batch itself: who counts its parts means its examples
        case Unknown(name=name) if means_dataset(name) or means_sampler(name):
            return Tally.EXAMPLES
        case Ref():
            record = machine.get(held)
            if record.kind is Kind.LIST:
                return record.length
            return Tally.EXAMPLES if record.cls is not None and _is_dataset(machine, record.cls) else None
    return None


def _is_dataset(machine: Machine, cls: Value) -> bool:
    match cls:
        case External(name=name):
            leaf = name.rpartition(".")[2]
            return ".datasets." in name or leaf.endswith(("Dataset", "Subset")) or means_sampler(leaf)
        case Class(name=name):
            return name.endswith("Dataset") or any(
                base.name in _DATASETS for base in classes.external_bases(machine, cls)
            )
    return False
