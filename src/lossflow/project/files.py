"""The files of a program, as this run has read them: what a result depends on is what was read, not what is there now.

A run takes a file for what it was when it was first read, until `forget`.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from hashlib import blake2b
from pathlib import Path

from lossflow.errors import NotAnalysed
from lossflow.source import Source

MAX_BYTES = 1_000_000
"""A larger file is generated, and not followed into."""
MISSING = "missing"
"""The digest of a file that isn't there, such as the `__init__.py` of a folder of modules without one."""
UNSTABLE = "unstable"
"""The digest of a file that changed during the run: nothing that depends on it can be relied on."""


@dataclass(frozen=True, slots=True)
class Read:
    """What is remembered of a file; `writes_path` is True for one that mentions `sys.path`."""

    digest: str
    writes_path: bool


_known: dict[str, Read] = {}


def read(file: str) -> bytes:
    """The bytes of a file, which the run has seen from now on; raises OSError."""
    data = Path(file).read_bytes()
    fresh = Read(digest_of(data), b"sys.path" in data[:MAX_BYTES])
    known = _known.setdefault(file, fresh)
    if known.digest != fresh.digest:
        _known[file] = Read(UNSTABLE, fresh.writes_path)
    return data


def digest_of(data: bytes) -> str:
    """What tells data from any others."""
    return blake2b(data, digest_size=16).hexdigest()


def digest(file: str) -> str:
    """What tells whether a file is as it was."""
    return seen(file).digest


def suppose(file: str, as_read: Read) -> None:
    """Take a file for what another process has read: what comes through a pipe can't be read twice."""
    _known[file] = as_read


def seen(file: str) -> Read:
    """What is remembered of a file, which is read where the run has not yet seen it."""
    if file not in _known:
        try:
            read(file)
        except OSError:
            _known[file] = Read(MISSING, False)
    return _known[file]


@lru_cache(maxsize=512)
def source(file: str) -> Source | None:
    """The text of a module; empty where there is none, and None where it is not to be followed into."""
    try:
        data = read(file)
    except FileNotFoundError:
        _known.setdefault(file, Read(MISSING, False))
        return Source(file, "")  # a folder of modules without an `__init__.py`
    except OSError:
        _known.setdefault(file, Read(MISSING, False))
        return None
    if len(data) > MAX_BYTES:
        return None
    try:
        return Source.from_bytes(file, data)
    except NotAnalysed:
        return None


def forget() -> None:
    """Read the files anew."""
    _known.clear()
    source.cache_clear()
