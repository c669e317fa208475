"""The configuration of a file: the nearest `lossflow.toml`, or `pyproject.toml` with `[tool.lossflow]`."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from lossflow.config import Config
from lossflow.errors import ConfigError
from lossflow.schema import Table

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
            return self._layered(Config(file=self.explicit), table)
        for path in (folder / name for name in NAMES):
            table = read(path) if path.is_file() else None
            if table is not None:
                return self._layered(Config(root=folder, file=path), table)
        return self._layered(Config(), None) if folder.parent == folder else self.of(folder.parent)

    def _layered(self, config: Config, table: Table | None) -> Config:
        for layer in (table, *self.overrides):
            config = config if layer is None else config.apply(layer)
        return config


def read(path: Path) -> Table | None:
    """The table of lossflow in a TOML file, None where a `pyproject.toml` has none; raises ConfigError."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise ConfigError(f"{path}: the configuration can't be read: {error.strerror}.") from None
    if path.name != "pyproject.toml":
        return Table(str(path), "", _parse(path, data))
    if b"lossflow" not in data:  # spares the parse, and the import of the parser
        return None
    tools = _parse(path, data).get("tool")
    if not isinstance(tools, dict) or "lossflow" not in tools:
        return None
    return Table(str(path), "tool", tools).table("lossflow")


def inline(text: str) -> Table:
    """The table of an inline `--config "key = value"`; raises ConfigError."""
    return Table("--config", "", _parse("--config", text.encode()))


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
