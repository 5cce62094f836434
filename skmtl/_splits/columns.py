"""Read from targets and task ids what has to be spread over the folds."""

from __future__ import annotations

from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any

import numpy as np
from scipy import sparse

from skmtl._splits.strata import members_of, missingness_patterns, quantile_bins
from skmtl._typing import IntArray, MatrixLike
from skmtl.data._targets import is_missing, split_columns
from skmtl.exceptions import TaskDataError

# Whole numbers with more distinct values than this are counts or measurements, not classes.
MAX_WHOLE_CLASSES = 10

# How strictly a column has to be spread, strictest first.
ROWS = "every part, always"
TASK = "every training part, every test part if that is possible"
CLASS = "as a task, after the tasks"
CLASS_IN_TASK = "every part if that is possible"
SPREAD = "evenly"


@dataclass(frozen=True)
class Column:
    """One thing to spread: rows in which a task is observed, or has one class, or lies in one bin.

    ``task`` is None where the rows have no tasks, ``label`` is None where the column is not about a class. What is
    only spread evenly is in no message and needs neither.
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
        self.add(Column(ROWS), np.arange(self.n_rows))

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

    @property
    def strictness(self) -> list[str]:
        """How strictly each column has to be spread."""
        return [column.strictness for column in self.columns]

    def in_standard_order(self) -> ColumnTable:
        """Order the columns by what they hold, so that folds do not depend on the order and the names of outcomes."""
        rank = {strictness: k for k, strictness in enumerate((ROWS, TASK, CLASS, CLASS_IN_TASK, SPREAD))}
        keys = [
            (rank[column.strictness], rows.size, blake2b(rows.astype(np.int64).tobytes()).digest())
            for column, rows in zip(self.columns, self.rows, strict=True)
        ]
        order = sorted(range(len(keys)), key=keys.__getitem__)
        table = ColumnTable(self.n_rows)
        table.columns, table.rows = [self.columns[c] for c in order], [self.rows[c] for c in order]
        return table


def read_columns(
    y: MatrixLike, task: MatrixLike, n_rows: int, stratify: str | bool, *, bin_size: int | None = None
) -> ColumnTable:
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
    bin_size : int, optional
        How many entries a quantile bin must have at least, if numbers are to be cut into bins.

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
    if task is not None:
        return _read_rows(values, task, n_rows, stratify, bin_size).in_standard_order()
    table = ColumnTable(n_rows)
    seen = np.zeros((n_rows, len(values)), dtype=bool)
    for t, (name, value) in enumerate(zip(names, values, strict=True)):
        rows, value = observed(value)
        seen[rows, t] = True
        table.add(Column(TASK, name), rows)
        for label, members, strictness in _classes(value, stratify, bin_size):
            table.add(Column(strictness, name, label), rows[members])
    if stratify is not False:
        for members in missingness_patterns(seen):
            table.add(Column(SPREAD), members)
    return table.in_standard_order()


def _read_rows(
    values: list[np.ndarray], task: MatrixLike, n_rows: int, stratify: str | bool, bin_size: int | None
) -> ColumnTable:
    """Read one outcome in rows of several tasks."""
    if len(values) > 1:
        raise TaskDataError(
            f"y has {len(values)} columns, and with task= it has to be one outcome of shape (n_samples,)."
        )
    table = ColumnTable(n_rows)
    ids, code = id_codes(task, "task")
    # Without y every row is observed, and one constant has no classes.
    rows, value = observed(values[0] if values else np.zeros(n_rows))
    code = code[rows]
    by_task = members_of(code, len(ids))
    for name, members in zip(ids, by_task, strict=True):
        table.add(Column(TASK, name), rows[members])
    numeric = False
    for label, members, strictness in _classes(value, stratify, bin_size):
        # The whole outcome has to keep its classes. One task may do without: a hospital with a single
        # event, or none, is what its neighbours are there to help with.
        table.add(Column(strictness, None, label), rows[members])
        if label is None:
            numeric = True
            continue
        within_task = CLASS_IN_TASK if strictness == CLASS else SPREAD
        for name, within in zip(ids, members_of(code[members], len(ids)), strict=True):
            if within.size:
                table.add(Column(within_task, name, label), rows[members[within]])
    if numeric and bin_size is not None:
        for members in by_task:
            for within in quantile_bins(value[members], bin_size):
                table.add(Column(SPREAD), rows[members[within]])
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


def group_codes(groups: MatrixLike) -> IntArray:
    """Number the groups in the order in which they appear, so that folds do not depend on their names."""
    ids, code = id_codes(groups, "groups")
    first = np.unique(code, return_index=True)[1]
    rank = np.empty(len(ids), dtype=np.intp)
    rank[np.argsort(first)] = np.arange(len(ids))
    return rank[code]


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


def _classes(values: np.ndarray, stratify: str | bool, bin_size: int | None) -> list[tuple[Any, IntArray, str]]:
    """Give each class (or bin, with label None) of an outcome with its positions and strictness; may be none."""
    if stratify is False:
        return []
    labels, code = _codes(values)
    strictness = CLASS
    if stratify == "auto" and values.dtype.kind in "fiu":
        # Two values are two classes, but two entries that differ say nothing.
        if not len(labels) == 2 < values.size:
            strictness = SPREAD
            repeated = len(labels) <= min(MAX_WHOLE_CLASSES, values.size // 2)
            if not (repeated and np.all(values == np.floor(values))):
                bins = [] if bin_size is None else quantile_bins(values, bin_size)
                return [(None, members, SPREAD) for members in bins]
    if len(labels) < 2:
        return []
    return [(label, held, strictness) for label, held in zip(labels, members_of(code, len(labels)), strict=True)]
