"""The folds inside a training part, by which registered models choose their strength: patients stay whole there too.

A model that is tuned on rows of the very patients it is then judged on finds too little penalty good enough.
scikit-learn's estimators take no groups in ``fit``; what their ``cv`` takes is a list of (train, test), and so the
folds are made here, for the rows that each estimator will see.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from sklearn.base import clone

from skmtl._splits import MultiTaskKFold
from skmtl._typing import IntArray, MatrixLike
from skmtl.exceptions import TaskDataError
from skmtl.model_selection._compare_candidates import INNER_FOLDS
from skmtl.model_selection._compare_outcomes import Outcomes
from skmtl.multioutput import IndependentTasks, PooledTasks

_Folds = list[tuple[IntArray, IntArray]]


def keep_groups(estimator: Any, outcomes: Outcomes, rows: IntArray, groups: MatrixLike) -> Any:
    """A registered estimator whose own folds keep groups together.

    Parameters
    ----------
    estimator : estimator
        As `make_candidates` builds it; one without ``cv`` is given back as it is ("gp" has no folds, and "kernel_ridge"
        leaves out single rows in closed form: with several rows per patient its strength is chosen too small). Of
        "guard" the folds that judge have whole patients, those inside its candidates do not.
    outcomes : Outcomes
    rows : ndarray of int
        Rows of the table that it will be fitted on, in their order.
    groups : array-like of shape (n,) or None
        Of the whole table. None: the estimator as it is.

    Returns
    -------
    estimator
        A clone with explicit folds.

    Raises
    ------
    TaskDataError
        An outcome is observed in fewer than two groups.
    """
    if groups is None:
        return estimator
    ids = np.asarray(groups)
    if isinstance(estimator, IndependentTasks):
        return IndependentTasks(
            {
                name: _with_folds(inner, _entries(outcomes, rows, [t]), ids, name)
                for t, (name, inner) in enumerate(_per_task(estimator, outcomes).items())
            },
            n_jobs=estimator.n_jobs,
        )
    if isinstance(estimator, PooledTasks):
        return PooledTasks(_pooled(estimator, outcomes, rows, ids), scale_targets=estimator.scale_targets)
    if "cv" not in estimator.get_params(deep=False):
        return estimator
    there = len(np.unique(ids[rows]))
    if there < 2:
        raise TaskDataError(f"A training part has {there} group, and its inner folds need two: use fewer folds.")
    task, counted = None if outcomes.ids is None else outcomes.ids[rows], outcomes.counted
    y = counted.iloc[rows] if hasattr(counted, "iloc") else counted[rows]
    folds = MultiTaskKFold(min(INNER_FOLDS, there)).split(rows[:, None], y, groups=ids[rows], task=task)
    return clone(estimator).set_params(cv=list(folds))


def _per_task(estimator: Any, outcomes: Outcomes) -> dict[Any, Any]:
    given = estimator.estimator
    return dict(given) if isinstance(given, Mapping) else dict.fromkeys(outcomes.names, given)


def _entries(outcomes: Outcomes, rows: IntArray, tasks: list[int]) -> tuple[IntArray, Any]:
    """Row and value of every entry that counts, task after task: what a wrapped estimator is fitted on."""
    found = [rows[outcomes.observed[rows, t]] for t in tasks]
    values = [outcomes.table[r, t] for r, t in zip(found, tasks, strict=True)]
    return np.concatenate(found), np.concatenate(values)


def _pooled(estimator: Any, outcomes: Outcomes, rows: IntArray, ids: np.ndarray) -> Any:
    """The one estimator, or one per kind, with folds over the entries of all its tasks."""
    if outcomes.by_rows:
        # Its rows stay in the order of the table.
        kept = rows[outcomes.observed[rows].any(axis=1)]
        values = np.asarray(outcomes.y)[kept]
        return _with_folds(estimator.estimator, (kept, values), ids, outcomes.label)
    built: dict[Any, Any] = {}
    for name, inner in _per_task(estimator, outcomes).items():
        same = [t for t, other in enumerate(_per_task(estimator, outcomes).values()) if other is inner]
        first = outcomes.names[same[0]]
        built[name] = built.get(first) or _with_folds(inner, _entries(outcomes, rows, same), ids, first)
    return built


def _with_folds(estimator: Any, entries: tuple[IntArray, Any], ids: np.ndarray, name: Any) -> Any:
    if "cv" not in estimator.get_params(deep=False):
        return estimator
    rows, values = entries
    groups = ids[rows]
    there = len(np.unique(groups))
    if there < 2:
        raise TaskDataError(f"Outcome {name!r} is observed in {there} group, and folds need two: leave it out.")
    classes = _whole_numbers(values)
    folds = MultiTaskKFold(min(INNER_FOLDS, there)).split(rows[:, None], classes, groups=groups)
    return clone(estimator).set_params(cv=list(folds))


def _whole_numbers(values: np.ndarray) -> np.ndarray:
    """Whole numbers as ints, so that folds are stratified by them."""
    whole = values.astype(np.int64)
    return whole if np.array_equal(whole, values) else values


__all__ = ["keep_groups"]
