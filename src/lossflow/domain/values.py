"""The abstract values: what the analysis knows of an object of the program.

All are immutable. What the program can mutate (instances, lists, dicts, scopes) is a `Ref` to a record of the `Heap`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Union

from lossflow.domain.axes import Axes
from lossflow.domain.exponent import Exponent
from lossflow.domain.tally import Tally
from lossflow.domain.trace import MAX_TRAIL, Period, Place, Site, Step, StepKind, Trail

MAX_TERMS = 12
"""Terms that an objective keeps apart."""
MAX_PARTS = 2_000
"""Items that a list may have, or a tuple with those of the tuples in it, before nothing is known of each of them."""
_UNTELLING = (StepKind.ADDED, StepKind.WEIGHTED, StepKind.MASKED)


@dataclass(frozen=True, slots=True)
class Lost:
    """Where knowledge ends: the expression whose value is the first that is not known, and why, for who asks.

    It is no part of what a value is: two unknowns are the same, whatever made them so.
    """

    site: Site
    why: str = ""


@dataclass(frozen=True, slots=True)
class Unknown:
    """Anything. `name` is the dotted name under which the program has it (`args.lr`): that may be evidence.

    `why` says in which way it was computed, as `what `f` returns`; `lost` is where knowledge ended.
    """

    name: str = ""
    why: str = field(default="", compare=False, repr=False)
    computed: bool = False  # the result of a call or an operation: its name is less evidence
    lost: Lost | None = field(default=None, compare=False, repr=False)
    tally: Tally | None = None  # of a number that is only reported, as `len(loader)`
    over: Step | None = None  # its division by a counter of rounds
    masked: Site | None = None  # where a mask set elements of it to zero
    defaulted: bool = False  # a parameter whose default, which is not None, holds unless a caller out of sight differs

    def known_as(self, name: str) -> Unknown:
        """The value under a name. Spelt out, as `lost_at`: few things are done more often, and `replace` is slow."""
        return Unknown(name, self.why, self.computed, self.lost, self.tally, self.over, self.masked, self.defaulted)

    def lost_at(self, lost: Lost) -> Unknown:
        """The value, with where knowledge of it ended."""
        return Unknown(self.name, self.why, self.computed, lost, self.tally, self.over, self.masked, self.defaulted)


@dataclass(frozen=True, slots=True)
class Const:
    """A literal; `...` and bytes too."""

    value: object


@dataclass(frozen=True, slots=True)
class Number:
    """A Python number that is not a literal, or a literal that stands for a batch size.

    `counter` is True for what counts the rounds of a loop: the index of `enumerate` or `range`, `n` after `n += 1`.
    """

    exponent: Exponent
    name: str = ""
    site: Site | None = None
    counter: bool = False
    tally: Tally | None = None  # of a number that is only reported; None: what its exponent says


@dataclass(frozen=True, slots=True)
class Remainder:
    """`i % k`, where `i` counts the rounds of a loop."""

    period: Period


@dataclass(frozen=True, slots=True)
class Every:
    """A condition that holds once in a period, as `i % k == 0` does; with `negated` in all other rounds."""

    period: Period
    negated: bool = False


@dataclass(frozen=True, slots=True)
class Term:
    """One addend of an objective.

    `batchless` is True for a term without examples, such as a penalty over parameters: it neither makes a mixture nor
    hides a finding.
    """

    exponent: Exponent = Exponent.ZERO
    trail: Trail = ()
    batchless: bool = False
    lost: Lost | None = field(default=None, compare=False, repr=False)  # where an unknown exponent comes from
    weighed: Step | None = field(default=None, compare=False, repr=False)  # by what elements were divided before

    def step(self, step: Step) -> Term:
        """The term after one more step; its trail begins with what its elements were divided by before."""
        if not self.trail and self.weighed is not None and self.weighed != step:
            return replace(self, trail=(self.weighed,), weighed=None).step(step)
        trail = self.trail
        if step in trail:
            return replace(self, exponent=self.exponent + step.exponent)
        if len(trail) >= MAX_TRAIL:
            trail = trail[: MAX_TRAIL // 2] + trail[MAX_TRAIL // 2 + 1 :]
        return replace(self, exponent=self.exponent + step.exponent, trail=(*trail, step))

    @property
    def origin(self) -> Trail:
        """The trail without additions, weights and masks: what tells a term from the others of an objective."""
        return tuple(step for step in self.trail if step.kind not in _UNTELLING)

    def last(self, *kinds: StepKind) -> Step | None:
        """The latest step of these kinds."""
        return next((step for step in reversed(self.trail) if step.kind in kinds), None)

    def first(self, *kinds: StepKind) -> Step | None:
        """The earliest step of these kinds."""
        return next((step for step in self.trail if step.kind in kinds), None)


@dataclass(frozen=True, slots=True)
class Tensor:
    """A tensor, or a number taken from one by `.item()`.

    `differentiable` is True where gradients flow to a parameter, False where they can't, None where that is unknown.
    `loss` is True once a loss of the catalogue has a part in it.
    """

    axes: Axes
    terms: tuple[Term, ...] = (Term(),)
    differentiable: bool | None = None
    loss: bool = False
    data: bool = False  # a batch as a loader yields it: perhaps a tuple or a dict of tensors
    mask: bool = False  # the result of a comparison: what it picks of a batch, it picks from all of its examples
    padding: bool = False  # a mask that says of the data, not of the predictions, which elements count
    masked: Site | None = None  # where a mask set elements of it to zero
    selected: bool = False  # elements that a mask picked: their number is not that of all
    synthetic: bool = False  # made by the program itself at a literal size, or computed from such alone
    tally: Tally | None = None  # of a total or an average that is only reported; None: what its exponent says

    @property
    def exponent(self) -> Exponent:
        """The exponent of the whole: the hull of its terms'."""
        whole = self.terms[0].exponent
        for term in self.terms[1:]:
            whole = whole.join(term.exponent)
        return whole

    @property
    def opaque(self) -> bool:
        """True for what a model out of sight returns: perhaps a tuple or a dict, perhaps with its loss."""
        return self.differentiable is True and not self.axes.certain and all(not term.trail for term in self.terms)

    def step(self, step: Step) -> Tensor:
        """The tensor after one more step on each of its terms."""
        return replace(self, terms=tuple(term.step(step) for term in self.terms))


