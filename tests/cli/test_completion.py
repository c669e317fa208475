"""`lossflow generate-shell-completion`: scripts that the shells take, of the options that there are."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import shtab

from lossflow.cli import main
from lossflow.commands.arguments import FORMATS, SHELLS


@pytest.mark.parametrize("shell", [shell for shell in SHELLS if shell in shtab.SUPPORTED_SHELLS])
def test_every_shell_has_a_script(shell: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["generate-shell-completion", shell]) == 0
    assert "baseline" in capsys.readouterr().out


def completed(folder: Path, *words: str) -> list[str]:
    """What bash offers for the last of the words."""
    line = " ".join(f"'{word}'" for word in ("lossflow", *words))
    previous = words[-2] if len(words) > 1 else "lossflow"
    call = f"_shtab_lossflow lossflow '{words[-1]}' '{previous}'"
    code = f"source completion.sh; COMP_WORDS=({line}); COMP_CWORD={len(words)}; {call}; echo ${{COMPREPLY[@]}}"
    run = subprocess.run(["bash", "-c", code], cwd=folder, capture_output=True, text=True, check=True)
    assert run.stderr == ""
    return run.stdout.split()


def test_bash_completes_commands_options_choices_and_files(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["generate-shell-completion", "bash"])
    (tmp_path / "completion.sh").write_text(capsys.readouterr().out)
    (tmp_path / "train.py").write_text("")
    assert "check" in completed(tmp_path, "")
    assert completed(tmp_path, "check", "--show-f") == ["--show-fixes", "--show-files"]
    assert sorted(completed(tmp_path, "check", "--output-format", "")) == sorted(FORMATS)
    assert completed(tmp_path, "check", "tr") == ["train.py"]
    assert completed(tmp_path, "check", "--baseline", "tr") == ["train.py"]


def test_a_shell_that_shtab_lacks_is_one_sentence(monkeypatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(shtab, "SUPPORTED_SHELLS", ["bash"])
    assert main(["generate-shell-completion", "zsh"]) == 2
    assert capsys.readouterr().err == "error: the installed shtab has no completion for zsh: a newer one may have.\n"


def test_without_shtab_it_is_named(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setitem(sys.modules, "shtab", None)
    assert main(["generate-shell-completion", "bash"]) == 2
    assert capsys.readouterr().err.startswith("error: shell completion needs shtab: `pip install ")
