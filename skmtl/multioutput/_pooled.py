"""One model for all tasks: the baseline of full sharing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from sklearn.base import clone
from sklearn.utils import indexable

from skmtl._params import BOOLEAN, check_parameters
from skmtl._typing import Array, IntArray
from skmtl.exceptions import TaskDataError
from skmtl.multioutput._entries import TaskEntries, read_entries
from skmtl.multioutput._fit import fit_rows
from skmtl.multioutput._inner import check_estimator_parameter, estimators_for, same_estimator, target_kinds
from skmtl.multioutput._models import TaskModels


class PooledTasks(TaskModels):
    """Any scikit-learn estimator, once, on the observed entries of all tasks.

    Every observed entry (row i, task t) becomes a training row (x_i, y_it) with weight s_it, task after task, and
    one clone of the estimator is fitted on all of them. The model does not know the task, so that it predicts the
    same for all; with ``scale_targets`` it is fitted on (y_it - m_t) / d_t and predicts m_t + d_t f(x), m_t and d_t
    the weighted mean and standard deviation of the task's observed targets (d_t = 1 if they are constant). After a
    fit on rows of tasks it is the plain estimator on all rows, the usual "ignore the hospital" model.

    Sensible for one outcome in many places with few rows each, and for repeated measures of the same thing. For
    different outcomes only with ``scale_targets``, and only if features act on all of them in the same direction:
    raise one outcome and lower another, and the pooled model says nothing of either. Nonsense for outcomes of
    different units without ``scale_targets``, and for yes/no outcomes of different meaning and frequency. It is
    the other baseline against which a multi-task model has to show that tasks differ.

    Parameters
    ----------
    estimator : estimator, or dict from task name to estimator
        With ``fit`` and ``predict``; cloned, never fitted itself. In a dict, for tables with regression and
        classification tasks, tasks with equal estimators (same class, same parameters) are pooled, others apart.
    scale_targets : bool, default False
        Standardise each numeric task's observed targets before pooling, and predict in each task's units. Labels
        are left alone.

    Attributes
    ----------
    estimators_ : list of T fitted estimators
        The model of each task, in the order of ``task_names_``; pooled tasks have the very same object.
    target_mean_ : ndarray of shape (T,)
        m_t; 0 where nothing was scaled.
    target_scale_ : ndarray of shape (T,)
        d_t; 1 where nothing was scaled.
    task_names_ : ndarray of shape (T,)
        Column names of ``y``, task ids, or 0 .. T-1.
    n_tasks_ : int
    classes_ : ndarray, or list of length T
        Only with classifiers. The labels of the single outcome, or for several outcomes a list with None for
        regression tasks.
    data_form_ : {"single", "wide", "rows"}
    n_features_in_ : int
        If the wrapped estimator has it.
    feature_names_in_ : ndarray of shape (p,)
        If the wrapped estimator has it.

    See Also
    --------
    IndependentTasks : One model per task.

    Notes
    -----
    A row of X is repeated for each of its observed outcomes, which takes up to T times the memory of X.
    ``sample_weight`` is treated as in `IndependentTasks`. A task id that was not seen in ``fit`` is an error in
    ``predict``, here too.

    Examples
    --------
    The same outcome in three small places. One slope is learnt from all rows; the different levels of the
    places are kept by ``scale_targets`` only:

    >>> import numpy as np
    >>> from sklearn.linear_model import LinearRegression
    >>> from skmtl.multioutput import PooledTasks
    >>> x = np.tile([0.0, 1.0, 2.0], 3)[:, None]
    >>> place = np.repeat(["a", "b", "c"], 3)
    >>> y = x[:, 0] + np.repeat([0.0, 10.0, 50.0], 3)
    >>> PooledTasks(LinearRegression()).fit(x, y, task=place).predict([[2.0]]).round(1)
    array([[22., 22., 22.]])
    >>> PooledTasks(LinearRegression(), scale_targets=True).fit(x, y, task=place).predict([[2.0]]).round(1)
    array([[ 2., 12., 52.]])
    """

    def __init__(self, estimator: Any, *, scale_targets: bool = False):
        self.estimator = estimator
        self.scale_targets = scale_targets

    def _kinds(self, names: Sequence[object]) -> list[str]:
        return target_kinds(self.estimator, names)

    def fit(self, X: Any, y: Any, sample_weight: Any = None, *, task: Any = None) -> PooledTasks:
        """Fit a clone of the estimator to the entries of all tasks.

        Parameters
        ----------
        X : array-like, sparse matrix or frame of n rows
            Whatever the wrapped estimator is fitted on.
        y : array-like or frame of shape (n,) or (n, T)
            Outcomes, one column each; NaN or None where unobserved.
        sample_weight : array-like of shape (n,) or (n, T), optional
            Weight of each row, or of each entry; 0 is the same as unobserved.
        task : array-like of shape (n,), optional
            Task id of each row, with a 1-D ``y``: one outcome in several places.

        Returns
        -------
        self

        Raises
        ------
        TaskDataError
            The targets cannot be read, or classification tasks that would be pooled have different labels.
        InvalidParameterError
            ``estimator`` is no estimator, or a dict that does not fit the tasks.
        """
        check_estimator_parameter(self)
        check_parameters(self, {"scale_targets": [BOOLEAN]})
        (X,) = indexable(X)
        entries = read_entries(
            X, y, task=task, sample_weight=sample_weight, kinds=self._kinds, owner=type(self).__name__
        )
        inners = estimators_for(self.estimator, entries.names)
        labelled = [kind == "label" for kind in self._kinds(entries.names)]
        moments = [
            _moments(entries.y[t], entries.weight_of(t)) if self.scale_targets and not labelled[t] else (0.0, 1.0)
            for t in range(entries.n_tasks)
        ]
        mean, scale = np.array(moments).T
        models: list[Any] = [None] * entries.n_tasks
        rows = list(entries.rows)
        for tasks in _pools(inners):
            if labelled[tasks[0]]:
                _check_same_labels(entries, tasks)
            pooled, y_pooled, weight = _pool(entries, tasks, mean, scale)
            told = [] if len(tasks) == entries.n_tasks else [entries.names[t] for t in tasks]
            model = fit_rows(clone(inners[tasks[0]]), X, pooled, y_pooled, weight, told)
            for t in tasks:
                models[t], rows[t] = model, pooled
        self.target_mean_, self.target_scale_ = mean, scale
        self._remember(X, entries, models, rows)
        return self

    def _answer(self, method: str, t: int, said: np.ndarray) -> np.ndarray:
        answer = super()._answer(method, t, said)
        if method != "predict" or (self.target_mean_[t] == 0 and self.target_scale_[t] == 1):
            return answer
        return self.target_mean_[t] + self.target_scale_[t] * answer


def _moments(y: np.ndarray, weight: Array | None) -> tuple[float, float]:
    """Weighted mean and standard deviation; a constant target keeps its unit."""
    mean = float(np.average(y, weights=weight))
    deviation = float(np.sqrt(np.average((y - mean) ** 2, weights=weight)))
    # Below rounding level the spread of a constant target is noise.
    return mean, deviation if deviation > 1e-12 * abs(mean) else 1.0


def _pools(inners: Sequence[Any]) -> list[list[int]]:
    """Tasks with equal estimators together, in the order of the tasks."""
    pools: list[list[int]] = []
    for t, inner in enumerate(inners):
        for pool in pools:
            if same_estimator(inners[pool[0]], inner):
                pool.append(t)
                break
        else:
            pools.append([t])
    return pools


def _pool(entries: TaskEntries, tasks: list[int], mean: Array, scale: Array) -> tuple[IntArray, np.ndarray, Any]:
    """Rows, targets and weights of some tasks, one after the other."""
    rows = np.concatenate([entries.rows[t] for t in tasks])
    y = [entries.y[t] for t in tasks]
    y = [v if mean[t] == 0 and scale[t] == 1 else (v - mean[t]) / scale[t] for t, v in zip(tasks, y, strict=True)]
    # Rows of tasks stay in the order of the table, so that this is the plain estimator on it.
    order = np.argsort(rows, kind="stable") if entries.form == "rows" else np.arange(len(rows))
    weight = None if entries.weight is None else np.concatenate([entries.weight[t] for t in tasks])[order]
    return rows[order], np.concatenate(y)[order], weight


def _check_same_labels(entries: TaskEntries, tasks: list[int]) -> None:
    """Labels of one outcome may differ between places; those of several outcomes have to mean the same."""
    if entries.form == "rows":
        return
    first = np.unique(entries.y[tasks[0]]).tolist()
    for t in tasks[1:]:
        labels = np.unique(entries.y[t]).tolist()
        if labels != first:
            raise TaskDataError(
                f"Tasks {entries.names[tasks[0]]!r} and {entries.names[t]!r} have different labels, {first} and "
                f"{labels}, and cannot be pooled: give estimator as a dict with different estimators for them, or "
                "leave one out."
            )


__all__ = ["PooledTasks"]
