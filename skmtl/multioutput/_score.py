"""The default score of tables that may hold numeric and labelled outcomes side by side."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from skmtl.data._targets import split_columns
from skmtl.data._weights import check_sample_weight
from skmtl.exceptions import TaskDataError
from skmtl.metrics import accuracy_score, r2_score


def default_score(
    y: Any, prediction: np.ndarray, sample_weight: Any, labelled: Sequence[bool], names: Sequence[object]
) -> float:
    """Mean over outcomes of the accuracy of the labelled ones and the R2 of the others.

    Parameters
    ----------
    y : array-like or frame of shape (n,) or (n, T)
        NaN where unobserved.
    prediction : ndarray of shape (n,) or (n, T)
    sample_weight : array-like of shape (n,) or (n, T), or None
    labelled : sequence of T bools
        Whether a task has classes.
    names : sequence of length T
        Task names, for warnings of undefined scores.

    Returns
    -------
    float
        nan if no outcome has a score; outcomes without one are left out.
    """
    if len(set(labelled)) == 1:
        metric = accuracy_score if labelled[0] else r2_score
        return float(metric(y, prediction, sample_weight=sample_weight))
    columns, known, _ = split_columns(y)
    if len(columns) != len(names):
        raise TaskDataError(
            f"score of numeric and labelled outcomes together needs all {len(names)} of them as columns, "
            f"but y has {len(columns)}: give the whole table, without task."
        )
    n_rows = len(columns[0])
    weights = None if sample_weight is None else check_sample_weight(sample_weight, n_rows, len(columns), known)
    scores = []
    for t, column in enumerate(columns):
        metric = accuracy_score if labelled[t] else r2_score
        weight = None if weights is None else weights[:, t]
        # The task id is there for the message if the score is undefined.
        score = metric(column, prediction[:, t], sample_weight=weight, task=[names[t]] * n_rows)
        scores.append(float(score))
    defined = [score for score in scores if not np.isnan(score)]
    return float(np.mean(defined)) if defined else float("nan")


__all__ = ["default_score"]
