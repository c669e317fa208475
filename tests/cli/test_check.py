"""`lossflow check`: exit status, options, formats, and one sentence for everything that can't be done."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from io import BytesIO, TextIOWrapper
from pathlib import Path

import pytest

from lossflow import __version__, checking
from lossflow.cli import main
from tests.programs import CLEAN, LEGACY, SUMMED

Run = tuple[int, str, str]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty current folder, whose files are written by `write`."""
    monkeypatch.chdir(tmp_path)
    for name in ("NO_COLOR", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


@pytest.fixture
def run(folder: Path, capsys: pytest.CaptureFixture[str]):
    """Runs the command line in that folder; gives its status, output and errors."""

    def call(*arguments: str) -> Run:
        try:
            status = main(arguments)
        except SystemExit as error:  # argparse's own
            status = int(str(error.code))
        captured = capsys.readouterr()
        return status, captured.out, captured.err

    return call


def codes(output: str) -> list[str]:
    return [row["code"] for row in json.loads(output)]


# --- exit status --------------------------------------------------------------------------------------------------


def test_nothing_found_is_0_findings_are_1(folder: Path, run) -> None:
    (folder / "a.py").write_text(CLEAN)
    assert run("check") == (0, "Found no problem in 1 file.\n", "")
    (folder / "b.py").write_text(SUMMED)
    status, output, errors = run("check")
    assert (status, errors) == (1, "")
    assert output.endswith("Found 1 problem in 1 file.\n1 fixable with --fix --unsafe-fixes.\n")
    assert run("check", "--exit-zero")[0] == 0


def test_what_could_not_be_done_is_2_whatever_was_found(folder: Path, run) -> None:
    (folder / "a.py").write_text(SUMMED)
    (folder / "b.py").write_text("import losses\nx = (\n")
    status, output, errors = run("check", "--exit-zero", "--output-format", "concise")
    assert status == 2
    assert output.startswith("a.py:5:13: LF101 ")
    assert output.endswith(
        "Found 1 problem in 1 file.\n1 fixable with --fix --unsafe-fixes.\n1 file could not be analysed.\n"
    )
    assert errors.startswith("error: b.py was not analysed: it is not valid Python: line")


def test_a_folder_without_python_is_a_warning(run) -> None:
    assert run("check") == (0, "", "warning: there is no Python file under the given paths.\n")
    assert run("check", "--quiet") == (0, "", "")


# --- bad input ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"import losses\ndef f(:\n", "it is not valid Python: line"),
        (b"import losses\n  x = 1\n", "it is not valid Python: line"),
        (b"import losses\nx = 'a' b'b'\n", "it is not valid Python: line 2, "),
        (b"x = '\xe9'\n", "it is not valid UTF-8 (byte 0xe9 on line 1) and declares no other encoding"),
        (b"# coding: latin-2000\n", "its encoding could not be made out"),
        (b"x = 1\0\n", "it contains a NUL byte on line 1"),
        (b"import losses\nx = " + b"(" * 5000 + b")" * 5000, "its code nests too deeply to be parsed (line 2)"),
        (b"import losses\nx = 1" + b" + 1" * 30000, "its code nests too deeply to be parsed (line 2)"),
    ],
)
def test_a_file_that_cannot_be_analysed_is_named_and_the_rest_checked(
    folder: Path, run, data: bytes, reason: str
) -> None:
    (folder / "bad.py").write_bytes(data)
    (folder / "good.py").write_text(SUMMED)
    status, output, errors = run("check", "--output-format", "json")
    assert status == 2
    assert codes(output) == ["LF101"]
    assert errors.startswith(f"error: bad.py was not analysed: {reason}")
    assert errors.count("\n") == 1


