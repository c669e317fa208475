"""What the interpreter saw, in the order in which the program does it: the facts that rules read.

A `Place` is a piece of source; a `Site` adds where the flow of the analysed file entered it, so that a finding about an
imported file can stand in the file at hand. A `Step` is one thing done to a loss; a trail of steps is the way of a
loss from its constructor to where it is now. An event is one thing done by the program.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from fractions import Fraction
from typing import TYPE_CHECKING, Protocol

from lossflow.domain.exponent import Exponent
from lossflow.source import Source, Span

if TYPE_CHECKING:
    from lossflow.domain.values import Value

MAX_TRAIL = 24
"""Steps that a trail keeps; a longer way loses its middle, never its beginning."""


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """A piece of source: `number` counts the places of `file` in the order in which they were met."""

    file: str
    number: int


@dataclass(frozen=True, slots=True)
class Site:
    """A place, and the place in the analysed file from which it was reached; equal when it is in that file."""

    place: Place
    entry: Place


class StepKind(Enum):
    """What was done to a loss."""

    CONSTRUCTED = "the criterion was made"
    COMPUTED = "the loss was computed"
    REDUCED = "it was reduced over the batch"
    AVERAGED = "it was averaged"
    SCALED = "it was multiplied or divided"
    WEIGHTED = "it was multiplied or divided by what does not depend on the batch size"
    ADDED = "it was added to other terms"
    MASKED = "it was multiplied by a mask when it was reduced already"
    PASSED = "it was returned or handed on"
    DIFFERENTIATED = "its gradients were returned by torch.autograd.grad"


@dataclass(frozen=True, slots=True)
class Multiplier:
    """The number of a SCALED or WEIGHTED step; it divides where `inverse` is True.

    `name` and `value` are empty and None where they are not known. `counter` is True for a number that counts the
    rounds of a loop, so that it is another one in each of them.
    """

    name: str = ""
    value: float | None = None
    counter: bool = False
    inverse: bool = False


@dataclass(frozen=True, slots=True)
class Step:
    """One thing done to a loss; `exponent` is what it added to the batch exponent.

    `loss` and `reduction` name the catalogue's loss and the reduction in force where the step is one of a catalogue's
    loss. CONSTRUCTED stands at the constructor, COMPUTED at the call that yields the tensor. `by` is the number of a
    multiplication or division.
    """

    kind: StepKind
    site: Site
    exponent: Exponent = Exponent.ZERO
    loss: str = ""
    reduction: str = ""
    default: bool = False  # the reduction was not given: the loss's default is in force
    by: Multiplier | None = None
    masked: Site | None = None  # where the elements were masked that this mean counts too


Trail = tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class InSight:
    """An expression that held a tensor with a single dimension over the examples: which of its dimensions that is.

    `evident` is False for what a loader or a model out of sight yields: perhaps a container of tensors.
    """

    dim: int
    evident: bool


@dataclass(frozen=True, slots=True)
class BoundArgument:
    """An argument of a catalogue's loss as the signature binds it.

    `literal` is False where a name or an expression is written, whose value at this call may not be that at others.
    """

    name: str
    value: Value
    place: Place
    keyword: bool
    literal: bool = True


@dataclass(frozen=True, slots=True)
class OptimizerFacts:
    """An optimizer at the moment of its step.

    `name` is the dotted name of its class, empty when it is out of sight. `proportional` is None when its kind is
    unknown. `learning_rate` is the exponent of the learning rate.
    """

    name: str = ""
    proportional: bool | None = None
    learning_rate: Exponent = Exponent.UNKNOWN
    exception: str = ""
    site: Site | None = None
    learning_rate_site: Site | None = None
    identity: int = 0
    perturbs: bool = False  # True where what it optimises has a row for each example, as an attack has
    repeats: bool = True  # False where it steps once: in no loop that goes round after it was made


@dataclass(frozen=True, slots=True)
class Period:
    """How many rounds of a loop lie between two that are alike: `k` in `(i + 1) % k == 0`, written at `site`.

    `name` is the last word of a dotted name (`accum` for `args.accum`), empty for an expression. `exponent` is that of
    the number itself: `64 / batch_size` rounds make up for the size of the batch.
    """

    site: Site
    name: str = ""
    value: int | None = None
    exponent: Exponent = Exponent.ZERO

    def is_that_of(self, other: Period) -> bool:
        """True when the two are written alike, or are the same literal."""
        return (self.name, self.value) == (other.name, other.value)


@dataclass(frozen=True, slots=True)
class Guard:
    """A test of the rounds of a loop: what it guards happens once in a period (`rare`), or in all other rounds."""

    test: Place
    period: Period
    rare: bool


@dataclass(frozen=True, slots=True)
class Event:
    """One thing the program does; `root` numbers the entry point of the analysis, `loops` the loops around it.

    `guards` are the tests of rounds under which it happens. `case` says what was supposed when it was seen:
    "`args.loss` is `'sum'`".
    """

    site: Site
    root: int = 0
    loops: tuple[int, ...] = ()
    guards: tuple[Guard, ...] = ()
    grad_enabled: bool = True
    case: str = ""


@dataclass(frozen=True, slots=True)
class LossCall(Event):
    """A loss of the catalogue is constructed (`constructor`), or its functional form is called.

    `first_of_row`: `arguments` are bound by the signature of the constructor or of the function; `surplus` are
    positional arguments beyond it. `used` is False where the program never uses the result.
    """

    loss: str = ""
    constructor: bool = False
    arguments: tuple[BoundArgument, ...] = ()
    reduction: Value | None = None

    def argument(self, name: str) -> BoundArgument | None:
        return next((bound for bound in self.arguments if bound.name == name), None)


@dataclass(frozen=True, slots=True)
class Applied(Event):
    """A criterion of the catalogue is called, which was constructed at `constructed`."""

    loss: str = ""
    constructed: Site | None = None


@dataclass(frozen=True, slots=True)
class AttributeSet(Event):
    """An attribute of a criterion of the catalogue is set after its construction."""

    loss: str = ""
    attribute: str = ""
    value: Value | None = None
    constructed: Site | None = None


@dataclass(frozen=True, slots=True)
class Backward(Event):
    """An objective is handed to backward, or to a framework that does it (`framework` is then its title).

    `gradient` is True where backward is given a gradient argument, `returned` where the gradients are returned rather
    than added to the parameters' (`torch.autograd.grad`). `optimizers` is known at once only for a framework. `files`
    are those whose functions were being run. A conditional expression has two in `written`.
    """

    objective: Value | None = None
    gradient: bool = False
    framework: str = ""
    optimizers: tuple[OptimizerFacts, ...] = ()
    divides: bool = False
    returned: bool = False
    module: Site | None = None  # the class that handed it to a framework
    files: frozenset[str] = frozenset()
    written: tuple[Place, ...] = ()  # the expressions that are the objective, if all are in sight
    unread: Site | None = None  # the parameter with the number to divide by, where the framework's method ignores it


@dataclass(frozen=True, slots=True)
class OptimizerStep(Event):
    """An optimizer updates the parameters."""

    optimizer: OptimizerFacts = OptimizerFacts()


@dataclass(frozen=True, slots=True)
class ZeroGrad(Event):
    """Gradients are set to zero; `identity` is that of the optimizer, 0 when it is a module or unknown."""

    identity: int = 0


@dataclass(frozen=True, slots=True)
class GradientScaled(Event):
    """The gradients themselves are multiplied, as by `p.grad /= n`; `exponent` is that of the factor."""

    exponent: Exponent = Exponent.ZERO


@dataclass(frozen=True, slots=True)
class Clipped(Event):
    """Gradients are clipped at a `threshold` of that exponent; `words` is the threshold as far as it is known.

    `module` is where the class is defined whose gradients a framework clips (`framework` is then its title): it says
    nothing of where in the order of events the clipping belongs.
    """

    function: str = ""
    threshold: Exponent = Exponent.UNKNOWN
    words: str = ""
    value: float | None = None
    framework: str = ""
    module: Site | None = None


@dataclass(frozen=True, slots=True)
class Looped(Event):
    """A `for` loop goes round: `number` is its number in `loops`; `batches` says that it goes over batches."""

    number: int = 0
    batches: bool = False
    period: Period | None = None


@dataclass(frozen=True, slots=True)
class Drawn(Event):
    """A batch is drawn by a call: `next(iterator)`, `get_batch("train")`."""


@dataclass(frozen=True, slots=True)
class Averaged(Event):
    """A total of losses of batches is divided by a number of batches or examples, for a report.

    With K batches of B examples the total goes as K * B ** `total`, the number as K * B ** `divisor`. `site` is the
    `update` call of a meter, else the division; `division` is that in any case. `amended` is True where the average is
    multiplied or divided by what makes it right.
    """

    losses: Value | None = None
    total: Fraction = Fraction(0)
    divisor: Fraction = Fraction(0)
    division: Site | None = None
    amended: bool = False


@dataclass(frozen=True, slots=True)
class Returned(Event):
    """A function that nobody calls in sight returns these values: one, or those of a container."""

    parts: tuple[Value, ...] = ()


@dataclass(frozen=True, slots=True)
class Unused(Event):
    """A per-example loss is computed and its value is never used again."""

    loss: str = ""


@dataclass(frozen=True, slots=True)
class Revealed(Event):
    """`reveal(value)` was called, with a `reveal` that nothing defines: for tests of the analysis itself."""

    value: Value | None = None


TRAINING = (Backward, OptimizerStep, ZeroGrad, GradientScaled, Clipped, Looped, Drawn)
"""The events that make up training steps."""
WRITTEN = (LossCall, AttributeSet)
"""The events that are right or wrong where they are written."""


Pairs = frozenset[tuple[tuple[str, Span], tuple[str, Span]]]
"""Places on the way of a loss, each with the place of a backward that the loss reaches."""


class LossRow(Protocol):
    """What rules ask of a row of the catalogue, which lies above this package: see `catalog.entry.Loss`."""

    @property
    def parameter(self) -> str:
        """The parameter that holds the reduction."""

    @property
    def reductions(self) -> tuple[str, ...]:
        """The accepted strings."""

    @property
    def deprecated(self) -> tuple[str, ...]:
        """Those that are accepted with a warning."""

    @property
    def checked(self) -> bool:
        """True where any other string is refused."""

    @property
    def elementwise(self) -> bool:
        """True where it has, unreduced, a value for each element of its input."""

    @property
    def divergence(self) -> bool:
        """True where "mean" divides by all elements, which is no divergence."""

    def spelled(self, value: object) -> str | None:
        """The reduction that a literal argument stands for; None where it stands for none."""


class KnownLoss(Protocol):
    """A row of the catalogue, with the parameters of the class or of the function: see `catalog.LossMatch`."""

    @property
    def row(self) -> LossRow:
        """What holds for both."""

    @property
    def params(self) -> tuple[str, ...]:
        """The parameters in order."""

    @property
    def inputs(self) -> tuple[str, ...]:
        """The parameters that hold the tensors of examples; for a class, those of the call of its object."""


@dataclass(frozen=True, slots=True)
class Trace:
    """Everything that the analysis of one file saw.

    `loss` is the row of a loss by its dotted name, in the catalogue with which the file was analysed: a user's rows are
    in it. `batches` are the names, attributes and subscripts in the file from which the batch size can be taken.
    """

    source: Source
    events: tuple[Event, ...] = ()
    spans: Mapping[Place, Span] = field(default_factory=dict)
    sources: Mapping[str, Source] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    loss: Callable[[str], KnownLoss | None] = lambda name: None
    batches: Mapping[Place, InSight] = field(default_factory=dict)
    elsewhere: Callable[[str], Pairs] = lambda file: frozenset()  # what another file's own analysis brings together

    @property
    def file(self) -> str:
        """The key of the analysed file."""
        return self.source.name

    def here(self, site: Site) -> bool:
        """True when the site is written in the analysed file itself."""
        return site.place.file == self.file

    def span(self, place: Place) -> Span:
        """The characters of the place in its file."""
        return self.spans[place]

    def text(self, place: Place) -> str:
        """The source of the place."""
        span = self.spans[place]
        return self.sources[place.file].text[span.start : span.end]

    def row(self, place: Place) -> int:
        """The line of the place, from 1 (within its cell for a notebook)."""
        return self.sources[place.file].location(self.spans[place].start).row
