"""Which outcomes are observed in which rows, whatever they hold."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import sparse

from skmtl._splits.columns import id_codes
from skmtl._typing import BoolArray, IntArray
from skmtl.data import check_task_ids
from skmtl.data._targets import is_missing, split_columns
from skmtl.data._weights import check_sample_weight
from skmtl.exceptions import TaskDataError


@dataclass(frozen=True, eq=False)
class Observed:
    """Where outcomes could be observed and where they were.

    Parameters
    ----------
    names : tuple of length T
        Column names, 0 .. T-1, or in the rows form the task ids, sorted.
    form : {"single", "wide", "rows"}
    possible : bool ndarray of shape (n, T)
        All True but for weight 0; in the rows form only the cell of the row's task.
    mask : bool ndarray of shape (n, T)
        True where a value is there.
    columns : list of ndarrays of shape (n,)
        The outcomes: T of them, or in the rows form one.
    """

    names: tuple[Any, ...]
    form: str
    possible: BoolArray
    mask: BoolArray
    columns: list[np.ndarray]

    @property
    def n_rows(self) -> int:
        """Rows of the table."""
        return self.mask.shape[0]

    @property
    def n_tasks(self) -> int:
        """Number of tasks T."""
        return len(self.names)

    def narrow(self, table: np.ndarray) -> np.ndarray:
        """Shape an (n, T) table as the outcomes came: 1-D after a 1-D y, with each row's own task."""
        if self.form == "rows":
            return np.where(self.possible, table, 0).sum(axis=1)
        return table[:, 0] if self.form == "single" else table


def read_observed(
    Y: Any, task: Any = None, *, sample_weight: Any = None, n_rows: int | None = None, owner: str = "This"
) -> Observed:
    """Read where outcomes are observed.

    Parameters
    ----------
    Y : array-like or frame of shape (n,) or (n, T)
        Of any type; NaN, None and pandas.NA mean unobserved.
    task : array-like of shape (n,), optional
        Task of each row of a 1-D ``Y``.
    sample_weight : array-like of shape (n,) or (n, T), optional
        Entries of weight 0 could not be observed: they are not in the table.
    n_rows : int, optional
        Rows of X.
    owner : str
        What needs the outcomes, for the message where there are none.

    Returns
    -------
    Observed

    Raises
    ------
    TaskDataError
        There is no outcome, names repeat, rows do not match, or an outcome is infinite somewhere.
    """
    if Y is None:
        raise TaskDataError(f"{owner} requires y to be passed, but the target y is None: give the outcomes.")
    if sparse.issparse(Y):
        raise TaskDataError("Y is a sparse matrix: give it dense, with NaN (not 0) for what is unobserved.")
    columns, given, wide = split_columns(Y)
    if not columns:
        raise TaskDataError("Y has no column: give one column per outcome.")
    names = tuple(range(len(columns))) if given is None else tuple(given)
    if len(set(names)) < len(names):
        double = next(name for name in names if names.count(name) > 1)
        raise TaskDataError(f"Y has two columns named {double!r}: give every outcome a name of its own.")
    if len(columns[0]) == 0:
        raise TaskDataError("Y has no row: give at least one.")
    if n_rows is not None and len(columns[0]) != n_rows:
        raise TaskDataError(
            f"Y has {len(columns[0])} rows but X has {n_rows}: give one row of outcomes per row of features."
        )
    for name, column in zip(names, columns, strict=True):
        if column.dtype.kind == "f" and np.isinf(column).any():
            raise TaskDataError(
                f"Y (task {name!r}) contains infinity in row {int(np.argmax(np.isinf(column)))}: use NaN for an "
                "unobserved value."
            )
    mask = np.column_stack([~is_missing(column) for column in columns])
    kept = np.ones_like(mask)
    if sample_weight is not None:
        kept = check_sample_weight(sample_weight, *mask.shape) > 0
    if task is None:
        return Observed(names, "wide" if wide else "single", kept, mask & kept, columns)
    if len(columns) > 1:
        raise TaskDataError(
            f"task goes with a 1-D Y (one outcome, one task id per row), but Y has {len(columns)} columns: drop task, "
            "or give one column."
        )
    unique, code = np.unique(check_task_ids(task, len(mask)), return_inverse=True)
    possible = (code[:, None] == np.arange(len(unique))) & kept
    return Observed(tuple(unique.tolist()), "rows", possible, possible & mask, columns)


def group_codes(groups: Any, n_rows: int) -> IntArray | None:
    """Number of the group of each row; None where there are none."""
    if groups is None:
        return None
    code = np.asarray(id_codes(groups, "groups")[1], dtype=np.intp)
    if len(code) != n_rows:
        raise TaskDataError(f"groups has {len(code)} rows but there are {n_rows}: give one group per row.")
    return code


def count_rows(X: Any) -> int:
    """Rows of whatever holds the features."""
    return int(X.shape[0]) if hasattr(X, "shape") else len(X)


__all__ = ["Observed", "count_rows", "group_codes", "read_observed"]
