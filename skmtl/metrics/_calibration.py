"""Is the probability of an event what it says: slope, intercept and error of calibration, per task."""

from __future__ import annotations

from numbers import Integral
from typing import Any

import numpy as np

from skmtl.exceptions import InvalidParameterError
from skmtl.metrics._binary import read_binary
from skmtl.metrics._calibration_bins import calibration_error as binned_error
from skmtl.metrics._evaluate import evaluate
from skmtl.metrics._recalibrate import log_odds, recalibrate, separated


def calibration_slope(
    y_true: Any,
    y_proba: Any,
    *,
    task: Any = None,
    sample_weight: Any = None,
    multioutput: Any = "uniform_average",
    pos_label: Any = None,
    labels: Any = None,
) -> float | np.ndarray:
    r"""Slope per binary task of the logistic regression of the event on the predicted log-odds.

    For task t, over its observed entries i, by weighted maximum likelihood of a and b

    .. math::

        \operatorname{logit} P(y_{it} = 1) = a_t + b_t \operatorname{logit} \hat p_{it}

    The slope is 1 for calibrated predictions, less where they are too extreme (overfitting), more where they are too
    cautious (too much shrinkage).

    Parameters
    ----------
    y_true : array-like or frame of shape (n,) or (n, T)
        Observed labels: strings, booleans or whole numbers. NaN, None and pandas.NA mean that the cell
        is absent for that task. The columns of a frame name the tasks in messages.
    y_proba : array-like of shape (n,), (n, T) or (n, K), or list of T arrays of shape (n, K_t)
        Probabilities of the positive label, kept off 0 and 1 by the machine precision.
        One column per task holds the positive class of binary tasks. The list is what ``predict_proba``
        of a multi-output estimator gives: one column per class, in sorted order. An (n, K) array
        likewise, for a 1-D ``y_true``.
    task : array-like of shape (n,), optional
        Task id of each row, with a 1-D ``y_true``. The tasks are the sorted unique ids.
    sample_weight : array-like of shape (n,) or (n, T), optional
        Finite and non-negative; weight 0 means absent.
    multioutput : {"raw_values", "uniform_average", "entries", "worst"} or array-like of shape (T,)
        "raw_values": one value per task. "uniform_average": their mean. "entries": their mean weighted
        by the total observed weight of each task. "worst": the value farthest from 1. An array: their
        mean with these weights.
    pos_label : int, float, bool, str or None, default=None
        The positive label; None takes the greater label of each task.
    labels : array-like of shape (K,), or list of T arrays, optional
        All classes, sorted, of the tasks or of each task; needed where ``y_proba`` has a column
        per class and ``y_true`` does not show every class.

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
        A task has no observed entry or one class, equal predictions, or predictions that separate events from
        non-events, where the likelihood has no finite maximum.
        The raw value of the task is nan and averages skip it.

    See Also
    --------
    calibration_intercept : Whether predictions are too high or too low on the whole.
    calibration_table : Both with their intervals.

    Notes
    -----
    Not for small event counts without an interval: with 20 events its standard error is often above 0.3. A slope that
    does not exist is nan, not a finite one by a penalty (Firth 1993): here it is a measurement, and a penalty
    would decide its value. Separation is found exactly, not by failure to converge (Albert and Anderson 1984).

    References
    ----------
    D. R. Cox (1958). Two further applications of a model for binary regression. Biometrika 45, 562-565.

    B. Van Calster, D. J. McLernon, M. van Smeden, L. Wynants and E. W. Steyerberg (2019). Calibration: the Achilles
    heel of predictive analytics. BMC Medicine 17, 230.

    A. Albert and J. A. Anderson (1984). On the existence of maximum likelihood estimates in logistic regression models.
    Biometrika 71, 1-10.

    Examples
    --------
    Log-odds twice as extreme as the true ones have slope one half:

    >>> import numpy as np
    >>> from skmtl.metrics import calibration_slope
    >>> rng = np.random.default_rng(0)
    >>> eta = rng.normal(size=20000)
    >>> y_true = (rng.random(20000) < 1 / (1 + np.exp(-eta))).astype(int)
    >>> round(calibration_slope(y_true, 1 / (1 + np.exp(-2 * eta))), 2)
    0.5
    """
    name = "calibration_slope"
    outcomes = read_binary(
        name,
        y_true,
        y_proba,
        task=task,
        sample_weight=sample_weight,
        multioutput=multioutput,
        pos_label=pos_label,
        labels=labels,
    )
    scores = [log_odds(probability) for probability in outcomes.probability]

    def reason(t: int) -> str | None:
        return outcomes.one_class(t) or separated(outcomes.event[t], scores[t])

    def score(t: int) -> float:
        return recalibrate(outcomes.event[t], scores[t], outcomes.targets.weight_of(t), slope=True).slope

    return evaluate(name, outcomes.targets, outcomes.multioutput, 1.0, reason, score)