@dataclass(frozen=True, slots=True)
class Tuple:
    """A tuple of known length; `size` counts its items and theirs, each as often as it is reached."""

    items: tuple[Value, ...]
    size: int = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "size", len(self.items) + sum(map(_size, self.items)))


@dataclass(frozen=True, slots=True)
class Size:
    """The shape of a tensor."""

    axes: Axes


@dataclass(frozen=True, slots=True)
class External:
    """A name of another package: `torch.nn.MSELoss`."""

    name: str


@dataclass(frozen=True, slots=True)
class Imported:
    """What an import statement of `file` binds, before anything is done with it: a module, or a `name` of one."""

    file: str
    module: str
    name: str = ""
    at: Place | None = None


@dataclass(frozen=True, slots=True)
class Ref:
    """A mutable object: the key of its record in the heap."""

    address: int


@dataclass(frozen=True, slots=True)
class Function:
    """A function or lambda of the program. `code` is the interpreter's own record, `scope` what it closes over."""

    name: str
    code: object
    scope: Ref
    defaults: tuple[tuple[str, Value], ...] = ()
    owner: Value | None = None  # the class that defines it
    kind: str = "function"  # or staticmethod, classmethod, property


@dataclass(frozen=True, slots=True)
class Bound:
    """A function with its first argument, or a method of an object of another package (`function` is its name)."""

    receiver: Value
    function: Value | str

    @property
    def field(self) -> str | None:
        """The name of what may be no method: an object whose class is out of sight may hold anything by that name."""
        return self.function if isinstance(self.function, str) and isinstance(self.receiver, Ref) else None


@dataclass(frozen=True, slots=True)
class Partial:
    """`functools.partial(function, *args, **kwargs)`."""

    function: Value
    args: tuple[Value, ...]
    kwargs: tuple[tuple[str, Value], ...]
    site: Site | None = None


@dataclass(frozen=True, slots=True)
class Class:
    """A class of the program; its attributes are the record of `scope`."""

    name: str
    bases: tuple[Value, ...]
    scope: Ref
    site: Site | None = None


@dataclass(frozen=True, slots=True)
class Super:
    """`super()` in a method of `owner`."""

    owner: Value
    receiver: Value


@dataclass(frozen=True, slots=True)
class OneOf:
    """One of a few values that cannot be joined into one, such as two kinds of optimizer."""

    values: tuple[Value, ...]


_Rounds = Union[Remainder, Every]
_Object = Union[External, Imported, Ref, Function, Bound, Partial, Class, Super]
Value = Union[Unknown, Const, Number, _Rounds, Tensor, Tuple, Size, _Object, OneOf]


def _size(value: Value) -> int:
    match value:
        case Tuple(size=size):
            return size
        case OneOf(values=values):
            return sum(map(_size, values))
    return 0


def tuple_of(items: Iterable[Value]) -> Value:
    """A tuple of the items; unknown where that is too large.

    `x = (x, x)` twenty times over makes a million parts of twenty objects, and whatever looks at values looks at each.
    """
    made = Tuple(tuple(items))
    return made if made.size <= MAX_PARTS else Unknown(computed=True, why="what a tuple of so many parts holds")


def alternatives(value: Value) -> tuple[Value, ...]:
    """The values that `value` may be."""
    return value.values if isinstance(value, OneOf) else (value,)


def tally_of(value: Value) -> Tally:
    """How a number grows as far as it is only reported; what was never counted nor added up goes as its exponent."""
    match value:
        case Unknown() | Number() | Tensor() if value.tally is not None:
            return value.tally
        case Const(value=int() | float()):
            return Tally.CONSTANT
        case Number() if not value.exponent.is_zero:  # else perhaps a number of batches
            return Tally(value.exponent.known)
        case Tensor() if value.axes.reduced:
            return Tally(value.exponent.known)
    return Tally.UNKNOWN


def exponent_of(value: Value) -> Exponent:
    """The power of the batch size in a factor: a number, a literal or a scalar tensor."""
    match value:
        case Number():
            return value.exponent
        case Const(value=bool() | int() | float()):
            return Exponent.ZERO
        case Tensor():
            return value.exponent
        case OneOf():
            whole = exponent_of(value.values[0])
            for other in value.values[1:]:
                whole = whole.join(exponent_of(other))
            return whole
        case _:
            return Exponent.UNKNOWN