def test_a_cell_that_cannot_be_analysed_is_named_and_the_other_cells_checked(folder: Path, run) -> None:
    cells = [{"cell_type": "code", "source": text} for text in ("print 'loss'", SUMMED)]
    (folder / "a.ipynb").write_text(json.dumps({"cells": cells}))
    status, output, errors = run("check", "--output-format", "json", "--verbose")
    assert status == 2
    assert [(each["code"], each["cell"]) for each in json.loads(output)] == [("LF101", 2)]
    checked, omitted = errors.splitlines()
    assert checked == "checked a.ipynb"
    assert omitted.startswith("error: a.ipynb was analysed without cell 1, which is not valid Python: line 1, ")


def test_paths_that_lead_nowhere_are_named_and_the_rest_checked(folder: Path, run) -> None:
    (folder / "dangling.py").symlink_to("gone.py")
    (folder / "loop.py").symlink_to("loop.py")
    os.mkfifo(folder / "pipe.py")
    (folder / "good.py").write_text(SUMMED)
    status, output, errors = run("check", ".", "missing.py", "--output-format", "json")
    assert status == 2
    assert codes(output) == ["LF101"]
    assert errors.splitlines() == [
        "error: dangling.py was not analysed: it is a link that leads nowhere (gone.py).",
        "error: loop.py was not analysed: it is a link that leads nowhere (loop.py).",
        "error: pipe.py was not analysed: it is not a regular file.",
        "error: missing.py was not analysed: there is no such file or folder.",
    ]


def test_an_unreadable_file_and_folder_are_named(folder: Path, run, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "closed").mkdir()
    (folder / "secret.py").write_text(SUMMED)
    (folder / "good.py").write_text(SUMMED)
    read, scan = Path.read_bytes, os.scandir

    def refuse_file(path: Path) -> bytes:
        if path.name == "secret.py":
            raise PermissionError(13, "Permission denied")
        return read(path)

    def refuse_folder(path: Path):
        if Path(path).name == "closed":
            raise PermissionError(13, "Permission denied")
        return scan(path)

    # The tests may run as root, whom no mode keeps out.
    monkeypatch.setattr(Path, "read_bytes", refuse_file)
    monkeypatch.setattr(os, "scandir", refuse_folder)
    status, output, errors = run("check", "--output-format", "json")
    assert (status, codes(output)) == (2, ["LF101"])
    assert errors.splitlines() == [
        "error: secret.py was not analysed: it can't be read: Permission denied.",
        "error: closed was not analysed: it can't be listed: Permission denied.",
    ]


@pytest.mark.parametrize("error", [KeyError("x"), RecursionError("deep"), MemoryError()])
def test_a_mistake_of_ours_is_named_and_the_rest_checked(
    folder: Path, run, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    trace = checking.traced

    def fail_once(source, config, **options):
        if source.name.endswith("bad.py"):
            raise error
        return trace(source, config, **options)

    monkeypatch.setattr(checking, "traced", fail_once)
    (folder / "bad.py").write_text(SUMMED)
    (folder / "good.py").write_text(SUMMED)
    status, output, errors = run("check", "--output-format", "json")
    assert (status, codes(output)) == (2, ["LF101"])
    assert errors.startswith("error: bad.py was not analysed: ")
    assert "Traceback" not in errors
    if isinstance(error, KeyError):
        assert "(KeyError: 'x', in test_check.py, line" in errors
        assert "please report it" in errors


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("--select", "LF999"), "the command line: `select` names `LF999`, which is no rule."),
        (("--ignore", "LF101,E501"), "the command line: `ignore` names `E501`, which is no rule."),
        (("--select", ","), "`--select` needs at least one value."),
        (("--per-file-ignores", "tests"), "`--per-file-ignores` takes PATTERN:CODE, but was given `tests`."),
        (("--config", "nowhere.toml"), "nowhere.toml: the configuration can't be read: No such file or directory."),
        (("--config", "selct=['LF1']"), "--config: unknown key `selct`. Did you mean `select`?"),
        (("--config", "select=LF1"), "--config: the configuration is not valid TOML"),
        (("--config", "a.toml", "--config", "b.toml"), "`--config` takes one file"),
        (("--config", "a.toml", "--isolated"), "`--isolated` reads no configuration file"),
        (("--selct", "LF1"), "`lossflow check` takes no `--selct`. Did you mean `--select`?"),
        (("--selct=LF1",), "`lossflow check` takes no `--selct`. Did you mean `--select`?"),
        (("--per-file-ignores", "tests : "), "`--per-file-ignores` takes PATTERN:CODE, but was given `tests :`."),
        (("--per-file-ignores", " tests : LF9"), "the command line: `per-file-ignores.tests` names `LF9`, which is no"),
        (("-", "a.py"), "`-` stands for standard input and can't be combined with other paths."),
    ],
)
def test_a_bad_option_is_one_sentence(run, arguments: tuple[str, ...], sentence: str) -> None:
    status, output, errors = run("check", *arguments)
    assert (status, output) == (2, "")
    assert errors.startswith(f"error: {sentence}")
    assert errors.count("\n") == 1


