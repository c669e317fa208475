"""The files of a program: where an import leads, from what is on disk."""

from lossflow.project.resolution import forget as forget_files
from lossflow.project.resolution import resolve

__all__ = ["forget_files", "resolve"]
