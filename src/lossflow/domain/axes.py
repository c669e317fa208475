"""Which dimensions of a tensor run over the examples of a batch.

`Axes` is a shape without sizes: for each leading dimension whether it runs over examples, then a tail of further
dimensions that don't. `(B,)` is a loss per example, `(B, ...)` a batch of anything, `()` a scalar. A dimension that
mixes examples with something else, as after `logits.view(-1, classes)`, runs over examples.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import Enum
from typing import ClassVar

from lossflow.domain.exponent import Exponent


class Tail(Enum):
    """How many further dimensions, none of them over examples, follow the listed ones."""

    NONE = "no more"
    ANY = "any number"
    SOME = "at least one"


class Whereabouts(Enum):
    """Where the examples are."""

    LISTED = "in the listed dimensions"
    SOMEWHERE = "in one dimension, unknown which"
    UNKNOWN = "unknown whether anywhere"


@dataclass(frozen=True, slots=True)
class Axes:
    """The dimensions of a tensor: `dims[i]` is True where dimension i runs over examples.

    `where` other than LISTED leaves `dims` empty. `certain` is False once a guess was needed (`.sum(-1)` of a tensor
    whose rank is unknown is taken not to be over the examples): such axes may silence a rule, never fire one.
    """

    dims: tuple[bool, ...] = ()
    tail: Tail = Tail.NONE
    where: Whereabouts = Whereabouts.LISTED
    certain: bool = True

    SCALAR: ClassVar[Axes]
    VECTOR: ClassVar[Axes]
    EXAMPLES: ClassVar[Axes]
    ELEMENTS: ClassVar[Axes]
    PLAIN: ClassVar[Axes]
    SOMEWHERE: ClassVar[Axes]
    UNKNOWN: ClassVar[Axes]

    @property
    def known(self) -> bool:
        """True when every dimension over examples is listed."""
        return self.where is Whereabouts.LISTED

    @property
    def batches(self) -> int | None:
        """How many dimensions run over examples; None when that is unknown."""
        match self.where:
            case Whereabouts.LISTED:
                return sum(self.dims)
            case Whereabouts.SOMEWHERE:
                return 1
            case Whereabouts.UNKNOWN:
                return None

    @property
    def per_example(self) -> bool:
        """True when a dimension over examples is known to be there."""
        return bool(self.batches)

    @property
    def reduced(self) -> bool:
        """True when no dimension over examples is left."""
        return self.batches == 0

    @property
    def rank(self) -> int | None:
        """The number of dimensions, where it is known."""
        return len(self.dims) if self.known and self.tail is Tail.NONE else None

    @property
    def scalar(self) -> bool:
        return self.rank == 0

    @property
    def core(self) -> tuple[bool, ...]:
        """The listed dimensions up to the last that runs over examples."""
        return self.dims[: max((i + 1 for i, over in enumerate(self.dims) if over), default=0)]

    def without(self, dim: int, *, keep: bool = False) -> tuple[Axes, int | None]:
        """The axes after dimension `dim` is reduced or indexed away, and how many dimensions over examples went.

        `keep` leaves a dimension of size one, as torch's `keepdim=True`. The count is None when it is unknown.
        """
        if not self.known:
            gone = None
            return replace(Axes.UNKNOWN, certain=False), gone
        index = self._index(dim)
        if index is None:
            return replace(Axes.UNKNOWN, certain=False), None
        if index >= len(self.dims):
            certain = self.certain and not (self.tail is Tail.ANY and dim < 0)
            return replace(self, tail=self.tail if keep else _shorter(self.tail), certain=certain), 0
        dims = self.dims[:index] + ((False,) if keep else ()) + self.dims[index + 1 :]
        return replace(self, dims=dims), int(self.dims[index])

    def at_least(self, rank: int) -> Axes | None:
        """The axes of a tensor known to have so many dimensions, all of them listed; None where it can't have them."""
        missing = rank - len(self.dims)
        if missing <= 0:
            return self if self.dims else None
        if self.tail is Tail.NONE:
            return None
        return replace(self, dims=self.dims + (False,) * missing, tail=Tail.ANY)

    def permuted(self, order: Sequence[int]) -> Axes:
        """The axes with the listed dimensions in another order: dimension i is what dimension `order[i]` was."""
        return replace(self, dims=tuple(self.dims[place] for place in order))

    def cut(self, dim: int, left: Exponent) -> Axes:
        """The axes once only some elements are left along dimension `dim`: as many as B to the power `left`, if it has
        the examples.

        The eight hardest of a batch are eight, however many there were to choose from.
        """
        every = left == Exponent.ONE
        if not self.known:
            return self if every and self.batches == 1 else Axes.UNKNOWN
        index = self._index(dim)
        if index is None:
            return self if every or self.reduced else Axes.UNKNOWN
        if index >= len(self.dims):
            # The last of an unknown number of dimensions may be that of the examples.
            return Axes.UNKNOWN if dim < 0 and self.tail is Tail.ANY and self.per_example and not every else self
        if every or not self.dims[index]:
            return self
        if not left.is_zero:
            return Axes.UNKNOWN
        return replace(self, dims=(*self.dims[:index], False, *self.dims[index + 1 :]))

    def _index(self, dim: int) -> int | None:
        """The place of `dim` among `dims`, or past their end for the tail; None when it is unknown or out of range."""
        if self.tail is Tail.NONE:
            place = dim + len(self.dims) if dim < 0 else dim
            return place if 0 <= place < len(self.dims) else None
        if dim >= 0:
            return min(dim, len(self.dims))
        return len(self.dims) if dim == -1 else None

    def with_one(self, dim: int) -> Axes:
        """The axes after `unsqueeze(dim)`."""
        if not self.known:
            return self
        if dim < 0:
            dim += len(self.dims) + 1
            if self.tail is not Tail.NONE:
                return replace(self, tail=Tail.SOME) if dim == len(self.dims) else replace(Axes.UNKNOWN, certain=False)
        if not 0 <= dim <= len(self.dims):
            return replace(self, tail=Tail.SOME) if dim > 0 and self.tail is not Tail.NONE else Axes.UNKNOWN
        return replace(self, dims=(*self.dims[:dim], False, *self.dims[dim:]))

    def shuffled(self) -> Axes:
        """The axes after dimensions were exchanged in a way that is not followed."""
        match self.batches:
            case 0:
                return replace(Axes.PLAIN, certain=self.certain)
            case 1:
                return replace(Axes.SOMEWHERE, certain=self.certain)
            case _:
                return Axes.UNKNOWN

    def broadcast(self, other: Axes) -> Axes:
        """The axes of an elementwise operation of the two, aligned at the last dimension as torch does."""
        certain = self.certain and other.certain
        if self.scalar:
            return replace(other, certain=certain)
        if other.scalar:
            return replace(self, certain=certain)
        if self.rank is not None and other.rank is not None:
            width = max(self.rank, other.rank)
            left = (False,) * (width - self.rank) + self.dims
            right = (False,) * (width - other.rank) + other.dims
            return Axes(tuple(a or b for a, b in zip(left, right)), certain=certain)
        counts = {self.batches, other.batches}
        if None in counts or counts == {0}:
            return Axes.UNKNOWN if None in counts else replace(Axes.PLAIN, certain=certain)
        if self.reduced or other.reduced:
            # A plain tensor is taken not to stand above the batch, as (1, E) does above (B,): weights and masks don't.
            return replace(other if self.reduced else self, certain=certain)
        if self.known and other.known and self.dims == other.dims:
            return Axes(self.dims, self._tail_with(other), certain=certain)
        if counts == {1} and self.known and other.known and self.dims[:1] == other.dims[:1] == (True,):
            # (B,) against (B, T) pairs every example with every other in torch; scripts that run have equal ranks.
            longer = max(self, other, key=lambda axes: len(axes.dims))
            return replace(longer, tail=Tail.ANY if longer.tail is Tail.NONE else longer.tail, certain=certain)
        return replace(Axes.SOMEWHERE, certain=False) if counts == {1} else Axes.UNKNOWN

    def _tail_with(self, other: Axes) -> Tail:
        if Tail.SOME in (self.tail, other.tail):
            return Tail.SOME
        return Tail.NONE if self.tail is other.tail is Tail.NONE else Tail.ANY

    def join(self, other: Axes) -> Axes:
        """The axes of a value that is one or the other."""
        if self == other:
            return self
        certain = self.certain and other.certain
        if replace(self, certain=certain) == replace(other, certain=certain):
            return replace(self, certain=certain)
        core = self.core
        if self.known and other.known and core == other.core:
            further = all(len(axes.dims) + (axes.tail is Tail.SOME) > len(core) for axes in (self, other))
            return Axes(core, Tail.SOME if further else Tail.ANY, certain=certain)
        if self.batches == other.batches == 1:
            return replace(Axes.SOMEWHERE, certain=certain)
        return Axes.UNKNOWN

    def __str__(self) -> str:
        match self.where:
            case Whereabouts.UNKNOWN:
                return "unknown axes"
            case Whereabouts.SOMEWHERE:
                return "per example"
        if self.per_example:
            return "per example"
        return "scalar" if self.scalar else "reduced"


def _shorter(tail: Tail) -> Tail:
    """The tail after one of its dimensions went."""
    return Tail.ANY if tail is Tail.SOME else tail


Axes.SCALAR = Axes()
Axes.VECTOR = Axes((True,))
Axes.EXAMPLES = Axes((True,), Tail.ANY)
Axes.ELEMENTS = Axes((True,), Tail.SOME)
Axes.PLAIN = Axes((), Tail.ANY)
Axes.SOMEWHERE = Axes(where=Whereabouts.SOMEWHERE)
Axes.UNKNOWN = Axes(where=Whereabouts.UNKNOWN, certain=False)
