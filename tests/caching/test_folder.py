"""The folder of the cache: where it is, what marks it, and how it is removed."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from lossflow.caching.folder import MAX_FILES
from lossflow.cli import main
from tests.caching.project import Project, project

__all__ = ["project"]


def test_it_is_marked_as_a_cache(project: Project) -> None:
    project.run()
    folder = project.folder / ".lossflow_cache"
    assert (folder / "CACHEDIR.TAG").read_text().startswith("Signature: 8a477f597d28d172789f06886806bc55\n")
    assert "*" in (folder / ".gitignore").read_text().splitlines()


def test_it_lies_in_the_root_of_the_project(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    project.write("inner/train.py", "")
    project.write("pyproject.toml", "[tool.lossflow]\n")
    monkeypatch.chdir(project.folder / "inner")
    project.run()
    assert (project.folder / ".lossflow_cache").is_dir()
    assert not (project.folder / "inner" / ".lossflow_cache").exists()


def test_the_option_comes_before_the_environment_and_that_before_the_configuration(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    project.write("pyproject.toml", '[tool.lossflow]\ncache-dir = "of-the-file"\n')
    project.run()
    monkeypatch.setenv("LOSSFLOW_CACHE_DIR", "of-the-environment")
    project.run()
    project.run("--cache-dir=of-the-option")
    assert sorted(each.parent.name for each in project.folder.rglob("CACHEDIR.TAG")) == [
        "of-the-environment",
        "of-the-file",
        "of-the-option",
    ]
    assert main(["clean"]) == 0
    assert not (project.folder / "of-the-environment").exists()
    assert main(["clean", "--cache-dir=of-the-option"]) == 0
    assert not (project.folder / "of-the-option").exists()


def test_clean_removes_the_cache_and_says_so(project: Project) -> None:
    project.run()
    assert main(["clean"]) == 0
    assert project.capsys.readouterr().out == "Removed the cache in .lossflow_cache.\n"
    assert not (project.folder / ".lossflow_cache").exists()
    assert main(["clean"]) == 0
    assert project.capsys.readouterr().out == "There is no cache to remove.\n"


def test_clean_leaves_alone_what_is_no_cache(project: Project) -> None:
    project.write("data/precious.txt", "")
    assert main(["clean", "--cache-dir=data"]) == 2
    assert "was left alone" in project.capsys.readouterr().err
    assert (project.folder / "data/precious.txt").exists()
    (project.folder / "link").symlink_to(project.folder / "data")
    assert main(["clean", "--cache-dir=link"]) == 2


def test_a_cache_that_can_not_be_written_costs_nothing_but_time(project: Project) -> None:
    found, analysed = project.run()
    shutil.rmtree(project.folder / ".lossflow_cache")
    project.write(".lossflow_cache", "a file in its place")
    assert project.run() == (found, analysed)
    main(["check", "--verbose", "."])
    assert "the cache in" in project.capsys.readouterr().err


def test_the_oldest_files_make_way(project: Project) -> None:
    for number in range(MAX_FILES + 3):
        project.run(f"--per-file-ignores=x{number}.py:LF101")
    assert len(list(Path(".lossflow_cache").glob("*.cache"))) == MAX_FILES
    assert project.run(f"--per-file-ignores=x{MAX_FILES + 2}.py:LF101")[1] == []
