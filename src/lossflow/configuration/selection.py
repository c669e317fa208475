"""Which rules are on: a pure function of codes and of what the configuration and the command line ask for."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

ALL = "ALL"


@dataclass(frozen=True, slots=True)
class Selection:
    """What one layer, a configuration file or the command line, asks for; `select` is None where it doesn't say."""

    select: tuple[str, ...] | None = None
    extend_select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()


def enabled(code: str, selections: Iterable[Selection], *, default: bool = True) -> bool:
    """True when the rule of that code is on after every layer, the strongest last.

    A layer that selects starts anew, so that `--select LF101` wins over an `ignore` of the configuration. Within a
    layer the longer prefix wins, and `ignore` wins a tie. A rule that is off by default answers to its full code or to
    ALL alone.
    """
    on = default
    for layer in selections:
        if layer.select is not None:
            on = False
        wanted = longest(code, (*(layer.select or ()), *layer.extend_select), exact=not default)
        unwanted = longest(code, layer.ignore)
        if unwanted >= 0 and unwanted >= wanted:
            on = False
        elif wanted >= 0:
            on = True
    return on


def matches(code: str, selectors: Iterable[str]) -> bool:
    """True when one of the selectors is the code, a prefix of it, or ALL."""
    return longest(code, selectors) >= 0


def longest(code: str, selectors: Iterable[str], *, exact: bool = False) -> int:
    """The length of the longest selector that means the code, 0 for ALL, -1 for none."""
    found = -1
    for selector in selectors:
        if selector == ALL:
            found = max(found, 0)
        elif selector == code or (not exact and code.startswith(selector)):
            found = max(found, len(selector))
    return found
