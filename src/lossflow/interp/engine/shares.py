"""How the entry points of a file share its steps: each has some that no other can use up.

What brings the loss and the optimizer together calls everything else, so it needs most. Half of the steps are kept for
the entry points that train, a quarter for all of them alike, and the rest, with whatever an earlier one left over, is
for whoever comes first.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

_TRAINS = re.compile(r"backward|\.step\(|training_step|compute_loss|\.fit\(|\b_?(?:train|learn)\w*\(")
_DEFINES = re.compile(r"[ \t]*(?:async[ \t]+)?(def|class)[ \t]+(\w+)")
_NAMES = re.compile(r"\b(\w+)\b(?=\s*[(,)])")
"""Names that are called or handed on: `main()`, `Thread(target=main)`, `spawn(main, 4)`."""


class Entry(NamedTuple):
    """An entry point of a file: a function, a method of `cls`, or without a name the module itself."""

    name: str = ""
    cls: str = ""


@dataclass(slots=True)
class Shares:
    """The steps of one run over a file."""

    total: int
    _kept: dict[Entry, int] = field(default_factory=dict)

    def divide(self, waiting: Mapping[Entry, bool], *, spent: int = 0) -> None:
        """Keep steps for the entry points that are yet to be run; True marks those that train."""
        left = max(self.total - spent, 0)
        training = sum(waiting.values())
        self._kept = {
            entry: left // 4 // len(waiting) + (left // 2 // training if trains else 0)
            for entry, trains in waiting.items()
        }

    def limit(self, entry: Entry, *, again: bool = False) -> int:
        """The number of steps of the whole run at which the entry point has to stop.

        One that is to be run `again` keeps half of its steps for that.
        """
        kept = self._kept.pop(entry, 0)
        if again:
            self._kept[entry] = kept // 2
        return self.total - sum(self._kept.values())


class Outline:
    """The functions and methods of a file, and which of them train, as far as a glance at the text tells."""

    def __init__(self, text: str) -> None:
        texts: dict[Entry, list[str]] = {}
        for entry, line in _lines(text):
            texts.setdefault(entry, []).append(line)
        whole = {entry: "".join(lines) for entry, lines in texts.items()}
        self._names = {entry: frozenset(_NAMES.findall(part)) for entry, part in whole.items()}
        self._training = self._callers({entry for entry, part in whole.items() if _TRAINS.search(part)})

    def trains(self, entry: Entry) -> bool:
        """True where a training step is in the text of the entry point, or of what it calls by name."""
        return entry in self._training

    def apart(self) -> dict[Entry, bool]:
        """What the body of the module leaves to be run on its own, with whether it trains.

        Methods are among it even where an instance is made: which of them are called shows later.
        """
        called = self._called(Entry())
        return {each: self.trains(each) for each in self._names if each.name and (each.cls or each not in called)}

    def _callers(self, entries: set[Entry]) -> set[Entry]:
        """The entry points, and all that call them by name, directly or not."""
        while True:
            names = {entry.name for entry in entries if entry.name}
            more = {each for each in self._names if each not in entries and names & self._names[each]}
            if not more:
                return entries
            entries = entries | more

    def _called(self, start: Entry) -> set[Entry]:
        """The functions of the module that an entry point calls by name, directly or not."""
        called: set[Entry] = set()
        waiting = [start]
        while waiting:
            for name in self._names.get(waiting.pop(), ()):
                one = Entry(name)
                if one in self._names and one not in called:
                    called.add(one)
                    waiting.append(one)
        return called


def _lines(text: str) -> Iterator[tuple[Entry, str]]:
    """Every line with the function or method that it belongs to; all others are the module's."""
    entry, cls, margin = Entry(), "", 0  # `margin` is the indentation of the methods of `cls`
    for line in text.splitlines(keepends=True):
        code = line.strip()
        indent = len(line) - len(line.lstrip())
        if code and code[0] not in ")]}#" and (not indent or (cls and indent <= (margin or indent))):
            found = _DEFINES.match(line)
            if not indent:
                cls, margin = "", 0
            if found is None:
                entry = Entry()
            elif found[1] == "class" and not indent:
                entry, cls = Entry(), found[2]
            elif found[1] == "def":
                entry, margin = Entry(found[2], cls), indent
        yield entry, line
