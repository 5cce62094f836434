"""Arrays, frames and lists as one table: values, column names, and which cells are missing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import sparse

from skmtl._typing import BoolArray
from skmtl.exceptions import TaskDataError


@dataclass(frozen=True, eq=False)
class Table:
    """A table of n rows; ``names`` is None where the columns have none."""

    values: np.ndarray
    names: tuple[object, ...] | None
    shape: tuple[int, ...]  # as the user gave it: (n,) or (n, T)


def read_table(values: Any, argument: str) -> Table:
    """Read a 1-D or 2-D array, series, frame or nested list; ``argument`` names it in messages.

    The values are never copied when they are an array already, and never written to.
    """
    if isinstance(values, Table):
        return values
    if values is None:
        raise TaskDataError(f"{argument} is None: give an array of shape (n,) or (n, T).")
    if sparse.issparse(values):
        raise TaskDataError(f"{argument} is a sparse matrix: give it dense, with NaN for what is unobserved.")
    if isinstance(values, np.ma.MaskedArray):
        raise TaskDataError(f"{argument} is a masked array: give .filled(numpy.nan), NaN is what is unobserved.")
    names = None
    if hasattr(values, "to_numpy"):
        if hasattr(values, "columns"):
            names = tuple(values.columns)
        elif getattr(values, "name", None):
            names = (values.name,)
        array = values.to_numpy()
    else:
        array = np.asarray(values) if hasattr(values, "__array__") else _array_of_list(values, argument)
    if array.dtype.kind not in "biufUO":
        raise TaskDataError(f"{argument} has the type {array.dtype}: give numbers or strings.")
    if array.ndim not in (1, 2):
        raise TaskDataError(f"{argument} has the shape {array.shape}: give an array of shape (n,) or (n, T).")
    if array.size == 0:
        raise TaskDataError(f"{argument} is empty, it has the shape {array.shape}: give at least one row.")
    if names is not None and len(set(names)) < len(names):
        double = next(name for name in names if names.count(name) > 1)
        raise TaskDataError(f"{argument} has two columns named {double!r}: give every task a name of its own.")
    return Table(array[:, None] if array.ndim == 1 else array, names, array.shape)


def _array_of_list(values: Any, argument: str) -> np.ndarray:
    try:
        array = np.array(values)
        # NumPy turns ["yes", nan] into strings, the missing value too; as objects it survives.
        return np.array(values, dtype=object) if array.dtype.kind in "US" else array
    except ValueError:
        raise TaskDataError(f"{argument} has rows of unequal length: give an array of shape (n,) or (n, T).") from None


def missing_cells(values: np.ndarray) -> BoolArray:
    """Mask of NaN, None and pandas.NA in an array of any type."""
    if values.dtype.kind == "f":
        return np.isnan(values)
    missing = np.zeros(values.shape, dtype=bool)
    if values.dtype.kind == "O":
        for index, value in np.ndenumerate(values):
            missing[index] = _is_missing(value)
    return missing


def _is_missing(value: Any) -> bool:
    if value is None:
        return True
    try:
        return bool(value != value)  # only NaN and NaT differ from themselves
    except TypeError:
        return True  # pandas.NA: neither equal nor unequal to itself


def plain_column(column: np.ndarray, where: str) -> np.ndarray:
    """Observed cells of an object column as numbers or as strings; ``where`` names them in messages."""
    if column.dtype.kind != "O":
        return column
    cells = column.tolist()
    strings = [isinstance(cell, str) for cell in cells]
    if any(strings) and not all(strings):
        # NumPy would turn the numbers into strings without a word.
        raise TaskDataError(f"{where} mixes strings and numbers: give labels of one type.")
    plain = np.array(cells)
    if plain.dtype.kind not in "biufU" or plain.ndim != 1:
        example = next((cell for cell in cells if not isinstance(cell, str | bool | int | float)), cells[0])
        raise TaskDataError(f"{where} holds a {type(example).__name__}: give numbers or strings.")
    return plain


def as_numbers(column: np.ndarray, where: str, metric: str) -> np.ndarray:
    """Observed cells as numbers, in the float type they came in."""
    column = plain_column(column, where)
    if column.dtype.kind == "U":
        raise TaskDataError(f"{where} holds strings: {metric} needs numbers, leave the task out or encode it.")
    return column


def as_labels(column: np.ndarray, where: str, metric: str) -> np.ndarray:
    """Observed cells as class labels: strings, booleans or whole numbers."""
    column = plain_column(column, where)
    if column.dtype.kind == "f" and (column != np.floor(column)).any():
        raise TaskDataError(f"{where} is continuous: {metric} needs class labels, leave the task out or bin it.")
    return column


__all__ = ["Table", "as_labels", "as_numbers", "missing_cells", "plain_column", "read_table"]
