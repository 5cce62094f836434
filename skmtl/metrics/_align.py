"""Which entries a metric sees: the only place where NaN, weight 0, wide and rows form are told apart."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from skmtl._typing import BoolArray, IntArray
from skmtl.exceptions import TaskDataError
from skmtl.metrics._table import Table, missing_cells, plain_column, read_table


@dataclass(frozen=True, eq=False)
class Targets:
    """The observed entries of each task.

    Parameters
    ----------
    names : tuple of length T
        Column names, task ids, or 0 .. T-1; sorted ids in the rows form.
    rows : tuple of T arrays
        Rows of the user's table in which the task is observed.
    y_true : tuple of T arrays
        Values in those rows: numbers or strings, never an object array, never NaN.
    weight : tuple of T arrays, or None
        Weights in those rows, all positive.
    table : Table
        The table as given.
    by_rows : bool
        One outcome with a task id per row, not one column per task.
    one_weight_per_row : bool
        Weights are None or 1-D.
    """

    names: tuple[object, ...]
    rows: tuple[IntArray, ...]
    y_true: tuple[np.ndarray, ...]
    weight: tuple[np.ndarray, ...] | None
    table: Table
    by_rows: bool
    one_weight_per_row: bool

    @property
    def n_rows(self) -> int:
        """Rows of the user's table."""
        return self.table.shape[0]

    @property
    def n_tasks(self) -> int:
        """Number of tasks T."""
        return len(self.names)

    @property
    def complete(self) -> bool:
        """Every cell of a wide table is observed, with one weight for all cells of a row."""
        full = all(len(rows) == self.n_rows for rows in self.rows)
        return full and not self.by_rows and self.one_weight_per_row

    def weight_of(self, t: int) -> np.ndarray | None:
        """Weights of the entries of task ``t``, None if all are one."""
        return None if self.weight is None else self.weight[t]

    def totals(self) -> np.ndarray:
        """Total observed weight of each task."""
        if self.weight is None:
            return np.array([len(rows) for rows in self.rows], dtype=float)
        return np.array([weight.sum() for weight in self.weight], dtype=float)

    def where(self, argument: str, t: int) -> str:
        """How messages call the part of an argument that belongs to task ``t``."""
        return f"{argument} of task {self.names[t]!r}"


def read_targets(y_true: Any, task: Any = None, sample_weight: Any = None) -> Targets:
    """Find the observed entries of each task.

    An entry is observed if its ``y_true`` is not NaN, None or pandas.NA and its weight is positive.

    Parameters
    ----------
    y_true : array-like or frame of shape (n,) or (n, T)
    task : array-like of shape (n,), optional
        Task id of each row, with a 1-D ``y_true``.
    sample_weight : array-like of shape (n,) or (n, T), optional
        Finite and non-negative.

    Returns
    -------
    Targets

    Raises
    ------
    TaskDataError
        The input cannot be read.
    """
    table = read_table(y_true, "y_true")
    weight = _read_weight(sample_weight, table)
    present = ~missing_cells(table.values)
    if task is None:
        count = table.values.shape[1]
        names = tuple(range(count)) if table.names is None else table.names
        columns, masks = list(range(count)), list(present.T)
    else:
        names, members = read_task(task, table)
        plain_column(table.values[present[:, 0], 0], "y_true")  # one outcome: strings or numbers, in all tasks
        columns, masks = [0] * len(names), [present[:, 0] & member for member in members]
    rows, values, weights = [], [], []
    for name, column, mask in zip(names, columns, masks, strict=True):
        weight_column = None if weight is None else weight[:, 0 if weight.shape[1] == 1 else column]
        # Weight 0 does not excuse infinity: it is an error of the data, not a missing value.
        if _has_infinity(table.values[mask, column]):
            raise TaskDataError(
                f"y_true of task {name!r} contains infinity: use NaN where the outcome was not observed."
            )
        observed = np.flatnonzero(mask if weight_column is None else mask & (weight_column > 0))
        rows.append(observed)
        values.append(plain_column(table.values[observed, column], f"y_true of task {name!r}"))
        if weight_column is not None:
            weights.append(weight_column[observed])
    return Targets(
        names=names,
        rows=tuple(rows),
        y_true=tuple(values),
        weight=None if weight is None else tuple(weights),
        table=table,
        by_rows=task is not None,
        one_weight_per_row=weight is None or weight.shape[1] == 1,
    )


