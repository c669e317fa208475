"""The configuration of a file: the nearest `lossflow.toml`, or `pyproject.toml` with `[tool.lossflow]`."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from lossflow.configuration.config import Config
from lossflow.configuration.tables import Table
from lossflow.errors import ConfigError

NAMES = (".lossflow.toml", "lossflow.toml", "pyproject.toml")
"""The names of configuration files, the strongest first."""

_EVERYWHERE = Path()


@dataclass
class Configs:
    """The configuration of every folder of a run, each read once.

    `explicit` is a file that holds for every folder in place of what stands there, `isolated` ignores what stands
    there, and the tables of `overrides` lie on top of either.
    """

    explicit: Path | None = None
    isolated: bool = False
    overrides: tuple[Table, ...] = ()
    _known: dict[Path, Config] = field(default_factory=dict)

    def of(self, folder: Path) -> Config:
        """The configuration of the files in an absolute folder; raises ConfigError."""
        if self.isolated or self.explicit is not None:
            folder = _EVERYWHERE
        if folder not in self._known:
            self._known[folder] = self._read(folder)
        return self._known[folder]

    def _read(self, folder: Path) -> Config:
        if folder == _EVERYWHERE:
            table = None if self.isolated or self.explicit is None else read(self.explicit)
            if self.explicit is None or table is None:
                return self._overridden(Config(file=self.explicit))
            return self._overridden(_config(table, self.explicit, Path.cwd()))
        for path in (folder / name for name in NAMES):
            table = read(path) if path.is_file() else None
            if table is not None:
                return self._overridden(_config(table, path, folder))
        return self._overridden(Config()) if folder.parent == folder else self.of(folder.parent)

    def _overridden(self, config: Config) -> Config:
        for layer in self.overrides:
            config = config.apply(layer)
        return config


def _config(table: Table, path: Path, root: Path, above: tuple[Path, ...] = ()) -> Config:
    """The configuration that a file describes on top of the one that it extends; `above` are those that extend it."""
    above = (*above, path.resolve())
    written = table.text("extend")
    if written is None:
        return Config(root=root, file=path).apply(table)
    base = Path(os.path.normpath(path.parent / Path(written).expanduser()))
    where = f"{table.origin}: `{table.key('extend')}`"
    if base.resolve() in above:
        raise ConfigError(f"{where} leads back to {base}, which would extend itself.")
    if not base.is_file():
        raise ConfigError(f"{where} names {base}, which is no file.")
    extended = read(base)
    if extended is None:
        raise ConfigError(f"{where} names {base}, which has no [tool.lossflow].")
    return _config(extended, base, base.parent, above).extended_by(path, root).apply(table)


def read(path: Path) -> Table | None:
    """The table of lossflow in a TOML file, None where a `pyproject.toml` has none; raises ConfigError."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise ConfigError(f"{path}: the configuration can't be read: {error.strerror}.") from None
    if path.name != "pyproject.toml":
        values = _parse(path, data)
        if "tool" in values:
            raise ConfigError(
                f"{path}: in this file the keys stand for themselves, without the heading [tool.lossflow]."
            )
        return Table(str(path), "", values)
    if b"lossflow" not in data:  # spares the parse, and the import of the parser
        return None
    tools = _parse(path, data).get("tool")
    if not isinstance(tools, dict) or "lossflow" not in tools:
        return None
    return Table(str(path), "tool", tools).table("lossflow")


def inline(text: str) -> Table:
    """The table of an inline `--config "key = value"`; raises ConfigError."""
    table = Table("--config", "", _parse("--config", text.encode()))
    if "extend" in table.values:
        raise ConfigError("--config: only a file can `extend` another one: name that one by `--config FILE`.")
    return table


def _parse(origin: Path | str, data: bytes) -> Mapping[str, object]:
    if sys.version_info >= (3, 11):
        import tomllib
    else:
        import tomli as tomllib
    try:
        table: Mapping[str, object] = tomllib.loads(data.decode())
    except UnicodeDecodeError:
        raise ConfigError(f"{origin}: the configuration is not valid UTF-8.") from None
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{origin}: the configuration is not valid TOML: {error}.") from None
    return table
