"""The losses of other packages."""

from __future__ import annotations

from lossflow.catalog.entry import Loss

ECOSYSTEM_LOSSES: tuple[Loss, ...] = ()