def read_predictions(y_pred: Any, targets: Targets, argument: str = "y_pred") -> tuple[np.ndarray, ...]:
    """Predicted values or labels in the observed entries of each task; NaN elsewhere is nobody's business."""
    table = read_table(y_pred, argument)
    if table.values.shape != targets.table.values.shape:
        raise TaskDataError(
            f"{argument} has the shape {table.shape} but y_true has the shape {targets.table.shape}: "
            "give one prediction for each cell of y_true."
        )
    check_column_order(table, targets, argument)
    return tuple(
        finite_cells(table.values[rows, 0 if targets.by_rows else t], targets, t, argument)
        for t, rows in enumerate(targets.rows)
    )


def check_column_order(table: Table, targets: Targets, argument: str) -> None:
    """Refuse a frame with the columns of ``y_true`` in another order: numbers would go to the wrong task."""
    known = targets.table.names
    if table.names is None or known is None or table.names == known:
        return
    if set(table.names) == set(known):
        raise TaskDataError(f"{argument} has the columns of y_true in another order: give {argument}[y_true.columns].")


def finite_cells(cells: np.ndarray, targets: Targets, t: int, argument: str) -> np.ndarray:
    """The cells of one task as a plain array, or an error if one is NaN or infinite."""
    bad = missing_cells(cells)
    if bad.any() or _has_infinity(cells):
        problem = "NaN" if bad.any() else "infinity"
        raise TaskDataError(
            f"{targets.where(argument, t)} contains {problem} where y_true is observed: predict every observed "
            "entry, or set y_true to NaN there."
        )
    return plain_column(cells, targets.where(argument, t))


def _has_infinity(values: np.ndarray) -> bool:
    if values.dtype.kind == "f":
        return bool(np.isinf(values).any())
    return values.dtype.kind == "O" and any(isinstance(v, float) and np.isinf(v) for v in values.ravel())


def _read_weight(sample_weight: Any, table: Table) -> np.ndarray | None:
    """Weights as an (n, 1) or (n, T) array."""
    if sample_weight is None:
        return None
    given = read_table(sample_weight, "sample_weight")
    n, n_columns = table.values.shape
    if given.shape != (n,) and given.shape != (n, n_columns):
        wanted = f"({n},)" if n_columns == 1 else f"({n},) or ({n}, {n_columns})"
        raise TaskDataError(f"sample_weight has the shape {given.shape}: give it the shape {wanted}.")
    weight = given.values if given.values.dtype.kind in "iuf" else _as_float(given.values)
    if not np.isfinite(weight).all():
        raise TaskDataError("sample_weight holds NaN or infinity: use 0 for an entry that should not count.")
    if (weight < 0).any():
        raise TaskDataError("sample_weight holds a negative value: weights must be zero or positive.")
    return weight


def _as_float(values: np.ndarray) -> np.ndarray:
    try:
        return values.astype(float)
    except (TypeError, ValueError):
        raise TaskDataError("sample_weight does not hold numbers: give zero or positive numbers.") from None


def read_task(task: Any, table: Table) -> tuple[tuple[object, ...], list[BoolArray]]:
    """Sorted unique task ids, and the rows of each as a mask."""
    n, n_columns = table.values.shape
    if n_columns > 1:
        raise TaskDataError(
            f"task goes with a 1-D y_true (one outcome, one task id per row), but y_true has {n_columns} columns: "
            "drop task, or give one column."
        )
    given = read_table(task, "task")
    if given.values.shape != (n, 1):
        raise TaskDataError(f"task has the shape {given.shape} but y_true has {n} rows: give one task id per row.")
    ids = given.values[:, 0]
    missing = missing_cells(ids)
    if missing.any():
        raise TaskDataError(f"task has no id in row {int(np.argmax(missing))}: give every row an id, or drop the row.")
    unique, code = np.unique(plain_column(ids, "task"), return_inverse=True)
    return tuple(unique.tolist()), [code == k for k in range(len(unique))]


__all__ = ["Targets", "check_column_order", "finite_cells", "read_predictions", "read_targets", "read_task"]
