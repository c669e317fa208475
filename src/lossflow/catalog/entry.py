"""The records of the catalogue: what lossflow knows of the losses, optimizers and sinks of other packages.

A user's rows under `[tool.lossflow]` are the same records.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

TORCH_REDUCTIONS = ("none", "mean", "sum")


class Unreduced(Enum):
    """The shape of a loss under `reduction="none"`, for an input whose dimension 0 runs over N examples."""

    ELEMENTWISE = "the shape of the input"
    PER_TARGET = "the shape of a target of class indices: (N,) or (N, d1, ...)"
    PER_EXAMPLE = "(N,)"
    BATCH_FIRST = "(N, ...), with an unknown number of further dimensions"


class Effect(Enum):
    """What a reduction does to the dimension over examples."""

    NONE = "keeps it"
    MEAN = "averages over it"
    SUM = "sums over it"
    BATCH_SUM = "sums over it alone, and keeps the other dimensions"
    PER_EXAMPLE = "reduces within each example and keeps it: the shape is the unreduced one of the row"


@dataclass(frozen=True, slots=True)
class Loss:
    """A loss class, its functional form, or both.

    `params` and `functional_params` are the parameter names in order, separated by blanks; those after `*` are
    keyword-only. `forward` are the parameters of the class's own call. `reductions` are the accepted strings;
    `deprecated` those that torch accepts with a warning. `effects` names what a string outside torch's three does. A
    loss with no `reduction` parameter has the fixed `default`; an empty `default` is one that depends on the installed
    version, or none at all, so that nothing may be concluded from it. `functional` is the dotted name of the function
    (which may stand alone, with an empty `name`).
    """

    name: str
    params: str = ""
    functional: str = ""
    functional_params: str = ""
    default: str = "mean"
    reductions: tuple[str, ...] = TORCH_REDUCTIONS
    deprecated: tuple[str, ...] = ()
    unreduced: Unreduced = Unreduced.ELEMENTWISE
    effects: tuple[tuple[str, Effect | None], ...] = ()  # None: it is accepted, and what it does is not known
    aliases: tuple[str, ...] = ()
    divergence: bool = False  # KLDivLoss and kl_div: "mean" divides by all elements
    forward: str = "input target"
    functional_forward: str = ""  # the tensors of examples of the function, where it names them differently
    parameter: str = "reduction"  # "reducer" in pytorch-metric-learning
    integers: bool = False  # the functions of the torch namespace take 0, 1, 2 for "none", "mean", "sum"
    none: bool = False  # None is accepted and means "none"
    lenient: bool = False  # an unknown string raises nothing, so that it is no LF302
    result: tuple[str, int] | None = None  # the call returns a tuple: attribute and index of the loss in it
    abstract: bool = False  # a base class that holds a reduction and computes nothing
    upsets: tuple[str, ...] = ()  # options that, unless false, change what a reduction does: then nothing is known

    @property
    def has_reduction(self) -> bool:
        """True when the caller can choose the reduction."""
        return self.parameter in f"{self.params} {self.functional_params}".split()

    @property
    def checked(self) -> bool:
        """True where a reduction that is none of `reductions` nor `deprecated` raises."""
        # The functions that take integers raise for some of them only; a bare `_Loss` is there to be subclassed, and
        # its subclass may have reductions of its own.
        return bool(self.reductions) and not (self.lenient or self.integers or self.abstract)

    @property
    def elementwise(self) -> bool:
        """True where it has, unreduced, a value for each element of its input."""
        return self.unreduced is Unreduced.ELEMENTWISE

    def effect(self, reduction: str) -> Effect | None:
        """What `reduction` does; None for a string that this loss does not know."""
        known = dict(self.effects)
        if reduction in known:
            return known[reduction]
        standard = {"none": Effect.NONE, "mean": Effect.MEAN, "sum": Effect.SUM, "elementwise_mean": Effect.MEAN}
        return standard.get(reduction) if reduction in self.reductions + self.deprecated else None

    def spelled(self, value: object) -> str | None:
        """The reduction that a literal argument stands for, whether or not this loss accepts it.

        None where a value of that type is no reduction here: a string given to the functions that take integers.
        """
        if self.integers:
            return TORCH_REDUCTIONS[value] if type(value) is int and 0 <= value < 3 else None
        if value is None:
            return "none" if self.none else None
        return value if isinstance(value, str) else None


def always_mean(
    name: str, params: str = "", *, functional: str = "", functional_params: str = "", forward: str = "input target"
) -> Loss:
    """A loss that leaves no choice: the class, the function or both average over the batch."""
    return Loss(
        name,
        params,
        functional,
        functional_params,
        reductions=(),
        effects=(("mean", Effect.MEAN),),
        forward=forward,
    )


class Scale(Enum):
    """How the step of an optimizer answers to a gradient that is k times as large."""

    PROPORTIONAL = "the step is k times as large"
    INVARIANT = "the step stays the same"


@dataclass(frozen=True, slots=True)
class Optimizer:
    """An optimizer class: its parameter names in order, and how its step answers to the gradient's scale.

    Of an optimizer of another package `params` may be the beginning only. `exception` is a clause for the message where
    the answer holds only in part, as for RAdam and LBFGS.
    """

    name: str
    scale: Scale
    params: str = "params lr"
    default_lr: bool = True
    exception: str = ""
    aliases: tuple[str, ...] = ()


RECEIVER = -1
"""The position that stands for the object whose method is called."""


class SinkKind(Enum):
    """What a call does to the loss that it is given."""

    BACKWARD = "computes its gradients"
    GRAD = "returns its gradients"
    SCALE = "returns it multiplied by a factor that is taken back before the step"
    UNSCALE = "takes that factor back from the gradients"
    STEP = "lets an optimizer step"
    ZERO_GRAD = "sets gradients to zero"
    CLIP = "clips gradients at a threshold"


@dataclass(frozen=True, slots=True)
class Sink:
    """A function or method that takes a loss to the gradients, or an optimizer to its step.

    `name` is a dotted name: of a function (`torch.autograd.backward`) or of a method together with its class
    (`torch.amp.GradScaler.scale`). `position` and `keyword` are the place and the name of the loss (or optimizer,
    or threshold) among the arguments, of which several names are separated by blanks; `RECEIVER` is the object
    whose method it is. `gradient` is the same for the gradient that is given to backward. `divides` is True where
    the framework divides the loss by its accumulation steps itself, if its class was given `divides_if`.
    """

    name: str
    kind: SinkKind
    position: int = 0
    keyword: str = ""
    divides: bool = False
    divides_if: str = ""
    gradient: tuple[int, str] | None = None
    context: bool = False  # `with sink(loss) as scaled`: the scaled loss is what the with statement binds


@dataclass(frozen=True, slots=True)
class Framework:
    """A class whose subclasses hand the objective to a framework by returning it from a method.

    `method` returns the objective; `batch` are the parameters that hold a batch. `optimizers` is the method that
    returns the optimizers, empty where the framework makes them. `manual` is the attribute that, set to False, turns
    the handing over off. `hook` is the method by which the framework calls backward. `count` is the parameter that
    holds the number by which the method is to divide, unless the attribute `counts` is False.
    """

    title: str
    bases: tuple[str, ...]
    method: str
    batch: tuple[str, ...] = ()
    optimizers: str = ""
    manual: str = ""
    hook: str = ""
    divides: bool = True
    count: str = ""
    counts: str = ""
