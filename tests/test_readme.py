"""The README says what is so."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from lossflow.commands.arguments import parser
from lossflow.configuration.files import Configs
from lossflow.findings import Fix, Safety
from lossflow.formats import FORMATS
from lossflow.rules import RULES
from lossflow.rules.documentation import documentation

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def _marked(name: str) -> str:
    return README.split(f"<!-- {name} -->\n")[1].split(f"<!-- /{name} -->")[0]


def test_the_table_lists_the_rules() -> None:
    rows = ["| code | name | what it finds |", "| --- | --- | --- |"]
    for rule in RULES:
        off = "" if rule.default else f" Off by default: select `{rule.code}` to turn it on."
        rows.append(f"| {rule.code} | {rule.name} | {documentation(rule).summary}{off} |")
    assert _marked("rules") == "\n".join(rows) + "\n"


def test_the_configuration_is_one_that_lossflow_reads(tmp_path: Path) -> None:
    blocks = re.findall(r"```toml\n(.*?)```", README, re.DOTALL)
    (tmp_path / "pyproject.toml").write_text(next(block for block in blocks if "[tool.lossflow.losses" in block))
    config = Configs().of(tmp_path)
    assert config.root == tmp_path
    assert (len(config.losses), len(config.optimizers), len(config.sinks)) == (1, 1, 1)


def test_the_settings_of_fixes_are_ones_that_lossflow_reads(tmp_path: Path) -> None:
    (block,) = [each for each in re.findall(r"```toml\n(.*?)```", README, re.DOTALL) if "unfixable" in each]
    (tmp_path / "pyproject.toml").write_text(block)
    config = Configs().of(tmp_path)
    assert config.fix
    assert config.wanted("LF301", Fix(Safety.SAFE, "Do.", ())) is None
    assert config.wanted("LF302", Fix(Safety.SAFE, "Do.", ())) == Fix(Safety.UNSAFE, "Do.", ())


def test_the_rules_about_sums_are_turned_off_for_tests_as_it_says(tmp_path: Path) -> None:
    (block,) = [each for each in re.findall(r"```toml\n(.*?)```", README, re.DOTALL) if '"*/tests/*"' in each]
    (tmp_path / "pyproject.toml").write_text(block)
    config = Configs().of(tmp_path)
    for name in ("tests/steps.py", "src/tests/deep/steps.py", "benchmarks/steps.py"):
        assert config.ignores("LF102", str(tmp_path / name))
        assert not config.ignores("LF302", str(tmp_path / name))
    assert not config.ignores("LF102", str(tmp_path / "src/package/contests.py"))


def test_the_options_are_those_that_there_are() -> None:
    table = README.split("| option | meaning |")[1].split("\n\n")[0]
    named = set(re.findall(r"`(--[a-z-]+)", table))
    check = parser().parse_args(["check"])
    offered = {f"--{name.replace('_', '-')}" for name in vars(check)} - {"--command", "--paths"}
    named.discard("--no-")
    assert named | {"--stdin-filename"} == offered
    assert "--output-format " + r"\|".join(FORMATS) in table


def test_the_example_checks_the_fixtures_that_there_are(capsys: pytest.CaptureFixture[str]) -> None:
    line = next(line for line in README.splitlines() if ".venv/bin/lossflow check" in line)
    *_, path = shlex.split(line)
    assert list((ROOT / path).rglob("flagged_*.py"))


def test_the_checks_run_the_line_that_the_readme_names() -> None:
    assert len(re.findall(r"^python3 -m venv .*pytest.*$", _marked("tests"), re.MULTILINE)) == 1
    assert "/<!-- tests -->/,/<!-- \\/tests -->/p" in (ROOT / ".ci" / "run").read_text()
