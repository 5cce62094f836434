"""Scores and probabilities of the observed entries, from every form that estimators give them in."""

from __future__ import annotations

from typing import Any

import numpy as np

from skmtl.exceptions import TaskDataError
from skmtl.metrics._align import Targets, check_column_order, finite_cells
from skmtl.metrics._labels import TaskClasses
from skmtl.metrics._table import as_numbers, read_table


def read_scores(scores: Any, targets: Targets, argument: str, metric: str, *, probability: bool) -> list[np.ndarray]:
    """Scores of the observed entries, per task: (m,) for the positive class or (m, K) for all classes.

    Parameters
    ----------
    scores : array-like of shape (n,), (n, T) or (n, K), or list of T arrays of shape (n, K_t)
    targets : Targets
    argument, metric : str
        Their names in messages.
    probability : bool
        Whether the scores have to lie in [0, 1].

    Returns
    -------
    list of T arrays
    """
    if _one_array_per_task(scores):
        columns = _from_list(scores, targets, argument)
    else:
        columns = _from_table(scores, targets, argument)
    out = []
    for t, column in enumerate(columns):
        where = targets.where(argument, t)
        cells = as_numbers(finite_cells(column[targets.rows[t]].ravel(), targets, t, argument), where, metric)
        if probability and len(cells) and (cells.min() < 0 or cells.max() > 1):
            raise TaskDataError(f"{where} leaves [0, 1]: {metric} needs probabilities, use predict_proba.")
        out.append(cells if column.ndim == 1 else cells.reshape(-1, column.shape[1]))
    return out


def positive_scores(
    scores: np.ndarray, targets: Targets, classes: TaskClasses, t: int, positive: Any, argument: str
) -> np.ndarray:
    """Scores of the positive class of a binary task."""
    if scores.ndim == 1:
        return scores
    known = classes.of(t, scores.shape[1])
    if scores.shape[1] != 2 or known is None:
        raise TaskDataError(_columns_message(scores, targets, classes, t, argument))
    return scores[:, known.tolist().index(positive)]


def known_classes(
    scores: np.ndarray, targets: Targets, classes: TaskClasses, t: int, argument: str
) -> np.ndarray | None:
    """The classes that belong to the columns of ``scores``; None if one class says nothing of the other."""
    given = classes.given[t]
    if given is not None and len(given) < 2:
        return None
    n_classes = 2 if scores.ndim == 1 else scores.shape[1]
    known = classes.of(t, n_classes)
    if known is None and (n_classes > 2 or len(classes.seen[t]) > 1 or given is not None):
        raise TaskDataError(_columns_message(scores, targets, classes, t, argument))
    return known


def _columns_message(scores: np.ndarray, targets: Targets, classes: TaskClasses, t: int, argument: str) -> str:
    given = classes.given[t]
    n_columns = 1 if scores.ndim == 1 else scores.shape[1]
    held = f"has {n_columns} column" + ("s" if n_columns > 1 else "")
    known = classes.seen[t] if given is None else given
    source = "y_true" if given is None else "labels"
    return (
        f"{targets.where(argument, t)} {held} but {source} has the classes {known.tolist()}: "
        "give one column per class, and all classes of the task in labels."
    )


def _one_array_per_task(scores: Any) -> bool:
    """The list form: arrays of shape (n, K_t), None for a task without probabilities."""
    if not isinstance(scores, list | tuple):
        return False
    dimensions = [None if entry is None else np.ndim(entry) for entry in scores]
    return 2 in dimensions or all(d is None for d in dimensions)


def _from_list(scores: Any, targets: Targets, argument: str) -> list[np.ndarray]:
    if targets.by_rows:
        raise TaskDataError(f"task goes with one array of {argument}, but {argument} is a list: give (n,) or (n, K).")
    if len(scores) != targets.n_tasks:
        raise TaskDataError(
            f"{argument} has {len(scores)} arrays but y_true has {targets.n_tasks} tasks: give one array per task."
        )
    columns = []
    for t, entry in enumerate(scores):
        if entry is None:
            raise TaskDataError(
                f"{targets.where(argument, t)} is None, so it is a regression task: "
                f"leave it out of y_true and {argument}."
            )
        values = read_table(entry, targets.where(argument, t)).values
        if len(values) != targets.n_rows:
            raise TaskDataError(
                f"{targets.where(argument, t)} has {len(values)} rows but y_true has {targets.n_rows}: "
                "give one row for each row of y_true."
            )
        columns.append(values)
    return columns


def _from_table(scores: Any, targets: Targets, argument: str) -> list[np.ndarray]:
    table = read_table(scores, argument)
    n_columns = table.values.shape[1]
    one_outcome = targets.by_rows or targets.n_tasks == 1
    if len(table.values) != targets.n_rows or (not one_outcome and n_columns != targets.n_tasks):
        raise TaskDataError(
            f"{argument} has the shape {table.shape} but y_true has the shape {targets.table.shape}: give one column "
            "per task (its positive class), or the list of arrays that predict_proba gives."
        )
    if one_outcome:
        values = table.values if n_columns > 1 else table.values[:, 0]
        return [values] * targets.n_tasks
    check_column_order(table, targets, argument)
    return list(table.values.T)


__all__ = ["known_classes", "positive_scores", "read_scores"]
