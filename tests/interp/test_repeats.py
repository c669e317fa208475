"""A call that is taken from memory does what running it again would do: the same value, heap, depths and events."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, fields

import pytest

from lossflow.catalog import Catalog
from lossflow.domain.environment import Heap, Kind, Record
from lossflow.domain.exponent import Exponent
from lossflow.domain.trace import Backward, Place, Site, Trace
from lossflow.domain.values import Bound, Class, Const, Function, Number, OneOf, Partial, Ref, Super, Tuple, Value
from lossflow.interp import interpret
from lossflow.interp.engine import leftovers, repeats
from lossflow.interp.engine.frames import Code
from lossflow.interp.engine.machine import Machine
from lossflow.source import Source

from ..fixtures_harness.markers import FLOW_FIXTURES, RULE_FIXTURES, collect

FIXTURES = [*collect(FLOW_FIXTURES), *collect(RULE_FIXTURES)]

NESTED = """\
import torch
import torch.nn.functional as F


class Meter:
    def __init__(self):
        self.total = 0
        self.seen = []

    def update(self, value):
        self.total += value
        self.seen.append(value)


class Net(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = [torch.nn.Linear(3, 3) for _ in range(4)]
        self.calls = 0
        self.cache = None

    def forward(self, x):
        self.calls += 1
        if self.cache is None:
            self.cache = {}
        self.cache["last"] = x
        for layer in self.layers:
            x = layer(x)
        return x


scale = 1


def of_level(out, y, reduction, extra=None):
    global scale
    scale = scale * 2
    parts = {"loss": F.mse_loss(out, y, reduction=reduction)}
    if extra:
        parts["extra"] = extra.pow(2).sum()
    keep = lambda: parts
    return keep()


def criterion(out, y):
    loss = 0
    for reduction in ("sum", "mean"):
        for flag in (1, True):
            loss = loss + of_level(out, y, reduction, out if flag is True else None)["loss"]
    return loss


def per_example(out, y):
    return [F.mse_loss(a, b, reduction="sum") for a, b in zip(out, y)]


@torch.no_grad()
def evaluate(net, loader, meter):
    for x, y in loader:
        for level in range(4):
            meter.update(criterion(net(x), y).item())


def train(net, loader, epochs):
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
    meter = Meter()
    for epoch in range(epochs):
        for x, y in loader:
            for step in range(3):
                optimizer.zero_grad()
                loss = criterion(net(x), y)
                for part in per_example(net(x), y):
                    loss += part
                loss.backward()
                optimizer.step()
        evaluate(net, loader, meter)
        meter.update(len(loader))


train(Net(), torch.utils.data.DataLoader(data, batch_size=8), 3)
"""


def trace_of(text: str) -> Trace:
    return interpret(Source("script.py", text), catalog=Catalog.default())


# --- soundness ----------------------------------------------------------------------------------------------------


@dataclass
class Comparison:
    """Runs every call that could be taken from memory, and compares what it does with what would have been taken."""

    taken: Callable[[Machine, repeats.Repeat, Callable[[], Value]], Value]
    calls: int = 0
    differences: list[str] = field(default_factory=list)

    def take(self, machine: Machine, repeat: repeats.Repeat, perform: Callable[[], Value]) -> Value:
        self.calls += 1
        before = _State.of(machine)
        footprint, machine.footprint = machine.footprint, None
        value = self.taken(machine, repeat, perform)
        taken = _State.of(machine)
        before.restore(machine)
        machine.footprint = footprint
        performed = repeats._performed(machine, repeat.circumstances, perform)
        real = _State.of(machine)
        name = repeat.circumstances.function.name
        if not repeats.same_value(value, performed.value):
            self.differences.append(f"{name} returns {performed.value}, not {value}")
        for address in taken.records.keys() | real.records.keys():
            one, other = taken.records.get(address), real.records.get(address)
            if one is not other and (one is None or other is None or not repeats.same_record(one, other)):
                self.differences.append(f"{name} leaves {other}, not {one}")
        for title in ("depths", "used", "bound", "functions", "called", "importing"):
            if getattr(taken, title) != getattr(real, title):
                self.differences.append(f"{name} leaves other {title}")
        if real.spoken > before.spoken >= taken.spoken:  # a branch that was looked through before says nothing more
            self.differences.append(f"{name} speaks")
        return performed.value


@dataclass
class _State:
    """What a call can change."""

    heap: Heap
    depths: dict[tuple[int, object], int]
    used: set[Site]
    bound: dict[str, set[Site]]
    functions: dict[int, Function]
    called: set[Code]
    importing: Place | None
    spoken: int
    records: dict[int, Record]

    @classmethod
    def of(cls, machine: Machine) -> _State:
        return cls(
            machine.heap.fork(),
            {key: depth for key, depth in machine.depths.items() if key[0] in machine.heap},
            set(machine.used),
            {name: set(sites) for name, sites in machine.bound.items()},
            dict(machine.functions),
            {code for code in machine.codes.values() if code.called},
            machine.importing,
            machine.spoken,
            dict(machine.heap.items()),
        )

    def restore(self, machine: Machine) -> None:
        machine.heap = self.heap
        machine.depths, machine.used, machine.bound = dict(self.depths), set(self.used), self.bound
        machine.functions, machine.importing, machine.spoken = dict(self.functions), self.importing, self.spoken
        for code in machine.codes.values():
            code.called = code in self.called


@pytest.fixture
def comparison(monkeypatch: pytest.MonkeyPatch) -> Iterator[Comparison]:
    made = Comparison(repeats.take)
    monkeypatch.setattr(repeats, "take", made.take)
    return made


def test_every_fixture_does_what_it_would_do_without_memory(comparison: Comparison) -> None:
    for fixture in FIXTURES:
        interpret(Source(str(fixture.path), fixture.text), catalog=Catalog.default())
        assert comparison.differences == [], fixture.path
    assert comparison.calls > 100


def test_nested_loops_do_what_they_would_do_without_memory(comparison: Comparison) -> None:
    trace_of(NESTED)
    assert comparison.differences == []
    assert comparison.calls > 20


KEPT_ARGUMENTS = """\
class Kept:
    def __init__(self, **options):
        self.options = options

def make(n, **unused):
    return Kept(dim=n)

for n in [2, 5]:
    kept = make(n)
    dict(**kept.options)
"""
"""What a call makes anew in every round, and an object keeps, is not left over where the call comes from memory."""


@pytest.mark.parametrize(
    "text",
    [*(fixture.text for fixture in FIXTURES), NESTED, KEPT_ARGUMENTS],
    ids=[*(fixture.path.name for fixture in FIXTURES), "nested", "kept arguments"],
)
def test_the_same_events_are_recorded_without_memory(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    remembered = trace_of(text).events
    monkeypatch.setattr(repeats, "_KEPT", 0)
    assert [repr(event) for event in trace_of(text).events] == [repr(event) for event in remembered]


# --- that it helps ------------------------------------------------------------------------------------------------


def performed(text: str, monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """How often each function was really run."""
    runs: Counter[str] = Counter()
    inner = repeats._performed

    def counting(
        machine: Machine, circumstances: repeats.Circumstances, perform: Callable[[], Value]
    ) -> repeats.Repeat:
        runs[circumstances.function.name] += 1
        return inner(machine, circumstances, perform)

    monkeypatch.setattr(repeats, "_performed", counting)
    trace_of(text)
    return runs


LOOPS = """\
def distance(a, b):
    parts = [a - b for _ in range(2)]
    return {"l": sum(parts)}

def train(a, b):
    for i in range(a.levels):
        for j in range(a.levels):
            for k in range(a.levels):
                for l in range(a.levels):
                    distance(a, b)
"""


def test_a_callee_in_nested_loops_is_run_a_few_times(monkeypatch: pytest.MonkeyPatch) -> None:
    helped = performed(LOOPS, monkeypatch)["distance"]
    monkeypatch.setattr(repeats, "_KEPT", 0)
    assert 1 <= helped <= 3 < performed(LOOPS, monkeypatch)["distance"]


def test_a_backward_in_a_callee_is_recorded_once_for_each_entry_point() -> None:
    backwards = [event for event in trace_of(NESTED).events if isinstance(event, Backward)]
    assert len(backwards) == 1
    assert len(backwards[0].loops) == 3


# --- what is the same ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("left", "right"),
    [
        (Const(1), Const(True)),
        (Const(1), Const(1.0)),
        (Const(0.0), Const(-0.0)),
        (Tuple((Const(1),)), Tuple((Const(True),))),
        (Partial(Const(None), (Const(0),), ()), Partial(Const(None), (Const(False),), ())),
        (Const("1"), Const(1)),
        (Const(1), Number(Exponent.ZERO)),
        (Ref(1), Ref(2)),
    ],
)
def test_equal_is_not_the_same(left: Value, right: Value) -> None:
    assert not repeats.same_value(left, right)
    assert not repeats.same_record(Record(Kind.LIST, {0: left}), Record(Kind.LIST, {0: right}))
    assert not repeats.same_record(Record(Kind.LIST, rest=left), Record(Kind.LIST, rest=right))


def test_every_field_of_a_record_is_compared() -> None:
    compared = {"kind", "slots", "rest", "count", "length", "cls", "made"}
    assert {each.name for each in fields(Record)} == compared, "a new field belongs into `same_record` too"


def test_the_order_of_slots_counts() -> None:
    one, other = {"a": Const(1), "b": Const(2)}, {"b": Const(2), "a": Const(1)}
    assert not repeats.same_record(Record(Kind.DICT, one), Record(Kind.DICT, other))
    assert repeats.same_record(Record(Kind.DICT, one), Record(Kind.DICT, dict(one)))


# --- what is left over --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "held",
    [
        Ref(7),
        Tuple((Const(1), Ref(7))),
        OneOf((Const(1), Ref(7))),
        Bound(Ref(7), "append"),
        Bound(Const(1), Partial(Const(1), (), (("x", Ref(7)),))),
        Partial(Ref(7), (), ()),
        Partial(Const(1), (Ref(7),), ()),
        Function("f", None, Ref(7)),
        Function("f", None, Ref(1), (("x", Ref(7)),)),
        Function("f", None, Ref(1), owner=Class("C", (), Ref(7))),
        Class("C", (Class("B", (), Ref(7)),), Ref(1)),
        Super(Const(1), Ref(7)),
        Super(Class("C", (), Ref(7)), Const(1)),
    ],
)
def test_what_any_value_holds_is_not_left_over(held: Value) -> None:
    assert 7 in leftovers.addresses(held)
