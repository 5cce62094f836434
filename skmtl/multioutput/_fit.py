"""Fit one scikit-learn estimator on some of the rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from skmtl._sklearn import safe_split
from skmtl._typing import Array, IntArray
from skmtl.exceptions import TaskDataError
from skmtl.metrics._evaluate import list_tasks
from skmtl.multioutput._entries import count_rows
from skmtl.multioutput._inner import fit_argument, last_step


def fit_rows(
    estimator: Any, X: Any, rows: IntArray, y: np.ndarray, weight: Array | None, tasks: Sequence[object]
) -> Any:
    """Fit an estimator on some rows.

    Parameters
    ----------
    estimator : estimator
        A clone already.
    X : array, sparse matrix or frame of n rows
        Given to the estimator as it is, but for the choice of rows.
    rows : ndarray of shape (m,)
    y : ndarray of shape (m,)
    weight : ndarray of shape (m,) or None
    tasks : sequence
        The tasks that errors have to name; empty where there is nothing to tell apart.

    Returns
    -------
    The fitted estimator.
    """
    every_row = np.array_equal(rows, np.arange(count_rows(X)))
    options = _weight_option(estimator, weight, tasks)
    try:
        return estimator.fit(X if every_row else safe_split(estimator, X, None, rows)[0], y, **options)
    except Exception as error:
        if not tasks:
            raise
        where = "T" + list_tasks(tasks)[1:]
        if isinstance(error, ValueError):
            raise TaskDataError(f"{where}: {error}") from error
        # Other errors keep their type: a missing package or a bug is not bad data.
        error.add_note(f"{where}, in the fit of {type(estimator).__name__}.")
        raise


def _weight_option(estimator: Any, weight: Array | None, tasks: Sequence[object]) -> dict[str, Array]:
    """Sample weights as an argument of fit; weights that are all equal may be left out."""
    if weight is None:
        return {}
    argument = fit_argument(estimator, "sample_weight")
    if argument is not None:
        return {argument: weight}
    if (weight == weight[0]).all():
        return {}
    of_tasks = f" of {list_tasks(tasks)}" if tasks else ""
    raise TaskDataError(
        f"sample_weight differs between the rows{of_tasks}, and {type(last_step(estimator)).__name__}.fit takes no "
        "sample_weight: give equal weights, or an estimator that takes them."
    )


__all__ = ["fit_rows"]
