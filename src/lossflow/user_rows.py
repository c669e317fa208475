"""The losses, optimizers and sinks that users declare: tables of the configuration as records of the catalogue."""

from __future__ import annotations

from typing import TypeVar

from lossflow.catalog.entry import Effect, Loss, Optimizer, Scale, Sink, SinkKind, Unreduced
from lossflow.errors import ConfigError
from lossflow.schema import Table

Given = TypeVar("Given")

_LOSS_KEYS = (
    "params", "forward", "functional", "functional-params", "functional-forward", "default", "reductions", "effects",
    "unreduced", "aliases",
)  # fmt: skip
_OPTIMIZER_KEYS = ("scale", "params", "default-lr", "aliases")
_SINK_KEYS = ("kind", "position", "keyword", "divides")


def losses(table: Table) -> tuple[Loss, ...]:
    """The rows under `losses`: the dotted name of each class or function, and how it reduces."""
    return tuple(_loss(name, row) for name, row in table.tables("losses"))


def optimizers(table: Table) -> tuple[Optimizer, ...]:
    """The rows under `optimizers`: the dotted name of each class, and how its step answers to the gradient's scale."""
    return tuple(_optimizer(name, row) for name, row in table.tables("optimizers"))


def sinks(table: Table) -> tuple[Sink, ...]:
    """The rows under `sinks`: the dotted name of each function or method, and what it does to the loss."""
    return tuple(_sink(name, row) for name, row in table.tables("sinks"))


def _loss(name: str, row: Table) -> Loss:
    row.refuse_unknown(_LOSS_KEYS)
    base = Loss(name)
    effects = _effects(row)
    accepted = row.texts("reductions")
    reductions = accepted or base.reductions
    functional = row.text("functional") or ""
    params = row.text("params") or ""
    functional_params = row.text("functional-params") or ""
    last = name.rpartition(".")[2]
    if not functional and not functional_params and last == last.lower():
        # A function is spelled in lower case, and stands in the catalogue as the functional form of no class.
        name, functional, params, functional_params = "", name, "", params
    return Loss(
        name,
        params=params,
        functional=functional,
        functional_params=functional_params,
        default=_or(row.text("default"), base.default),
        reductions=tuple(dict.fromkeys((*reductions, *(word for word, _ in effects)))),
        unreduced=row.choice("unreduced", Unreduced) or base.unreduced,
        effects=effects,
        aliases=row.texts("aliases") or (),
        forward=_or(row.text("forward"), base.forward),
        functional_forward=row.text("functional-forward") or "",
        lenient=accepted is None,  # what it refuses is known only where its reductions are listed
    )


def _effects(row: Table) -> tuple[tuple[str, Effect], ...]:
    table = row.table("effects")
    pairs = ((word, table.choice(word, Effect)) for word in table.values) if table else ()
    return tuple((word, effect) for word, effect in pairs if effect is not None)


def _optimizer(name: str, row: Table) -> Optimizer:
    row.refuse_unknown(_OPTIMIZER_KEYS)
    scale = row.choice("scale", Scale)
    if scale is None:
        raise ConfigError(f'{row.origin}: `{row.path}` lacks the key `scale` ("proportional" or "invariant").')
    base = Optimizer(name, scale)
    return Optimizer(
        name,
        scale,
        params=row.text("params") or base.params,
        default_lr=_or(row.flag("default-lr"), base.default_lr),
        aliases=row.texts("aliases") or (),
    )


def _sink(name: str, row: Table) -> Sink:
    row.refuse_unknown(_SINK_KEYS)
    return Sink(
        name,
        row.choice("kind", SinkKind) or SinkKind.BACKWARD,
        position=row.number("position") or 0,
        keyword=row.text("keyword") or "",
        divides=row.flag("divides") or False,
    )


def _or(value: Given | None, default: Given) -> Given:
    """The value, where it was given: false and empty values count."""
    return default if value is None else value
