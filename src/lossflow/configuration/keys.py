"""The keys of `[tool.lossflow]`: what each takes, and what it is for.

The reader, the JSON schema, the README and `--show-settings` all go by this table. The keys of a user's rows are in
`user_rows`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, auto

from lossflow.findings import SumFix


class Kind(Enum):
    """What a value is."""

    CODES = auto()  # of rules, or the beginnings of codes, or ALL
    PATTERNS = auto()
    NAMES = auto()
    CODES_BY_PATTERN = auto()
    FLAG = auto()
    PATH = auto()
    CHOICE = auto()
    CHOICES_BY_NAME = auto()
    TEXT = auto()
    PARAMETERS = auto()  # names separated by blanks; those after `*` are keyword-only
    POSITION = auto()  # from 0; -1 is the object whose method is called
    ROWS = auto()  # tables by dotted names


@dataclass(frozen=True, slots=True)
class Key:
    """A key: the kind of its value, what it is for, and the members to choose from; `required` in its table."""

    kind: Kind
    summary: str
    choices: type[Enum] | None = None
    required: bool = False


KEYS: Mapping[str, Key] = {
    "extend": Key(Kind.PATH, "another configuration file, of which this one says what is different"),
    "select": Key(Kind.CODES, "these rules are on, and no others"),
    "extend-select": Key(Kind.CODES, "these rules are on as well"),
    "ignore": Key(Kind.CODES, "these rules are off; the longer prefix wins"),
    "per-file-ignores": Key(Kind.CODES_BY_PATTERN, "rules that are off in the files that a pattern fits"),
    "baseline": Key(Kind.PATH, "the file that remembers known findings"),
    "cache-dir": Key(Kind.PATH, "the folder of the cache"),
    "exclude": Key(Kind.PATTERNS, "files and folders to leave out, in the place of the default ones"),
    "extend-exclude": Key(Kind.PATTERNS, "files and folders to leave out as well"),
    "force-exclude": Key(Kind.FLAG, "leave out even what is named as a path"),
    "respect-gitignore": Key(Kind.FLAG, "leave out what git ignores"),
    "batch-size-names": Key(Kind.NAMES, "numbers of these names grow with the batch"),
    "losses": Key(Kind.ROWS, "losses that lossflow can't see into, by their dotted names"),
    "optimizers": Key(Kind.ROWS, "optimizers that lossflow doesn't know, by their dotted names"),
    "sinks": Key(Kind.ROWS, "functions that take a loss or an optimizer, by their dotted names"),
    "sum-fix": Key(
        Kind.CHOICE, "what the fix of a summed loss writes: the mean, or a division by the batch size", SumFix
    ),
    "fix": Key(Kind.FLAG, "write safe fixes"),
    "unsafe-fixes": Key(Kind.FLAG, "let unsafe fixes count as well"),
    "fix-only": Key(Kind.FLAG, "fix, and report nothing of what is left"),
    "show-fixes": Key(Kind.FLAG, "list what was fixed"),
    "fixable": Key(Kind.CODES, "fix these rules, and no others"),
    "extend-fixable": Key(Kind.CODES, "fix these rules as well"),
    "unfixable": Key(Kind.CODES, "don't fix these rules; the longer prefix wins"),
    "show-untraced": Key(Kind.FLAG, "name the losses that could not be followed"),
    "extend-safe-fixes": Key(Kind.CODES, "take the fixes of these rules for safe"),
    "extend-unsafe-fixes": Key(Kind.CODES, "take the fixes of these rules for unsafe"),
}
