"""Metrics of the order of scores, per task."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn import metrics as sk

from skmtl.metrics._evaluate import evaluate
from skmtl.metrics._labels import ONE_CLASS, read_classes
from skmtl.metrics._scores import positive_scores, read_scores


def roc_auc_score(
    y_true: Any,
    y_score: Any,
    *,
    task: Any = None,
    sample_weight: Any = None,
    multioutput: Any = "uniform_average",
    max_fpr: float | None = None,
    labels: Any = None,
) -> float | np.ndarray:
    r"""Area under the receiver operating characteristic per binary task.

    For task t, over its observed entries i of the greater label and j of the other, with weights s,

    .. math::

        \mathrm{AUC}_t = \frac{\sum_{ij} s_{it} s_{jt} \,
        (1[\hat y_{it} > \hat y_{jt}] + \tfrac12 1[\hat y_{it} = \hat y_{jt}])}{\sum_{ij} s_{it} s_{jt}}

    Equal to :func:`sklearn.metrics.roc_auc_score` of each column to the last digit on complete data.

    Parameters
    ----------
    y_true : array-like or frame of shape (n,) or (n, T)
        Observed labels: strings, booleans or whole numbers. NaN, None and pandas.NA mean that the cell
        is absent for that task. The columns of a frame name the tasks in messages.
    y_score : array-like of shape (n,), (n, T) or (n, K), or list of T arrays of shape (n, K_t)
        Scores, any monotone scale.
        One column per task holds the positive class of binary tasks. The list is what ``predict_proba``
        of a multi-output estimator gives: one column per class, in sorted order. An (n, K) array
        likewise, for a 1-D ``y_true``.
    task : array-like of shape (n,), optional
        Task id of each row, with a 1-D ``y_true``. The tasks are the sorted unique ids.
    sample_weight : array-like of shape (n,) or (n, T), optional
        Finite and non-negative; weight 0 means absent.
    multioutput : {"raw_values", "uniform_average", "entries", "worst"} or array-like of shape (T,)
        "raw_values": one value per task. "uniform_average": their mean. "entries": their mean weighted
        by the total observed weight of each task. "worst": the least value. An array: their
        mean with these weights.
    max_fpr : float in (0, 1], optional
        Standardised partial area over false positive rates up to this.
    labels : array-like of shape (K,), or list of T arrays, optional
        All classes, sorted, of the tasks or of each task; needed where ``y_score`` has a column
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
        A task has no observed entry or one class.
        The raw value of the task is nan and averages skip it.

    See Also
    --------
    average_precision_score : Looks at the events only, for rare ones.

    Notes
    -----
    Not a measure of calibration, and blind to precision: with 1% events a high area can go with mostly
    false alarms.

    Examples
    --------
    Two outcomes, the second not observed in two patients:

    >>> import numpy as np
    >>> from skmtl.metrics import roc_auc_score
    >>> y_true = np.array([[0, 1], [1, np.nan], [0, 0], [1, np.nan], [0, 1]])
    >>> y_score = np.array([[0.1, 0.9], [0.8, 0.5], [0.4, 0.3], [0.3, 0.5], [0.2, 0.2]])
    >>> roc_auc_score(y_true, y_score, multioutput="raw_values").round(2)
    array([0.83, 0.5 ])
    """
    name = "roc_auc_score"
    targets, true, classes, multioutput = read_classes(name, y_true, task, sample_weight, multioutput, labels)
    scores = read_scores(y_score, targets, "y_score", name, probability=False)
    for t in range(targets.n_tasks):
        classes.check_binary(t, name)
        if len(classes.seen[t]) == 2:
            scores[t] = positive_scores(scores[t], targets, classes, t, classes.seen[t][-1].item(), "y_score")

    def score(t: int) -> float:
        return sk.roc_auc_score(true[t], scores[t], sample_weight=targets.weight_of(t), max_fpr=max_fpr)

    def reason(t: int) -> str | None:
        return ONE_CLASS if len(classes.seen[t]) < 2 else None

    return evaluate(name, targets, multioutput, True, reason, score)


def average_precision_score(
    y_true: Any,
    y_score: Any,
    *,
    task: Any = None,
    sample_weight: Any = None,
    multioutput: Any = "uniform_average",
    pos_label: Any = 1,
    labels: Any = None,
) -> float | np.ndarray:
    r"""Average precision per binary task: the area under its precision-recall steps.

    For task t, over the thresholds k in descending order, with precision P and recall R of its observed
    entries,

    .. math::

        \mathrm{AP}_t = \sum_k (R_{tk} - R_{t,k-1}) P_{tk}

    Equal to :func:`sklearn.metrics.average_precision_score` of each column to the last digit on complete
    data with an event in each.

    Parameters
    ----------
    y_true : array-like or frame of shape (n,) or (n, T)
        Observed labels: strings, booleans or whole numbers. NaN, None and pandas.NA mean that the cell
        is absent for that task. The columns of a frame name the tasks in messages.
    y_score : array-like of shape (n,), (n, T) or (n, K), or list of T arrays of shape (n, K_t)
        Scores of the positive label, any monotone scale.
        One column per task holds the positive class of binary tasks. The list is what ``predict_proba``
        of a multi-output estimator gives: one column per class, in sorted order. An (n, K) array
        likewise, for a 1-D ``y_true``.
    task : array-like of shape (n,), optional
        Task id of each row, with a 1-D ``y_true``. The tasks are the sorted unique ids.
    sample_weight : array-like of shape (n,) or (n, T), optional
        Finite and non-negative; weight 0 means absent.
    multioutput : {"raw_values", "uniform_average", "entries", "worst"} or array-like of shape (T,)
        "raw_values": one value per task. "uniform_average": their mean. "entries": their mean weighted
        by the total observed weight of each task. "worst": the least value. An array: their
        mean with these weights.
    pos_label : int, float, bool, str or None, default=1
        The positive label; None takes the greater label of each task.
    labels : array-like of shape (K,), or list of T arrays, optional
        All classes, sorted, of the tasks or of each task; needed where ``y_score`` has a column
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
        A task has no observed entry or no positive one (scikit-learn says 0 there).
        The raw value of the task is nan and averages skip it.

    See Also
    --------
    roc_auc_score : Does not depend on the share of events.

    Notes
    -----
    Not for the comparison of tasks with different shares of events: chance is the share itself.

    Examples
    --------
    >>> from skmtl.metrics import average_precision_score
    >>> y_true = [["no", "alive"], ["yes", None], ["no", "dead"], ["yes", "alive"]]
    >>> y_score = [[0.1, 0.2], [0.9, 0.5], [0.6, 0.3], [0.4, 0.8]]
    >>> average_precision_score(y_true, y_score, pos_label=None, multioutput="raw_values").round(2)
    array([0.83, 0.5 ])
    """
    name = "average_precision_score"
    targets, true, classes, multioutput = read_classes(name, y_true, task, sample_weight, multioutput, labels)
    scores = read_scores(y_score, targets, "y_score", name, probability=False)
    positive = []
    for t in range(targets.n_tasks):
        classes.check_binary(t, name)
        positive.append(classes.positive(t, pos_label))
        if positive[t] in classes.seen[t].tolist():
            scores[t] = positive_scores(scores[t], targets, classes, t, positive[t], "y_score")

    def score(t: int) -> float:
        return sk.average_precision_score(true[t], scores[t], sample_weight=targets.weight_of(t), pos_label=positive[t])

    def reason(t: int) -> str | None:
        if positive[t] is None:
            return f"{ONE_CLASS}, pos_label unknown"
        return None if positive[t] in classes.seen[t].tolist() else f"no entry with pos_label={positive[t]!r}"

    return evaluate(name, targets, multioutput, True, reason, score)


__all__ = ["average_precision_score", "roc_auc_score"]
