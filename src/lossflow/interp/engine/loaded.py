"""What the modules of a program are once their bodies have run, for runs that suppose something else.

A case supposes what a choice of the analysed file comes to. The body of a module that doesn't name the choice does the
same as before, and bodies are half of what a run of a file with many imports costs.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from lossflow.domain.environment import Heap, Record
from lossflow.domain.values import Ref
from lossflow.interp.engine.frames import Case

if TYPE_CHECKING:
    from lossflow.interp.engine.machine import Machine


@dataclass(slots=True)
class Loaded:
    """The objects that the bodies of modules made, as these left them, and how many steps that took."""

    records: dict[int, Record] = field(default_factory=dict)
    asked: set[str] = field(default_factory=set)  # names from out of sight that they read
    steps: int = 0

    def note(self, scope: Ref, heap: Heap, before: Heap, steps: int) -> None:
        """Note what a body made or changed, its scope first; what it changed of the analysed file is not its own."""
        self.steps += steps
        for address, record in heap.changes(before):
            if address == scope.address or address not in before or address in self.records:
                self.records[address] = record


def adopt(machine: Machine, other: Machine) -> None:
    """Begin a run with the modules that another run over the same file has loaded."""
    machine.loaded = Loaded(dict(other.loaded.records))
    machine.addresses.update(other.addresses)
    machine.codes.update((node, code) for node, code in other.codes.items() if code.unit is not other.root)
    machine.closed_over |= other.closed_over.intersection(machine.loaded.records)
    for address, record in machine.loaded.records.items():
        machine.heap[address] = record
    for name, unit in other.units.items():
        if unit is not other.root and unit.globals.address in machine.loaded.records:
            machine.units[name] = unit
            if name in other.stars:
                machine.stars[name] = list(other.stars[name])
    machine.classes += [cls for cls in other.classes if cls.scope.address in machine.loaded.records]
    for base, heirs in other.heirs.items():
        if kept := [cls for cls in heirs if cls.scope.address in machine.loaded.records]:
            machine.heirs[base] = kept


def concerns(machine: Machine, case: Case) -> bool:
    """True when the body of a module asked for what the case supposes: `args.loss`, or `args.alpha > 0`."""
    return case.name.partition(" ")[0] in machine.loaded.asked
