"""A training script while it is written: what every dimension of the grammar adds to it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field


@dataclass
class Script:
    """The parts of a script, in the order in which they stand.

    `objects` are made before training, each by the lines under its name; a structure may hand them to a function or
    hold them as attributes. `config` are the entries of the configuration, of which `settings` is the kind. `body`
    computes `loss` from `x` and `y`. `beside` are the other files, by name.
    """

    settings: str = "namespace"
    imports: set[str] = field(default_factory=lambda: {"import torch", "from torch import nn"})
    constants: list[str] = field(default_factory=list)
    definitions: list[str] = field(default_factory=list)
    config: dict[str, str] = field(default_factory=dict)
    objects: dict[str, str] = field(default_factory=dict)
    body: list[str] = field(default_factory=list)
    beside: dict[str, str] = field(default_factory=dict)

    def set(self, key: str, value: str) -> str:
        """Put an entry into the configuration; returns how the script reads it.

        What the command line may decide otherwise is not for torch to judge: there, only numbers are options.
        """
        if self.settings == "arguments" and value[0] not in "0123456789":
            self.constants.append(f"{key.upper()} = {value}")
            return key.upper()
        self.config[key] = value
        if self.settings == "dict":
            return f'config["{key}"]'
        return f"args.{key}" if self.settings == "arguments" else f"config.{key}"

    def define(self, text: str) -> None:
        """Add a function or a class."""
        self.definitions.append(text.strip("\n"))

    @property
    def used(self) -> list[str]:
        """The objects that the body names, and what every training needs, in the order in which they are made."""
        text = "\n".join(self.body)
        return [name for name in self.objects if name == "model" or re.search(rf"(?<!\.)\b{name}\b", text)]

    def header(self) -> list[str]:
        """Everything before the training: imports, constants, configuration, definitions."""
        lines = sorted(self.imports, key=lambda line: (line.startswith("from"), line))
        lines += ["", *self.constants, *self._configuration(), ""]
        for each in self.definitions:
            lines += ["", each, ""]
        return lines

    def _configuration(self) -> list[str]:
        if not self.config:
            return []
        match self.settings:
            case "dict":
                return ["config = {", *(f'    "{key}": {value},' for key, value in self.config.items()), "}"]
            case "dataclass":
                entries = [f"    {key}: {_type(value)} = {value}" for key, value in self.config.items()]
                return ["", "", "@dataclass", "class Config:", *entries, "", "", "config = Config()"]
            case "arguments":
                options = [
                    f'parser.add_argument("--{key}", type={_type(value)}, default={value})'
                    for key, value in self.config.items()
                ]
                return ["parser = argparse.ArgumentParser()", *options, "args = parser.parse_args()"]
            case _:
                entries = [f"{key}={value}" for key, value in self.config.items()]
                return [f"config = SimpleNamespace({', '.join(entries)})"]


SETTINGS = {
    "namespace": "from types import SimpleNamespace",
    "dict": "",
    "dataclass": "from dataclasses import dataclass",
    "arguments": "import argparse",
}
"""The kinds of configuration, and what each imports."""


def _type(value: str) -> str:
    if value in ("True", "False"):
        return "bool"
    if value.startswith('"'):
        return "str"
    return "float" if "." in value or "e" in value else "int"


def indented(lines: list[str], by: int = 1) -> list[str]:
    """The lines in a block."""
    return ["    " * by + line if line else line for line in lines]
