"""Metrics of predicted probabilities, per task."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn import metrics as sk

from skmtl.metrics._evaluate import evaluate
from skmtl.metrics._labels import ONE_CLASS, read_classes
from skmtl.metrics._scores import known_classes, positive_scores, read_scores


def log_loss(
    y_true: Any,
    y_proba: Any,
    *,
    task: Any = None,
    sample_weight: Any = None,
    multioutput: Any = "uniform_average",
    labels: Any = None,
) -> float | np.ndarray:
    r"""Log loss per task: the mean negative log-probability of its observed labels.

    For task t with observed entries i, weights s and K classes

    .. math::

        \mathrm{LL}_t = -\frac{\sum_i s_{it} \log \hat p_{it}(y_{it})}{\sum_i s_{it}}

    Equal to :func:`sklearn.metrics.log_loss` of each column to the last digit on complete data. A task
    of which only 0 or only 1 was observed has a value here: its classes are 0 and 1.

    Parameters
    ----------
    y_true : array-like or frame of shape (n,) or (n, T)
        Observed labels: strings, booleans or whole numbers. NaN, None and pandas.NA mean that the cell
        is absent for that task. The columns of a frame name the tasks in messages.
    y_proba : array-like of shape (n,), (n, T) or (n, K), or list of T arrays of shape (n, K_t)
        Probabilities; they are kept off 0 and 1 by the machine precision.
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
        A task has no observed entry, or one class and no ``labels`` to tell the other.
        The raw value of the task is nan and averages skip it.

    See Also
    --------
    brier_score_loss : Bounded, kinder to a confident error.

    Notes
    -----
    Not for scores that are no probabilities, and not where one certain and wrong prediction must not
    decide: it costs 36.

    Examples
    --------
    A binary outcome and one with three classes, as ``predict_proba`` gives them:

    >>> import numpy as np
    >>> from skmtl.metrics import log_loss
    >>> y_true = [[0, "low"], [1, "mid"], [1, None], [0, "high"]]
    >>> died = np.array([[0.9, 0.1], [0.2, 0.8], [0.4, 0.6], [0.5, 0.5]])
    >>> stage = np.array([[0.1, 0.8, 0.1], [0.2, 0.2, 0.6], [0.4, 0.3, 0.3], [0.7, 0.2, 0.1]])
    >>> log_loss(y_true, [died, stage], multioutput="raw_values").round(2)
    array([0.38, 0.36])
    """
    name = "log_loss"
    targets, true, classes, multioutput = read_classes(name, y_true, task, sample_weight, multioutput, labels)
    scores = read_scores(y_proba, targets, "y_proba", name, probability=True)
    known = []
    for t, rows in enumerate(targets.rows):
        known.append(known_classes(scores[t], targets, classes, t, "y_proba") if len(rows) else None)

    def score(t: int) -> float:
        return sk.log_loss(true[t], scores[t], sample_weight=targets.weight_of(t), labels=known[t])

    def reason(t: int) -> str | None:
        return f"{ONE_CLASS}, the other is unknown" if known[t] is None else None

    return evaluate(name, targets, multioutput, False, reason, score)


def brier_score_loss(
    y_true: Any,
    y_proba: Any,
    *,
    task: Any = None,
    sample_weight: Any = None,
    multioutput: Any = "uniform_average",
    pos_label: Any = None,
    labels: Any = None,
) -> float | np.ndarray:
    r"""Brier score per binary task: the mean squared error of its probabilities.

    For task t with observed entries i and weights s

    .. math::

        \mathrm{BS}_t = \frac{\sum_i s_{it} (1[y_{it} = 1] - \hat p_{it})^2}{\sum_i s_{it}}

    Equal to :func:`sklearn.metrics.brier_score_loss` of each column to the last digit on complete data.

    Parameters
    ----------
    y_true : array-like or frame of shape (n,) or (n, T)
        Observed labels: strings, booleans or whole numbers. NaN, None and pandas.NA mean that the cell
        is absent for that task. The columns of a frame name the tasks in messages.
    y_proba : array-like of shape (n,), (n, T) or (n, K), or list of T arrays of shape (n, K_t)
        Probabilities of the positive label.
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
        A task has no observed entry, or one class, a string, and no ``pos_label`` to compare it with.
        The raw value of the task is nan and averages skip it.

    See Also
    --------
    log_loss : Unbounded, and for more than two classes.

    Notes
    -----
    Not for the comparison of tasks with different shares of events: always predicting the share q gives
    q (1 - q), which is small for a rare outcome.

    Examples
    --------
    A coin in one task, a good guess in the other; the missing cell does not count:

    >>> import numpy as np
    >>> from skmtl.metrics import brier_score_loss
    >>> y_true = np.array([[0.0, 1.0], [1.0, np.nan], [1.0, 0.0]])
    >>> y_proba = np.array([[0.5, 0.9], [0.5, 0.5], [0.5, 0.1]])
    >>> brier_score_loss(y_true, y_proba, multioutput="raw_values").round(2)
    array([0.25, 0.01])
    """
    name = "brier_score_loss"
    targets, true, classes, multioutput = read_classes(name, y_true, task, sample_weight, multioutput, labels)
    scores = read_scores(y_proba, targets, "y_proba", name, probability=True)
    positive = []
    for t in range(targets.n_tasks):
        classes.check_binary(t, name)
        positive.append(classes.positive(t, pos_label))
        if positive[t] is not None and len(true[t]):
            scores[t] = positive_scores(scores[t], targets, classes, t, positive[t], "y_proba")

    def score(t: int) -> float:
        return sk.brier_score_loss(true[t], scores[t], sample_weight=targets.weight_of(t), pos_label=positive[t])

    def reason(t: int) -> str | None:
        return f"{ONE_CLASS}, pos_label unknown" if positive[t] is None else None

    return evaluate(name, targets, multioutput, False, reason, score)


__all__ = ["brier_score_loss", "log_loss"]
