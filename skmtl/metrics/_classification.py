"""Metrics of predicted labels, per task."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn import metrics as sk

from skmtl.exceptions import TaskDataError
from skmtl.metrics._align import Targets, read_predictions, read_targets
from skmtl.metrics._evaluate import check_multioutput, evaluate
from skmtl.metrics._labels import ONE_CLASS, TaskClasses
from skmtl.metrics._table import as_labels


def _read(
    metric: str, y_true: Any, y_pred: Any, task: Any, sample_weight: Any, multioutput: Any
) -> tuple[Targets, list[np.ndarray], list[np.ndarray], Any]:
    """Targets, true and predicted labels of each task, and the checked ``multioutput``."""
    targets = read_targets(y_true, task, sample_weight)
    multioutput = check_multioutput(multioutput, targets)
    predictions = read_predictions(y_pred, targets)
    tasks = range(targets.n_tasks)
    true = [as_labels(targets.y_true[t], targets.where("y_true", t), metric) for t in tasks]
    pred = [as_labels(predictions[t], targets.where("y_pred", t), metric) for t in tasks]
    for t in tasks:
        strings = [column.dtype.kind == "U" for column in (true[t], pred[t])]
        if len(true[t]) and strings[0] != strings[1]:
            held = ["strings" if string else "numbers" for string in strings]
            raise TaskDataError(
                f"{targets.where('y_true', t)} holds {held[0]} but y_pred holds {held[1]}: "
                "predict labels of the same type."
            )
    return targets, true, pred, multioutput


def accuracy_score(
    y_true: Any,
    y_pred: Any,
    *,
    task: Any = None,
    sample_weight: Any = None,
    multioutput: Any = "uniform_average",
) -> float | np.ndarray:
    r"""Accuracy per task: the share of its observed entries that are predicted right.

    For task t with observed entries i and weights s

    .. math::

        \mathrm{acc}_t = \frac{\sum_i s_{it} \, 1[\hat y_{it} = y_{it}]}{\sum_i s_{it}}

    Equal to :func:`sklearn.metrics.accuracy_score` of each column to the last digit on complete data.
    (scikit-learn's own reading of a 2-D table is another one: a row counts only if all its labels are
    right.)

    Parameters
    ----------
    y_true : array-like or frame of shape (n,) or (n, T)
        Observed labels: strings, booleans or whole numbers. NaN, None and pandas.NA mean that the cell
        is absent for that task. The columns of a frame name the tasks in messages.
    y_pred : array-like or frame of shape (n,) or (n, T)
        Predicted labels. NaN is an error where ``y_true`` is observed, and ignored elsewhere.
    task : array-like of shape (n,), optional
        Task id of each row, with a 1-D ``y_true``. The tasks are the sorted unique ids.
    sample_weight : array-like of shape (n,) or (n, T), optional
        Finite and non-negative; weight 0 means absent.
    multioutput : {"raw_values", "uniform_average", "entries", "worst"} or array-like of shape (T,)
        "raw_values": one value per task. "uniform_average": their mean. "entries": their mean weighted
        by the total observed weight of each task, which is the share of all observed cells. "worst": the
        least value. An array: their mean with these weights.

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
    balanced_accuracy_score : Each class counts the same.

    Notes
    -----
    Not for rare outcomes: always saying no is right in 99% of the entries if 1% are events.

    Examples
    --------
    >>> from skmtl.metrics import accuracy_score
    >>> y_true = [["yes", "low"], ["no", None], ["no", "high"]]
    >>> y_pred = [["yes", "low"], ["yes", "mid"], ["no", "mid"]]
    >>> accuracy_score(y_true, y_pred, multioutput="raw_values").round(2)
    array([0.67, 0.5 ])
    >>> accuracy_score(y_true, y_pred, multioutput="entries")  # 3 of 5 observed cells
    0.6
    """
    targets, true, pred, multioutput = _read("accuracy_score", y_true, y_pred, task, sample_weight, multioutput)
    return evaluate(
        "accuracy_score",
        targets,
        multioutput,
        greater_is_better=True,
        reason=lambda t: None,
        score=lambda t: sk.accuracy_score(true[t], pred[t], sample_weight=targets.weight_of(t)),
    )


def balanced_accuracy_score(
    y_true: Any,
    y_pred: Any,
    *,
    task: Any = None,
    sample_weight: Any = None,
    multioutput: Any = "uniform_average",
    adjusted: bool = False,
) -> float | np.ndarray:
    r"""Balanced accuracy per task: the mean recall of the classes observed for it.

    For task t with observed classes c and weights s

    .. math::

        \mathrm{bacc}_t = \frac{1}{C_t} \sum_c
        \frac{\sum_{i: y_{it} = c} s_{it} \, 1[\hat y_{it} = c]}{\sum_{i: y_{it} = c} s_{it}}

    Equal to :func:`sklearn.metrics.balanced_accuracy_score` of each column to the last digit on
    complete data.

    Parameters
    ----------
    y_true : array-like or frame of shape (n,) or (n, T)
        Observed labels: strings, booleans or whole numbers. NaN, None and pandas.NA mean that the cell
        is absent for that task. The columns of a frame name the tasks in messages.
    y_pred : array-like or frame of shape (n,) or (n, T)
        Predicted labels. NaN is an error where ``y_true`` is observed, and ignored elsewhere.
    task : array-like of shape (n,), optional
        Task id of each row, with a 1-D ``y_true``. The tasks are the sorted unique ids.
    sample_weight : array-like of shape (n,) or (n, T), optional
        Finite and non-negative; weight 0 means absent.
    multioutput : {"raw_values", "uniform_average", "entries", "worst"} or array-like of shape (T,)
        "raw_values": one value per task. "uniform_average": their mean. "entries": their mean weighted
        by the total observed weight of each task. "worst": the least value. An array: their
        mean with these weights.
    adjusted : bool, default=False
        Shift and scale so that chance is 0; 1 stays perfect.

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
        A task has no observed entry, or one class only and ``adjusted=True``.
        The raw value of the task is nan and averages skip it.

    See Also
    --------
    accuracy_score : Each entry counts the same.

    Notes
    -----
    Not for probabilities, and not for tasks with few events: the recall of three events is a coin.

    Examples
    --------
    Nobody is said to die; right in three of four patients, worth nothing:

    >>> from skmtl.metrics import accuracy_score, balanced_accuracy_score
    >>> died, predicted = [0, 0, 0, 1, None], [0, 0, 0, 0, 1]
    >>> accuracy_score(died, predicted), balanced_accuracy_score(died, predicted)
    (0.75, 0.5)
    """
    name = "balanced_accuracy_score"
    targets, true, pred, multioutput = _read(name, y_true, y_pred, task, sample_weight, multioutput)

    def reason(t: int) -> str | None:
        return ONE_CLASS if adjusted and len(np.unique(true[t])) < 2 else None

    def score(t: int) -> float:
        return sk.balanced_accuracy_score(true[t], pred[t], sample_weight=targets.weight_of(t), adjusted=adjusted)

    return evaluate(name, targets, multioutput, True, reason, score)


def f1_score(
    y_true: Any,
    y_pred: Any,
    *,
    task: Any = None,
    sample_weight: Any = None,
    multioutput: Any = "uniform_average",
    pos_label: Any = 1,
    average: str = "binary",
    zero_division: Any = "warn",
) -> float | np.ndarray:
    r"""F1 score per task: the harmonic mean of precision and recall over its observed entries.

    For task t, with the weighted counts of true positives, false positives and false negatives,

    .. math::

        F_{1,t} = \frac{2 \, \mathrm{TP}_t}{2 \, \mathrm{TP}_t + \mathrm{FP}_t + \mathrm{FN}_t}

    Equal to :func:`sklearn.metrics.f1_score` of each column to the last digit on complete data.

    Parameters
    ----------
    y_true : array-like or frame of shape (n,) or (n, T)
        Observed labels: strings, booleans or whole numbers. NaN, None and pandas.NA mean that the cell
        is absent for that task. The columns of a frame name the tasks in messages.
    y_pred : array-like or frame of shape (n,) or (n, T)
        Predicted labels. NaN is an error where ``y_true`` is observed, and ignored elsewhere.
    task : array-like of shape (n,), optional
        Task id of each row, with a 1-D ``y_true``. The tasks are the sorted unique ids.
    sample_weight : array-like of shape (n,) or (n, T), optional
        Finite and non-negative; weight 0 means absent.
    multioutput : {"raw_values", "uniform_average", "entries", "worst"} or array-like of shape (T,)
        "raw_values": one value per task. "uniform_average": their mean. "entries": their mean weighted
        by the total observed weight of each task. "worst": the least value. An array: their
        mean with these weights.
    pos_label : int, float, bool, str or None, default=1
        The positive label of binary tasks; None takes the greater label of each task.
    average : {"binary", "micro", "macro", "weighted"}, default="binary"
        How the classes of one task are averaged; "binary" looks at the positive one only.
    zero_division : {"warn", 0.0, 1.0, nan}, default="warn"
        The value of a task without positives in ``y_true`` and ``y_pred``; "warn" is 0.0 and a warning,
        nan makes the task undefined.

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
        A task has no observed entry, or ``zero_division=nan`` applies.
        The raw value of the task is nan and averages skip it.

    See Also
    --------
    average_precision_score : Over all thresholds, from scores.

    Notes
    -----
    Not for the comparison of tasks with different shares of events: F1 of a coin grows with the share.

    Examples
    --------
    >>> from skmtl.metrics import f1_score
    >>> y_true = [["yes", "dead"], ["no", None], ["yes", "alive"]]
    >>> y_pred = [["yes", "dead"], ["yes", "dead"], ["yes", "dead"]]
    >>> f1_score(y_true, y_pred, pos_label=None, multioutput="raw_values").round(2)
    array([0.8 , 0.67])
    """
    targets, true, pred, multioutput = _read("f1_score", y_true, y_pred, task, sample_weight, multioutput)
    if average not in ("binary", "micro", "macro", "weighted"):
        raise TaskDataError(
            f"average={average!r} is not known: use 'binary', 'micro', 'macro' or 'weighted', "
            "and multioutput for the average over tasks."
        )
    tasks = range(targets.n_tasks)
    positive = [pos_label] * targets.n_tasks
    unknown = [False] * targets.n_tasks
    if average == "binary":
        classes = TaskClasses([np.concatenate(pair) for pair in zip(true, pred, strict=True)], None, targets)
        for t in tasks:
            classes.check_binary(t, "f1_score with average='binary'")
            positive[t] = classes.positive(t, pos_label)
            unknown[t] = positive[t] is None

    def score(t: int) -> float:
        return sk.f1_score(
            true[t],
            pred[t],
            sample_weight=targets.weight_of(t),
            pos_label=positive[t] if average == "binary" else 1,
            average=average,
            zero_division=zero_division,
        )

    def reason(t: int) -> str | None:
        if unknown[t]:
            return f"{ONE_CLASS} and in y_pred, pos_label unknown"
        if not isinstance(zero_division, str) and np.isnan(zero_division) and np.isnan(score(t)):
            return "no positive entry in y_true and y_pred"
        return None

    return evaluate("f1_score", targets, multioutput, True, reason, score)


__all__ = ["accuracy_score", "balanced_accuracy_score", "f1_score"]
