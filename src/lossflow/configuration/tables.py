"""Typed reading of configuration tables: every unknown key and wrong type becomes a sentence that names it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any, TypeVar

from lossflow.errors import ConfigError

Choice = TypeVar("Choice", bound=Enum)

_KINDS: Mapping[type, str] = {
    str: "a string",
    bool: "true or false",
    int: "an integer",
    dict: "a table",
    list: "a list of strings",
}


def suggestion(word: str, known: Iterable[str]) -> str:
    """A question that names the known word closest to `word`; empty where none is close."""
    from difflib import get_close_matches  # only a mistake needs it

    close = get_close_matches(word, sorted(known), n=1)
    return f" Did you mean `{close[0]}`?" if close else ""


@dataclass(frozen=True, slots=True)
class Table:
    """A table of a configuration file; `origin` names the file, `path` the keys that lead to the table."""

    origin: str
    path: str
    values: Mapping[str, object]

    def refuse_unknown(self, known: Iterable[str]) -> None:
        """Raise ConfigError for a key that nothing reads."""
        known = tuple(known)
        for key in self.values:
            if key not in known:
                raise ConfigError(f"{self.origin}: unknown key `{self.key(key)}`.{suggestion(key, known)}")

    def text(self, key: str) -> str | None:
        """The string under `key`; None where the key is absent."""
        found: str | None = self._typed(key, str)
        return found

    def texts(self, key: str) -> tuple[str, ...] | None:
        """The list of strings under `key`."""
        found = self._typed(key, list)
        if found is None:
            return None
        for item in found:
            if not isinstance(item, str):
                raise ConfigError(f"{self.origin}: `{self.key(key)}` must be a list of strings, but it holds {item!r}.")
        return tuple(found)

    def flag(self, key: str) -> bool | None:
        """The truth value under `key`."""
        found: bool | None = self._typed(key, bool)
        return found

    def number(self, key: str) -> int | None:
        """The integer under `key`."""
        found: int | None = self._typed(key, int)
        if isinstance(found, bool):
            raise self._wrong(key, int, found)
        return found

    def choice(self, key: str, choices: type[Choice]) -> Choice | None:
        """The member of `choices` that is named under `key`, in lower case with dashes."""
        word = self.text(key)
        if word is None:
            return None
        names = {spelled(member.name): member for member in choices}
        if word not in names:
            raise self.not_one_of(key, word, names)
        return names[word]

    def not_one_of(self, key: str, word: str, allowed: Iterable[str]) -> ConfigError:
        """The error for a string that is none of those that the key takes."""
        quoted = ", ".join(f'"{name}"' for name in allowed)
        sentence = f'{self.origin}: `{self.key(key)}` must be one of {quoted}, but it is "{word}".'
        return ConfigError(sentence + suggestion(word, allowed))

    def table(self, key: str) -> Table | None:
        """The table under `key`."""
        found = self._typed(key, dict)
        return None if found is None else Table(self.origin, self.key(key), found)

    def tables(self, key: str) -> Iterator[tuple[str, Table]]:
        """The tables inside the table under `key`, each with its own key."""
        outer = self.table(key)
        for name in outer.values if outer else ():
            inner = outer.table(name) if outer else None
            if inner is not None:
                yield name, inner

    def _typed(self, key: str, kind: type[Any]) -> Any:
        found = self.values.get(key)
        if found is not None and not isinstance(found, kind):
            raise self._wrong(key, kind, found)
        return found

    def _wrong(self, key: str, kind: type, found: object) -> ConfigError:
        return ConfigError(f"{self.origin}: `{self.key(key)}` must be {_KINDS[kind]}, but it is {found!r}.")

    def key(self, key: str) -> str:
        """The whole way to a key of this table."""
        return f"{self.path}.{key}" if self.path else key


def spelled(name: str) -> str:
    """A Python name as configuration files spell it."""
    return name.lower().replace("_", "-")
