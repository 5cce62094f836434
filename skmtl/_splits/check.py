"""The ``cv`` argument of estimators and functions."""

from __future__ import annotations

import inspect
from numbers import Integral
from typing import Any

import numpy as np
from sklearn.model_selection import check_cv

from skmtl._splits.kfold import MultiTaskKFold
from skmtl._splits.repeated import RepeatedMultiTaskKFold
from skmtl._typing import IntArray, MatrixLike
from skmtl.exceptions import TaskDataError


def check_task_cv(cv: Any = None, *, classifier: bool = False) -> Any:
    """Make a splitter of what stands in a ``cv`` argument.

    Parameters
    ----------
    cv : int, splitter, iterable of (train, test), or None, default=None
        None means 5 folds, an int that many folds of `MultiTaskKFold`. A splitter is passed through. An
        iterable is wrapped as `sklearn.model_selection.check_cv` does.
    classifier : bool, default=False
        Whether every outcome is one of classes, whatever its values look like.

    Returns
    -------
    splitter
        An object with ``split`` and ``get_n_splits``.

    Raises
    ------
    ValueError
        If `cv` is none of these.

    Examples
    --------
    >>> from skmtl._splits import check_task_cv
    >>> check_task_cv(3)
    MultiTaskKFold(n_splits=3)
    """
    if cv is None:
        cv = 5
    if isinstance(cv, Integral) and not isinstance(cv, bool):
        return MultiTaskKFold(int(cv), stratify=True if classifier else "auto")
    return check_cv(cv)


def split_tasks(
    cv: Any, X: MatrixLike, y: MatrixLike = None, *, groups: MatrixLike = None, task: MatrixLike = None
) -> list[tuple[IntArray, IntArray]]:
    """List the parts of any splitter, which gets ``groups`` and ``task`` only where they are given.

    ``task`` is left out for a splitter that does not know the argument, as those of scikit-learn. A test part that
    lacks a task or a class is no warning here: the callers, out-of-fold predictions and inner folds of an estimator,
    do without it, and nobody can act on inner folds.

    Raises
    ------
    TaskDataError
        There is no fold, a part is no list of row numbers, or a row is in both parts of a fold.
    """
    if isinstance(cv, MultiTaskKFold | RepeatedMultiTaskKFold):
        return list(cv._parts(X, y, groups, task)[0])
    extra = {} if groups is None else {"groups": groups}
    if task is not None and "task" in inspect.signature(cv.split).parameters:
        extra["task"] = task
    n_rows = X.shape[0] if hasattr(X, "shape") else len(X)
    folds = [_row_numbers(parts, fold, n_rows) for fold, parts in enumerate(cv.split(X, y, **extra))]
    if not folds:
        raise TaskDataError("cv gives no fold: give at least one.")
    return folds


def _row_numbers(parts: Any, fold: int, n_rows: int) -> tuple[IntArray, IntArray]:
    """Training and test rows of one fold, checked: what is fitted may not be tested."""
    train, test = (np.asarray(part) for part in parts)
    for called, part in (("training", train), ("test", test)):
        if part.dtype.kind == "b":
            raise TaskDataError(
                f"Fold {fold} of cv has True and False as its {called} part, where row numbers are wanted: give "
                "np.flatnonzero(mask)."
            )
        # An empty list is an array of floats.
        if part.ndim != 1 or (part.size and part.dtype.kind not in "iu"):
            raise TaskDataError(f"Fold {fold} of cv has a {called} part that is no list of row numbers: give integers.")
        outside = part[(part < 0) | (part >= n_rows)]
        if outside.size:
            raise TaskDataError(
                f"Fold {fold} of cv has row {outside[0]} in its {called} part, and X has the rows 0 to {n_rows - 1}: "
                "give folds of this X."
            )
    train, test = train.astype(np.intp), test.astype(np.intp)
    both = np.intersect1d(train, test)
    if both.size:
        raise TaskDataError(
            f"Fold {fold} of cv has row {both[0]} in its training part and in its test part: give parts without a "
            "common row."
        )
    return train, test