def calibration_intercept(
    y_true: Any,
    y_proba: Any,
    *,
    task: Any = None,
    sample_weight: Any = None,
    multioutput: Any = "uniform_average",
    pos_label: Any = None,
    labels: Any = None,
) -> float | np.ndarray:
    r"""Calibration in the large per binary task: the shift of the log-odds that makes events as many as predicted.

    For task t, over its observed entries i with weights s, the :math:`a_t` that solves

    .. math::

        \sum_i s_{it} \operatorname{expit}(a_t + \operatorname{logit} \hat p_{it}) = \sum_i s_{it} y_{it}

    the maximum likelihood intercept with the slope held at 1. It is 0 for predictions that are right on average,
    positive where there are more events than predicted.

    Parameters
    ----------
    y_true : array-like or frame of shape (n,) or (n, T)
        Observed labels: strings, booleans or whole numbers. NaN, None and pandas.NA mean that the cell
        is absent for that task. The columns of a frame name the tasks in messages.
    y_proba : array-like of shape (n,), (n, T) or (n, K), or list of T arrays of shape (n, K_t)
        Probabilities of the positive label, kept off 0 and 1 by the machine precision.
        One column per task holds the positive class of binary tasks. The list is what ``predict_proba``
        of a multi-output estimator gives: one column per class, in sorted order. An (n, K) array
        likewise, for a 1-D ``y_true``.
    task : array-like of shape (n,), optional
        Task id of each row, with a 1-D ``y_true``. The tasks are the sorted unique ids.
    sample_weight : array-like of shape (n,) or (n, T), optional
        Finite and non-negative; weight 0 means absent.
    multioutput : {"raw_values", "uniform_average", "entries", "worst"} or array-like of shape (T,)
        "raw_values": one value per task. "uniform_average": their mean. "entries": their mean weighted
        by the total observed weight of each task. "worst": the value farthest from 0. An array: their
        mean with these weights.
    pos_label : int, float, bool, str or None, default=None
        The positive label; None takes the greater label of each task.
    labels : array-like of shape (K,), or list of T arrays, optional
        All classes, sorted, of the tasks or of each task; needed where ``y_proba`` has a column
        per class and ``y_true`` does not show every class.

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
        A task has no observed entry or one class: no finite shift predicts no event.
        The raw value of the task is nan and averages skip it.

    See Also
    --------
    calibration_slope : Whether predictions are too extreme.

    Notes
    -----
    Not by itself a sign of good predictions: the share of events, predicted for everybody, has 0. Averages over tasks
    let shifts up and down cancel; use "worst" or the raw values.

    References
    ----------
    B. Van Calster, D. J. McLernon, M. van Smeden, L. Wynants and E. W. Steyerberg (2019). Calibration: the Achilles
    heel of predictive analytics. BMC Medicine 17, 230.

    Examples
    --------
    Half of the patients have the event in one hospital, as predicted, and three in four in the other:

    >>> import numpy as np
    >>> from skmtl.metrics import calibration_intercept
    >>> y_true = [0, 1, 0, 1, 1, 1, 0, 1]
    >>> site = ["a"] * 4 + ["b"] * 4
    >>> shift = calibration_intercept(y_true, np.full(8, 0.5), task=site, multioutput="raw_values")
    >>> np.abs(shift).round(2)  # log 3, the odds of three in four
    array([0. , 1.1])
    """
    name = "calibration_intercept"
    outcomes = read_binary(
        name,
        y_true,
        y_proba,
        task=task,
        sample_weight=sample_weight,
        multioutput=multioutput,
        pos_label=pos_label,
        labels=labels,
    )

    def score(t: int) -> float:
        logits = log_odds(outcomes.probability[t])
        return recalibrate(outcomes.event[t], logits, outcomes.targets.weight_of(t), slope=False).intercept

    return evaluate(name, outcomes.targets, outcomes.multioutput, 0.0, outcomes.one_class, score)


