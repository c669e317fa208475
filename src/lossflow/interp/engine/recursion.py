"""Python's recursion limit, raised for what follows the tree of a program."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from lossflow.interp.engine.budget import PYTHON_RECURSION


@contextmanager
def deep_recursion() -> Iterator[None]:
    """Within, calls may nest as deep as `PYTHON_RECURSION` says: an expression costs several frames a level."""
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(max(before, PYTHON_RECURSION))
    try:
        yield
    finally:
        sys.setrecursionlimit(before)
