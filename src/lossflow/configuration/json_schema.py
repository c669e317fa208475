"""The JSON schema of `[tool.lossflow]`, for editors and for validate-pyproject.

`lossflow.schema.json` is this schema as a file, and a test compares the two:
`python -m lossflow.configuration.json_schema > src/lossflow/configuration/lossflow.schema.json` writes it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from enum import Enum
from typing import Any

from lossflow.configuration.config import Config
from lossflow.configuration.keys import KEYS, Key, Kind
from lossflow.configuration.rows import LOSS_KEYS, OPTIMIZER_KEYS, SINK_KEYS
from lossflow.configuration.tables import spelled
from lossflow.rules import RULES

Schema = dict[str, Any]

_ROWS: Mapping[str, Mapping[str, Key]] = {"losses": LOSS_KEYS, "optimizers": OPTIMIZER_KEYS, "sinks": SINK_KEYS}
_STRINGS: Schema = {"type": "array", "items": {"type": "string"}}


def schema() -> Schema:
    """The schema of the table, and so of a whole `lossflow.toml`."""
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        # A name, where SchemaStore would keep it: validate-pyproject follows no reference in a schema of another form.
        "$id": "https://json.schemastore.org/lossflow.json",
        "title": "lossflow",
        "description": "The configuration of lossflow, a static checker for PyTorch training code.",
        "definitions": {"codes": {"type": "array", "items": {"type": "string", "enum": _selectors()}}},
        **_table(KEYS),
    }


def for_validate_pyproject(tool: str = "lossflow") -> Schema:
    """The schema, as the entry point `validate_pyproject.tool_schema` hands it on."""
    return schema()


def _table(keys: Mapping[str, Key]) -> Schema:
    required = [name for name, key in keys.items() if key.required]
    properties = {name: _property(name, key) for name, key in keys.items()}
    table: Schema = {"type": "object", "additionalProperties": False, "properties": properties}
    return {**table, "required": required} if required else table


def _property(name: str, key: Key) -> Schema:
    described: Schema = {"description": f"{key.summary[0].upper()}{key.summary[1:]}."}
    if key.kind is Kind.FLAG and hasattr(Config, name.replace("-", "_")):
        described["default"] = getattr(Config, name.replace("-", "_"))
    if key.kind is Kind.ROWS:
        return {**described, "type": "object", "additionalProperties": _table(_ROWS[name])}
    return {**described, **_value(key)}


def _value(key: Key) -> Schema:
    match key.kind:
        case Kind.CODES:
            return {"$ref": "#/definitions/codes"}
        case Kind.CODES_BY_PATTERN:
            return {"type": "object", "additionalProperties": {"$ref": "#/definitions/codes"}}
        case Kind.PATTERNS | Kind.NAMES:
            return _STRINGS
        case Kind.FLAG:
            return {"type": "boolean"}
        case Kind.CHOICE:
            return _one_of(key.choices)
        case Kind.CHOICES_BY_NAME:
            return {"type": "object", "additionalProperties": _one_of(key.choices)}
        case Kind.POSITION:
            return {"type": "integer", "minimum": -1}
        case Kind.PARAMETERS:
            return {"type": "string", "pattern": r"^\s*((\*|[^\W\d]\w*)(\s+|$))*$"}
        case _:
            return {"type": "string"}


def _one_of(choices: type[Enum] | None) -> Schema:
    return {"type": "string", "enum": [spelled(member.name) for member in choices or ()]}


def _selectors() -> list[str]:
    """Every string that selects rules: ALL, the codes, and their beginnings."""
    beginnings = {rule.code[:end] for rule in RULES for end in range(1, len(rule.code) + 1)}
    return ["ALL", *sorted(beginnings)]


if __name__ == "__main__":
    print(json.dumps(schema(), indent=2))
