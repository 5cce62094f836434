"""Gain over something else, per task: over the mean or a reference model, and over the scores of a baseline."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from skmtl.exceptions import TaskDataError
from skmtl.metrics._align import read_predictions, read_targets
from skmtl.metrics._evaluate import check_multioutput, evaluate
from skmtl.metrics._table import as_numbers, missing_cells


def skill_score(
    y_true: Any,
    y_pred: Any,
    reference: Any,
    *,
    task: Any = None,
    sample_weight: Any = None,
    multioutput: Any = "uniform_average",
    relative: bool = True,
) -> float | np.ndarray:
    r"""Gain per task over a reference prediction, the mean of the training data for instance.

    For task t with observed entries i, weights s and the reference prediction r,

    .. math::

        \mathrm{SS}_t = 1 - \frac{\sum_i s_{it} (y_{it} - \hat y_{it})^2}{\sum_i s_{it} (y_{it} - r_{it})^2}

    and, with ``relative=False``, the gain in mean squared error itself,
    :math:`\mathrm{MSE}_t(r) - \mathrm{MSE}_t(\hat y)`. Positive is better than the reference. With the training mean as
    reference it is the out-of-sample R2 (Campbell and Thompson 2008), which does not know the mean of the entries
    scored, as `r2_score` does; with probabilities and the share of events it is the Brier skill score.

    Parameters
    ----------
    y_true : array-like or frame of shape (n,) or (n, T)
        Observed values. NaN, None and pandas.NA mean that the cell is absent for that task. The
        columns of a frame name the tasks in messages.
    y_pred : array-like or frame of shape (n,) or (n, T)
        Predicted values. NaN is an error where ``y_true`` is observed, and ignored elsewhere.
    reference : dict or Series from task name to number, array-like of shape (T,), or table of the shape of ``y_true``
        The prediction to be beaten: a number per task, such as its training mean, or predictions of another model. An
        array with a value per row is taken as predictions; give a dict where T equals n. A Series is matched by name
        where the tasks have names.
    task : array-like of shape (n,), optional
        Task id of each row, with 1-D ``y_true`` and ``y_pred``. The tasks are the sorted unique ids.
    sample_weight : array-like of shape (n,) or (n, T), optional
        Finite and non-negative; weight 0 means absent.
    multioutput : {"raw_values", "uniform_average", "entries", "worst"} or array-like of shape (T,)
        "raw_values": one value per task. "uniform_average": their mean. "entries": their mean weighted
        by the total observed weight of each task. "worst": the least value. An array: their
        mean with these weights.
    relative : bool, default=True
        Whether the gain is a share of the reference's error, or in squared units of the outcome.

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
        A task has no observed entry or, with ``relative``, a reference without error.
        The raw value of the task is nan and averages skip it.

    See Also
    --------
    relative_improvement : The gain in any score.
    r2_score : The reference is the mean of the entries scored.

    Notes
    -----
    Not with ``relative=False`` for averages over outcomes with different units.

    References
    ----------
    A. H. Murphy (1988). Skill scores based on the mean square error and their relationships to the correlation
    coefficient. Monthly Weather Review 116, 2417-2424.

    J. Y. Campbell and S. B. Thompson (2008). Predicting excess stock returns out of sample: can anything beat the
    historical average? Review of Financial Studies 21(4), 1509-1531.

    Examples
    --------
    The patients scored are older than those of the training data, whose mean is the reference:

    >>> from skmtl.metrics import r2_score, skill_score
    >>> y_true, y_pred = [150.0, 160.0, 155.0], [152.0, 155.0, 153.0]
    >>> round(skill_score(y_true, y_pred, {0: 140.0}), 2), round(r2_score(y_true, y_pred), 2)
    (0.95, 0.34)
    """
    name = "skill_score"
    targets = read_targets(y_true, task, sample_weight)
    multioutput = check_multioutput(multioutput, targets)
    tasks = range(targets.n_tasks)
    true = [as_numbers(targets.y_true[t], targets.where("y_true", t), name).astype(float) for t in tasks]
    pred = [as_numbers(p, targets.where("y_pred", t), name) for t, p in enumerate(read_predictions(y_pred, targets))]
    if not isinstance(reference, Mapping) and np.ndim(reference) == 0:
        raise TaskDataError(
            f"reference={reference!r} is no table and no number per task: give a dict from task name to number, a list "
            "of one number per task, or a prediction for each cell of y_true."
        )
    if isinstance(reference, Mapping) or np.shape(reference) == (targets.n_tasks,) != (targets.n_rows,):
        named = targets.by_rows or targets.table.names is not None
        level = _per_task(reference, targets.names, named)
        against: list[Any] = [np.full(len(true[t]), level[t]) for t in tasks]
    else:
        table = read_predictions(reference, targets, "reference")
        against = [as_numbers(r, targets.where("reference", t), name) for t, r in enumerate(table)]

    def error(t: int, prediction: np.ndarray) -> float:
        return float(np.average((true[t] - prediction) ** 2, weights=targets.weight_of(t)))

    def score(t: int) -> float:
        left, beaten = error(t, pred[t]), error(t, against[t])
        return 1 - left / beaten if relative else beaten - left

    def reason(t: int) -> str | None:
        return "the reference has no error" if relative and error(t, against[t]) == 0 else None

    return evaluate(name, targets, multioutput, True, reason, score)


def relative_improvement(
    scores: Any,
    baseline: Any,
    *,
    greater_is_better: bool | Any = True,
    multioutput: str = "uniform_average",
) -> float | np.ndarray:
    r"""Relative improvement over a baseline: the mean over tasks of the signed relative change of their scores.

    For tasks t with M scores m each, :math:`\sigma_{m}` = 1 where greater is better and -1 otherwise,

    .. math::

        \Delta = \frac1T \sum_t \frac1{M} \sum_m \sigma_{m} \frac{S_{tm} - B_{tm}}{|B_{tm}|}

    Positive is better than the baseline. The multi-task literature prints it in percent (Maninis, Radosavovic and
    Kokkinos 2019), with the single-task models as the baseline.

    Parameters
    ----------
    scores : dict from task name to number, Series, or array-like or frame of shape (T,) or (T, M)
        Scores per task, such as ``multioutput="raw_values"`` of a metric gives; M scores of each task as columns.
    baseline : same as ``scores``
        Scores of the baseline. Dicts, Series and the index and columns of frames are matched by name.
    greater_is_better : bool, or array-like of M bools, default=True
        Of all scores, or of each column.
    multioutput : {"raw_values", "uniform_average", "worst"}, default="uniform_average"
        One value per task, their mean, or the least one.

    Returns
    -------
    float, or ndarray of shape (T,) for "raw_values"
        A task with a score that is nan, or a baseline of 0, is nan and left out of the average.

    Raises
    ------
    TaskDataError
        The two do not have the same tasks or scores, only one of them has names, a name is there twice, or a value is
        not a number.

    Notes
    -----
    Not for scores that are near 0 or pass through it, as R2 does: the change is divided by the baseline's. And not as
    evidence: it has no interval, and one task with a small baseline can be all of it. See
    `skmtl.model_selection.compare`.

    References
    ----------
    K.-K. Maninis, I. Radosavovic and I. Kokkinos (2019). Attentive single-tasking of multiple tasks. CVPR.

    Examples
    --------
    An error that fell from 4 to 3 and one that rose from 10 to 11:

    >>> from skmtl.metrics import relative_improvement
    >>> errors, independent = {"sbp": 3.0, "hba1c": 11.0}, {"sbp": 4.0, "hba1c": 10.0}
    >>> round(relative_improvement(errors, independent, greater_is_better=False), 3)
    0.075
    """
    if multioutput not in ("raw_values", "uniform_average", "worst"):
        raise TaskDataError(
            f"multioutput={multioutput!r} is not known: use 'raw_values', 'uniform_average' or 'worst'."
        )
    new, old = _matched(scores, baseline)
    if new.shape != old.shape or new.ndim not in (1, 2) or not new.size:
        raise TaskDataError(
            f"scores has the shape {new.shape} and baseline {old.shape}: give both the shape (T,), or (T, M) for M "
            "scores of each task."
        )
    better = np.asarray(greater_is_better)
    if better.dtype.kind != "b":
        raise TaskDataError(f"greater_is_better={greater_is_better!r} is not a bool, or one for each column of scores.")
    sign = np.where(better, 1.0, -1.0)
    if sign.ndim and sign.shape != new.shape[1:]:
        raise TaskDataError(
            f"greater_is_better has the shape {sign.shape} but scores has the shape {new.shape}: give one bool, or one "
            "for each column of scores."
        )
    change = sign * (new - old) / np.where(old == 0, np.nan, np.abs(old))
    change = change.reshape(len(change), -1).mean(axis=1)
    if multioutput == "raw_values":
        return change
    kept = change[~np.isnan(change)]
    if not kept.size:
        return float("nan")
    return float(kept.min() if multioutput == "worst" else kept.mean())


def _matched(scores: Any, baseline: Any) -> tuple[np.ndarray, np.ndarray]:
    """Both as arrays with the tasks, and the columns of frames, in the order of ``scores``."""
    values = []
    keys: list[tuple[list[object] | None, list[object] | None]] = []
    for given, argument in ((scores, "scores"), (baseline, "baseline")):
        names, columns = _names(given, argument), list(given.columns) if hasattr(given, "columns") else None
        if columns is not None:
            _refuse_repeats(columns, argument)
        keys.append((names, columns))
        values.append(_numbers(list(given.values()) if isinstance(given, Mapping) else given, argument, names))
    (tasks, columns), (other_tasks, other_columns) = keys
    if (tasks is None) != (other_tasks is None):
        has, lacks = ("scores", "baseline") if other_tasks is None else ("baseline", "scores")
        raise TaskDataError(f"{has} has task names and {lacks} has none: give both with names, or both as arrays.")
    if tasks is not None and other_tasks is not None:
        values[1] = values[1][_places(tasks, other_tasks, "tasks")]
    if columns is not None and other_columns is not None:
        values[1] = values[1][:, _places(columns, other_columns, "columns")]
    return values[0], values[1]


def _names(values: Any, argument: str) -> list[object] | None:
    """Task names of a dict, a Series or a frame; None for what has none."""
    if isinstance(values, Mapping):
        return list(values)
    if not hasattr(values, "keys") or not hasattr(values, "index"):
        return None
    names = list(values.index)
    _refuse_repeats(names, argument)
    return names


def _refuse_repeats(names: list[object], argument: str) -> None:
    if len(set(names)) < len(names):
        double = next(name for name in names if names.count(name) > 1)
        raise TaskDataError(f"{argument} has {double!r} twice: give every task and every column a name of its own.")


def _places(names: list[object], others: list[object], what: str) -> list[int]:
    """Where the names are among the others, which have to be the same."""
    odd = [name for name in names if name not in others] + [name for name in others if name not in names]
    if odd:
        raise TaskDataError(f"scores and baseline do not have the same {what}: {odd[0]!r} is in one of them only.")
    return [others.index(name) for name in names]


def _numbers(values: Any, argument: str, names: Any) -> np.ndarray:
    """Floats, NaN where missing."""
    try:
        cells = np.array(values, dtype=object)
        cells[missing_cells(cells)] = np.nan
        return cells.astype(float)
    except (TypeError, ValueError):
        raise TaskDataError(f"{argument} does not hold numbers: give a number for every task{_said(names)}.") from None


def _said(names: Any) -> str:
    return f" ({', '.join(map(repr, list(names)[:3]))}{', ...' if len(names) > 3 else ''})" if names else ""


def _per_task(reference: Any, names: tuple[object, ...], named: bool) -> np.ndarray:
    """One number per task, by name where there are names, or in order."""
    given = _names(reference, "reference")
    values: Any = list(reference.values()) if isinstance(reference, Mapping) else reference
    level = _numbers(values, "reference", given)
    # A Series that was not given an index has one of positions, and without names of tasks there is nothing to match.
    by_name = isinstance(reference, Mapping) or (
        given is not None and (set(given) == set(names) or (named and given != list(range(len(given)))))
    )
    if given is not None and by_name:
        absent = [name for name in names if name not in given]
        if absent:
            raise TaskDataError(f"reference has no entry for task {absent[0]!r}: give a number for every task.")
        level = level[[given.index(name) for name in names]]
    if not np.isfinite(level).all():
        bad = names[int(np.argmin(np.isfinite(level)))]
        raise TaskDataError(f"reference of task {bad!r} is not finite: give a number.")
    return level


__all__ = ["relative_improvement", "skill_score"]
