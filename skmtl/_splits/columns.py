"""Read from targets and task ids what has to be spread over the folds."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from scipy import sparse

from skmtl._typing import IntArray, MatrixLike
from skmtl.data._targets import is_missing, split_columns
from skmtl.exceptions import TaskDataError

# Whole numbers with more distinct values than this are counts or measurements, not classes.
MAX_WHOLE_CLASSES = 10

# How strictly a column has to be spread.
EVERY_TEST_PART = "every test part"
EVERY_TRAINING_PART = "every training part"
IF_POSSIBLE = "if possible"


@dataclass(frozen=True)
class Column:
    """One thing to spread: the rows in which a task is observed, or in which it has one class.

    ``task`` is None where the rows have no tasks, ``label`` is None where the column is not about a class.
    """

    strictness: str
    task: Any = None
    label: Any = None

    def __str__(self) -> str:
        task = "the outcome" if self.task is None else f"task {self.task!r}"
        return task if self.label is None else f"class {self.label!r} of {task}"


@dataclass
class ColumnTable:
    """The columns and the rows that hold them; column 0 holds every row."""

    n_rows: int
    columns: list[Column] = field(default_factory=list)
    rows: list[IntArray] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.add(Column(EVERY_TEST_PART), np.arange(self.n_rows))

    def add(self, column: Column, rows: IntArray) -> None:
        """Append one column."""
        self.columns.append(column)
        self.rows.append(rows)

    def counts(self) -> sparse.csr_array:
        """Give the table as integers of shape (n_rows, n_columns): 1 where the row holds the column."""
        row = np.concatenate(self.rows)
        column = np.repeat(np.arange(len(self.rows)), [rows.size for rows in self.rows])
        ones = np.ones(row.size, dtype=np.int64)
        return sparse.csr_array((ones, (row, column)), shape=(self.n_rows, len(self.rows)))


def read_columns(y: MatrixLike, task: MatrixLike, n_rows: int, stratify: str | bool) -> ColumnTable:
    """Read what has to be spread.

    Parameters
    ----------
    y : array-like or frame of shape (n_rows,) or (n_rows, n_tasks), or None
        Targets; NaN, None and pandas.NA mean not observed. None means that every row is observed.
    task : array-like of shape (n_rows,) or None
        Task of each row; `y` is then one outcome.
    n_rows : int
        Number of rows.
    stratify : "auto", True or False
        As in `MultiTaskKFold`.

    Returns
    -------
    ColumnTable
        Its first column holds every row.

    Raises
    ------
    TaskDataError
        If `y` has more than two dimensions, or more than one column beside `task`, or if `task` has a
        missing id.
    """
    names, values = outcomes(y)
    table = ColumnTable(n_rows)
    if task is None:
        for name, value in zip(names, values, strict=True):
            rows, value = observed(value)
            table.add(Column(EVERY_TEST_PART, name), rows)
            for label, members, strictness in _classes(value, stratify):
                table.add(Column(strictness, name, label), rows[members])
        return table

    if len(values) > 1:
        raise TaskDataError(
            f"y has {len(values)} columns, and with task= it has to be one outcome of shape (n_samples,)."
        )
    ids, code = id_codes(task, "task")
    # Without y every row is observed, and one constant has no classes.
    rows, value = observed(values[0] if values else np.zeros(n_rows))
    code = code[rows]
    for name, members in zip(ids, _members(code, len(ids)), strict=True):
        table.add(Column(EVERY_TEST_PART, name), rows[members])
    for label, members, strictness in _classes(value, stratify):
        # The whole outcome has to keep its classes. One task may do without: a hospital with a single
        # event, or none, is what its neighbours are there to help with.
        table.add(Column(strictness, None, label), rows[members])
        for name, within in zip(ids, _members(code[members], len(ids)), strict=True):
            if within.size:
                table.add(Column(IF_POSSIBLE, name, label), rows[members[within]])
    return table


def id_codes(ids: MatrixLike, argument: str) -> tuple[list[Any], IntArray]:
    """Number the distinct ids of a 1-D array-like; a missing id is an error that names `argument`."""
    values = np.asarray(ids)
    if values.ndim == 2 and values.shape[1] == 1:
        values = values[:, 0]
    if values.ndim != 1:
        raise TaskDataError(f"{argument} has shape {values.shape}; it has to be one id a row, (n_samples,).")
    missing = np.flatnonzero(is_missing(values))
    if missing.size:
        raise TaskDataError(f"{argument} has a missing id in row {missing[0]}; every row needs one.")
    return _codes(values)


def outcomes(y: MatrixLike) -> tuple[list[Any], list[np.ndarray]]:
    """Cut y into one 1-D array per outcome, with their names; a single unnamed outcome is called None."""
    if y is None:
        return [], []
    if sparse.issparse(y):
        raise TaskDataError("y is sparse, and an absent entry would read as 0; pass a dense y with NaN.")
    values, names, wide = split_columns(y)
    if names is None:
        names = list(range(len(values))) if wide else [None]
    return names, values


def observed(values: np.ndarray) -> tuple[IntArray, np.ndarray]:
    """Give the rows in which an outcome is observed and its values there."""
    rows = np.flatnonzero(~is_missing(values))
    return rows, values[rows]


def _codes(values: np.ndarray) -> tuple[list[Any], IntArray]:
    """Number the distinct values; objects, which need not have an order, as they appear."""
    if values.dtype.kind != "O":
        unique, code = np.unique(values, return_inverse=True)
        return unique.tolist(), code
    seen: dict[Any, int] = {}
    code = np.array([seen.setdefault(value, len(seen)) for value in values], dtype=np.intp)
    return list(seen), code


def _classes(values: np.ndarray, stratify: str | bool) -> list[tuple[Any, IntArray, str]]:
    """Give each class of an outcome with its positions and strictness; nothing where it has no classes."""
    if stratify is False:
        return []
    labels, code = _codes(values)
    strictness = EVERY_TRAINING_PART
    if stratify == "auto" and values.dtype.kind in "fiu":
        # Two values are two classes, but two entries that differ say nothing.
        if not len(labels) == 2 < values.size:
            strictness = IF_POSSIBLE
            repeated = len(labels) <= min(MAX_WHOLE_CLASSES, values.size // 2)
            if not (repeated and np.all(values == np.floor(values))):
                return []
    if len(labels) < 2:
        return []
    members = _members(code, len(labels))
    return [(label, held, strictness) for label, held in zip(labels, members, strict=True)]


def _members(code: IntArray, n_codes: int) -> list[IntArray]:
    """Give the positions of each code 0, ..., n_codes - 1."""
    ends = np.cumsum(np.bincount(code, minlength=n_codes))[:-1]
    return np.split(np.argsort(code, kind="stable"), ends)
