"""The errors lossflow raises on purpose: deep in the code, caught only in `checking` (one file) and `cli` (the run)."""

from __future__ import annotations


class LossflowError(Exception):
    """The root of every error that lossflow raises on purpose; its text is a sentence for the user."""


class NotAnalysed(LossflowError):
    """A file could not be analysed; the text is the reason, without the file's name."""


class ConfigError(LossflowError):
    """A configuration file, or an option, says something that lossflow does not understand."""


class UsageError(LossflowError):
    """The command line names something that does not exist."""


class NotEdited(LossflowError):
    """A fix could not be applied; the text is the reason."""


class NotWritten(LossflowError):
    """A fixed file could not be written; the text is the reason, without the file's name."""
