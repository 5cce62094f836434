"""Targets in and out: which cells are observed, and the labels behind the numbers.

The only code that knows of labels. A *numeric* task keeps its values; a *binary* task is coded 0/1
with its two classes remembered in sorted order, so that 1 is the second class as in scikit-learn.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.utils.multiclass import type_of_target

from skmtl.exceptions import TaskDataError


@dataclass(frozen=True, eq=False)
class TargetEncoder:
    """How one task's target is coded; ``classes`` is None for a numeric task."""

    kind: str
    classes: np.ndarray | None = None

    def decode(self, code: np.ndarray) -> np.ndarray:
        """Labels of 0/1 codes; numeric targets come back as they are."""
        return code if self.classes is None else self.classes[code.astype(np.intp)]


def is_missing(values: np.ndarray) -> np.ndarray:
    """Mask of NaN, None and pandas.NA in an array of any dtype."""
    if values.dtype.kind == "f":
        return np.isnan(values)
    if values.dtype.kind in "mM":
        return np.isnat(values)
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
    if column.dtype.kind in "biuf" and not isinstance(column.dtype, np.dtype):
        return column.to_numpy(dtype=float, na_value=np.nan)  # nullable Int64, boolean, Float64
    return _plain_column(np.asarray(column))


def _plain_column(values: np.ndarray) -> np.ndarray:
    if values.dtype.kind == "c":
        raise TaskDataError("Y holds complex numbers. Complex data not supported: give the real part.")
    if values.dtype.kind == "O":
        kinds = {type(v) for v in values[~is_missing(values)].tolist()}
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


def encode_binary(
    values: np.ndarray, observed: np.ndarray, where: str, known: TargetEncoder | None = None
) -> tuple[np.ndarray, TargetEncoder]:
    """Code a column 0/1 (0 where unobserved) by the two labels of its observed cells, or by those of a fit."""
    labels = values[observed]
    if known is not None and known.classes is not None:
        classes = known.classes.tolist()
        unknown = [label for label in labels.tolist() if label not in classes]
        if unknown:
            raise TaskDataError(
                f"Y {where} holds the label {unknown[0]!r}, but the fit knew {classes[0]!r} and {classes[1]!r} only: "
                "give the labels of the fit."
            )
        code = np.zeros(values.shape)
        code[observed] = [label == classes[1] for label in labels.tolist()]
        return code, known
    if labels.dtype.kind == "O" and len({type(v) for v in labels.tolist()}) > 1:
        kinds = ", ".join(sorted({type(v).__name__ for v in labels.tolist()}))
        raise TaskDataError(f"Y {where} mixes labels of several types ({kinds}): give labels of one type.")
    if labels.dtype.kind == "O":
        labels = np.array(labels.tolist())
    kind = type_of_target(labels)
    if kind not in ("binary", "multiclass"):
        raise TaskDataError(
            f"Unknown label type: {kind}. Y {where} does not hold classes: use a regression loss or estimator for it, "
            "or turn it into two classes."
        )
    classes = np.unique(labels)
    if len(classes) > 2:
        raise TaskDataError(
            f"Only binary classification is supported. The type of the target is {kind}. Y {where} has "
            f"{len(classes)} classes: make it two, or one column per class."
        )
    if len(classes) < 2:
        raise TaskDataError(
            f"Y {where} has only one class, {classes.tolist()[0]!r}, among its observed entries of positive weight: "
            "leave the outcome out or give rows of the other class."
        )
    code = np.zeros(values.shape)
    code[observed] = labels == classes[1]
    return code, TargetEncoder("binary", classes)
