"""What a call has met of the machine, so that the same call can be told when it comes by again: see `repeats`."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from lossflow.domain.environment import Record
from lossflow.domain.trace import Place, Site
from lossflow.domain.values import Function

if TYPE_CHECKING:
    from lossflow.interp.engine.frames import Code


@dataclass(slots=True)
class Footprint:
    """What a call in progress has met of the machine."""

    records: dict[int, Record | None] = field(default_factory=dict)  # by address, as they were at the beginning
    made: dict[int, Record | None] = field(default_factory=dict)  # the same of those that it makes whatever was there
    depths: dict[tuple[int, object], int | None] = field(default_factory=dict)  # those that it read
    deepened: set[tuple[int, object]] = field(default_factory=set)  # those that it set
    functions: dict[int, Function] = field(default_factory=dict)
    codes: set[Code] = field(default_factory=set)
    read: set[str] = field(default_factory=set)  # names: see `Machine.read`
    bound: dict[str, set[Site]] = field(default_factory=dict)  # the same since they were read
    asked: bool = False  # by which import statement it came there, before it followed one itself
    followed: tuple[Place | None, ...] = ()  # the last import statement that it followed, if any

    def include(self, inner: Footprint) -> None:
        """Take over what a call within this one has met."""
        for met in (inner.records, inner.made):
            for address, record in met.items():
                if address not in self.made:
                    self.records.setdefault(address, record)
        for key, depth in inner.depths.items():
            if key not in self.deepened:
                self.depths.setdefault(key, depth)
        self.deepened |= inner.deepened
        self.asked |= inner.asked and not self.followed
        self.followed = inner.followed or self.followed
        self.read |= inner.read
        for name in inner.read:
            self.bound.pop(name, None)
        for name, sites in inner.bound.items():
            self.bound.setdefault(name, set()).update(sites)
        self.functions |= inner.functions
        self.codes |= inner.codes
