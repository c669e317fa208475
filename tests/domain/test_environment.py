"""The heap has one join, and widening it brings every loop to rest."""

from __future__ import annotations

import itertools
from functools import reduce

from hypothesis import given
from hypothesis import strategies as st

from lossflow.domain.axes import Axes
from lossflow.domain.environment import Heap, Kind, Record, join_records, widen_records
from lossflow.domain.exponent import Exponent
from lossflow.domain.values import Const, Number, Tensor, Term, Unknown, Value, exponent_of

from .strategies import covers, exponents, holds, unstarted_values, values
from .test_joins import essence

names = st.sampled_from(["x", "y", "loss"])


@st.composite
def records(draw: st.DrawFn, kind: Kind | None = None, held: st.SearchStrategy[Value] = values) -> Record:
    """Scopes, dicts, and lists whose elements have a place."""
    kind = kind or draw(st.sampled_from([Kind.SCOPE, Kind.DICT, Kind.LIST]))
    if kind is Kind.LIST:
        return Record(kind, dict(enumerate(draw(st.lists(held, max_size=3)))))
    rest = draw(st.one_of(st.none(), held)) if kind is Kind.DICT else None
    return Record(
        kind, draw(st.dictionaries(names, held, max_size=3)), rest, draw(exponents()) if rest else Exponent.ZERO
    )


addresses = st.sampled_from([0, 1, 63, 64, 200])
KINDS = {0: Kind.SCOPE, 1: Kind.LIST, 63: Kind.DICT, 64: Kind.SCOPE, 200: Kind.LIST}


@st.composite
def heaps(draw: st.DrawFn, held: st.SearchStrategy[Value] = values) -> Heap:
    """Heaps in which an address always holds the same kind of object, as it does in a program."""
    heap = Heap()
    for address in draw(st.lists(addresses, unique=True, max_size=4)):
        heap[address] = draw(records(KINDS[address], held))
    return heap


def content(heap: Heap) -> dict[int, dict[object, Value]]:
    """Everything in the heap, without what only messages show."""
    return {address: simplified(record) for address, record in heap.items()}


def simplified(record: Record) -> dict[object, Value]:
    return {**{key: essence(value) for key, value in record.slots.items()}, "rest": essence(record.rest or Unknown())}


def held(record: Record, key: object) -> Value | None:
    """What may be found under a key."""
    return record.slots.get(key, record.rest)


@given(heaps(unstarted_values), heaps(unstarted_values), heaps(unstarted_values))
def test_the_join_is_a_semilattice(a: Heap, b: Heap, c: Heap) -> None:
    assert a.join(a).same(a)
    assert content(a.join(b)) == content(b.join(a))
    assert content(a.join(b).join(c)) == content(a.join(b.join(c)))


@given(heaps(), heaps())
def test_the_join_covers_both(a: Heap, b: Heap) -> None:
    whole = a.join(b)
    for heap in (a, b):
        for address, record in heap.items():
            for key, value in record.slots.items():
                kept = held(whole[address], key)
                assert kept is not None
                assert covers(kept, value)


@given(heaps(), heaps(), addresses, values)
def test_a_fork_is_a_heap_of_its_own(heap: Heap, other: Heap, address: int, value: Value) -> None:
    before = dict(heap.items())
    fork, joined = heap.fork(), heap.join(other)
    for copy in (fork, joined, heap.join(heap)):
        copy[address] = Record(Kind.SCOPE, {"only": value})
        copy.drop(address)
    assert dict(heap.items()) == before
    heap[address] = Record(Kind.SCOPE, {"mine": value})
    assert address not in fork
    assert fork.join(heap)[address] is heap[address]


@given(records(Kind.SCOPE), st.lists(records(Kind.SCOPE), max_size=12))
def test_widening_comes_to_rest(first: Record, rounds: list[Record]) -> None:
    states = [first]
    for each in rounds:
        states.append(widen_records(states[-1], join_records(states[-1], each)))
    # A slot appears, the ends of its exponent open, its axes change, its kind changes: then nothing is known of it.
    changes = sum(simplified(a) != simplified(b) for a, b in itertools.pairwise(states))
    assert changes <= 4 * len({key for record in (first, *rounds) for key in record.slots})


@given(records(Kind.SCOPE), records(Kind.SCOPE))
def test_widening_covers_what_came_before_and_after(before: Record, after: Record) -> None:
    later = join_records(before, after)
    whole = widen_records(before, later)
    for record in (before, after):
        for key, value in record.slots.items():
            kept = held(whole, key)
            assert kept is not None
            assert covers(kept, value)


@given(st.lists(st.tuples(values, exponents()), min_size=1, max_size=4))
def test_a_list_holds_whatever_was_added_to_it(added: list[tuple[Value, Exponent]]) -> None:
    record = reduce(lambda one, each: one.add(*each), added, Record(Kind.LIST))
    assert record.rest is not None
    for value, count in added:
        assert covers(record.rest, value)
        assert holds(record.count, count)


def test_a_name_that_only_one_branch_sets_is_kept() -> None:
    bare, with_loss = Record(Kind.SCOPE), Record(Kind.SCOPE, {"loss": Const(1)})
    assert join_records(bare, with_loss).get("loss") == Const(1) == join_records(with_loss, bare).get("loss")


def test_lists_of_different_lengths_lose_the_places_of_their_elements() -> None:
    one, two = Record(Kind.LIST, {0: Const(1)}), Record(Kind.LIST, {0: Const(1), 1: Const("sum")})
    joined = join_records(one, two)
    assert not joined.slots
    assert joined.rest is not None
    assert covers(joined.rest, Const("sum"))


def test_a_sum_that_grows_with_every_round_has_no_upper_bound() -> None:
    first, second = (
        Record(Kind.SCOPE, {"loss": Tensor(Axes.SCALAR, (Term(exponent),), True), "n": Number(exponent)})
        for exponent in (Exponent.ZERO, Exponent.ONE)
    )
    widened = widen_records(first, join_records(first, second))
    assert exponent_of(widened.slots["loss"]) == exponent_of(widened.slots["n"]) == Exponent.between(0, None)
