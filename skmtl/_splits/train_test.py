"""One training part and one test part in which every task is observed."""

from __future__ import annotations

from numbers import Integral, Real
from typing import Any

import numpy as np
from numpy.random import RandomState
from scipy import sparse
from sklearn.utils import check_consistent_length, check_random_state

from skmtl._params import BOOLEAN, Interval, OneOf
from skmtl._splits.columns import group_codes, read_columns
from skmtl._splits.folds import plan_split, shortage
from skmtl._splits.kfold import warn_of
from skmtl._typing import IntArray, MatrixLike
from skmtl.exceptions import InvalidParameterError


def multitask_train_test_split(
    X: MatrixLike,
    Y: MatrixLike,
    *arrays: MatrixLike,
    test_size: float | int | None = None,
    train_size: float | int | None = None,
    task: MatrixLike = None,
    groups: MatrixLike = None,
    random_state: int | RandomState | None = None,
    stratify: str | bool = "auto",
) -> list[Any]:
    """Split a table into one training part and one test part, each with every task.

    `sklearn.model_selection.train_test_split` for tables with missing outcomes, rare events and patients with several
    rows. It guarantees what `MultiTaskKFold` does:

    - each task is observed in the training part, and each class of a classification outcome is there;
    - both are in the test part too where that is possible; where it is not a warning names outcome and count;
    - rows with the same `groups` value are all in the same part;
    - within these limits, which come first, the parts have the sizes asked for, and each task's observed entries, its
      classes, the quantile bins of numbers and the frequent patterns of missing outcomes are divided in proportion.

    Parameters
    ----------
    X : array-like, sparse matrix or frame of shape (n_samples, n_features)
        Features.
    Y : array-like or frame of shape (n_samples,) or (n_samples, n_tasks)
        Targets, NaN (None, pandas.NA) where not observed.
    *arrays : array-likes, sparse matrices, frames or lists with n_samples rows, or None
        What is to be split alike: the task of each row, groups, weights.
    test_size : float in (0, 1), int or None, default=None
        Part of the rows, or number of rows, in the test part. None: what `train_size` leaves, or 0.25 if that is None
        as well. With `groups` as near as whole groups allow.
    train_size : float in (0, 1), int or None, default=None
        Part of the rows, or number of rows, in the training part. None: what the test part leaves. If both leave
        something, these rows are in neither part.
    task : array-like of shape (n_samples,), default=None
        Task of each row, if `Y` is one outcome of several tasks. To have it split, give it among `arrays` too.
    groups : array-like of shape (n_samples,), default=None
        Rows with the same value (patients) are in the same part.
    random_state : int, RandomState instance or None, default=None
        Seed of the shuffle; an int gives the same parts in every call.
    stratify : "auto", True or False, default="auto"
        As in `MultiTaskKFold`.

    Returns
    -------
    list of length 2 * (2 + len(arrays))
        ``X_train, X_test, Y_train, Y_test, ...``: frames stay frames, sparse matrices sparse (CSR), lists lists, and
        None stays None. Rows keep their order.

    Raises
    ------
    TaskDataError
        If a task has no observed entry, if there are fewer than two rows (groups), or if no training part was
        found that has every task and every class.
    InvalidParameterError
        If `test_size`, `train_size` or `stratify` is out of range.

    Warns
    -----
    UserWarning
        If the test part lacks a task or a class.

    See Also
    --------
    MultiTaskKFold : Folds with the same guarantees; says how they are found.

    Notes
    -----
    One test part of a quarter of the rows is a quarter of the evidence. Below some hundred observed entries of the
    rarest outcome, `RepeatedMultiTaskKFold` tells more.

    References
    ----------
    K. Sechidis, G. Tsoumakas and I. Vlahavas (2011). On the stratification of multi-label data. ECML PKDD 2011,
    LNCS 6913, 145-158.

    Examples
    --------
    Two of the three observed entries of the second outcome are for training, one for the test.

    >>> import numpy as np
    >>> from skmtl.model_selection import multitask_train_test_split
    >>> X = np.arange(12.0)[:, None]
    >>> Y = np.column_stack([X[:, 0] / 2, [0.3, 0.1, 0.7] + 9 * [np.nan]])
    >>> X_train, X_test, Y_train, Y_test = multitask_train_test_split(X, Y, test_size=1 / 3, random_state=0)
    >>> np.isfinite(Y_train).sum(axis=0), np.isfinite(Y_test).sum(axis=0)
    (array([8, 2]), array([4, 1]))

    Rows of tasks, with patients kept whole:

    >>> site, patient = np.repeat(["north", "south"], [8, 4]), np.arange(12) // 2
    >>> parts = multitask_train_test_split(X, Y[:, 0], site, task=site, groups=patient, test_size=1 / 3, random_state=0)
    >>> parts[5].tolist()
    ['north', 'north', 'south', 'south']
    """
    if not (BOOLEAN.allows(stratify) or OneOf(("auto",)).allows(stratify)):
        raise InvalidParameterError(f"stratify must be 'auto', True or False. Got {stratify!r} instead.")
    check_consistent_length(X, Y, *arrays, task, groups)
    n_rows = X.shape[0] if hasattr(X, "shape") else len(X)
    sizes = _sizes(n_rows, test_size, train_size)
    # A bin of so many entries can be expected to give the smaller part one.
    table = read_columns(Y, task, n_rows, stratify, bin_size=-(-n_rows // int(sizes[:2].min())))
    plan = plan_split(table, sizes, group=None if groups is None else group_codes(groups))
    fold, held = plan.make(check_random_state(random_state), shuffle=True)
    warn_of(shortage(plan, held))
    train, test = np.flatnonzero(fold == 0), np.flatnonzero(fold == 1)
    return [take_rows(array, rows) for array in (X, Y, *arrays) for rows in (train, test)]


def take_rows(array: MatrixLike, rows: IntArray) -> Any:
    """Give the rows of an array, sparse matrix, frame or list, of the same kind; None stays None."""
    if array is None:
        return None
    if hasattr(array, "iloc"):
        return array.iloc[rows]
    if sparse.issparse(array):
        return array.tocsr()[rows]
    if hasattr(array, "shape"):
        return array[rows]
    return [array[row] for row in rows]


def _sizes(n_rows: int, test_size: Any, train_size: Any) -> IntArray:
    """Numbers of rows in training part, test part and, if any, neither, rounded as scikit-learn rounds them."""
    for name, size in (("test_size", test_size), ("train_size", train_size)):
        if size is None:
            continue
        if not (Interval(Integral, 1, n_rows - 1).allows(size) or _is_share(size)):
            raise InvalidParameterError(
                f"{name} must be a float in (0, 1), an int from 1 to {n_rows - 1} (n_samples={n_rows}), or None. "
                f"Got {size!r} instead."
            )
    if test_size is None and train_size is None:
        test_size = 0.25
    n_test = _rows_of(test_size, n_rows, np.ceil)
    n_train = _rows_of(train_size, n_rows, np.floor)
    n_test = n_rows - n_train if test_size is None else n_test
    n_train = n_rows - n_test if train_size is None else n_train
    if n_test + n_train > n_rows:
        raise InvalidParameterError(
            f"test_size={test_size!r} and train_size={train_size!r} together are more than all {n_rows} rows: give one "
            "of them, or smaller ones."
        )
    if min(n_test, n_train) < 1:
        raise InvalidParameterError(
            f"With n_samples={n_rows}, test_size={test_size!r} and train_size={train_size!r} one of the parts is "
            "empty: give other sizes, or more rows."
        )
    left = n_rows - n_test - n_train
    return np.array([n_train, n_test] + [left] * (left > 0), dtype=np.intp)


def _is_share(size: Any) -> bool:
    return not isinstance(size, Integral) and Interval(Real, 0, 1, closed="neither").allows(size)


def _rows_of(size: Any, n_rows: int, whole: Any) -> int:
    if size is None:
        return 0
    return int(size) if isinstance(size, Integral) else int(whole(size * n_rows))
