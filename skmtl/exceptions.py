"""Errors and warnings that skmtl raises."""

from __future__ import annotations


class TaskDataError(ValueError):
    """The input cannot be read as multi-task data.

    The message is one sentence that names the argument, the task where there is one, and the cure.
    """


class InvalidParameterError(ValueError, TypeError):
    """A constructor parameter has a value outside its stated range."""


class IncompatibleProblemError(ValueError):
    """A solver was given a problem that lacks an ability the solver requires."""


class MissingDependencyError(ImportError):
    """An optional package is needed and not installed; the message names the extra that brings it."""


__all__ = ["IncompatibleProblemError", "InvalidParameterError", "MissingDependencyError", "TaskDataError"]
