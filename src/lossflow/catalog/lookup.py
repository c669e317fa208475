"""`Catalog`: what a dotted name of another package is."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cache, cached_property
from typing import TypeVar

from lossflow.catalog.ecosystem_losses import ECOSYSTEM_LOSSES, REDUCERS
from lossflow.catalog.ecosystem_optimizers import ECOSYSTEM_OPTIMIZERS
from lossflow.catalog.entry import Framework, Loss, Optimizer, Sink
from lossflow.catalog.frameworks import FRAMEWORKS
from lossflow.catalog.kornia_losses import KORNIA_LOSSES
from lossflow.catalog.monai_losses import LOSS_REDUCTION, MONAI_LOSSES
from lossflow.catalog.names import BATCH_SIZE_NAMES, words
from lossflow.catalog.segmentation_losses import SEGMENTATION_LOSSES
from lossflow.catalog.sinks import METHODS, SINKS
from lossflow.catalog.torch_losses import TORCH_LOSSES
from lossflow.catalog.torch_optimizers import TORCH_OPTIMIZERS

REDUCTIONS = {**LOSS_REDUCTION, **REDUCERS}

Row = TypeVar("Row")


@dataclass(frozen=True, slots=True)
class LossMatch:
    """A loss that a dotted name is, and how its arguments bind.

    `params` are the parameters in order, `keyword_only` those among them that no positional argument reaches.
    `constructor` is True for the class, False for the function. `inputs` are the parameters that hold tensors of
    examples: of the function itself, or of the call of the constructed object.
    """

    row: Loss
    constructor: bool
    params: tuple[str, ...]
    keyword_only: frozenset[str]
    inputs: tuple[str, ...]

    @property
    def positional(self) -> tuple[str, ...]:
        """The parameters that positional arguments bind, in order."""
        return tuple(name for name in self.params if name not in self.keyword_only)


@dataclass(frozen=True, eq=False)  # the hash of all rows would be computed again and again
class Catalog:
    """Rows by dotted name. `batch_size_names` are the names that mean a batch size, as written by their authors."""

    losses: tuple[Loss, ...]
    optimizers: tuple[Optimizer, ...]
    sinks: tuple[Sink, ...]
    frameworks: tuple[Framework, ...] = FRAMEWORKS
    batch_size_names: frozenset[str] = BATCH_SIZE_NAMES
    _losses: dict[str, LossMatch] = field(init=False, repr=False, compare=False)
    _optimizers: dict[str, Optimizer] = field(init=False, repr=False, compare=False)
    _sinks: dict[str, Sink] = field(init=False, repr=False, compare=False)
    _frameworks: dict[str, Framework] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Index the rows; a later row replaces an earlier one of the same name, so that users can correct us."""
        object.__setattr__(self, "_losses", dict(_named_losses(self.losses)))
        object.__setattr__(
            self, "_optimizers", {name: row for row in self.optimizers for name in (row.name, *row.aliases)}
        )
        object.__setattr__(self, "_sinks", {row.name: row for row in self.sinks})
        object.__setattr__(self, "_frameworks", {base: row for row in self.frameworks for base in row.bases})

    @staticmethod
    def default() -> Catalog:
        """What lossflow knows on its own."""
        return _default()

    def extended(
        self,
        losses: Iterable[Loss] = (),
        optimizers: Iterable[Optimizer] = (),
        *,
        sinks: Iterable[Sink] = (),
        batch_size_names: Iterable[str] = (),
    ) -> Catalog:
        """This catalogue with a user's rows and names added; they win over the rows of the same name."""
        return replace(
            self,
            losses=(*self.losses, *losses),
            optimizers=(*self.optimizers, *optimizers),
            sinks=(*self.sinks, *sinks),
            batch_size_names=self.batch_size_names | frozenset(batch_size_names),
        )

    @cached_property
    def packages(self) -> frozenset[str]:
        """The packages that have a row: what they define is told by their rows, never by reading their files."""
        named = (*self._losses, *self._optimizers, *self._sinks, *self._frameworks)
        return frozenset(name.partition(".")[0] for name in named if "." in name)

    @property
    def loss_names(self) -> Iterable[str]:
        """Every dotted name of a loss, those of its functional form and its aliases among them."""
        return self._losses

    def loss(self, dotted: str) -> LossMatch | None:
        """The loss class or function of that name, by whichever path it is imported."""
        return _find(self._losses, dotted)

    def reduction(self, dotted: str) -> str | None:
        """The reduction that a name of another package stands for: a member of an enumeration, or a reducer's class."""
        return _find(REDUCTIONS, dotted.removesuffix(".value"))

    def optimizer(self, dotted: str) -> Optimizer | None:
        """The optimizer class of that name."""
        return _find(self._optimizers, dotted)

    def sink(self, dotted: str) -> Sink | None:
        """The sink of that name: a function, or a method together with its class."""
        return _find(self._sinks, dotted)

    def framework(self, base: str) -> Framework | None:
        """The framework that a class of that dotted base belongs to."""
        return _find(self._frameworks, base)

    def method_sink(self, method: str, receiver: str = "") -> Sink | None:
        """The sink that `receiver.method` most likely is, where the class of the receiver is out of sight.

        The receiver is judged by the last word of its name: `self.grad_scaler.scale`, `model_engine.backward`.
        """
        word = (words(receiver) or ("",))[-1]
        name = METHODS.get((method, word)) or METHODS.get((method, ""))
        return self._sinks[name] if name else None


def _find(rows: Mapping[str, Row], dotted: str) -> Row | None:
    """The row of that name, or of the same name in a package that re-exports it.

    Packages re-export what their modules define: `torch.nn.modules.loss.MSELoss` is `torch.nn.MSELoss`. So modules are
    left out right before the name, or before the class of a method; they are spelled in lower case, so that an
    attribute of a class is never taken for a re-export.
    """
    if dotted in rows:
        return rows[dotted]
    parts = dotted.split(".")
    end = len(parts) - 1
    if end > 1 and not parts[end - 1].islower():
        end -= 1
    for start in range(end - 1, 0, -1):
        if not parts[start].islower():
            return None
        name = ".".join(parts[:start] + parts[end:])
        if name in rows:
            return rows[name]
    return None


def _named_losses(rows: Iterable[Loss]) -> Iterator[tuple[str, LossMatch]]:
    for row in rows:
        if row.name:
            match = _match(row, row.params, constructor=True)
            yield from ((name, match) for name in (row.name, *row.aliases))
        if row.functional:
            yield row.functional, _match(row, row.functional_params, constructor=False)


def _match(row: Loss, signature: str, *, constructor: bool) -> LossMatch:
    positional, _, keyword_only = signature.partition("*")
    names = tuple(positional.split())
    keywords = tuple(keyword_only.split())
    forward = row.forward if constructor else row.functional_forward or row.forward
    inputs = tuple(forward.split())
    return LossMatch(row, constructor, names + keywords, frozenset(keywords), inputs)


@cache
def _default() -> Catalog:
    return Catalog(
        TORCH_LOSSES + ECOSYSTEM_LOSSES + KORNIA_LOSSES + MONAI_LOSSES + SEGMENTATION_LOSSES,
        TORCH_OPTIMIZERS + ECOSYSTEM_OPTIMIZERS,
        SINKS,
    )
