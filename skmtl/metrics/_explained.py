"""Share of the variance explained, per task."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn import metrics as sk

from skmtl.metrics._regression_body import regression_metric


def r2_score(
    y_true: Any,
    y_pred: Any,
    *,
    task: Any = None,
    sample_weight: Any = None,
    multioutput: Any = "uniform_average",
    force_finite: bool = True,
) -> float | np.ndarray:
    r"""Coefficient of determination per task, over its observed entries.

    For task t with observed entries i, weights s and weighted mean :math:`\bar y_t`

    .. math::

        R^2_t = 1 - \frac{\sum_i s_{it} (y_{it} - \hat y_{it})^2}{\sum_i s_{it} (y_{it} - \bar y_t)^2}

    Equal to :func:`sklearn.metrics.r2_score` to the last digit on complete data.

    Parameters
    ----------
    y_true : array-like or frame of shape (n,) or (n, T)
        Observed values. NaN, None and pandas.NA mean that the cell is absent for that task. The
        columns of a frame name the tasks in messages.
    y_pred : array-like or frame of shape (n,) or (n, T)
        Predicted values. NaN is an error where ``y_true`` is observed, and ignored elsewhere.
    task : array-like of shape (n,), optional
        Task id of each row, with 1-D ``y_true`` and ``y_pred``. The tasks are the sorted unique ids.
    sample_weight : array-like of shape (n,) or (n, T), optional
        Finite and non-negative; weight 0 means absent.
    multioutput : {"raw_values", "uniform_average", "entries", "worst"} or array-like of shape (T,)
        "raw_values": one value per task. "uniform_average": their mean. "entries": their mean weighted
        by the total observed weight of each task. "worst": the
        least value. An array: their mean with these weights.
    force_finite : bool, default=True
        What a constant observed target gives: 1.0 for perfect and 0.0 for other predictions if True,
        nan and -inf if False, as in scikit-learn.

    Returns
    -------
    float, or ndarray of shape (T,) for "raw_values"

    Raises
    ------
    TaskDataError
        The arguments do not fit together; the message names the argument, the task and the cure.

    Warns
    -----
    UndefinedMetricWarning
        A task has fewer than two observed entries.
        The raw value of the task is nan and averages skip it.

    See Also
    --------
    normalized_mse : One minus this value, for those who minimise.

    Notes
    -----
    The mean in the denominator is that of the entries scored, not of the training data. Not for tasks
    with a handful of test entries, and not the mean over all tasks pooled: a model that knows only the
    level of each task has a high pooled value and 0 here.

    Examples
    --------
    The second outcome has one observed entry, which no R2 can be computed from:

    >>> import warnings
    >>> import numpy as np
    >>> from skmtl.metrics import r2_score
    >>> y_true = np.array([[1.0, 7.0], [2.0, np.nan], [3.0, np.nan]])
    >>> y_pred = np.array([[1.0, 7.0], [2.0, 0.0], [2.0, 0.0]])
    >>> with warnings.catch_warnings(record=True) as caught:
    ...     warnings.simplefilter("always")
    ...     r2_score(y_true, y_pred, multioutput="raw_values"), r2_score(y_true, y_pred)
    (array([0.5, nan]), 0.5)
    >>> print(caught[0].message)
    r2_score is undefined for task 1 (fewer than two observed entries): raw values are nan there,
    averages skip these tasks.
    """
    return regression_metric(
        "r2_score",
        sk.r2_score,
        y_true,
        y_pred,
        task=task,
        sample_weight=sample_weight,
        multioutput=multioutput,
        greater_is_better=True,
        undefined=_fewer_than_two,
        force_finite=force_finite,
    )


def explained_variance_score(
    y_true: Any,
    y_pred: Any,
    *,
    task: Any = None,
    sample_weight: Any = None,
    multioutput: Any = "uniform_average",
    force_finite: bool = True,
) -> float | np.ndarray:
    r"""Explained variance per task, over its observed entries.

    For task t, with the weighted variance over its observed entries,

    .. math::

        \mathrm{EV}_t = 1 - \frac{\mathrm{Var}(y_t - \hat y_t)}{\mathrm{Var}(y_t)}

    A constant offset of the predictions costs nothing here, unlike in :func:`r2_score`. Equal to
    :func:`sklearn.metrics.explained_variance_score` to the last digit on complete data.

    Parameters
    ----------
    y_true : array-like or frame of shape (n,) or (n, T)
        Observed values. NaN, None and pandas.NA mean that the cell is absent for that task. The
        columns of a frame name the tasks in messages.
    y_pred : array-like or frame of shape (n,) or (n, T)
        Predicted values. NaN is an error where ``y_true`` is observed, and ignored elsewhere.
    task : array-like of shape (n,), optional
        Task id of each row, with 1-D ``y_true`` and ``y_pred``. The tasks are the sorted unique ids.
    sample_weight : array-like of shape (n,) or (n, T), optional
        Finite and non-negative; weight 0 means absent.
    multioutput : {"raw_values", "uniform_average", "entries", "worst"} or array-like of shape (T,)
        "raw_values": one value per task. "uniform_average": their mean. "entries": their mean weighted
        by the total observed weight of each task. "worst": the
        least value. An array: their mean with these weights.
    force_finite : bool, default=True
        What a constant observed target gives: 1.0 for perfect and 0.0 for other predictions if True,
        nan and -inf if False, as in scikit-learn.

    Returns
    -------
    float, or ndarray of shape (T,) for "raw_values"

    Raises
    ------
    TaskDataError
        The arguments do not fit together; the message names the argument, the task and the cure.

    Warns
    -----
    UndefinedMetricWarning
        A task has no observed entry.
        The raw value of the task is nan and averages skip it.

    See Also
    --------
    r2_score : The same, with offsets counted as errors.

    Notes
    -----
    Not for the choice of a model that has to be calibrated: a systematic offset is invisible.

    Examples
    --------
    One too high everywhere:

    >>> from skmtl.metrics import explained_variance_score, r2_score
    >>> y_true, y_pred = [1.0, 2.0, 3.0, None], [2.0, 3.0, 4.0, 5.0]
    >>> explained_variance_score(y_true, y_pred), r2_score(y_true, y_pred)
    (1.0, -0.5)
    """
    return regression_metric(
        "explained_variance_score",
        sk.explained_variance_score,
        y_true,
        y_pred,
        task=task,
        sample_weight=sample_weight,
        multioutput=multioutput,
        greater_is_better=True,
        force_finite=force_finite,
    )


def _fewer_than_two(y_true: np.ndarray) -> str | None:
    return "fewer than two observed entries" if len(y_true) < 2 else None


__all__ = ["explained_variance_score", "r2_score"]
