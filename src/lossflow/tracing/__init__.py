"""The way of every loss to its update, for `lossflow trace`: also where it ends, and why nothing is said about it."""

from lossflow.tracing.path import Driver, Path, Reason, Spot, Stage, TermPath, growth
from lossflow.tracing.paths import paths, untraced

__all__ = ["Driver", "Path", "Reason", "Spot", "Stage", "TermPath", "growth", "paths", "untraced"]
