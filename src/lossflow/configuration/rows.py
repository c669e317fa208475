"""The losses, optimizers and sinks that users declare: tables of the configuration as records of the catalogue."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

from lossflow.catalog.entry import RECEIVER, Effect, Loss, Optimizer, Scale, Sink, SinkKind, Unreduced
from lossflow.configuration.keys import Key, Kind
from lossflow.configuration.tables import Table, spelled
from lossflow.errors import ConfigError

Given = TypeVar("Given")

LOSS_KEYS: Mapping[str, Key] = {
    "params": Key(Kind.PARAMETERS, "the parameters of the constructor, or of the function, in order"),
    "forward": Key(Kind.PARAMETERS, "the parameters of the call of the class"),
    "functional": Key(Kind.TEXT, "the dotted name of the function that does the same"),
    "functional-params": Key(Kind.PARAMETERS, "the parameters of that function, in order"),
    "functional-forward": Key(Kind.PARAMETERS, "those of them that are tensors of examples, where they differ"),
    "default": Key(Kind.TEXT, "the reduction where none is given; empty where that is not known"),
    "reductions": Key(Kind.NAMES, "the reductions that it takes: listed here, any other is LF302"),
    "effects": Key(Kind.CHOICES_BY_NAME, "what reductions of its own do to the dimension over examples", Effect),
    "unreduced": Key(Kind.CHOICE, "its shape without a reduction", Unreduced),
    "aliases": Key(Kind.NAMES, "other dotted names of the class"),
}
OPTIMIZER_KEYS: Mapping[str, Key] = {
    "scale": Key(Kind.CHOICE, "how its step answers to the gradient's scale", Scale, required=True),
    "params": Key(Kind.PARAMETERS, "the parameters of the constructor, in order"),
    "default-lr": Key(Kind.FLAG, "whether there is a learning rate where none is given"),
    "aliases": Key(Kind.NAMES, "other dotted names of the class"),
}
SINK_KEYS: Mapping[str, Key] = {
    "kind": Key(Kind.CHOICE, "what it does to the loss, or to the optimizer", SinkKind),
    "position": Key(Kind.POSITION, "which argument that is, from 0; -1 for the object whose method is called"),
    "keyword": Key(Kind.TEXT, "the name of that argument"),
    "divides": Key(Kind.FLAG, "whether it divides the loss by the accumulation steps"),
}


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
    _refuse_mistakes(row, LOSS_KEYS)
    base = Loss(name)
    effects = _effects(row)
    accepted = row.texts("reductions")
    reductions = accepted or base.reductions
    functional = row.text("functional") or ""
    words = tuple(dict.fromkeys((*reductions, *(word for word, _ in effects))))
    default = _or(row.text("default"), base.default)
    if default and default not in words and "default" in row.values:
        raise row.not_one_of("default", default, words)
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
        default=default,
        reductions=words,
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
    _refuse_mistakes(row, OPTIMIZER_KEYS)
    scale = row.choice("scale", Scale)
    if scale is None:
        allowed = " or ".join(f'"{spelled(scale.name)}"' for scale in Scale)
        raise ConfigError(f"{row.origin}: `{row.path}` lacks the key `scale` ({allowed}).")
    base = Optimizer(name, scale)
    return Optimizer(
        name,
        scale,
        params=row.text("params") or base.params,
        default_lr=_or(row.flag("default-lr"), base.default_lr),
        aliases=row.texts("aliases") or (),
    )


def _sink(name: str, row: Table) -> Sink:
    _refuse_mistakes(row, SINK_KEYS)
    position = row.number("position") or 0
    if position < RECEIVER:
        raise ConfigError(f"{row.origin}: `{row.key('position')}` must be 0 or more, or -1 for the object itself.")
    return Sink(
        name,
        row.choice("kind", SinkKind) or SinkKind.BACKWARD,
        position=position,
        keyword=row.text("keyword") or "",
        divides=row.flag("divides") or False,
    )


def _refuse_mistakes(row: Table, keys: Mapping[str, Key]) -> None:
    """Raise ConfigError for what no row can mean."""
    for key, value in row.values.items():
        if isinstance(value, dict) and key not in keys:
            # [losses.mine.FocalLoss] is a table `FocalLoss` in a table `mine`.
            dotted = f"{row.path.rpartition('.')[2]}.{key}"
            raise ConfigError(f'{row.origin}: `{row.key(key)}` is a table. A dotted name needs quotes: "{dotted}".')
    row.refuse_unknown(keys)
    for key, described in keys.items():
        if described.kind is Kind.PARAMETERS:
            for word in (row.text(key) or "").split():
                if not (word == "*" or word.isidentifier()):
                    raise ConfigError(
                        f"{row.origin}: `{row.key(key)}` must be names separated by blanks, but it holds {word!r}."
                    )


def _or(value: Given | None, default: Given) -> Given:
    """The value, where it was given: false and empty values count."""
    return default if value is None else value
