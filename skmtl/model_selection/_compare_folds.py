"""The folds on which everything is compared, and the check that every outcome can be fitted on them."""

from __future__ import annotations

from numbers import Integral
from typing import Any

import numpy as np

from skmtl._splits import MultiTaskKFold, check_task_cv, split_tasks
from skmtl._typing import IntArray, MatrixLike
from skmtl.exceptions import TaskDataError
from skmtl.model_selection._compare_candidates import INNER_FOLDS
from skmtl.model_selection._compare_outcomes import Outcomes

Parts = list[tuple[IntArray, IntArray]]


def make_parts(
    cv: Any, random_state: Any, X: MatrixLike, outcomes: Outcomes, groups: MatrixLike, *, registered: set[str]
) -> Parts:
    """Training and test rows of every fold, the same for all estimators.

    Parameters
    ----------
    cv : int, splitter, iterable of (train, test) or None
        None: 5 shuffled folds.
    random_state : int, RandomState or None
        Seed of the shuffle where ``cv`` is a number.
    X : array-like or frame of n rows
    outcomes : Outcomes
    groups : array-like of shape (n,) or None
    registered : set of str
        Registered models among those compared: they choose their strength inside each training part, which takes
        some observations.

    Returns
    -------
    list of (train, test)

    Raises
    ------
    TaskDataError
        An outcome has too few observations, or a fold tests on what it was trained on.
    """
    if cv is None or (isinstance(cv, Integral) and not isinstance(cv, bool)):
        n_splits = 5 if cv is None else int(cv)
        if n_splits > 1:
            _check_counts(outcomes, n_splits)
        cv = MultiTaskKFold(n_splits, shuffle=True, random_state=random_state)
    rows = np.arange(len(outcomes.table))
    split = split_tasks(check_task_cv(cv), X, outcomes.counted, groups=groups, task=outcomes.ids)
    parts = [(rows[np.asarray(train)], rows[np.asarray(test)]) for train, test in split]
    for fold, (train, test) in enumerate(parts):
        _check_apart(train, test, groups, fold)
        _check_training(outcomes, train, fold, registered)
    return parts


def _check_counts(outcomes: Outcomes, n_splits: int) -> None:
    """Every outcome needs an observed value in every fold."""
    for t, name in enumerate(outcomes.names):
        observed, _ = outcomes.counts(t)
        if observed < n_splits:
            fewer = f"use at most {observed} folds, or " if observed > 1 else ""
            raise TaskDataError(
                f"{outcomes.label} {name!r} has {_values(observed)}, too few for {n_splits} folds: {fewer}leave it out."
            )
        if outcomes.by_rows or outcomes.classes[t] is None:
            continue
        label, rarer = outcomes.rarest(t)
        if rarer < 2:
            raise TaskDataError(
                f"{outcomes.label} {name!r} has {_values(rarer)} {label!r}, too few for a training and a test "
                "part: leave it out."
            )


def _values(count: int) -> str:
    return f"{count} observed value" + ("" if count == 1 else "s")


def _check_apart(train: IntArray, test: IntArray, groups: MatrixLike, fold: int) -> None:
    """No patient that a fold is tested on may have been trained on; `split_tasks` has looked at the rows."""
    if not test.size:
        raise TaskDataError(f"Fold {fold} of cv has an empty test part.")
    if groups is None:
        return
    ids = np.asarray(groups)
    shared = set(ids[train].tolist()) & set(ids[test].tolist())
    if shared:
        raise TaskDataError(
            f"Fold {fold} of cv has rows of group {min(shared, key=str)!r} in its training part and in its test part: "
            "give a cv that keeps groups together, such as a number of folds."
        )


def _check_training(outcomes: Outcomes, train: IntArray, fold: int, registered: set[str]) -> None:
    """Every outcome needs enough observed values, of both classes, in every training part."""
    enough = INNER_FOLDS if registered else 1
    # Of a class in one of several places only the model of that place alone has to know.
    every_class = not outcomes.by_rows or "independent" in registered
    for t, name in enumerate(outcomes.names):
        observed, _ = outcomes.counts(t, train)
        lacking, least = _values(observed), enough
        short = observed < enough
        if not short and every_class and outcomes.classes[t] is not None:
            label, rarer = outcomes.rarest(t, train)
            least = 2 if registered else 1
            lacking, short = f"{_values(rarer)} {label!r}", rarer < least
        if short:
            raise TaskDataError(
                f"{outcomes.label} {name!r} has {lacking} in the training part of fold {fold}, and at least {least} "
                "are needed there: leave it out, or give larger training parts."
            )


__all__ = ["Parts", "make_parts"]