@pytest.mark.parametrize("arguments", [(), ("chek",), ("check", "--output-format", "xml")])
def test_bad_usage_is_2(run, arguments: tuple[str, ...]) -> None:
    status, output, errors = run(*arguments)
    assert (status, output) == (2, "")
    assert "usage: lossflow" in errors


def test_a_mistake_in_the_configuration_is_one_sentence(folder: Path, run) -> None:
    (folder / "a.py").write_text(SUMMED)
    (folder / "pyproject.toml").write_text("[tool.lossflow]\nignore = 3\n")
    assert run("check") == (
        2,
        "",
        f"error: {folder}/pyproject.toml: `tool.lossflow.ignore` must be a list of strings, but it is 3.\n",
    )
    assert run("check", "--isolated")[0] == 1


# --- options ------------------------------------------------------------------------------------------------------


def test_rules_are_selected_by_options_over_files(folder: Path, run) -> None:
    (folder / "a.py").write_text(SUMMED + LEGACY)
    (folder / "lossflow.toml").write_text('ignore = ["LF101"]\n')

    def found(*arguments: str) -> list[str]:
        return codes(run("check", "--output-format", "json", *arguments)[1])

    assert found() == ["LF301"]
    assert found("--isolated") == ["LF101", "LF301"]
    assert found("--select", "LF1") == ["LF101"]
    assert found("--extend-select", "LF101") == ["LF101", "LF301"]
    assert found("--ignore", "LF3") == []
    assert found("--isolated", "--per-file-ignores", "*.py:LF1") == ["LF301"]
    assert found("--isolated", "--per-file-ignores", "b.py:LF1,./a.py:LF301") == ["LF101"]
    assert found("--config", 'ignore = ["LF301"]') == []
    (folder / "other.toml").write_text('select = ["LF101"]\n')
    assert found("--config", "other.toml") == ["LF101"]


