"""Writing a file so that there is the old one or the new one at any time, whatever happens in between."""

from __future__ import annotations

import os
import stat
import tempfile
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from lossflow.errors import NotWritten


def target(path: Path, trees: Iterable[Path]) -> Path:
    """The file that is written for `path`: the one that a link leads to, as long as it lies in one of the trees.

    Raises NotWritten for a file that must not be written. A run is asked to change the files below certain folders, and
    a link among them must not make it change others.
    """
    real = Path(os.path.realpath(path))
    if real != Path(os.path.abspath(path)) and not any(real.is_relative_to(os.path.realpath(tree)) for tree in trees):
        raise NotWritten(f"it is a link that leads out of the folder that is checked ({real})")
    if not real.is_file():
        raise NotWritten("it is not a regular file")
    if not os.access(real, os.W_OK):
        raise NotWritten("it is read-only")
    return real


def write(path: Path, data: bytes, *, expected: bytes) -> None:
    """Put `data` in the place of a file that holds `expected`; raises NotWritten, and then the file is as it was.

    The new file takes over the mode, and the owner where that may be set. It is written beside the old one, since only
    within a file system can the one replace the other in a single step.
    """
    try:
        handle, temporary = tempfile.mkstemp(prefix=".lossflow-", suffix=".tmp", dir=path.parent)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(data)
                _take_over(temporary, os.stat(path))
                file.flush()
                os.fsync(file.fileno())
            if path.read_bytes() != expected:
                raise NotWritten("it has changed since it was read")
            os.replace(temporary, path)
        except BaseException:
            os.unlink(temporary)
            raise
    except OSError as error:
        raise NotWritten(f"it could not be written: {error.strerror or error}") from None


def _take_over(temporary: str, status: os.stat_result) -> None:
    """Give the temporary file the owner and the mode of the file that it is to replace."""
    if hasattr(os, "chown"):
        with suppress(PermissionError):  # only root may give files away
            os.chown(temporary, status.st_uid, status.st_gid)
    os.chmod(temporary, stat.S_IMODE(status.st_mode))
