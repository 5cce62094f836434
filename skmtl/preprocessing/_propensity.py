"""How probable it is that an outcome is observed, given the features: out of fold, and for new rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold
from sklearn.pipeline import make_pipeline

from skmtl._sklearn import safe_split
from skmtl._typing import Array, BoolArray, IntArray
from skmtl.exceptions import TaskDataError
from skmtl.preprocessing._features import default_features, feature_table
from skmtl.preprocessing._observed import Observed

# With fewer observed or fewer missing rows (groups) no model of the missingness is fitted.
FEWEST = 10


@dataclass(frozen=True, eq=False)
class OutOfFold:
    """Probabilities of being observed, each from a model that has not seen the row.

    Parameters
    ----------
    rows : int ndarray of shape (m,)
        Rows in which the outcome could be observed.
    observed : bool ndarray of shape (m,)
    probability : ndarray of shape (m,)
    fold : int ndarray of shape (m,)
    """

    rows: IntArray
    observed: BoolArray
    probability: Array
    fold: IntArray


def prepare(estimator: Any, X: Any) -> tuple[Any, Any]:
    """The features and the classifier, not fitted: the given one on X as it is, or the default one on a table."""
    if estimator is not None:
        X = X if hasattr(X, "shape") else np.asarray(X)
        _check_shape(tuple(X.shape))
        return X, estimator
    table = feature_table(X)
    return table, make_pipeline(default_features(table), LogisticRegression(max_iter=1000))


def _check_shape(shape: tuple[int, ...]) -> None:
    """What is in X is the given estimator's business, but rows and columns it has to have."""
    if len(shape) != 2:
        raise TaskDataError(f"Expected 2D array, got {len(shape)}D array instead: give X rows and columns.")
    if 0 in shape:
        found = "0 sample(s)" if shape[0] == 0 else "0 feature(s)"
        raise TaskDataError(f"Found array with {found} (shape={shape}) while a minimum of 1 is required.")


def fewest(observed: BoolArray, groups: IntArray | None) -> int:
    """The smaller of the numbers of observed and of missing rows, or of groups with one."""
    if groups is None:
        count = int(observed.sum())
        return min(count, observed.size - count)
    return min(len(np.unique(groups[observed])), len(np.unique(groups[~observed])))


def same_rows(observed: Observed) -> list[list[int]]:
    """Tasks that could be and are observed in the same rows together: they have one missingness."""
    first: dict[bytes, list[int]] = {}
    for t in range(observed.n_tasks):
        key = np.packbits(observed.possible[:, t]).tobytes() + np.packbits(observed.mask[:, t]).tobytes()
        first.setdefault(key, []).append(t)
    return list(first.values())


def out_of_fold(
    model: Any, X: Any, possible: BoolArray, mask: BoolArray, groups: IntArray | None, cv: int, seed: Any
) -> OutOfFold | None:
    """Cross-fitted probabilities of being observed; None with fewer than `FEWEST` rows (groups) of either sort.

    Parameters
    ----------
    model : classifier with ``predict_proba``, not fitted
    X : array, sparse matrix or frame of n rows
    possible, mask : bool ndarrays of shape (n,)
    groups : int ndarray of shape (n,) or None
        Rows of a group are in one fold.
    cv : int
        Folds; fewer where observed or missing rows (groups) are fewer than twice that.
    seed : int, RandomState instance or None
    """
    rows = np.flatnonzero(possible)
    observed = mask[rows]
    within = None if groups is None else groups[rows]
    smaller = fewest(observed, within)
    if smaller < FEWEST:
        return None
    kind = StratifiedKFold if within is None else StratifiedGroupKFold
    folds = kind(n_splits=min(cv, smaller // 2), shuffle=True, random_state=seed)
    probability = np.full(len(rows), observed.mean())
    fold = np.full(len(rows), -1)
    for k, (train, test) in enumerate(folds.split(np.zeros(len(rows)), observed, within)):
        fold[test] = k
        if 0 < observed[train].sum() < len(train):
            probability[test] = probability_of(fit(model, X, rows[train], observed[train]), X, rows[test])
    return OutOfFold(rows, observed, probability, fold)


def fit(model: Any, X: Any, rows: IntArray, observed: BoolArray) -> Any:
    """Fit a clone of the classifier to whether the outcome is observed."""
    fresh = clone(model)
    return fresh.fit(safe_split(fresh, X, None, rows)[0], observed.astype(int))


def probability_of(model: Any, X: Any, rows: IntArray) -> Array:
    """P(observed | x) in some rows."""
    said = np.asarray(model.predict_proba(safe_split(model, X, None, rows)[0]), dtype=float)
    return said[:, list(model.classes_).index(1)]


__all__ = ["FEWEST", "OutOfFold", "fewest", "fit", "out_of_fold", "prepare", "probability_of", "same_rows"]
