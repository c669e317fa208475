"""What lossflow knows of other packages: `Catalog` looks a dotted name up."""

from lossflow.catalog.entry import (
    RECEIVER,
    Effect,
    Framework,
    Loss,
    Optimizer,
    Scale,
    Sink,
    SinkKind,
    Unreduced,
)
from lossflow.catalog.lookup import Catalog, LossMatch

__all__ = [
    "RECEIVER",
    "Catalog",
    "Effect",
    "Framework",
    "Loss",
    "LossMatch",
    "Optimizer",
    "Scale",
    "Sink",
    "SinkKind",
    "Unreduced",
]
