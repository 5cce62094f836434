"""Targets in and out: which cells are observed, and the labels behind the numbers.

The only code that knows of labels. A *numeric* or *count* task keeps its values; a *binary* task is coded 0/1 with
its two classes remembered in sorted order, so that 1 is the second class as in scikit-learn; *classes* are coded
0 .. K-1 likewise.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.utils.multiclass import type_of_target

from skmtl.exceptions import TaskDataError


@dataclass(frozen=True, eq=False)
class TargetEncoder:
    """How one task's target is coded; ``classes`` is None for numbers.

    ``kind`` is "numeric", "binary", "classes" or "count": what was asked for, or found.
    """

    kind: str
    classes: np.ndarray | None = None

    @property
    def n_channels(self) -> int:
        """Linear predictors the target needs: one, or one per class."""
        return len(self.classes) if self.kind == "classes" and self.classes is not None else 1

    def decode(self, code: np.ndarray) -> np.ndarray:
        """Labels of codes 0, 1, ...; numbers come back as they are."""
        return code if self.classes is None else self.classes[code.astype(np.intp)]


def is_missing(values: np.ndarray) -> np.ndarray:
    """Mask of NaN, None and pandas.NA in an array of any dtype."""
    if values.dtype.kind == "f":
        result: np.ndarray = np.isnan(values)
        return result
    if values.dtype.kind in "mM":
        result = np.isnat(values)
        return result
    if values.dtype.kind == "O":
        # A missing value is None, or differs from itself (nan), or refuses to say (pandas.NA).
        missing = np.zeros(values.shape, dtype=bool)
        for k, value in np.ndenumerate(values):
            missing[k] = value is None or type(value).__name__ in ("NAType", "NaTType") or value != value
        return missing
    return np.zeros(values.shape, dtype=bool)


def split_columns(Y: Any) -> tuple[list[np.ndarray], list[object] | None, bool]:
    """Columns of an array, frame or series as 1-D arrays, their names if any, and whether Y is 2-D."""
    if hasattr(Y, "iloc") and hasattr(Y, "columns"):  # pandas DataFrame; names may repeat
        return [_pandas_column(Y.iloc[:, j]) for j in range(Y.shape[1])], list(Y.columns), True
    if hasattr(Y, "columns") and hasattr(Y, "to_numpy"):  # polars DataFrame and the like
        return [_plain_column(Y[name].to_numpy()) for name in Y.columns], list(Y.columns), True
    if hasattr(Y, "iloc"):  # pandas Series
        return [_pandas_column(Y)], None if Y.name is None else [Y.name], False
    if hasattr(Y, "to_numpy") and hasattr(Y, "name"):  # polars Series
        return [_plain_column(Y.to_numpy())], [Y.name] if Y.name else None, False
    array = np.asarray(Y) if hasattr(Y, "__array__") else array_of_list(Y)
    if array.ndim == 1:
        return [_plain_column(array)], None, False
    if array.ndim == 2:
        return [_plain_column(array[:, j]) for j in range(array.shape[1])], None, True
    raise TaskDataError(
        f"Y must be 1-D or 2-D (rows, outcomes), got an array of shape {array.shape}: give one column per outcome."
    )


def array_of_list(Y: Any) -> np.ndarray:
    """An array of nested lists; lists that mix labels and numbers keep each value as it is."""
    array = np.array(Y)
    if array.dtype.kind in "US":
        # NumPy turns [["yes", nan]] into the string "nan"; as objects the missing value survives.
        array = np.array(Y, dtype=object)
    return array


def _pandas_column(column: Any) -> np.ndarray:
    if column.dtype.kind == "b" and not isinstance(column.dtype, np.dtype):
        # Nullable boolean: labels, as plain booleans are.
        labels: np.ndarray = column.to_numpy(dtype=object, na_value=None)
        return labels
    if column.dtype.kind in "iuf" and not isinstance(column.dtype, np.dtype):
        numbers: np.ndarray = column.to_numpy(dtype=float, na_value=np.nan)  # nullable Int64, Float64
        return numbers
    return _plain_column(np.asarray(column))


def _plain_column(values: np.ndarray) -> np.ndarray:
    if values.dtype.kind == "c":
        raise TaskDataError("Y holds complex numbers. Complex data not supported: give the real part.")
    if values.dtype.kind == "O":
        kinds = {type(v) for v in values[~is_missing(values)].tolist()}
        if kinds and kinds <= {bool, np.bool_}:
            return values
        if kinds and all(issubclass(kind, bool | int | float | np.number) for kind in kinds):
            return np.array([np.nan if m else float(v) for v, m in zip(values, is_missing(values), strict=True)])
    return values


def as_numeric(values: np.ndarray, where: str) -> np.ndarray:
    """A column as floats, NaN where missing; ``where`` names it in the message."""
    if values.dtype.kind in "biuf":
        return values.astype(np.float64)
    if values.dtype.kind in "mM":
        raise TaskDataError(f"Y {where} holds dates or durations: turn them into numbers, such as days since a start.")
    missing = is_missing(values)
    numbers = np.full(values.shape, np.nan)
    try:
        numbers[~missing] = values[~missing].astype(np.float64)
    except (TypeError, ValueError):
        example = next(v for v in values[~missing].tolist() if not _is_number(v))
        raise TaskDataError(
            f"Y {where} is not numeric (it holds {example!r}): use a classification loss or estimator for "
            "it, or turn it into numbers."
        ) from None
    return numbers


def _is_number(value: object) -> bool:
    try:
        float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return False
    return True


def declared_labels(Y: Any, n_columns: int) -> list[bool]:
    """Which columns a frame or series declares to be categories, whatever their values."""
    if hasattr(Y, "columns"):
        dtypes = list(Y.dtypes)
    else:
        dtypes = [getattr(Y, "dtype", None)] * n_columns
    return [str(dtype).lower().startswith(("category", "categorical", "enum")) for dtype in dtypes]


def kind_of(values: np.ndarray, labelled: bool) -> str:
    """How "auto" reads a column; ``labelled`` says that it was declared to hold categories."""
    present = values[~is_missing(values)]
    if not labelled and values.dtype.kind in "OUSb":
        labelled = any(isinstance(value, str | bytes | bool) for value in present.tolist())
    if labelled:
        return "binary" if len(set(present.tolist())) <= 2 else "classes"
    if values.dtype.kind in "iuf" and np.array_equal(np.unique(present), [0, 1]):
        return "binary"
    return "numeric"


def check_counts(values: np.ndarray, observed: np.ndarray, where: str) -> None:
    """Counts and rates are zero or more."""
    negative = observed & (values < 0)
    if negative.any():
        row = int(np.argmax(negative))
        raise TaskDataError(
            f"Y {where} is read as a count but holds {values[row]:g} in row {row}: give numbers of zero or more, or "
            "use a loss for numeric outcomes."
        )


def encode_labels(
    values: np.ndarray, observed: np.ndarray, kind: str, where: str, known: TargetEncoder | None = None
) -> tuple[np.ndarray, TargetEncoder]:
    """Code a column 0, 1, ... (0 where unobserved) by the labels of its observed cells, or by those of a fit."""
    labels = values[observed]
    if known is not None and known.classes is not None:
        classes = known.classes.tolist()
        unknown = [label for label in labels.tolist() if label not in classes]
        if unknown:
            listed = ", ".join(repr(label) for label in classes[:-1]) + f" and {classes[-1]!r}"
            raise TaskDataError(
                f"Y {where} holds the label {unknown[0]!r}, but the fit knew {listed} only: give the labels of the fit."
            )
        code = np.zeros(values.shape)
        code[observed] = [classes.index(label) for label in labels.tolist()]
        return code, known
    classes = _classes_of(labels, kind, where)
    code = np.zeros(values.shape)
    code[observed] = np.searchsorted(classes, _of_one_type(labels, where))
    return code, TargetEncoder(kind, classes)


def _of_one_type(labels: np.ndarray, where: str) -> np.ndarray:
    """Labels as an array of their own type."""
    if labels.dtype.kind != "O":
        return labels
    types = sorted({type(v).__name__ for v in labels.tolist()})
    if len(types) > 1:
        raise TaskDataError(f"Y {where} mixes labels of several types ({', '.join(types)}): give labels of one type.")
    return np.array(labels.tolist())


def _classes_of(labels: np.ndarray, kind: str, where: str) -> np.ndarray:
    """The classes of a column, sorted."""
    labels = _of_one_type(labels, where)
    if labels.dtype.kind == "S":
        raise TaskDataError(f"Y {where} holds labels as bytes: decode them to strings.")
    found = type_of_target(labels)
    if found not in ("binary", "multiclass"):
        raise TaskDataError(
            f"Unknown label type: {found}. Y {where} does not hold classes: use a regression loss or estimator for it, "
            f"or turn it into {'two ' if kind == 'binary' else ''}classes."
        )
    classes = np.unique(labels)
    if kind == "binary" and len(classes) > 2:
        raise TaskDataError(
            f"Only binary classification is supported. The type of the target is {found}. Y {where} has "
            f"{len(classes)} classes: make it two, or one column per class."
        )
    if len(classes) < 2:
        raise TaskDataError(
            f"Y {where} has only one class, {classes.tolist()[0]!r}, among its observed entries of positive weight: "
            "leave the outcome out or give rows of the other class."
        )
    return classes
