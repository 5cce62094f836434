"""Folds that keep every task observed, dealt out several times."""

from __future__ import annotations

from collections.abc import Iterator
from numbers import Integral
from typing import ClassVar

from numpy.random import RandomState
from sklearn.model_selection import BaseCrossValidator
from sklearn.utils import check_random_state

from skmtl._params import BOOLEAN, NONE, POSITIVE_INT, InstanceOf, Interval, OneOf, Params
from skmtl._splits.folds import shortage
from skmtl._splits.kfold import parts_of, read_plan, warn_of
from skmtl._typing import IntArray, MatrixLike


class RepeatedMultiTaskKFold(Params, BaseCrossValidator):
    """`MultiTaskKFold`, shuffled anew in each of several repeats.

    One division into folds is one draw: another one gives another score. Repeats tell how much of a difference
    between two models is due to the draw, and their mean varies less. Every repeat keeps what `MultiTaskKFold`
    guarantees; in each, every row is in exactly one test part.

    Parameters
    ----------
    n_splits : int, default=5
        Number of folds, at least 2.
    n_repeats : int, default=10
        How many times the rows (the groups) are dealt out, at least once.
    random_state : int, RandomState instance or None, default=None
        Seed of the shuffles. An int gives the same folds in every call of `split`; the first repeat is then
        ``MultiTaskKFold(n_splits, shuffle=True, random_state=random_state, stratify=stratify)``.
    stratify : "auto", True or False, default="auto"
        As in `MultiTaskKFold`.

    Raises
    ------
    TaskDataError
        By `split`, as `MultiTaskKFold` does.
    InvalidParameterError
        By `split` and `get_n_splits`, if a parameter is out of range.

    Warns
    -----
    UserWarning
        Once a call of `split`, if some test part lacks a task or a class.

    See Also
    --------
    MultiTaskKFold : One division into folds; says what is guaranteed and how.
    sklearn.model_selection.RepeatedKFold : The same for one complete outcome.

    Notes
    -----
    The ``n_splits * n_repeats`` scores are not independent, as training parts overlap. Their standard error has to
    be corrected for that, by a factor ``1 / (n_splits * n_repeats) + 1 / (n_splits - 1)`` on their variance in place
    of ``1 / (n_splits * n_repeats)`` [1]_. With that, ten repeats of ten folds gave the most repeatable conclusions
    in [2]_. More repeats take away the noise of the draw, never that of the sample.

    Do not use it where one division has to give one prediction a row (`cross_val_predict`).

    References
    ----------
    .. [1] C. Nadeau and Y. Bengio (2003). Inference for the generalization error. Machine Learning 52, 239-281.
    .. [2] R. R. Bouckaert and E. Frank (2004). Evaluating the replicability of significance tests for comparing
       learning algorithms. PAKDD 2004, LNCS 3056, 3-12.

    Examples
    --------
    The second outcome is observed in four of ten rows. Each repeat has two of them in each fold.

    >>> import numpy as np
    >>> from skmtl.model_selection import RepeatedMultiTaskKFold
    >>> y = np.column_stack([np.arange(10.0), [0.3, 0.1, 0.7, 0.4] + 6 * [np.nan]])
    >>> cv = RepeatedMultiTaskKFold(n_splits=2, n_repeats=2, random_state=0)
    >>> for train, test in cv.split(y, y):
    ...     print(test, np.isfinite(y[test]).sum(axis=0))
    [1 2 4 6 8] [5 2]
    [0 3 5 7 9] [5 2]
    [1 3 5 6 9] [5 2]
    [0 2 4 7 8] [5 2]
    """

    __metadata_request__split: ClassVar = {"groups": True, "task": True}

    _parameter_constraints: ClassVar = {
        "n_splits": [Interval(Integral, 2, float("inf"), closed="left")],
        "n_repeats": [POSITIVE_INT],
        "random_state": [NONE, Interval(Integral, 0, 2**32 - 1), InstanceOf(RandomState, "a RandomState")],
        "stratify": [OneOf(("auto",)), BOOLEAN],
    }

    def __init__(
        self,
        n_splits: int = 5,
        *,
        n_repeats: int = 10,
        random_state: int | RandomState | None = None,
        stratify: str | bool = "auto",
    ):
        self.n_splits = n_splits
        self.n_repeats = n_repeats
        self.random_state = random_state
        self.stratify = stratify

    def split(
        self, X: MatrixLike, y: MatrixLike = None, groups: MatrixLike = None, task: MatrixLike = None
    ) -> Iterator[tuple[IntArray, IntArray]]:
        """Give the row numbers of each training and test part, repeat after repeat.

        All repeats are made, and checked, when this is called, not when the first part is asked for.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Only its length is used.
        y : array-like or frame of shape (n_samples,) or (n_samples, n_tasks), default=None
            Targets, NaN (None, pandas.NA) where not observed.
        groups : array-like of shape (n_samples,), default=None
            Rows with the same value stay in the same fold.
        task : array-like of shape (n_samples,), default=None
            Task of each row, if `y` is one outcome of several tasks.

        Returns
        -------
        iterator of (train, test)
            Increasing row numbers; every row is in exactly one test part of each repeat.
        """
        parts, lacking = self._parts(X, y, groups, task)
        warn_of(lacking)
        return parts

    def _parts(
        self, X: MatrixLike, y: MatrixLike, groups: MatrixLike, task: MatrixLike
    ) -> tuple[Iterator[tuple[IntArray, IntArray]], str | None]:
        """Give what `split` gives, and what it warns of, for callers that know what to do without a task."""
        self.check_params()
        plan = read_plan(X, y, groups, task, self.n_splits, self.stratify, bin_size=self.n_splits)
        rng = check_random_state(self.random_state)
        repeats = [plan.make(rng, shuffle=True) for _ in range(self.n_repeats)]
        texts = [text for _, held in repeats if (text := shortage(plan, held)) is not None]
        parts = (part for fold, _ in repeats for part in parts_of(fold, self.n_splits))
        return parts, texts[0] if texts else None

    def get_n_splits(self, X: object = None, y: object = None, groups: object = None, task: object = None) -> int:
        """Give the number of folds of all repeats; the arguments are ignored."""
        self.check_params()
        return int(self.n_splits) * int(self.n_repeats)
