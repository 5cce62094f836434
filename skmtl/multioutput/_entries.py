"""Which rows each task has, and what its target says there; of X nothing but the length.

The wrapped estimators decide what X may hold (strings, NaN, a frame), so `skmtl.data.as_task_data`, which
makes a finite matrix of it, is not for them. The rules for the targets and their messages are the same.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import sparse
from sklearn.utils.validation import check_consistent_length

from skmtl._typing import Array, IntArray
from skmtl.data import check_task_ids
from skmtl.data._build import _no_entry, _read_column
from skmtl.data._targets import split_columns
from skmtl.data._weights import check_sample_weight
from skmtl.exceptions import TaskDataError

Names = tuple[object, ...]


@dataclass(frozen=True, eq=False)
class TaskEntries:
    """The observed entries of each task.

    Parameters
    ----------
    names : tuple of length T
        Column names, task ids, or 0 .. T-1.
    form : {"single", "wide", "rows"}
        What the user gave: a 1-D y, a 2-D Y, or a 1-D y with task ids.
    rows : list of T arrays
        Rows of the user's table in which the task is observed with positive weight, ascending.
    y : list of T arrays
        The target there: floats, or labels of one type.
    weight : list of T arrays, or None
        The weights there, all positive.
    """

    names: Names
    form: str
    rows: list[IntArray]
    y: list[np.ndarray]
    weight: list[Array] | None

    @property
    def n_tasks(self) -> int:
        """Number of tasks T."""
        return len(self.names)

    @property
    def counts(self) -> IntArray:
        """Observed entries of each task."""
        return np.array([len(rows) for rows in self.rows], dtype=np.intp)

    def weight_of(self, t: int) -> Array | None:
        """Weights of one task's entries."""
        return None if self.weight is None else self.weight[t]


def count_rows(X: Any) -> int:
    """Rows of whatever holds the features; none is an error."""
    n_rows = int(X.shape[0]) if hasattr(X, "shape") else len(X)
    if n_rows == 0:
        raise TaskDataError("X has 0 sample(s): give at least one row.")
    return n_rows


def read_entries(
    X: Any,
    y: Any,
    *,
    task: Any,
    sample_weight: Any,
    kinds: Callable[[Names], Sequence[str]],
    owner: str,
) -> TaskEntries:
    """Find the rows that each task has.

    Parameters
    ----------
    X : object with a length or a shape
    y : array-like or frame of shape (n,) or (n, T)
        NaN, None and pandas.NA mean unobserved.
    task : array-like of shape (n,), optional
    sample_weight : array-like of shape (n,) or (n, T), optional
    kinds : callable
        Gets the task names, returns "numeric" or "label" for each.
    owner : str
        Name of the estimator in messages.

    Returns
    -------
    TaskEntries
    """
    if y is None:
        raise TaskDataError(f"This {owner} estimator requires y to be passed, but the target y is None.")
    if sparse.issparse(y):
        raise TaskDataError("Y is a sparse matrix: give it dense, with NaN (not 0) for what is unobserved.")
    n_rows = count_rows(X)
    columns, names, wide = split_columns(y)
    if not columns:
        raise TaskDataError("Y has no column: give one column per outcome.")
    check_consistent_length(X, columns[0])
    weights = None if sample_weight is None else check_sample_weight(sample_weight, n_rows, len(columns), names)
    if task is not None:
        if len(columns) != 1:
            raise TaskDataError(
                f"task goes with a 1-D Y (one outcome, one task id per row), but Y has {len(columns)} columns: "
                "drop task, or give one column."
            )
        return _rows_of_tasks(columns[0], check_task_ids(task, n_rows), weights, kinds)
    labels = tuple(range(len(columns))) if names is None else tuple(names)
    if len(set(labels)) < len(labels):
        double = next(name for name in labels if labels.count(name) > 1)
        raise TaskDataError(f"Y has two columns named {double!r}: give every outcome a name of its own.")
    return _columns_of_tasks(columns, labels, weights, kinds, "wide" if wide else "single")


def _columns_of_tasks(
    columns: list[np.ndarray],
    names: Names,
    weights: Array | None,
    kinds: Callable[[Names], Sequence[str]],
    form: str,
) -> TaskEntries:
    rows, targets = [], []
    for t, (column, kind) in enumerate(zip(columns, kinds(names), strict=True)):
        where = f"(task {names[t]!r})"
        values, present = _read_column(column, kind, where)
        kept = np.flatnonzero(present if weights is None else present & (weights[:, t] > 0))
        if not kept.size:
            raise _no_entry(where, bool(present.any()))
        rows.append(kept)
        targets.append(_one_type(values[kept], where))
    weight = None if weights is None else [weights[kept, t] for t, kept in enumerate(rows)]
    return TaskEntries(names, form, rows, targets, weight)


def _rows_of_tasks(
    column: np.ndarray, ids: np.ndarray, weights: Array | None, kinds: Callable[[Names], Sequence[str]]
) -> TaskEntries:
    unique, code = np.unique(ids, return_inverse=True)
    names = tuple(unique.tolist())
    all_kinds = set(kinds(names))
    if len(all_kinds) > 1:
        raise TaskDataError(
            "task goes with one outcome, so estimator needs regressors only or classifiers only, not both."
        )
    where = "(one outcome, rows of tasks)"
    values, present = _read_column(column, all_kinds.pop(), where)
    kept = np.flatnonzero(present if weights is None else present & (weights[:, 0] > 0))
    for counted, seen in ((np.flatnonzero(present), False), (kept, True)):
        counts = np.bincount(code[counted], minlength=len(names))
        if not counts.all():
            raise _no_entry(f"(task {names[int(np.argmin(counts))]!r})", seen)
    # The whole outcome at once, so that labels have the same type in every task.
    targets = _one_type(values[kept], where)
    members = [np.flatnonzero(code[kept] == t) for t in range(len(names))]
    weight = None if weights is None else [weights[kept[m], 0] for m in members]
    return TaskEntries(names, "rows", [kept[m] for m in members], [targets[m] for m in members], weight)


def _one_type(values: np.ndarray, where: str) -> np.ndarray:
    """Labels kept as objects, because some were missing, as the array they would be without those."""
    if values.dtype.kind != "O":
        return values
    if len({type(value) for value in values.tolist()}) > 1:
        raise TaskDataError(
            f"Y {where} mixes labels of several types (such as {values[0]!r}): give labels of one type."
        )
    return np.array(values.tolist())


__all__ = ["TaskEntries", "count_rows", "read_entries"]
