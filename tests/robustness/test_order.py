"""What is found in a file depends on no other file that was checked before it in the same process."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from lossflow.checking import check_file, forget
from lossflow.configuration.config import Config

from ..fixtures_harness.markers import PROJECT_FIXTURES

FILES = sorted(PROJECT_FIXTURES.rglob("*.py"))


def _reports(files: Iterable[Path]) -> Mapping[Path, object]:
    reports = {file: check_file(file, Config()) for file in files}
    return {file: (each.findings, each.failure, each.notes, each.followed) for file, each in reports.items()}


def test_the_order_of_the_files_is_no_matter() -> None:
    """Not either where what was read and analysed for one file is remembered for the next."""
    forwards = _reports(FILES)
    assert any(findings for findings, *_ in forwards.values())
    assert _reports(reversed(FILES)) == forwards
    forget()
    assert _reports(reversed(FILES)) == forwards
