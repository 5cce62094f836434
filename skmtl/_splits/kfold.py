"""The K-fold splitter that keeps every task observed in every part."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from numbers import Integral
from typing import ClassVar

import numpy as np
from numpy.random import RandomState
from sklearn.model_selection import BaseCrossValidator
from sklearn.utils import check_consistent_length, check_random_state

from skmtl._params import BOOLEAN, NONE, InstanceOf, Interval, OneOf, Params
from skmtl._splits.columns import group_codes, read_columns
from skmtl._splits.folds import Plan, plan_folds, shortage
from skmtl._typing import IntArray, MatrixLike
from skmtl.exceptions import InvalidParameterError


class MultiTaskKFold(Params, BaseCrossValidator):
    """K folds in which every task is observed in every training part and every test part.

    A plain `KFold` on a table with missing outcomes can leave an outcome without a single observed entry in
    a test part, where it cannot be scored, or in a training part, where it cannot be fitted. Here

    - each task is observed in every training part, and so is each class of a classification outcome, or `split` raises
      before it yields;
    - both are in every test part too wherever they can be: a task or class with fewer entries (or groups) than
      `n_splits` is in as many test parts as it has entries, and a warning names it and its count;
    - rows with the same `groups` value (patients) stay in the same fold;
    - within these limits the folds are of equal size, then each task's observed entries, and each class,
      are spread as evenly as possible, then the frequent patterns of missing outcomes and, with `shuffle`, the
      quantile bins of numbers.

    On targets without NaN and without classes, and without groups, the folds are exactly those of
    `sklearn.model_selection.KFold` with the same `n_splits`, as long as ``shuffle=False``; with ``shuffle=True`` they
    are where ``stratify=False``.

    Parameters
    ----------
    n_splits : int, default=5
        Number of folds, at least 2.
    shuffle : bool, default=False
        Whether to deal the rows (the groups) out in random order. Without it the folds depend on the data
        alone, and rows that are alike go to the folds in contiguous blocks, as in `KFold`.
    random_state : int, RandomState instance or None, default=None
        Seed of the shuffle. To be left at None without `shuffle`.
    stratify : "auto", True or False, default="auto"
        What is spread beside observedness. "auto": the classes of outcomes whose values are not numbers, or that have
        exactly two values; the classes of whole numbers with three to ten values too, but never as a reason for an
        error or a warning, as they may be counts; with `shuffle`, the ``min(5, n_observed // n_splits)`` quantile bins
        of all other numbers. True: all outcomes have classes. False: none, so that only observedness counts.

    Raises
    ------
    TaskDataError
        By `split`, if a task, or a class, has fewer than two observed entries (or all in one group), as the training
        part without it could not know it, or if the search found no assignment that serves all training parts
        at once. The last is not a proof that there is none.
    InvalidParameterError
        By `split` and `get_n_splits`, if a parameter is out of range.

    Warns
    -----
    UserWarning
        Once a call of `split`, if some test part lacks a task or a class.

    See Also
    --------
    skmtl.model_selection.cross_val_predict : Out-of-fold predictions; uses this splitter by default.
    sklearn.model_selection.StratifiedGroupKFold : Classes of one complete outcome, with groups.

    Notes
    -----
    The rows are dealt out by iterative stratification [1]_ on the indicators "task observed", "task has
    this class", "value in this bin" and "this set of outcomes observed", the rarest first. A min-conflicts search then
    places what is still missing in a fold, and moves and swaps of single rows (groups) even out the sizes and the
    counts. Without groups the sizes differ by at most one row, unless the few rows in which rare tasks are observed
    leave no room for that; with groups, by what whole groups allow. How even the co-occurrence of outcomes comes out is
    what second-order stratification [2]_ is after; the sets of observed outcomes, the 50 most frequent ones, do that
    for observedness.

    Quantile bins are spread under `shuffle` only, as the unshuffled folds of a complete table of numbers are promised
    to be those of `KFold`: contiguous, and the same as in scikit-learn's estimators. Stratified folds of numbers give
    estimates of less variance than plain ones [3]_.

    With a ``task`` (one outcome, rows of several tasks) the classes have to be in every training part of
    the outcome as a whole. Within a task they are spread where that is possible: a task with a single
    event is a warning, no error, and a task without any is neither. Bins are cut in each task and in the outcome as a
    whole.

    Folds do not depend on the order and the names of the outcomes, nor on the names of tasks and groups.

    ``split`` requests ``groups`` and ``task`` by default where scikit-learn's metadata routing is enabled.

    Do not use it for time series, where training rows have to precede test rows, or to leave whole tasks
    (sites) out, which is `LeaveOneTaskOut`.

    References
    ----------
    .. [1] K. Sechidis, G. Tsoumakas and I. Vlahavas (2011). On the stratification of multi-label data.
       ECML PKDD 2011, LNCS 6913, 145-158.
    .. [2] P. Szymański and T. Kajdanowicz (2017). A network perspective on stratification of multi-label data.
       LIDTA 2017, PMLR 74, 22-35.
    .. [3] L. Breiman and P. Spector (1992). Submodel selection and evaluation in regression: the X-random case.
       International Statistical Review 60, 291-319.

    Examples
    --------
    The second outcome is measured in the first three of nine rows only. `KFold` would put all of them into
    one test part.

    >>> import numpy as np
    >>> from skmtl.model_selection import MultiTaskKFold
    >>> y = np.column_stack([np.arange(9.0), [0.3, 0.1, 0.7] + 6 * [np.nan]])
    >>> for train, test in MultiTaskKFold(n_splits=3).split(y, y):
    ...     print(test, np.isfinite(y[test]).sum(axis=0))
    [0 3 4] [3 1]
    [1 5 6] [3 1]
    [2 7 8] [3 1]

    Four folds leave one without it, which is a warning:

    >>> import warnings
    >>> with warnings.catch_warnings(record=True, action="always") as caught:
    ...     parts = MultiTaskKFold(n_splits=4).split(y, y)
    >>> print(caught[0].message)
    Task 1 has 3 observed entries, and 1 of 4 test parts has none of it. Use at most 3 splits to have it in all.

    Rows of tasks:

    >>> site = np.repeat(["north", "south"], [6, 3])
    >>> [site[test].tolist() for _, test in MultiTaskKFold(3).split(y, y[:, 0], task=site)]
    [['north', 'north', 'south'], ['north', 'north', 'south'], ['north', 'north', 'south']]
    """

    __metadata_request__split: ClassVar = {"groups": True, "task": True}

    _parameter_constraints: ClassVar = {
        "n_splits": [Interval(Integral, 2, float("inf"), closed="left")],
        "shuffle": [BOOLEAN],
        "random_state": [NONE, Interval(Integral, 0, 2**32 - 1), InstanceOf(RandomState, "a RandomState")],
        "stratify": [OneOf(("auto",)), BOOLEAN],
    }

    def __init__(
        self,
        n_splits: int = 5,
        *,
        shuffle: bool = False,
        random_state: int | RandomState | None = None,
        stratify: str | bool = "auto",
    ):
        self.n_splits = n_splits
        self.shuffle = shuffle
        self.random_state = random_state
        self.stratify = stratify

    def split(
        self, X: MatrixLike, y: MatrixLike = None, groups: MatrixLike = None, task: MatrixLike = None
    ) -> Iterator[tuple[IntArray, IntArray]]:
        """Give the row numbers of each training and test part.

        Everything is checked when this is called, not when the first part is asked for.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Only its length is used.
        y : array-like or frame of shape (n_samples,) or (n_samples, n_tasks), default=None
            Targets, NaN (None, pandas.NA) where not observed. Without `y` and `task` only the sizes of the
            folds are balanced, as in `KFold`.
        groups : array-like of shape (n_samples,), default=None
            Rows with the same value stay in the same fold.
        task : array-like of shape (n_samples,), default=None
            Task of each row, if `y` is one outcome of several tasks.

        Returns
        -------
        iterator of (train, test)
            Increasing row numbers; every row is in exactly one test part.
        """
        parts, lacking = self._parts(X, y, groups, task)
        warn_of(lacking)
        return parts

    def _parts(
        self, X: MatrixLike, y: MatrixLike, groups: MatrixLike, task: MatrixLike
    ) -> tuple[Iterator[tuple[IntArray, IntArray]], str | None]:
        """Give what `split` gives, and what it warns of, for callers that know what to do without a task."""
        self.check_params()
        bins = self.n_splits if self.shuffle else None
        plan = read_plan(X, y, groups, task, self.n_splits, self.stratify, bin_size=bins)
        rng = check_random_state(self.random_state if self.shuffle else 0)
        fold, held = plan.make(rng, shuffle=self.shuffle)
        return parts_of(fold, self.n_splits), shortage(plan, held)

    def get_n_splits(self, X: object = None, y: object = None, groups: object = None, task: object = None) -> int:
        """Give the number of folds; the arguments are ignored."""
        self.check_params()
        return int(self.n_splits)

    def check_params(self) -> None:
        """Check the constructor parameters."""
        super().check_params()
        if self.random_state is not None and not self.shuffle:
            raise InvalidParameterError(
                f"random_state={self.random_state!r} has no effect without shuffle=True: set that, or leave "
                "random_state at None."
            )


def read_plan(
    X: MatrixLike,
    y: MatrixLike,
    groups: MatrixLike,
    task: MatrixLike,
    n_splits: int,
    stratify: str | bool,
    *,
    bin_size: int | None,
) -> Plan:
    """Read what `split` gets and plan the folds."""
    check_consistent_length(X, y, groups, task)
    n_rows = X.shape[0] if hasattr(X, "shape") else len(X)
    table = read_columns(y, task, n_rows, stratify, bin_size=bin_size)
    return plan_folds(table, n_splits, group=None if groups is None else group_codes(groups))


def parts_of(fold: IntArray, n_splits: int) -> Iterator[tuple[IntArray, IntArray]]:
    """Give the rows of each training and test part."""
    return ((np.flatnonzero(fold != k), np.flatnonzero(fold == k)) for k in range(n_splits))


def warn_of(text: str | None) -> None:
    """Warn the caller of the splitter."""
    if text is not None:
        warnings.warn(text, UserWarning, stacklevel=3)
