"""The machine: everything that the interpretation of one file carries along.

The modules of this package are functions on a `Machine` and a `Frame`. `evaluate`, `run` and `call` are wired in by
`module`, because expressions, statements and calls need each other.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import libcst as cst

from lossflow.catalog import Catalog
from lossflow.domain.environment import Heap, Kind, Record
from lossflow.domain.exponent import Exponent
from lossflow.domain.joins import join
from lossflow.domain.trace import WRITTEN, Event, Guard, InSight, Place, Site, Step, Unused
from lossflow.domain.values import Class, Function, Lost, Ref, Tensor, Unknown, Value
from lossflow.interp.engine import evidence, provenance
from lossflow.interp.engine.budget import BudgetExceeded
from lossflow.interp.engine.footprint import Footprint
from lossflow.interp.engine.frames import Arguments, Case, Code, Frame, Loop, Outcome, Unit
from lossflow.interp.engine.loaded import Loaded
from lossflow.interp.engine.places import Places
from lossflow.source import Source

Evaluate = Callable[["Machine", cst.BaseExpression, Frame], Value]
Run = Callable[["Machine", Sequence[cst.CSTNode], Frame], Outcome]
CallValue = Callable[["Machine", Value, Arguments, cst.CSTNode, Frame], Value]

_GONE = Record(Kind.INSTANCE)
"""What is known of an object that is not there."""


@dataclass(slots=True)
class Machine:
    """The state of an interpretation."""

    catalog: Catalog
    root: Unit
    evaluate_node: Evaluate
    run_nodes: Run
    call_value: CallValue
    resolve: Callable[[str, str], Source | None]
    unseen: Ref  # attributes that the program sets on objects out of sight, by dotted name
    heap: Heap = field(default_factory=Heap)
    units: dict[str, Unit] = field(default_factory=dict)
    trees: dict[str, tuple[cst.Module, Places]] = field(default_factory=dict)  # of every file met, by its name
    events: list[Event] = field(default_factory=list)
    silent: int = 0
    root_number: int = 0  # of the entry point that is being run
    roots: int = 0  # entry points met so far
    steps: int = 0
    limit: int = 0  # of steps, when the entry point that is being run has to stop
    loops: list[Loop] = field(default_factory=list)
    guards: tuple[Guard, ...] = ()  # the tests of rounds under which the program is
    unmasked: bool = False  # the program is in a branch that is taken where there is no mask
    stack: list[Code] = field(default_factory=list)
    sites: list[int] = field(default_factory=list)
    grad_enabled: bool = True
    depths: dict[tuple[int, object], int] = field(default_factory=dict)
    used: set[Site] = field(default_factory=set)
    bound: dict[str, set[Site]] = field(default_factory=dict)  # where the losses have been that a name may hold
    pending: dict[tuple[Site, int], Event] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    functions: dict[int, Function] = field(default_factory=dict)
    executing: int = 0  # bodies of imported modules that are being run within each other
    importing: Place | None = None  # the import statement of the analysed file that is being followed: see `follow`
    stars: dict[str, list[str]] = field(default_factory=dict)  # packages star-imported, by file
    classes: list[Class] = field(default_factory=list)
    heirs: dict[int, list[Class]] = field(default_factory=dict)  # the classes that derive from one, by its scope
    untaken: bool = False  # what runs is a branch that the values at hand don't take
    looked_through: set[int] = field(default_factory=set)  # such branches, by the identity of their blocks
    footprint: Footprint | None = None  # of the call in progress
    repeats: dict[tuple[int, ...], list[Any]] = field(default_factory=dict)  # calls that may come by again
    spoken: int = 0  # events that were met, recorded or not
    in_place: bool = False  # what is being assigned was there before: its depth stays
    case: Case | None = None  # what is supposed in this run
    batches: dict[Place, InSight | None] = field(default_factory=dict)  # see `Trace.batches`; None: not always the same
    scaled: dict[int, cst.BaseExpression] = field(default_factory=dict)  # what a GradScaler's call scales, by the call
    lost: Lost | None = None  # the first value that is not known among the parts of the expression in progress
    cases: dict[Case, int] = field(default_factory=dict)  # what further runs may suppose: the lowest rank first
    loaded: Loaded = field(default_factory=Loaded)
    addresses: dict[object, int] = field(default_factory=dict)  # of objects, by where they are made
    codes: dict[int, Code] = field(default_factory=dict)  # by the identity of their definitions
    answers: dict[Code, list[Value]] = field(default_factory=dict)  # to literals, that is unknown: see `indifferent`
    closed_over: set[int] = field(default_factory=set)  # scopes that functions defined in them hold

    # --- the cycle ---------------------------------------------------------------------------------------------

    def evaluate(self, node: cst.BaseExpression, frame: Frame) -> Value:
        """The value of an expression; counts against the budget."""
        self.steps += 1
        if self.steps > self.limit:
            raise BudgetExceeded
        before, self.lost = self.lost, None
        value = self.evaluate_node(self, node, frame)
        if isinstance(value, (Unknown, Tensor)):
            if self.executing and isinstance(value, Unknown):
                self.loaded.asked.add(value.name)
            value = provenance.traced(self, value, self.lost, node, frame)
            before = before or provenance.of(value)
            if self.case is not None and isinstance(value, Unknown) and _is_supposed(value, self.case):
                value = self.case.value
        self.lost = before
        return value

    def run(self, body: Sequence[cst.CSTNode], frame: Frame) -> Outcome:
        """Run statements on the current heap."""
        before = self.lost
        outcome = self.run_nodes(self, body, frame)
        self.lost = before  # what a function does not know is not what its caller does not know
        return outcome

    def call(self, function: Value, arguments: Arguments, node: cst.CSTNode, frame: Frame) -> Value:
        """The value of a call."""
        return self.call_value(self, function, arguments, node, frame)

    # --- places and events -------------------------------------------------------------------------------------

    def site(self, node: cst.CSTNode, frame: Frame) -> Site:
        """Where `node` is, and where the analysed file's flow entered to get there."""
        place = frame.unit.places.of(node)
        return Site(place, place if frame.unit is self.root or frame.entry is None else frame.entry)

    def follow(self, at: Place | None) -> None:
        """Note which import statement of the analysed file leads to what comes now."""
        self.importing = at
        if self.footprint is not None:
            self.footprint.followed = (at,)

    def followed(self) -> Place | None:
        """The import statement of the analysed file that led here."""
        if self.footprint is not None and not self.footprint.followed:
            self.footprint.asked = True
        return self.importing

    def enter_root(self) -> None:
        """Begin another entry point: its training steps are its own."""
        self.roots += 1
        self.root_number = self.roots

    def record(self, event: Event) -> None:
        """Note an event, unless this is a round of a loop before the last."""
        self.spoken += 1
        if not self.silent and (not self.untaken or isinstance(event, WRITTEN)):
            loops = tuple(loop.number for loop in self.loops)
            case = self.case.words if self.case is not None else ""
            enabled = self.grad_enabled
            self.events.append(
                replace(
                    event,
                    root=self.root_number,
                    loops=loops,
                    guards=self.guards,
                    grad_enabled=enabled,
                    case=case,
                )
            )

    def files(self) -> frozenset[str]:
        """The files whose functions are being run."""
        return frozenset(code.unit.source.name for code in self.stack)

    def expect_use(self, event: Unused) -> None:
        """Note a per-example loss, which nobody has read so far."""
        self.spoken += 1
        if not self.silent and not self.untaken:
            loops = tuple(loop.number for loop in self.loops)
            event = replace(event, root=self.root_number, loops=loops, grad_enabled=self.grad_enabled)
            self.pending.setdefault((event.site, self.root_number), event)

    def note(self, text: str) -> None:
        """Remember something for `--verbose`."""
        if text not in self.notes:
            self.notes.append(text)

    # --- the heap ----------------------------------------------------------------------------------------------

    def allocate(self, node: object, record: Record) -> Ref:
        """A new object made at `node`; the same object again when the same call stack comes by once more."""
        which = tuple(map(id, node)) if isinstance(node, tuple) else id(node)
        key = (which, record.kind, tuple(self.sites))
        address = self.addresses.setdefault(key, len(self.addresses) + 1)
        self._meet(address)
        self.heap[address] = record
        self._deepen((address, None))
        return Ref(address)

    def begin(self, node: object, record: Record) -> Ref:
        """An object that a call makes before anything else: whatever a call before left in its place is gone."""
        made = self.allocate(node, record)
        if self.footprint is not None:
            self.footprint.made[made.address] = self.footprint.records.pop(made.address)
        return made

    def code(self, node: cst.FunctionDef | cst.Lambda, unit: Unit, name: str) -> Code:
        """The code of a function: one object however often its definition is executed."""
        code = self.codes.get(id(node))
        if code is None:
            code = self.codes[id(node)] = Code(name, node, unit, len(self.codes))
        return code

    def release(self, frame: Frame) -> None:
        """Forget the locals of a call that is over, unless a closure holds them: every join pays for what is kept."""
        if frame.captured:
            self.closed_over.add(frame.scope.address)
        if frame.scope.address not in self.closed_over:  # a closure of an earlier call may hold it, too
            self.forget(frame.scope.address)

    def forget(self, address: int) -> None:
        """Forget an object that nothing refers to any more."""
        kept = self.footprint
        for name in (None, *self.heap[address].slots):
            self.depths.pop((address, name), None)
            if kept is not None:
                kept.deepened.discard((address, name))
        self.heap.drop(address)
        if kept is not None:
            for met in (kept.records, kept.made):
                if met.get(address) is None:
                    met.pop(address, None)

    def get(self, ref: Ref) -> Record:
        """The state of an object; nothing is known of one that was made on a path that was given up.

        Such an object may still be at hand: `yield Sample(1)` gave it away before the path ended in a `raise`.
        """
        record = self.find(ref.address)
        if self.footprint is not None and ref.address not in self.footprint.made:
            self.footprint.records.setdefault(ref.address, record)
        return record or _GONE

    def set(self, ref: Ref, record: Record) -> None:
        self._meet(ref.address)
        self.heap[ref.address] = record

    def put(self, ref: Ref, key: object, value: Value) -> None:
        """Set one slot of an object, and remember how deep in loops it was set."""
        self._meet(ref.address)
        self.heap[ref.address] = (self.find(ref.address) or _GONE).put(key, value)
        self._deepen((ref.address, key))

    def find(self, address: int) -> Record | None:
        """The record at the address, met or not; None where there is none on the way to here."""
        return self.heap[address] if address in self.heap else None  # noqa: SIM401 - a heap has no `get`

    def exists(self, ref: Ref) -> bool:
        """True where the object was made on the way to here."""
        self._meet(ref.address)
        return ref.address in self.heap

    def _meet(self, address: int) -> None:
        """Note a record before it is changed, or found missing."""
        kept = self.footprint
        if kept is not None and address not in kept.records and address not in kept.made:
            kept.records[address] = self.find(address)

    def _deepen(self, key: tuple[int, object]) -> None:
        """Remember how deep in loops the slot is set."""
        if self.in_place:
            self._depth(key)
            self.depths.setdefault(key, len(self.loops))
        else:
            self.depths[key] = len(self.loops)
        if self.footprint is not None:
            self.footprint.deepened.add(key)

    def _depth(self, key: tuple[int, object]) -> int | None:
        depth = self.depths.get(key)
        if self.footprint is not None and key not in self.footprint.deepened:
            self.footprint.depths.setdefault(key, depth)
        return depth

    @contextmanager
    def updating(self) -> Iterator[None]:
        """What is assigned within is an update of what was there: it counts as set when that was set."""
        before, self.in_place = self.in_place, True
        yield
        self.in_place = before

    def trips_since(self, ref: Ref, key: object, *, batches: bool = True) -> Exponent:
        """The exponent of how often the loops go round since the slot (or, for key None, the object) was set.

        Without `batches`, loops that draw a batch in each round don't count.
        """
        trips = Exponent.ZERO
        for loop in self.loops_since(ref, key):
            if batches or not loop.batches:
                trips = trips + loop.trips
        return trips

    def loops_since(self, ref: Ref, key: object) -> tuple[Loop, ...]:
        """The loops that began after the slot (or, for key None, the object) was set."""
        return tuple(self.loops[self._depth((ref.address, key)) or 0 :])

    # --- values ------------------------------------------------------------------------------------------------

    def factor(self, value: Value) -> Exponent:
        """The exponent of a factor; where it is out of sight its name is the evidence."""
        return evidence.factor(value, self.catalog.batch_size_names)

    def named(self, value: Value, name: str) -> Value:
        """`value` as it is known under `name`: a literal that is called a batch size is one."""
        return evidence.named(value, name, self.catalog.batch_size_names)

    def joined(self, values: Sequence[Value]) -> Value:
        """The join of several values; unknown when there are none."""
        if not values:
            return Unknown(computed=True)
        whole = values[0]
        for value in values[1:]:
            whole = join(whole, value)
        return whole

    def is_kind(self, value: Value, kind: Kind) -> bool:
        return isinstance(value, Ref) and self.get(value).kind is kind

    def made(self, value: Value) -> Step | None:
        """The step that constructed a criterion or an optimizer."""
        return self.get(value).made if isinstance(value, Ref) else None

    def use(self, value: Value) -> None:
        """Note that the program reads `value`, so that a loss that nobody reads can be told."""
        self.used.update(_sites(value))

    def bind(self, name: str, value: Value) -> None:
        """Note which losses a name may hold: a join of two keeps the way of one."""
        if sites := _sites(value):
            self.bound.setdefault(name, set()).update(sites)
            if self.footprint is not None:
                self.footprint.bound.setdefault(name, set()).update(sites)

    def read(self, name: str, value: Value) -> None:
        """Note that the program reads what a name holds."""
        self.use(value)
        self.used.update(self.bound.pop(name, ()))
        if self.footprint is not None:
            self.footprint.read.add(name)
            self.footprint.bound.pop(name, None)


def _is_supposed(value: Unknown, case: Case) -> bool:
    return value.name == case.name and not value.computed


def _sites(value: Value) -> set[Site]:
    """Where a loss has been."""
    if not isinstance(value, Tensor) or not value.loss:
        return set()
    return {step.site for term in value.terms for step in term.trail}
