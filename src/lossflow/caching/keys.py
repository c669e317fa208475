"""What a result depends on besides the files: the tool, and the settings."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from enum import Enum
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path

import lossflow
from lossflow.configuration.config import Config
from lossflow.project.files import digest_of

_OF_THE_RUN = frozenset(
    {
        "exclude", "extend_exclude", "force_exclude", "respect_gitignore", "fix", "fix_only", "unsafe_fixes",
        "show_fixes", "baseline", "cache_dir",
    }
)  # fmt: skip
"""Settings that say which files are checked and what becomes of findings, not what is found."""


def key(config: Config, *, noqa: bool) -> str:
    """A digest of everything that may make the results of a file differ while its text, and those it uses, do not."""
    settings = (f"{each.name}={_canonical(getattr(config, each.name))}" for each in fields(config))
    chosen = [each for each in settings if each.partition("=")[0] not in _OF_THE_RUN]
    return _digest(f"{_tool()} noqa={noqa} {' '.join(chosen)}")


@lru_cache(maxsize=1)
def _tool() -> str:
    """The versions, and the state of our own files: whoever works on lossflow changes them between versions."""
    libcst = find_spec("libcst")
    own = Path(lossflow.__file__).parent
    state = [lossflow.__version__, sys.version, *_states(own)]
    if libcst is not None and libcst.origin is not None:
        state.append(_state(Path(libcst.origin).parent / "_version.py"))
    return _digest("\n".join(state))


def _states(folder: Path) -> Iterator[str]:
    for where, _, names in sorted(os.walk(folder)):
        yield from (_state(Path(where, name)) for name in sorted(names) if name.endswith(".py"))


def _state(file: Path) -> str:
    try:
        status = file.stat()
    except OSError:
        return f"{file} missing"
    return f"{file} {status.st_mtime_ns} {status.st_size}"


def _canonical(value: object) -> str:
    """The value in words that are the same in every process, which those of a set are not."""
    if is_dataclass(value) and not isinstance(value, type):
        parts = (f"{field.name}={_canonical(getattr(value, field.name))}" for field in fields(value))
        return f"{type(value).__name__}({', '.join(parts)})"
    if isinstance(value, (set, frozenset)):
        return f"{{{', '.join(sorted(map(_canonical, value)))}}}"
    if isinstance(value, (tuple, list)):
        return f"[{', '.join(map(_canonical, value))}]"
    if isinstance(value, Mapping):
        return f"{{{', '.join(sorted(f'{_canonical(name)}: {_canonical(held)}' for name, held in value.items()))}}}"
    return str(value) if isinstance(value, Enum) else repr(value)


def _digest(text: str) -> str:
    return digest_of(text.encode("utf-8", "surrogatepass"))
