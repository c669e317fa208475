"""Python's own parser without its warnings, which are about code that its author did not ask Python about."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def unwarned() -> Iterator[None]:
    r"""Parse in silence: since Python 3.12 it tells everybody of `"\d"`, by the line of a file without a name."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
