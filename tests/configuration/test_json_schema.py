"""The JSON schema of the table takes what lossflow reads and refuses what it refuses, and is published as it is."""

from __future__ import annotations

import json
import re
import sys
from importlib import resources
from pathlib import Path

import jsonschema
import pytest
from validate_pyproject.api import Validator
from validate_pyproject.errors import ValidationError
from validate_pyproject.plugins import PluginWrapper

from lossflow.configuration.files import Configs
from lossflow.configuration.json_schema import for_validate_pyproject, schema
from lossflow.configuration.keys import KEYS
from lossflow.errors import ConfigError

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ROOT = Path(__file__).resolve().parents[2]

GOOD = (
    "",
    'extend = "../base.toml"',
    'select = ["LF1", "ALL"]\nextend-select = ["LF108"]\nignore = []',
    'per-file-ignores = { "tests/*" = ["LF1"] }',
    'exclude = ["a"]\nextend-exclude = ["b/*.py"]\nforce-exclude = true\nrespect-gitignore = false',
    'baseline = "known.json"\ncache-dir = "caches"\nbatch-size-names = ["n_images"]\nsum-fix = "batch"',
    "fix = true\nunsafe-fixes = true\nfix-only = false\nshow-fixes = true\nshow-untraced = true",
    'fixable = ["LF2"]\nextend-fixable = ["LF1"]\nunfixable = ["LF102"]',
    'extend-safe-fixes = ["LF1"]\nextend-unsafe-fixes = ["L"]',
    '[losses."m.L"]\nparams = "a * reduction"\ndefault = "sum"\nreductions = ["none", "mean", "sum"]\n'
    'effects = { batchsum = "batch-sum" }\nunreduced = "per-example"\naliases = ["m.x.L"]\nforward = "x y"\n'
    'functional = "m.l"\nfunctional-params = "x y reduction"\nfunctional-forward = "x"',
    '[optimizers."m.O"]\nscale = "invariant"\nparams = "params lr"\ndefault-lr = false\naliases = []',
    '[sinks."m.s"]\nkind = "zero-grad"\nposition = -1\nkeyword = "loss"\ndivides = true',
)
BAD = (
    'selct = ["LF1"]',
    'select = "LF1"',
    "select = [1]",
    'select = ["E501"]',
    'select = ["lf1"]',
    'select = [""]',
    'per-file-ignores = ["LF1"]',
    'per-file-ignores = { "a.py" = ["X1"] }',
    'sum-fix = "avg"',
    "fix = 1",
    "baseline = 1",
    'extend = ["a"]',
    "losses = 3",
    'losses = { "m.L" = "sum" }',
    'losses = { "m.L" = { defualt = "sum" } }',
    'losses = { "m.L" = { params = "a, b" } }',
    'losses = { "m.L" = { effects = { s = "add" } } }',
    '[losses.m.L]\ndefault = "sum"',
    'optimizers = { "m.O" = {} }',
    'optimizers = { "m.O" = { scale = "big" } }',
    'sinks = { "m.s" = { position = true } }',
    'sinks = { "m.s" = { position = -2 } }',
)


def reads(folder: Path, text: str) -> bool:
    (folder / "lossflow.toml").write_text(text)
    (folder.parent / "base.toml").write_text("")
    try:
        Configs().of(folder)
    except ConfigError:
        return False
    return True


def accepts(text: str) -> bool:
    return jsonschema.Draft7Validator(schema()).is_valid(tomllib.loads(text))


@pytest.mark.parametrize("text", GOOD)
def test_what_lossflow_reads_is_accepted(tmp_path: Path, text: str) -> None:
    (tmp_path / "deep").mkdir()
    assert (reads(tmp_path / "deep", text), accepts(text)) == (True, True)


@pytest.mark.parametrize("text", BAD)
def test_what_lossflow_refuses_is_refused(tmp_path: Path, text: str) -> None:
    assert (reads(tmp_path, text), accepts(text)) == (False, False)


def test_the_good_tables_have_every_key() -> None:
    assert {key for text in GOOD for key in tomllib.loads(text)} == set(KEYS)
    rows = {key: row for text in GOOD for key, row in tomllib.loads(text).items() if key in schema()["properties"]}
    for name in ("losses", "optimizers", "sinks"):
        ((_, row),) = rows[name].items()
        assert set(row) == set(schema()["properties"][name]["additionalProperties"]["properties"])


def test_the_schema_is_one() -> None:
    jsonschema.Draft7Validator.check_schema(schema())


def test_the_published_file_is_the_schema() -> None:
    """`lossflow.configuration.json_schema` says how to write it anew."""
    published = resources.files("lossflow.configuration").joinpath("lossflow.schema.json").read_text(encoding="utf-8")
    assert json.loads(published) == schema()


def _validate(text: str) -> None:
    project = '[project]\nname = "user"\nversion = "1"\n[tool.lossflow]\n'
    Validator(plugins=[PluginWrapper("lossflow", for_validate_pyproject)])(tomllib.loads(project + text))


def test_validate_pyproject_takes_the_schema() -> None:
    _validate('select = ["LF1"]')
    with pytest.raises(ValidationError, match="lossflow"):
        _validate('selct = ["LF1"]')


def test_the_entry_point_names_the_schema() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    (entry,) = project["entry-points"]["validate_pyproject.tool_schema"].items()
    assert entry == ("lossflow", f"{for_validate_pyproject.__module__}:{for_validate_pyproject.__name__}")


def test_the_readme_lists_the_keys() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    table = readme.split("<!-- keys -->\n")[1].split("<!-- /keys -->")[0]
    rows = [f"| `{name}` | {key.summary} |" for name, key in KEYS.items()]
    assert table == "\n".join(["| key | what it is for |", "| --- | --- |", *rows]) + "\n"
    assert not re.search(r"[|]", "".join(key.summary for key in KEYS.values()))
