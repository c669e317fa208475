"""The files of a program: where an import leads, from what is on disk."""

from lossflow.project.resolution import forget, resolve

__all__ = ["forget", "resolve"]
