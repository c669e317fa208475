"""What is being run: files and their code, calls and their arguments, loops, and how a block of statements ends."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import libcst as cst

from lossflow.domain.environment import Heap
from lossflow.domain.exponent import Exponent
from lossflow.domain.trace import Place, Site
from lossflow.domain.values import Const, Ref, Value
from lossflow.interp.engine.places import Places
from lossflow.source import Source


@dataclass(slots=True, eq=False)
class Unit:
    """One file of the program: its source, its tree and the scope of its globals."""

    source: Source
    tree: cst.Module
    places: Places
    globals: Ref
    dotted: str = ""


@dataclass(slots=True, eq=False)
class Code:
    """A function as it is written: the interpreter's side of `values.Function`."""

    name: str
    node: cst.FunctionDef | cst.Lambda
    unit: Unit
    number: int
    no_grad: bool = False
    called: bool = False

    def __repr__(self) -> str:
        return f"Code({self.name}, {self.number})"


@dataclass(frozen=True, slots=True)
class Arguments:
    """The arguments of a call, evaluated; `open` is True where a starred argument of unknown content is among them."""

    positional: tuple[Value, ...] = ()
    keywords: Mapping[str, Value] = field(default_factory=dict)
    nodes: tuple[cst.Arg, ...] = ()
    open: bool = False

    def get(self, position: int, *names: str) -> Value | None:
        """The argument at `position`, or under one of `names`."""
        if 0 <= position < len(self.positional):
            return self.positional[position]
        return next((self.keywords[name] for name in names if name in self.keywords), None)


@dataclass(slots=True, eq=False)
class Frame:
    """One call in progress. `entry` is where the analysed file's own flow called into another file."""

    unit: Unit
    scope: Ref
    code: Code | None = None
    owner: Value | None = None
    receiver: Value | None = None
    entry: Place | None = None
    globals: set[str] = field(default_factory=set)
    nonlocals: set[str] = field(default_factory=set)
    yields: list[Value] = field(default_factory=list)
    captured: bool = False  # a function or class was defined in this call, and may outlive it
    call: Site | None = None  # where it was called
    depth: int = 0  # how many loops were around the call
    drawing: bool = True  # what it yields it has made for each batch of a loader


@dataclass(slots=True)
class Returned:
    """What left the block through `return`, joined over all of them."""

    value: Value
    heap: Heap


@dataclass(slots=True)
class Outcome:
    """How a block of statements ends: it may fall through, return, break or continue, each with its own heap."""

    falls: Heap | None = None
    returns: Returned | None = None
    breaks: Heap | None = None
    continues: Heap | None = None


@dataclass(frozen=True, slots=True)
class Loop:
    """A loop in progress: `trips` is the exponent of the number of its rounds; `batches`: each round draws a batch."""

    number: int
    trips: Exponent
    batches: bool = False
    counted: bool = False  # and none of these batches is known to be a single example


@dataclass(frozen=True, slots=True)
class Case:
    """One way in which a choice that is out of sight may fall: `name` is supposed to be `value`; `words` say so."""

    name: str
    value: Const
    words: str
