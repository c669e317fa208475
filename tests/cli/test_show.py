"""`--show-files`, `--show-settings`, and what the environment says of options."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from lossflow.cli import main
from lossflow.commands.arguments import parse
from lossflow.configuration.files import Configs, inline
from lossflow.configuration.keys import KEYS
from tests.programs import SUMMED

Run = tuple[int, str, str]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    """Runs `check` in an empty folder; gives its status, output and errors."""
    monkeypatch.chdir(tmp_path)

    def call(*arguments: str) -> Run:
        status = main(("check", *arguments))
        captured = capsys.readouterr()
        return status, captured.out, captured.err

    return call


def test_the_files_of_a_run_are_listed_and_not_checked(tmp_path: Path, run) -> None:
    (tmp_path / "b").mkdir()
    for name in ("a.py", "b/c.ipynb", "b/d.txt", "b/e.py"):
        (tmp_path / name).write_text("(")
    assert run("--show-files", "--extend-exclude=e.py") == (0, "a.py\nb/c.ipynb\n", "")
    status, output, errors = run("--show-files", "nowhere", "a.py")
    assert (status, output) == (2, "a.py\n")
    assert errors == "error: nowhere was not analysed: there is no such file or folder.\n"


def test_settings_are_shown_as_they_hold_with_the_files_that_they_come_from(tmp_path: Path, run) -> None:
    (tmp_path / "deep").mkdir()
    (tmp_path / "base.toml").write_text('extend-select = ["LF108"]\nlosses = { "m.L" = { default = "sum" } }\n')
    (tmp_path / "lossflow.toml").write_text(
        'extend = "base.toml"\nselect = ["LF1", "LF3"]\nper-file-ignores = { "é.py" = ["LF1"] }\nbaseline = "k.json"\n'
    )
    status, output, errors = run("--show-settings", "--ignore=LF3", "--fix", "deep", "deep/new.py")
    assert (status, errors) == (0, "")
    heading, *lines = output.splitlines()
    files = f"{tmp_path / 'lossflow.toml'}, which extends {tmp_path / 'base.toml'}"
    assert heading == f"# deep: the settings of {files}, and the command line"
    assert f"# deep/new.py: the settings of {files}, and the command line" in lines
    codes = ", ".join(f'"LF10{number}"' for number in (1, 2, 3, 4, 5, 6, 7, 9))
    for line in (
        f"select = [{codes}]",
        'per-file-ignores = { "é.py" = ["LF1"] }',
        f'baseline = "{tmp_path / "k.json"}"',
        "# losses: m.L",
        "# sinks: none",
        "fix = true",
        "respect-gitignore = true",
    ):
        assert line in lines


def test_the_settings_are_ones_that_lossflow_reads(tmp_path: Path, run) -> None:
    (tmp_path / "lossflow.toml").write_text('ignore = ["LF101"]\nper-file-ignores = { "a.py" = ["LF1"] }\n')
    output = run("--show-settings")[1]
    again = Configs(isolated=True, overrides=(inline(output),)).of(tmp_path)
    assert not again.enables("LF101")
    assert again.enables("LF102")
    assert again.ignores("LF102", "a.py")
    shown = {line.removeprefix("# ").split(" = ")[0].split(":")[0] for line in output.splitlines()[1:]}
    assert shown == set(KEYS) - {"extend", "extend-select", "ignore", "extend-fixable", "unfixable"}


def test_settings_without_a_file_are_the_defaults(run) -> None:
    assert run("--show-settings", "--isolated")[1].startswith("# .: the defaults of lossflow\n")


@pytest.mark.parametrize("option", ["--show-files", "--show-settings"])
def test_standard_input_has_no_place_in_the_lists(run, option: str) -> None:
    sentence = "error: `--show-files` and `--show-settings` are about files, not about standard input.\n"
    assert run(option, "-") == (2, "", sentence)


def test_the_environment_chooses_the_format_and_an_option_wins(tmp_path: Path, run, monkeypatch) -> None:
    (tmp_path / "a.py").write_text(SUMMED)
    monkeypatch.setenv("LOSSFLOW_OUTPUT_FORMAT", "json")
    assert run()[1].startswith("[")
    assert run("--output-format=concise")[1].startswith("a.py:5:13: LF101")
    monkeypatch.setenv("LOSSFLOW_OUTPUT_FORMAT", "")
    assert run()[1].startswith("LF101")
    monkeypatch.setenv("LOSSFLOW_OUTPUT_FORMAT", "jsn")
    status, output, errors = run()
    assert (status, output) == (2, "")
    assert errors.startswith("error: the environment variable `LOSSFLOW_OUTPUT_FORMAT` must be one of full, concise,")
    assert errors.endswith("but it is `jsn`. Did you mean `json`?\n")
    assert run("--output-format=json")[0] == 1
    assert main(("rule", "LF101")) == 0


@pytest.mark.parametrize(("value", "on"), [("1", True), ("true", True), ("0", False), ("false", False), ("", False)])
def test_the_environment_turns_an_option_on(monkeypatch: pytest.MonkeyPatch, value: str, on: bool) -> None:
    monkeypatch.setenv("LOSSFLOW_NO_CACHE", value)
    monkeypatch.setattr(sys, "argv", ["lossflow", "check"])
    assert parse().no_cache is on