def expected_calibration_error(
    y_true: Any,
    y_proba: Any,
    *,
    task: Any = None,
    sample_weight: Any = None,
    multioutput: Any = "uniform_average",
    n_bins: int | None = 10,
    pos_label: Any = None,
    labels: Any = None,
) -> float | np.ndarray:
    r"""Expected calibration error per binary task: the distance of observed rates from predictions, over bins.

    For task t, with its entries in bins k of equal weight by their predictions, of weight :math:`w_k`, mean prediction
    :math:`\bar p_k` and share of events :math:`\bar y_k`

    .. math::

        \mathrm{ECE}_t = \frac{\sum_k w_k |\bar y_k - \bar p_k|}{\sum_k w_k}

    Parameters
    ----------
    y_true : array-like or frame of shape (n,) or (n, T)
        Observed labels: strings, booleans or whole numbers. NaN, None and pandas.NA mean that the cell
        is absent for that task. The columns of a frame name the tasks in messages.
    y_proba : array-like of shape (n,), (n, T) or (n, K), or list of T arrays of shape (n, K_t)
        Probabilities of the positive label, kept off 0 and 1 by the machine precision.
        One column per task holds the positive class of binary tasks. The list is what ``predict_proba``
        of a multi-output estimator gives: one column per class, in sorted order. An (n, K) array
        likewise, for a 1-D ``y_true``.
    task : array-like of shape (n,), optional
        Task id of each row, with a 1-D ``y_true``. The tasks are the sorted unique ids.
    sample_weight : array-like of shape (n,) or (n, T), optional
        Finite and non-negative; weight 0 means absent.
    multioutput : {"raw_values", "uniform_average", "entries", "worst"} or array-like of shape (T,)
        "raw_values": one value per task. "uniform_average": their mean. "entries": their mean weighted
        by the total observed weight of each task. "worst": the greatest value. An array: their
        mean with these weights.
    n_bins : int or None, default=10
        Bins of equal weight; equal predictions share one, so that there may be fewer. None makes one bin per distinct
        prediction.
    pos_label : int, float, bool, str or None, default=None
        The positive label; None takes the greater label of each task.
    labels : array-like of shape (K,), or list of T arrays, optional
        All classes, sorted, of the tasks or of each task; needed where ``y_proba`` has a column
        per class and ``y_true`` does not show every class.

    Returns
    -------
    float, or ndarray of shape (T,) for "raw_values"

    Raises
    ------
    TaskDataError
        The arguments do not fit together; the message names the argument, the task and the cure.
    InvalidParameterError
        ``n_bins`` is not a positive int or None.

    Warns
    -----
    UndefinedMetricWarning
        A task has no observed entry, or one class, a string, and no ``pos_label`` to compare it with.
        The raw value of the task is nan and averages skip it.

    See Also
    --------
    calibration_table : The same with an interval, and beside the value that perfect calibration would have.

    Notes
    -----
    Never 0 by luck: with m entries per bin and share of events q calibrated predictions have about
    sqrt(2 q (1 - q) / (pi m)). Not for the comparison of tasks of different size, therefore, nor of different
    numbers of bins. Bins of equal weight have less of that bias than bins of equal width (Roelofs et al. 2022).

    References
    ----------
    M. P. Naeini, G. F. Cooper and M. Hauskrecht (2015). Obtaining well calibrated probabilities using Bayesian binning.
    AAAI.

    R. Roelofs, N. Cain, J. Shlens and M. C. Mozer (2022). Mitigating bias in calibration error estimation. AISTATS.

    Examples
    --------
    >>> from skmtl.metrics import expected_calibration_error
    >>> y_true = [0, 0, 0, 1, 1, 1, 0, 1]
    >>> y_proba = [0.1, 0.1, 0.1, 0.1, 0.8, 0.8, 0.8, 0.8]
    >>> round(expected_calibration_error(y_true, y_proba, n_bins=2), 3)  # 0.25 for 0.1, 0.75 for 0.8
    0.1
    """
    name = "expected_calibration_error"
    check_bins(n_bins)
    outcomes = read_binary(
        name,
        y_true,
        y_proba,
        task=task,
        sample_weight=sample_weight,
        multioutput=multioutput,
        pos_label=pos_label,
        labels=labels,
    )

    def score(t: int) -> float:
        return binned_error(outcomes.event[t], outcomes.probability[t], outcomes.weight(t), n_bins)

    return evaluate(name, outcomes.targets, outcomes.multioutput, False, outcomes.unknown_label, score)


def check_bins(n_bins: Any) -> None:
    """Refuse a number of bins that is none."""
    if n_bins is not None and (isinstance(n_bins, bool) or not isinstance(n_bins, Integral) or n_bins < 1):
        raise InvalidParameterError(f"n_bins={n_bins!r} is not a number of bins: give a positive int, or None.")


__all__ = ["calibration_intercept", "calibration_slope", "check_bins", "expected_calibration_error"]