def test_standard_input_takes_its_name_and_configuration_from_the_option(
    folder: Path, run, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = folder / "package"
    package.mkdir()
    (package / "lossflow.toml").write_text('per-file-ignores = { "old.py" = ["LF101"] }\nexclude = ["gen.py"]\n')

    def found(*arguments: str) -> list[tuple[str, str]]:
        monkeypatch.setattr(sys, "stdin", TextIOWrapper(BytesIO(SUMMED.encode())))
        output = run("check", "--output-format", "json", *arguments)[1]
        return [(row["filename"], row["code"]) for row in json.loads(output)]

    assert found("-") == [("-", "LF101")]
    assert found("-", "--stdin-filename", "package/new.py") == [(str(package / "new.py"), "LF101")]
    assert found("--stdin-filename", "package/new.py") == [(str(package / "new.py"), "LF101")]
    assert found("-", "--stdin-filename", "package/old.py") == []
    assert found("-", "--stdin-filename", "package/gen.py") != []
    assert found("-", "--stdin-filename", "package/gen.py", "--force-exclude") == []
    monkeypatch.setattr(sys, "stdin", TextIOWrapper(BytesIO(b"import losses\nx = (\n")))
    assert run("check", "-")[2].startswith("error: standard input was not analysed: it is not valid Python")


def test_statistics_count_the_rules(folder: Path, run) -> None:
    (folder / "a.py").write_text(SUMMED)
    (folder / "b.py").write_text(SUMMED + LEGACY)
    status, output, _ = run("check", "--statistics")
    assert (status, output) == (1, "2  LF101  [ ] sum-with-fixed-lr\n1  LF301  [*] legacy-reduction-arguments\n")
    rows = json.loads(run("check", "--statistics", "--output-format", "json")[1])
    assert rows[0] == {
        "code": "LF101",
        "name": "sum-with-fixed-lr",
        "count": 2,
        "fixable": False,
        "fixable_count": 0,
    }


def test_quiet_prints_findings_and_errors_alone_and_verbose_what_was_checked(folder: Path, run) -> None:
    (folder / "a.py").write_text(SUMMED)
    (folder / "b.py").write_text("import losses\n)\n")
    status, output, errors = run("check", "--quiet", "--output-format", "concise")
    assert (status, output.count("\n"), errors.count("\n")) == (2, 1, 1)
    assert "checked a.py\n" in run("check", "--verbose")[2]


def test_nothing_is_written_but_the_cache(folder: Path, run) -> None:
    (folder / "a.py").write_text(SUMMED)
    run("check", "--no-cache")
    assert [path.name for path in folder.iterdir()] == ["a.py"]
    run("check")
    assert sorted(path.name for path in folder.iterdir()) == [".lossflow_cache", "a.py"]
    assert (folder / "a.py").read_text() == SUMMED


# --- processes ----------------------------------------------------------------------------------------------------


def _process(folder: Path, *arguments: str, **options) -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, "-m", "lossflow", *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, check=False, **options)


def test_a_file_that_cannot_matter_is_not_parsed(folder: Path) -> None:
    (folder / "a.py").write_text("import os\nprint(os.getcwd(\n")
    code = (
        "import sys\nfrom lossflow.cli import main\nstatus = main(['check', 'a.py'])\n"
        "print([name for name in ('libcst', 'rich', 'pathspec') if name in sys.modules])\nsys.exit(status)"
    )
    run = subprocess.run([sys.executable, "-c", code], cwd=folder, capture_output=True, text=True, check=False)
    assert (run.returncode, run.stdout, run.stderr) == (0, "Found no problem in 1 file.\n[]\n", "")


def test_a_reader_that_goes_away_is_no_error(folder: Path) -> None:
    for number in range(40):
        (folder / f"a{number}.py").write_text(SUMMED)
    command = f"'{sys.executable}' -m lossflow check | head -n 1; echo ${{PIPESTATUS[0]}}"
    run = subprocess.run(["bash", "-c", command], cwd=folder, capture_output=True, text=True, check=False)
    assert run.stderr == ""
    assert run.stdout.startswith("LF101")


def test_an_interrupt_ends_the_run_quietly(folder: Path, run, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(_: object) -> None:
        raise KeyboardInterrupt

    (folder / "a.py").write_text(SUMMED)
    monkeypatch.setattr("lossflow.running.run.perform", interrupt)
    assert run("check") == (130, "", "")


def test_a_terminal_that_lacks_a_character_still_gets_the_findings(folder: Path) -> None:
    (folder / "é.py").write_text(SUMMED)
    run = _process(folder, "check", "--output-format", "concise", env={**os.environ, "PYTHONIOENCODING": "ascii"})
    assert (run.returncode, run.stderr) == (1, b"")
    assert run.stdout.startswith(b"\\xe9.py:5:13: LF101")


def test_version(run) -> None:
    assert run("--version")[:2] == (0, f"lossflow {__version__}\n")
