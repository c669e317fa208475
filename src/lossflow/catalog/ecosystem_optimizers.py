"""The optimizers of other packages."""

from __future__ import annotations

from lossflow.catalog.entry import Optimizer

ECOSYSTEM_OPTIMIZERS: tuple[Optimizer, ...] = ()
