"""Names of files relative to the root of the repository."""

from __future__ import annotations

from pathlib import Path

import pytest

from lossflow.rendering.repository import Repository, uri


@pytest.mark.parametrize("kind", ["folder", "file"])
def test_the_root_is_the_nearest_folder_with_git(kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    inner = tmp_path / "repository" / "a" / "b"
    inner.mkdir(parents=True)
    (tmp_path / ".git").mkdir()
    git = tmp_path / "repository" / ".git"
    git.mkdir() if kind == "folder" else git.write_text("gitdir: elsewhere")
    monkeypatch.chdir(inner)
    assert Repository.here().root == tmp_path / "repository"
    assert Repository.here().path(str(inner / "x.py")) == "a/b/x.py"
    assert Repository.here().path(str(tmp_path / "y.py")) == f"{tmp_path.as_posix()}/y.py"
    assert Repository.here().path("-") == "a/b/-"


def test_without_git_the_root_is_the_current_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert Repository.here().root == tmp_path


def test_a_link_is_followed_within_the_repository(tmp_path: Path) -> None:
    root = tmp_path / "repository"
    root.mkdir()
    (root / "real.py").touch()
    (tmp_path / "outside.py").touch()
    (root / "in.py").symlink_to("real.py")
    (root / "out.py").symlink_to("../outside.py")
    repository = Repository(root)
    assert repository.path(str(root / "in.py")) == "real.py"
    assert repository.path(str(root / "out.py")) == "out.py"


def test_a_uri_holds_the_bytes_of_the_name() -> None:
    assert uri("a b/é:%?#.py") == "a%20b/%C3%A9%3A%25%3F%23.py"
    assert uri("\udcff.py") == "%FF.py"
