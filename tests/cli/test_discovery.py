"""Which files a run checks."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from lossflow.configuration.files import Configs
from lossflow.configuration.tables import Table
from lossflow.discovery import Walk


def tree(root: Path, *names: str) -> None:
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("")


def walk(root: Path, *paths: str, force: bool = False, isolated: bool = False) -> list[str]:
    configs = Configs(isolated=isolated, overrides=(Table("test", "", {"force-exclude": force}),))
    found = Walk(configs.of).files([root / path for path in paths or (".",)])
    return [file.path.relative_to(root).as_posix() + (f" ({file.problem})" if file.problem else "") for file in found]


def test_python_files_in_a_fixed_order_each_once(tmp_path: Path) -> None:
    tree(tmp_path, "b.py", "a.py", "a/z.py", "a/y.txt", "c.pyc", "no_suffix", "B/x.py")
    assert walk(tmp_path) == ["a.py", "b.py", "B/x.py", "a/z.py"]
    assert walk(tmp_path, "a", "b.py", ".", "a/z.py") == ["a/z.py", "b.py", "a.py", "B/x.py"]


def test_a_named_file_is_taken_whatever_its_suffix_or_the_excludes_say(tmp_path: Path) -> None:
    tree(tmp_path, "script", "build/a.py")
    assert walk(tmp_path, "script", "build/a.py", "build") == ["script", "build/a.py"]
    (tmp_path / "lossflow.toml").write_text("")
    assert walk(tmp_path, "script", "build/a.py", force=True) == ["script"]


def test_a_folder_named_like_a_file_is_walked(tmp_path: Path) -> None:
    tree(tmp_path, "x.py/a.py")
    assert walk(tmp_path) == ["x.py/a.py"]
    assert walk(tmp_path, "x.py") == ["x.py/a.py"]


def test_links_are_followed_once_and_never_in_a_circle(tmp_path: Path) -> None:
    tree(tmp_path, "real/a.py", "real/deep/b.py", "elsewhere/c.py")
    (tmp_path / "real" / "deep" / "up").symlink_to(tmp_path / "real")
    (tmp_path / "alias").symlink_to(tmp_path / "real")
    (tmp_path / "self").symlink_to(tmp_path / "self")
    (tmp_path / "z.py").symlink_to(tmp_path / "real" / "a.py")
    assert walk(tmp_path, "real") == ["real/a.py", "real/deep/b.py"]
    assert sorted(walk(tmp_path, ".")) == ["elsewhere/c.py", "real/deep/b.py", "z.py"]
    (tmp_path / "z.py").unlink()
    (tmp_path / "real" / "out").symlink_to(tmp_path / "elsewhere")
    assert walk(tmp_path, "real") == ["real/a.py", "real/deep/b.py", "real/out/c.py"]


@pytest.mark.parametrize("name", [".venv", "node_modules", "build", "__pycache__", "site-packages"])
def test_folders_of_other_people_s_code_are_left_out(tmp_path: Path, name: str) -> None:
    tree(tmp_path, "a.py", f"{name}/b.py", f"deep/{name}/c.py")
    assert walk(tmp_path) == ["a.py"]
    assert walk(tmp_path, name) == [f"{name}/b.py"]


def test_excludes_are_names_or_paths_from_the_configuration_s_folder(tmp_path: Path) -> None:
    tree(tmp_path, "a.py", "old/b.py", "src/old/c.py", "src/gen_x.py", "src/d.py", "build/e.py")
    (tmp_path / "lossflow.toml").write_text('extend-exclude = ["src/old", "gen_*.py"]\n')
    assert walk(tmp_path) == ["a.py", "old/b.py", "src/d.py"]
    (tmp_path / "lossflow.toml").write_text('exclude = ["old"]\n')
    assert walk(tmp_path) == ["a.py", "build/e.py", "src/d.py", "src/gen_x.py"]
    assert len(walk(tmp_path, isolated=True)) == 5


def test_gitignore_is_read_as_git_reads_it(tmp_path: Path) -> None:
    tree(tmp_path, "a.py", "data/b.py", "out/c.py", "src/out/d.py", "src/keep_gen.py", "src/x_gen.py", "src/e.py")
    (tmp_path / ".git" / "info").mkdir(parents=True)
    (tmp_path / ".git" / "info" / "exclude").write_text("/a.py\n")
    (tmp_path / ".gitignore").write_text("# a comment\n/out/\n*_gen.py\ndata\n")
    (tmp_path / "src" / ".gitignore").write_text("!keep_gen.py\ne.py\n")
    assert walk(tmp_path) == ["src/keep_gen.py", "src/out/d.py"]
    assert walk(tmp_path, "src") == ["src/keep_gen.py", "src/out/d.py"], "the patterns of the folders above count too"
    assert walk(tmp_path, "a.py", "out") == ["a.py", "out/c.py"], "what is named is taken"


def test_the_gitignore_above_a_repository_says_nothing_about_it(tmp_path: Path) -> None:
    tree(tmp_path, "repository/a.py")
    (tmp_path / ".gitignore").write_text("*.py\n")
    (tmp_path / "repository" / ".git").mkdir()
    assert walk(tmp_path, "repository") == ["repository/a.py"]


def test_gitignore_counts_unless_it_is_told_not_to(tmp_path: Path) -> None:
    tree(tmp_path, "a.py", "b.py", "venv/c.py")
    (tmp_path / ".git").mkdir()
    (tmp_path / ".gitignore").write_text("b.py\n")
    assert walk(tmp_path) == ["a.py"]
    (tmp_path / "lossflow.toml").write_text("respect-gitignore = false\n")
    assert walk(tmp_path) == ["a.py", "b.py"]


def test_git_ignores_the_same_files(tmp_path: Path) -> None:
    """What `git check-ignore` says of every file of a tree with patterns of many kinds, in several folders."""
    names = ("a.py", "keep.py", "x_gen.py", "[x].py", "b c.py", "#d.py", "!e.py")
    folders = ("", "out/", "src/", "src/out/", "src/deep/", "src/deep/out/", "logs/", "src/logs/keep/")
    tree(tmp_path, *(folder + name for folder in folders for name in names))
    subprocess.run(["git", "init", "--quiet", "."], cwd=tmp_path, check=True)
    (tmp_path / ".git" / "info" / "exclude").write_text("/src/deep/a.py\n!keep.py\n")
    (tmp_path / ".gitignore").write_text(
        "# comment\n/out/\n*_gen.py\n!src/deep/x_gen.py\n\\#d.py\n\\!e.py\nb c.py  \nlogs/**\n!logs/keep/\n"
    )
    (tmp_path / "src" / ".gitignore").write_text("keep.py\n!b c.py\n\\[x\\].py\nout/*\n!out/keep.py\n")
    (tmp_path / "src" / "deep" / ".gitignore").write_text("!keep.py\n**/a.py\n")
    every = [folder + name for folder in folders for name in names]
    command = ["git", "check-ignore", "--stdin", "-z", "--no-index"]
    said = subprocess.run(command, cwd=tmp_path, input="\0".join(every), capture_output=True, text=True, check=False)
    ignored = set(said.stdout.split("\0"))
    assert {"src/deep/a.py", "out/keep.py", "logs/a.py"} < ignored
    assert sorted(walk(tmp_path)) == sorted(name for name in every if name not in ignored)
