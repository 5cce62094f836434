"""Probabilities of rows of several tasks in one array."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from skmtl._typing import Array, IntArray
from skmtl.exceptions import TaskDataError


def check_same_columns(classes: Sequence[Any], names: Sequence[object], present: Sequence[int]) -> None:
    """Rows of these tasks fit into one array of probabilities only if the tasks have as many classes."""
    first = present[0]
    for t in present:
        if classes[t] is None:
            raise TaskDataError(
                f"Task {names[t]!r} is a regression task and has no probabilities: "
                "leave its rows out, or call predict_proba without task."
            )
        if len(classes[t]) != len(classes[first]):
            raise TaskDataError(
                f"Task {names[first]!r} has {len(classes[first])} classes and task {names[t]!r} has "
                f"{len(classes[t])}, which do not fit into one array: call predict_proba without task."
            )


def of_each_row(answers: Sequence[Any], classes: Sequence[Any], names: Sequence[object], codes: IntArray) -> Array:
    """For each row the probabilities of its task, from every task's probabilities of all rows.

    Parameters
    ----------
    answers : sequence of T ndarrays of shape (n, K_t), or None
    classes : sequence of length T
        None for numbers.
    names : sequence of length T
    codes : ndarray of shape (n,)
        Task of each row, by its position.

    Returns
    -------
    ndarray of shape (n, K)
    """
    check_same_columns(classes, names, np.unique(codes).tolist())
    return np.array([answers[t][i] for i, t in enumerate(codes.tolist())])


__all__ = ["check_same_columns", "of_each_row"]
