"""The settings of a folder as a TOML table, for people who ask why a rule is on or a file left out."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping

from lossflow.commands.arguments import ORIGIN
from lossflow.configuration.config import Config
from lossflow.configuration.files import Configs
from lossflow.configuration.keys import KEYS, Kind
from lossflow.configuration.selection import enabled
from lossflow.configuration.tables import spelled
from lossflow.rules import RULES

_ABSORBED = ("extend", "extend-select", "ignore", "extend-fixable", "unfixable")
"""Keys that are part of another one's outcome."""


def text(name: str, config: Config, configs: Configs) -> str:
    """The settings that hold for the folder or file of that name, and which files they come from."""
    return f"# {name}: {_origin(config, configs)}\n" + "".join(f"{line}\n" for line in _lines(config))


def _origin(config: Config, configs: Configs) -> str:
    said = "the defaults of lossflow" if config.file is None else f"the settings of {config.file}"
    if config.bases:
        said += f", which extends {', which extends '.join(map(str, config.bases))}"
    return f"{said}, and {ORIGIN}" if any(layer.values for layer in configs.overrides) else said


def _lines(config: Config) -> Iterator[str]:
    values = _values(config)
    for key in KEYS:
        if key in values:
            yield f"{key} = {values[key]}"
        elif key not in _ABSORBED:
            rows = _ROWS[key](config) if key in _ROWS else []
            yield f"# {key}: {', '.join(rows) or 'none'}"


def _values(config: Config) -> dict[str, str]:
    """What is said of each key that has a value."""
    ignores = (f"{json.dumps(p, ensure_ascii=False)} = {_list(codes)}" for p, codes in config.per_file_ignores)
    values = {
        "select": _list(rule.code for rule in RULES if config.enables(rule.code, default=rule.default)),
        "per-file-ignores": "{ " + ", ".join(ignores) + " }" if config.per_file_ignores else "{}",
        "exclude": _list(config.exclude),
        "extend-exclude": _list(config.extend_exclude),
        "batch-size-names": _list(config.batch_size_names),
        "sum-fix": json.dumps(spelled(config.sum_fix.name)),
        "fixable": _list(rule.code for rule in RULES if enabled(rule.code, config.fixables)),
        "extend-safe-fixes": _list(config.extend_safe_fixes),
        "extend-unsafe-fixes": _list(config.extend_unsafe_fixes),
    }
    if config.baseline is not None:
        values["baseline"] = json.dumps(str(config.baseline), ensure_ascii=False)
    flags = (key for key, described in KEYS.items() if described.kind is Kind.FLAG)
    return {**values, **{key: json.dumps(getattr(config, key.replace("-", "_"))) for key in flags}}


def _list(items: Iterable[str]) -> str:
    return json.dumps(list(items), ensure_ascii=False)  # a list of strings is the same in TOML


_ROWS: Mapping[str, Callable[[Config], list[str]]] = {
    "losses": lambda config: [row.name or row.functional for row in config.losses],
    "optimizers": lambda config: [row.name for row in config.optimizers],
    "sinks": lambda config: [row.name for row in config.sinks],
}
