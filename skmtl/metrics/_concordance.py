"""Harrell's concordance: how often the order of two predictions is the order of the outcomes."""

from __future__ import annotations

from typing import Any

import numpy as np

from skmtl._typing import Array
from skmtl.metrics._errors import _constant
from skmtl.metrics._regression_body import regression_metric


def concordance_index(
    y_true: Any,
    y_pred: Any,
    *,
    task: Any = None,
    sample_weight: Any = None,
    multioutput: Any = "uniform_average",
) -> float | np.ndarray:
    r"""Concordance per task: the share of pairs whose predictions are in the order of their outcomes.

    For task t, over the pairs of observed entries with :math:`y_{it} > y_{jt}`, with weights s,

    .. math::

        C_t = \frac{\sum_{ij} s_{it} s_{jt} \,
        (1[\hat y_{it} > \hat y_{jt}] + \tfrac12 1[\hat y_{it} = \hat y_{jt}])}{\sum_{ij} s_{it} s_{jt}}

    0.5 is a guess, 1 the right order. For numbers and ordered grades; of an outcome with the values 0 and 1 it is the
    area under the ROC curve. The cost is one stable sort per bit of the ranks, not a loop over pairs.

    Parameters
    ----------
    y_true : array-like or frame of shape (n,) or (n, T)
        Observed values. NaN, None and pandas.NA mean that the cell is absent for that task. The
        columns of a frame name the tasks in messages.
    y_pred : array-like or frame of shape (n,) or (n, T)
        Predicted values, any monotone scale; for 0 and 1 the probability of 1. NaN is an error where ``y_true`` is
        observed, and ignored elsewhere.
    task : array-like of shape (n,), optional
        Task id of each row, with 1-D ``y_true`` and ``y_pred``. The tasks are the sorted unique ids.
    sample_weight : array-like of shape (n,) or (n, T), optional
        Finite and non-negative; weight 0 means absent.
    multioutput : {"raw_values", "uniform_average", "entries", "worst"} or array-like of shape (T,)
        "raw_values": one value per task. "uniform_average": their mean. "entries": their mean weighted
        by the total observed weight of each task. "worst": the least value. An array: their
        mean with these weights.

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
        A task has no observed entry, or its observed target is constant, so that there is no pair.
        The raw value of the task is nan and averages skip it.

    See Also
    --------
    roc_auc_score : The same for two classes, and takes strings and ``predict_proba``.

    Notes
    -----
    Not for censored times, whose pairs are not all comparable, and not for the size of errors: any increasing
    transformation of the predictions has the same value.

    References
    ----------
    F. E. Harrell, R. M. Califf, D. B. Pryor, K. L. Lee and R. A. Rosati (1982). Evaluating the yield of medical tests.
    JAMA 247(18), 2543-2546.

    Examples
    --------
    Length of stay, and a grade that was not given to everyone:

    >>> import numpy as np
    >>> from skmtl.metrics import concordance_index
    >>> y_true = np.array([[2.0, 1], [9.0, 3], [4.0, np.nan], [30.0, 2]])
    >>> y_pred = np.array([[3.0, 1.2], [8.0, 1.9], [9.0, 2.0], [11.0, 2.2]])
    >>> concordance_index(y_true, y_pred, multioutput="raw_values").round(2)
    array([0.83, 0.67])
    """
    return regression_metric(
        "concordance_index",
        _concordance,
        y_true,
        y_pred,
        task=task,
        sample_weight=sample_weight,
        multioutput=multioutput,
        greater_is_better=True,
        undefined=_constant,
        takes_tables=False,
    )


def _concordance(y_true: np.ndarray, y_pred: np.ndarray, sample_weight: Array | None) -> float:
    """Count pairs by the highest bit in which the ranks of their outcomes differ.

    At each bit the entries are sorted by the higher bits (the block), then by the prediction. The concordant partners
    of an entry with the bit set are then the entries of its block before it with the bit not set.
    """
    rank = np.unique(y_true, return_inverse=True)[1]
    place = np.unique(y_pred, return_inverse=True)[1]
    weight = np.ones(len(rank)) if sample_weight is None else sample_weight.astype(float)
    order = np.argsort(place, kind="stable")
    rank, place, weight = rank[order], place[order], weight[order]
    concordant = pairs = 0.0
    for bit in reversed(range(int(rank.max()).bit_length())):
        upper = (rank >> bit) & 1 == 1
        before = np.concatenate([[0.0], np.cumsum(np.where(upper, 0.0, weight))])
        new_block = _changes(rank >> (bit + 1))
        first, last = _ends(new_block)
        tie_first, tie_last = _ends(new_block | _changes(place))
        below = (before[tie_first] + before[tie_last]) / 2 - before[first]
        concordant += float(weight[upper] @ below[upper])
        pairs += float(weight[upper] @ (before[last] - before[first])[upper])
        # A stable partition of every block by this bit makes the blocks of the next one, each still in order.
        order = np.argsort(rank >> bit, kind="stable")
        rank, place, weight = rank[order], place[order], weight[order]
    return concordant / pairs


def _changes(values: np.ndarray) -> np.ndarray:
    """True where a value differs from the one before, and in the first place."""
    return np.concatenate([[True], values[1:] != values[:-1]])


def _ends(new: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """First index of each entry's run, and the one after its last."""
    starts = np.flatnonzero(new)
    run = np.cumsum(new) - 1
    return starts[run], np.append(starts[1:], len(new))[run]


__all__ = ["concordance_index"]
