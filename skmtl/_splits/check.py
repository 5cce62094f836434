"""The ``cv`` argument of estimators and functions."""

from __future__ import annotations

import inspect
from numbers import Integral
from typing import Any

from sklearn.model_selection import check_cv

from skmtl._splits.kfold import MultiTaskKFold
from skmtl._splits.repeated import RepeatedMultiTaskKFold
from skmtl._typing import IntArray, MatrixLike


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
    """
    if isinstance(cv, MultiTaskKFold | RepeatedMultiTaskKFold):
        return list(cv._parts(X, y, groups, task)[0])
    extra = {} if groups is None else {"groups": groups}
    if task is not None and "task" in inspect.signature(cv.split).parameters:
        extra["task"] = task
    return list(cv.split(X, y, **extra))
