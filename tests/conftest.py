"""Property tests try the same examples in every run; `LOSSFLOW_SEARCH=1` lets them look for new ones, for longer."""

from __future__ import annotations

import os

import pytest
from hypothesis import settings

settings.register_profile("same", derandomize=True, deadline=None)
settings.register_profile("search", max_examples=5_000, deadline=None)
settings.load_profile("search" if os.environ.get("LOSSFLOW_SEARCH") else "same")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--write-fixed", action="store_true", help="write what the fixes make of fixtures, for review")
