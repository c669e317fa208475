"""Wheels of what is installed here, from which pip installs lossflow elsewhere without the network."""

from __future__ import annotations

import os
import zipfile
from collections.abc import Iterable
from importlib.metadata import Distribution, distribution
from pathlib import Path

from packaging.requirements import Requirement
from packaging.tags import sys_tags
from packaging.utils import canonicalize_name

_HERE = {"RECORD", "INSTALLER", "REQUESTED", "direct_url.json"}
"""What an installation adds to the metadata of a wheel, and the list of files, which is written anew."""


def offline(folder: Path, names: Iterable[str]) -> dict[str, str]:
    """An environment in which pip finds the distributions of that name, and all that they require, and nothing else."""
    for name in needed(names):
        _wheel(distribution(name), folder)
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("PIP_", "GIT_", "PRE_COMMIT"))}
    kept.pop("PYTHONPATH", None)
    return kept | {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(folder), "PIP_DISABLE_PIP_VERSION_CHECK": "1"}


def needed(names: Iterable[str]) -> set[str]:
    """The distributions of that name with all that they require."""
    found: set[str] = set()
    waiting = list(names)
    while waiting:
        name = canonicalize_name(waiting.pop())
        if name not in found:
            found.add(name)
            requirements = map(Requirement, distribution(name).requires or ())
            waiting += [r.name for r in requirements if r.marker is None or r.marker.evaluate({"extra": ""})]
    return found


def _wheel(installed: Distribution, folder: Path) -> None:
    """Put the files of an installed distribution back into a wheel; pip writes its programs anew."""
    lines = (installed.read_text("WHEEL") or "").splitlines()
    here = {str(tag) for tag in sys_tags()}
    tag = next(tag for line in lines if line.startswith("Tag: ") and (tag := line.removeprefix("Tag: ")) in here)
    name = canonicalize_name(installed.metadata["Name"]).replace("-", "_")
    files = [
        file
        for file in installed.files or ()
        if file.parts[0] != ".." and file.suffix != ".pyc" and not (_metadata(file.parts[0]) and file.name in _HERE)
    ]
    records = next(file.parts[0] for file in files if _metadata(file.parts[0])) + "/RECORD"
    with zipfile.ZipFile(folder / f"{name}-{installed.version}-{tag}.whl", "w") as archive:
        for file in files:
            archive.write(file.locate(), file.as_posix())
        archive.writestr(records, "".join(f"{name},,\n" for name in [*archive.namelist(), records]))


def _metadata(folder: str) -> bool:
    return folder.endswith(".dist-info")
