"""The choices that a program is made of: drawn at random, and remembered by name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from random import Random
from typing import TypeVar

T = TypeVar("T")


class Choices:
    """Draws, and keeps what was drawn for each dimension of the grammar: `made["optimizer"]` is `"Adam"`."""

    def __init__(self, random: Random) -> None:
        self._random = random
        self.made: dict[str, str] = {}

    def among(self, dimension: str, options: Mapping[str, T]) -> T:
        """One of the options, under its name."""
        name = self._random.choice(list(options))
        self.made[dimension] = name
        return options[name]

    def word(self, dimension: str, words: Sequence[str]) -> str:
        """One of the words, under itself."""
        return self.among(dimension, {each: each for each in words})

    def maybe(self, dimension: str, *, one_in: int = 2) -> bool:
        """True in one of so many programs."""
        drawn = self._random.randrange(one_in) == 0
        self.made[dimension] = "yes" if drawn else "no"
        return drawn
