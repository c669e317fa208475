"""A file is written whole or not at all, in its own place, and only where it is meant to be."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from lossflow.errors import NotWritten
from lossflow.fixing.writing import target, write

OLD, NEW = b"old\n", b"new\n"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "a.py"
    path.write_bytes(OLD)
    return path


def assert_untouched(file: Path, data: bytes = OLD) -> None:
    assert file.read_bytes() == data
    assert [path.name for path in file.parent.iterdir()] == [file.name], "a temporary file was left behind"


@pytest.mark.parametrize("mode", [0o644, 0o600, 0o755, 0o664])
def test_the_new_file_takes_over_the_mode(file: Path, mode: int) -> None:
    file.chmod(mode)
    write(file, NEW, expected=OLD)
    assert_untouched(file, NEW)
    assert stat.S_IMODE(file.stat().st_mode) == mode


def test_the_owner_stays_where_it_may_be_set(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    given: list[tuple[int, int]] = []
    monkeypatch.setattr(os, "chown", lambda path, user, group: given.append((user, group)))
    write(file, NEW, expected=OLD)
    assert given == [(os.getuid(), os.getgid())]

    def refuse(*_: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "chown", refuse)
    write(file, OLD, expected=NEW)
    assert_untouched(file)


def test_a_file_that_has_changed_since_it_was_read_is_left_alone(file: Path) -> None:
    file.write_bytes(b"edited meanwhile\n")
    with pytest.raises(NotWritten, match="it has changed since it was read"):
        write(file, NEW, expected=OLD)
    assert_untouched(file, b"edited meanwhile\n")


def test_a_file_that_is_gone_does_not_come_back(file: Path) -> None:
    file.unlink()
    with pytest.raises(NotWritten, match="it could not be written: No such file or directory"):
        write(file, NEW, expected=OLD)
    assert not list(file.parent.iterdir())


@pytest.mark.parametrize("step", ["fsync", "replace"])
def test_a_full_disk_leaves_the_old_file(file: Path, monkeypatch: pytest.MonkeyPatch, step: str) -> None:
    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, step, fail)
    with pytest.raises(NotWritten, match="it could not be written: No space left on device"):
        write(file, NEW, expected=OLD)
    assert_untouched(file)


def test_an_interrupt_leaves_the_old_file(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "replace", interrupt)
    with pytest.raises(KeyboardInterrupt):
        write(file, NEW, expected=OLD)
    assert_untouched(file)


def test_what_is_written_is_on_disk_before_it_takes_the_place(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    order: list[str] = []
    sync, move = os.fsync, os.replace
    monkeypatch.setattr(os, "fsync", lambda handle: (order.append("fsync"), sync(handle)))
    monkeypatch.setattr(os, "replace", lambda *paths: (order.append("replace"), move(*paths)))
    write(file, NEW, expected=OLD)
    assert order == ["fsync", "replace"]


# --- links --------------------------------------------------------------------------------------------------------


def test_a_link_is_followed_within_the_tree_alone(tmp_path: Path) -> None:
    tree, outside = tmp_path / "tree", tmp_path / "outside"
    for folder in (tree, outside):
        folder.mkdir()
        (folder / "real.py").write_bytes(OLD)
    (tree / "inner.py").symlink_to("real.py")
    (tree / "outer.py").symlink_to(outside / "real.py")
    (tree / "folder").symlink_to(outside)

    assert target(tree / "real.py", [tree]) == tree / "real.py"
    assert target(tree / "inner.py", [tree]) == tree / "real.py"
    for name in ("outer.py", "folder/real.py"):
        with pytest.raises(NotWritten, match="it is a link that leads out of the folder that is checked"):
            target(tree / name, [tree])
    # Whoever names the folder behind the link, or the link to it, means it.
    assert target(tree / "folder/real.py", [tree, tree / "folder"]) == outside / "real.py"
    # What is no link is written wherever it is.
    assert target(outside / "real.py", [tree]) == outside / "real.py"


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "real.py").write_bytes(OLD)
    link = tmp_path / "link.py"
    link.symlink_to("real.py")
    write(target(link, [tmp_path]), NEW, expected=OLD)
    assert link.is_symlink()
    assert (tmp_path / "real.py").read_bytes() == NEW


def test_what_is_no_file_or_read_only_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    os.mkfifo(tmp_path / "pipe.py")
    for name in ("pipe.py", "gone.py"):
        with pytest.raises(NotWritten, match="it is not a regular file"):
            target(tmp_path / name, [tmp_path])
    (tmp_path / "a.py").write_bytes(OLD)
    monkeypatch.setattr(os, "access", lambda path, mode: mode != os.W_OK)  # the tests may run as root
    with pytest.raises(NotWritten, match="it is read-only"):
        target(tmp_path / "a.py", [tmp_path])
