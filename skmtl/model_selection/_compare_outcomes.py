"""What `compare` predicts: each outcome, whether it is a number, a count or a class, and where it is observed."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from skmtl._splits.columns import outcomes as split_outcomes
from skmtl._typing import Array, BoolArray, IntArray, MatrixLike
from skmtl.data import check_task_ids
from skmtl.data._targets import is_missing
from skmtl.data._weights import check_sample_weight
from skmtl.exceptions import InvalidParameterError, TaskDataError

NUMERIC, BINARY, CLASSES, COUNT = "numeric", "binary", "classes", "count"
KINDS = (NUMERIC, BINARY, CLASSES, COUNT)
_MOST_CLASSES = 20


@dataclass(frozen=True, eq=False)
class Outcomes:
    """Outcomes as one table of floats, whatever form they came in.

    Parameters
    ----------
    names : tuple of length T
        Names of the outcomes; in the rows form the task ids, sorted.
    kinds : tuple of length T
        "numeric", "binary", "classes" or "count".
    classes : tuple of length T
        The labels of an outcome of classes, sorted; None for numbers and counts.
    table : ndarray of shape (n, T)
        Values, classes as their position among the labels (of two: the second as 1); NaN where an
        outcome is not observed or has no weight.
    weight : ndarray of shape (n, T)
    y : ndarray, Series or DataFrame
        What estimators are fitted on: the same numbers, of shape (n,) or (n, T).
    code : ndarray of shape (n,), or None
        In the rows form the column of each row's task.
    ids : ndarray of shape (n,), or None
        In the rows form the task of each row.
    label : str
        How messages call an outcome: "Outcome", or the name of the task column.
    """

    names: tuple[Any, ...]
    kinds: tuple[str, ...]
    classes: tuple[np.ndarray | None, ...]
    table: Array
    weight: Array
    y: Any
    code: IntArray | None = None
    ids: np.ndarray | None = None
    label: str = "Outcome"

    @property
    def by_rows(self) -> bool:
        """One outcome with a task per row, not one column per outcome."""
        return self.code is not None

    @property
    def asked(self) -> BoolArray:
        """Cells to predict: all, or for each row that of its task."""
        if self.code is None:
            return np.ones(self.table.shape, dtype=bool)
        return self.code[:, None] == np.arange(len(self.names))

    @property
    def observed(self) -> BoolArray:
        """Cells that count."""
        return ~np.isnan(self.table)

    def y_at(self, rows: IntArray) -> Any:
        """What estimators are fitted on, in some rows."""
        return self.y.iloc[rows] if hasattr(self.y, "iloc") else self.y[rows]

    @property
    def counted(self) -> Any:
        """`y`, NaN where an entry has no weight: what folds are dealt by."""
        there = self.weight > 0
        if self.by_rows:
            return np.where(there[:, 0], self.y, np.nan)
        return self.y.where(there if self.y.ndim == 2 else there[:, 0])

    def counts(self, t: int, rows: IntArray | None = None) -> tuple[int, int]:
        """Observed values of one outcome, in all rows or some, and how many of them are 1."""
        values = self.table[:, t] if rows is None else self.table[rows, t]
        return int((~np.isnan(values)).sum()), int((values == 1).sum())

    def rarest(self, t: int, rows: IntArray | None = None) -> tuple[Any, int]:
        """The label of an outcome of classes that is seen least, in all rows or some, and how often it is."""
        values = self.table[:, t] if rows is None else self.table[rows, t]
        labels = self.classes[t]
        assert labels is not None
        seen = np.bincount(values[~np.isnan(values)].astype(np.intp), minlength=len(labels))
        return labels.tolist()[int(seen.argmin())], int(seen.min())


def read_outcomes(
    Y: MatrixLike, task: MatrixLike, sample_weight: MatrixLike, n_rows: int, kinds: Mapping[Any, str] | None = None
) -> Outcomes:
    """Read the outcomes of a table.

    Parameters
    ----------
    Y : array-like or frame of shape (n,) or (n, T)
        NaN, None and pandas.NA where not observed.
    task : array-like of shape (n,) or None
        Task of each row of a single outcome.
    sample_weight : array-like of shape (n,) or (n, T), or None
    n_rows : int
        Rows of X.
    kinds : dict from name of an outcome to its kind, or None
        For outcomes whose kind the values do not tell: counts are never guessed, and numbers may be classes.

    Returns
    -------
    Outcomes

    Raises
    ------
    TaskDataError
        An outcome is empty, constant or infinite, or does not have the kind it is said to have; names repeat; a row
        has no task.
    """
    import pandas as pd

    names, columns = split_outcomes(Y)
    if not columns:
        raise TaskDataError("There is no outcome: give one column per outcome.")
    names = ["y" if name is None else name for name in names]
    doubled = [name for name in names if names.count(name) > 1]
    if doubled:
        raise TaskDataError(f"Two outcomes have the name {doubled[0]!r}: give each a name of its own.")
    if len(columns[0]) != n_rows:
        raise TaskDataError(f"X has {n_rows} rows and Y has {len(columns[0])}: give them the same rows.")
    weight = check_sample_weight(sample_weight, n_rows, len(columns), names)
    told = _check_kinds(kinds, names)
    columns = [
        _labels_of(column, given) if told.get(name) not in (NUMERIC, COUNT) else column
        for name, column, given in zip(names, columns, _given_columns(Y, len(names)), strict=True)
    ]
    read = [_read_outcome(column, name, told.get(name)) for name, column in zip(names, columns, strict=True)]
    values = np.column_stack([numbers for numbers, _ in read])
    classes = [labels for _, labels in read]
    table = np.where(weight > 0, values, np.nan)
    found = [told.get(name) or _kind(labels) for name, labels in zip(names, classes, strict=True)]
    if task is None:
        single = len(names) == 1
        y: Any = pd.Series(values[:, 0], name=names[0]) if single else pd.DataFrame(values, columns=names)
        return Outcomes(tuple(names), tuple(found), tuple(classes), table, weight, y)
    if len(columns) > 1:
        raise TaskDataError(
            f"task goes with one outcome in several places, and there are {len(columns)}: give one, or leave task out."
        )
    ids = check_task_ids(task, n_rows)
    unique, code = np.unique(ids, return_inverse=True)
    spread = np.where(code[:, None] == np.arange(len(unique)), table, np.nan)
    return Outcomes(
        names=tuple(unique.tolist()),
        kinds=tuple(found) * len(unique),
        classes=tuple(classes) * len(unique),
        table=spread,
        weight=np.repeat(weight, len(unique), axis=1),
        y=values[:, 0],
        code=code,
        ids=ids,
        label=str(getattr(task, "name", None) or "Task"),
    )


def _given_columns(Y: Any, n_columns: int) -> list[Any]:
    """The columns of a pandas frame or series as they were given; None for those of other tables."""
    if not hasattr(Y, "iloc"):
        return [None] * n_columns
    return [Y.iloc[:, j] for j in range(n_columns)] if hasattr(Y, "columns") else [Y]


def _labels_of(column: np.ndarray, given: Any) -> np.ndarray:
    """The values of a pandas Categorical as labels, also where they are numbers: who made one meant classes."""
    import pandas as pd

    if not isinstance(getattr(given, "dtype", None), pd.CategoricalDtype):
        return column
    return np.asarray(given.astype(object))


def _check_kinds(kinds: Mapping[Any, str] | None, names: list[Any]) -> dict[Any, str]:
    told = dict(kinds or {})
    for name, kind in told.items():
        if name not in names:
            raise InvalidParameterError(
                f"kinds names {name!r}, which is no outcome: they are {', '.join(map(repr, names))}."
            )
        if kind not in KINDS:
            raise InvalidParameterError(f"kinds[{name!r}] is {kind!r}: give one of {', '.join(map(repr, KINDS))}.")
    return told


def _kind(labels: np.ndarray | None) -> str:
    return NUMERIC if labels is None else BINARY if len(labels) == 2 else CLASSES


def _read_outcome(column: np.ndarray, name: Any, kind: str | None) -> tuple[Array, np.ndarray | None]:
    """The values of an outcome as floats, and its labels if it has classes."""
    missing = is_missing(column)
    observed = column[~missing]
    if not observed.size:
        raise TaskDataError(f"Outcome {name!r} has no observed value: leave it out.")
    if column.dtype.kind in "iuf":
        _check_finite(column, name)
        distinct = np.unique(observed)
        _check_varies(distinct, name)
        if kind in (BINARY, CLASSES):
            return _code(column, missing, name, kind)
        if kind == COUNT and (distinct[0] < 0 or (distinct != np.floor(distinct)).any()):
            odd = distinct[0] if distinct[0] < 0 else distinct[distinct != np.floor(distinct)][0]
            raise TaskDataError(f"Outcome {name!r} is said to be a count and holds {odd:g}: counts are 0, 1, 2, ...")
        zero_one = distinct.tolist() == [0, 1] and kind is None
        if len(distinct) == 2 < observed.size and not zero_one and kind is None:
            warnings.warn(
                f"Outcome {name!r} has two values, {distinct[0]:g} and {distinct[1]:g}, and is taken as a number: "
                "write 0 and 1, or labels, if it is a yes/no outcome.",
                stacklevel=4,
            )
        return column.astype(np.float64), np.array([0, 1]) if zero_one else None
    if column.dtype.kind not in "bOUS":
        raise TaskDataError(f"Outcome {name!r} holds {column.dtype} values: give numbers or labels.")
    if len({type(value) for value in observed.tolist()}) > 1:
        raise TaskDataError(f"Outcome {name!r} mixes labels of several types: give numbers, or labels.")
    return _code(column, missing, name, kind)


def _code(column: np.ndarray, missing: BoolArray, name: Any, kind: str | None) -> tuple[Array, np.ndarray]:
    """Positions of labels among the sorted labels of an outcome."""
    labels, code = np.unique(np.array(column[~missing].tolist()), return_inverse=True)
    _check_varies(labels, name)
    if kind in (NUMERIC, COUNT):
        raise TaskDataError(f"Outcome {name!r} is said to be {kind} and holds {_odd_label(labels)!r}: give numbers.")
    if (kind == BINARY) != (len(labels) == 2) and kind is not None:
        raise TaskDataError(f"Outcome {name!r} is said to be {kind} and has {len(labels)} labels: leave kinds out.")
    # A column of numbers with a word in it has as many labels as values.
    if len(labels) > _MOST_CLASSES:
        raise TaskDataError(
            f"Outcome {name!r} is not numeric (it holds {_odd_label(labels)!r}) and has {len(labels)} labels, more "
            f"than the {_MOST_CLASSES} that are taken for classes: turn it into numbers, or into fewer classes."
        )
    numbers = np.full(column.shape, np.nan)
    numbers[~missing] = code
    return numbers, labels


def _check_finite(column: np.ndarray, name: Any) -> None:
    infinite = np.flatnonzero(np.isinf(column))
    if infinite.size:
        raise TaskDataError(f"Outcome {name!r} is infinite in row {infinite[0]}: leave unobserved values empty (NaN).")


def _check_varies(distinct: np.ndarray, name: Any) -> None:
    if len(distinct) == 1:
        raise TaskDataError(
            f"Outcome {name!r} is constant (every observed value is {distinct.tolist()[0]!r}): leave it out."
        )


def _odd_label(labels: np.ndarray) -> Any:
    """A label that is no number: among numbers it is the one to mend."""
    for label in labels.tolist():
        try:
            float(label)
        except ValueError:
            return label
    return labels.tolist()[0]


__all__ = ["BINARY", "CLASSES", "COUNT", "KINDS", "NUMERIC", "Outcomes", "read_outcomes"]
