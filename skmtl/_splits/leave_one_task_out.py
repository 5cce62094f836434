"""The splitter that leaves out one task (site) after the other."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from typing import Any, ClassVar

import numpy as np
from sklearn.model_selection import BaseCrossValidator
from sklearn.utils import check_consistent_length

from skmtl._params import Params
from skmtl._splits.columns import CLASS, group_codes, id_codes, observed, outcomes, read_columns
from skmtl._splits.strata import members_of
from skmtl._typing import IntArray, MatrixLike
from skmtl.exceptions import TaskDataError


class LeaveOneTaskOut(Params, BaseCrossValidator):
    """One split for each task: its rows are the test part, the rows of all other tasks the training part.

    It asks how a model does at a place it has never seen: a new hospital, school or assay. That is another question
    than that of `MultiTaskKFold` (new rows of known places), and mostly has a worse answer. For studies and hospitals
    it is known as internal-external cross-validation [1]_.

    With `groups` (patients) rows of the training part whose group has a row in the test part as well are left out:
    a patient who was seen at two hospitals would otherwise be in both parts. They come back when neither hospital is
    the one left out. No other row is lost, and the test part is always the whole task.

    It takes rows of tasks only. Leaving out one column of wide targets is not a split: no row would be left to
    test on.

    See Also
    --------
    MultiTaskKFold : Every task in every training part and every test part.
    sklearn.model_selection.LeaveOneGroupOut : The same splits with ``groups=task``, without a place for patients.

    Notes
    -----
    The splits come in the order of the sorted task ids (ids without an order: as they appear). The test part has
    all rows of the task, those whose `y` is not observed too.

    ``split`` requests ``groups`` and ``task`` by default where scikit-learn's metadata routing is enabled.

    The score of one task has the noise of one task. With few tasks the spread of the scores over tasks says more than
    their mean, and a standard error over tasks, not over rows, is the honest one.

    Do not use it to choose a strength for places that are known: the best strength for a stranger shares too much.

    References
    ----------
    .. [1] T. P. A. Debray, K. G. M. Moons, I. Ahmed, H. Koffijberg and R. D. Riley (2013). A framework for developing,
       implementing, and evaluating clinical prediction models in an individual participant data meta-analysis.
       Statistics in Medicine 32, 3158-3180.

    Examples
    --------
    Patient 3 was at both hospitals: the row of the other hospital is in neither part.

    >>> import numpy as np
    >>> from skmtl.model_selection import LeaveOneTaskOut
    >>> hospital = np.array(["north", "north", "south", "south", "south"])
    >>> patient = np.array([1, 3, 3, 4, 5])
    >>> cv = LeaveOneTaskOut()
    >>> for train, test in cv.split(np.zeros((5, 2)), groups=patient, task=hospital):
    ...     print(hospital[test][0], train, test)
    north [3 4] [0 1]
    south [0] [2 3 4]
    >>> cv.get_n_splits(task=hospital)
    2
    """

    __metadata_request__split: ClassVar = {"groups": True, "task": True}

    def split(
        self, X: MatrixLike, y: MatrixLike = None, groups: MatrixLike = None, task: MatrixLike = None
    ) -> Iterator[tuple[IntArray, IntArray]]:
        """Give the row numbers of each training and test part.

        Everything is checked when this is called, not when the first part is asked for.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Only its length is used.
        y : array-like of shape (n_samples,), default=None
            The outcome, NaN (None, pandas.NA) where not observed; used for checks only.
        groups : array-like of shape (n_samples,), default=None
            No value is in both parts of a split.
        task : array-like of shape (n_samples,)
            Task of each row.

        Returns
        -------
        iterator of (train, test)
            Increasing row numbers; every row is in exactly one test part.

        Raises
        ------
        TaskDataError
            If `task` is missing, has one value only, or a task has no observed entry, if `y` has several columns, or
            if a training part has no (observed) row.

        Warns
        -----
        UserWarning
            If a class of `y` (as `MultiTaskKFold` finds them) is not in every training part.
        """
        check_consistent_length(X, y, groups, task)
        ids, code = _task_codes(task, y)
        n_rows = code.size
        group = None if groups is None else group_codes(groups)
        parts = []
        for test in members_of(code, len(ids)):
            free = np.ones(n_rows, dtype=bool)
            free[test] = False
            if group is not None:
                free &= ~np.isin(group, group[test])
            parts.append((np.flatnonzero(free), test))
        self._check(parts, ids, y, task, n_rows)
        return iter(parts)

    def get_n_splits(self, X: object = None, y: object = None, groups: object = None, task: MatrixLike = None) -> int:
        """Give the number of tasks; all arguments but `task` are ignored."""
        return len(_task_codes(task, None)[0])

    def _check(
        self, parts: list[tuple[IntArray, IntArray]], ids: list[Any], y: MatrixLike, task: MatrixLike, n_rows: int
    ) -> None:
        """Check that there is something to learn from and to test on in each split."""
        seen = np.ones(n_rows, dtype=bool)
        if y is not None:
            seen[:] = False
            seen[observed(outcomes(y)[1][0])[0]] = True
        for name, (_, test) in zip(ids, parts, strict=True):
            if not seen[test].any():
                raise TaskDataError(f"Task {name!r} has no observed entry, and cannot be tested on: drop its rows.")
        for name, (train, _) in zip(ids, parts, strict=True):
            if not seen[train].any():
                why = "all other rows are of groups that it shares" if not train.size else "no row there is observed"
                raise TaskDataError(
                    f"Without task {name!r} there is nothing to train on, as {why}: drop the task, or give other "
                    "groups."
                )
        if y is None:
            return
        table = read_columns(y, task, n_rows, "auto")
        for column, rows in zip(table.columns, table.rows, strict=True):
            lacking = [name for name, (train, _) in zip(ids, parts, strict=True) if not np.isin(rows, train).any()]
            if column.strictness == CLASS and lacking:
                warnings.warn(
                    f"Class {column.label!r} has {rows.size} observed entries, and the training part without task "
                    f"{lacking[0]!r} has none of them: no model can know the class there.",
                    UserWarning,
                    stacklevel=3,
                )


def _task_codes(task: MatrixLike, y: MatrixLike) -> tuple[list[Any], IntArray]:
    """Number the tasks; there have to be two."""
    wide = len(outcomes(y)[0]) > 1
    if task is None:
        several = "y has several columns. " if wide else ""
        raise TaskDataError(
            f"LeaveOneTaskOut leaves out the rows of one task at a time and needs task, the task of each row. {several}"
            "Leaving out one outcome of wide targets would leave no row to test on: for that use MultiTaskKFold."
        )
    if wide:
        raise TaskDataError("y has several columns, and with task= it has to be one outcome of shape (n_samples,).")
    ids, code = id_codes(task, "task")
    if len(ids) < 2:
        only = f": {ids[0]!r}" if ids else ""
        raise TaskDataError(f"task has fewer than two tasks{only}, and leaving it out would leave nothing to train on.")
    return ids, code
