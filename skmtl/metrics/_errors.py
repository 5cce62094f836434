"""Mean errors per task: squared, root, absolute, and relative to the variance of the target."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn import metrics as sk

from skmtl.metrics._regression_body import regression_metric


def mean_squared_error(
    y_true: Any,
    y_pred: Any,
    *,
    task: Any = None,
    sample_weight: Any = None,
    multioutput: Any = "uniform_average",
) -> float | np.ndarray:
    r"""Mean squared error per task, over its observed entries.

    For task t with observed entries i and weights s

    .. math::

        \mathrm{MSE}_t = \frac{\sum_i s_{it} (y_{it} - \hat y_{it})^2}{\sum_i s_{it}}

    Equal to :func:`sklearn.metrics.mean_squared_error` to the last digit on complete data.

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
        by the total observed weight of each task, which is the error over all observed cells. "worst": the
        greatest value. An array: their mean with these weights.

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
    normalized_mse : Free of the unit of the outcome.

    Notes
    -----
    Not for averages over outcomes with different units: the one with the largest numbers decides.

    Examples
    --------
    Sodium was measured in three patients, glucose in two of them; the cell without a measurement
    needs a prediction but does not count:

    >>> import numpy as np
    >>> from skmtl.metrics import mean_squared_error
    >>> y_true = np.array([[140.0, 6.0], [138.0, np.nan], [142.0, 5.0]])
    >>> y_pred = np.array([[141.0, 6.0], [138.0, 9.9], [140.0, 7.0]])
    >>> mean_squared_error(y_true, y_pred, multioutput="raw_values").round(2)
    array([1.67, 2.  ])
    >>> mean_squared_error(y_true, y_pred, multioutput="entries")  # 9 over 5 cells
    1.8
    """
    return regression_metric(
        "mean_squared_error",
        sk.mean_squared_error,
        y_true,
        y_pred,
        task=task,
        sample_weight=sample_weight,
        multioutput=multioutput,
    )


def root_mean_squared_error(
    y_true: Any,
    y_pred: Any,
    *,
    task: Any = None,
    sample_weight: Any = None,
    multioutput: Any = "uniform_average",
) -> float | np.ndarray:
    r"""Root of the mean squared error per task, over its observed entries.

    For task t with observed entries i and weights s

    .. math::

        \mathrm{RMSE}_t = \sqrt{\frac{\sum_i s_{it} (y_{it} - \hat y_{it})^2}{\sum_i s_{it}}}

    The root is taken per task, before any average. Equal to
    :func:`sklearn.metrics.root_mean_squared_error` to the last digit on complete data.

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
        greatest value. An array: their mean with these weights.

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
    normalized_mse : Free of the unit of the outcome.

    Notes
    -----
    Not for the error over all cells as one number: "entries" averages roots, it is not the root of
    the average. Take the root of ``mean_squared_error(..., multioutput="entries")`` for that.

    Examples
    --------
    One outcome in two hospitals, as rows with a task id:

    >>> from skmtl.metrics import root_mean_squared_error
    >>> site = ["north", "south", "north", "south", "north"]
    >>> y_true, y_pred = [1.0, 2.0, 3.0, 4.0, 5.0], [1.0, 5.0, 3.0, 8.0, 8.0]
    >>> root_mean_squared_error(y_true, y_pred, task=site, multioutput="raw_values").round(2)
    array([1.73, 3.54])
    >>> round(root_mean_squared_error(y_true, y_pred, task=site, multioutput="worst"), 2)
    3.54
    """
    return regression_metric(
        "root_mean_squared_error",
        sk.root_mean_squared_error,
        y_true,
        y_pred,
        task=task,
        sample_weight=sample_weight,
        multioutput=multioutput,
    )


def mean_absolute_error(
    y_true: Any,
    y_pred: Any,
    *,
    task: Any = None,
    sample_weight: Any = None,
    multioutput: Any = "uniform_average",
) -> float | np.ndarray:
    r"""Mean absolute error per task, over its observed entries.

    For task t with observed entries i and weights s

    .. math::

        \mathrm{MAE}_t = \frac{\sum_i s_{it} |y_{it} - \hat y_{it}|}{\sum_i s_{it}}

    Equal to :func:`sklearn.metrics.mean_absolute_error` to the last digit on complete data.

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
        greatest value. An array: their mean with these weights.

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

    Notes
    -----
    Not for averages over outcomes with different units: the one with the largest numbers decides.

    Examples
    --------
    A weight of 0 and a missing value are the same thing:

    >>> import numpy as np
    >>> from skmtl.metrics import mean_absolute_error
    >>> y_pred = np.zeros((3, 2))
    >>> mean_absolute_error([[1.0, 2.0], [3.0, np.nan], [5.0, 4.0]], y_pred, multioutput="raw_values")
    array([3., 3.])
    >>> weight = [[1, 1], [1, 0], [1, 1]]
    >>> mean_absolute_error(
    ...     [[1.0, 2.0], [3.0, 9.0], [5.0, 4.0]], y_pred, sample_weight=weight, multioutput="raw_values"
    ... )
    array([3., 3.])
    """
    return regression_metric(
        "mean_absolute_error",
        sk.mean_absolute_error,
        y_true,
        y_pred,
        task=task,
        sample_weight=sample_weight,
        multioutput=multioutput,
    )


def normalized_mse(
    y_true: Any,
    y_pred: Any,
    *,
    task: Any = None,
    sample_weight: Any = None,
    multioutput: Any = "uniform_average",
) -> float | np.ndarray:
    r"""Mean squared error per task over the variance of its observed target.

    For task t with observed entries i, weights s and weighted mean :math:`\bar y_t`

    .. math::

        \mathrm{nMSE}_t = \frac{\sum_i s_{it} (y_{it} - \hat y_{it})^2}{\sum_i s_{it} (y_{it} - \bar y_t)^2}
        = 1 - R^2_t

    0 is perfect, 1 is as good as the mean of these targets, more than 1 is worse than that. It has no
    unit, so that outcomes can be averaged, and it grows with the error, so that it can be read beside
    the published multi-task benchmarks, where it is called nMSE.

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
        greatest value. An array: their mean with these weights.

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
        A task has no observed entry, or its observed target is constant.
        The raw value of the task is nan and averages skip it.

    See Also
    --------
    r2_score : One minus this value.

    Notes
    -----
    Not for tasks with a handful of test entries: the variance in the denominator is then mostly noise.

    References
    ----------
    J. Chen, J. Zhou, J. Ye (2011). Integrating low-rank and group-sparse structures for robust
    multi-task learning. KDD.

    Examples
    --------
    A thousand times the unit, the same value:

    >>> import numpy as np
    >>> from skmtl.metrics import normalized_mse
    >>> metres, predicted = np.array([1.0, 2.0, 3.0, np.nan]), np.array([1.5, 2.0, 2.5, 4.0])
    >>> Y, P = np.column_stack([metres, 1000 * metres]), np.column_stack([predicted, 1000 * predicted])
    >>> normalized_mse(Y, P, multioutput="raw_values")
    array([0.25, 0.25])
    """
    return regression_metric(
        "normalized_mse",
        _error_over_variance,
        y_true,
        y_pred,
        task=task,
        sample_weight=sample_weight,
        multioutput=multioutput,
        undefined=_constant,
        takes_tables=False,
    )


def _error_over_variance(y_true: np.ndarray, y_pred: np.ndarray, sample_weight: np.ndarray | None) -> float:
    deviation = y_true - np.average(y_true, weights=sample_weight)
    variance = np.average(deviation**2, weights=sample_weight)
    return sk.mean_squared_error(y_true, y_pred, sample_weight=sample_weight) / variance


def _constant(y_true: np.ndarray) -> str | None:
    # Not by the variance, which rounding can lift above zero.
    return "the observed target is constant" if y_true.min() == y_true.max() else None


__all__ = ["mean_absolute_error", "mean_squared_error", "normalized_mse", "root_mean_squared_error"]
