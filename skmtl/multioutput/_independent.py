"""One model per task: the baseline without sharing."""

from __future__ import annotations

from collections.abc import Sequence
from numbers import Integral
from typing import Any

from sklearn.base import clone
from sklearn.utils import indexable
from sklearn.utils.parallel import Parallel, delayed

from skmtl._params import NONE, InstanceOf, check_parameters
from skmtl.multioutput._entries import read_entries
from skmtl.multioutput._fit import fit_rows
from skmtl.multioutput._inner import check_estimator_parameter, estimators_for, target_kinds
from skmtl.multioutput._models import TaskModels


class IndependentTasks(TaskModels):
    """Any scikit-learn estimator, once per task, on the rows which that task has.

    For task t with observed entries i (``Y`` not NaN, weight not 0) a clone of the estimator is fitted on
    exactly those rows, as if the other tasks did not exist:

        model_t  =  clone(estimator).fit(X[i], Y[i, t], sample_weight=s[i, t])

    It is the baseline against which sharing has to show that it helps, and often the better model: with many
    rows per task, or tasks that have little in common. It differs from `sklearn.multioutput.MultiOutputRegressor` in
    that outcomes may be missing, that rows may belong to tasks, and that regressors and classifiers mix.

    Not for tasks with a handful of rows each, where every model is mostly noise (`PooledTasks`, or the models of
    `skmtl.linear_model`), and not where outcomes are to be predicted from each other.

    Parameters
    ----------
    estimator : estimator, or dict from task name to estimator
        With ``fit`` and ``predict``; cloned, never fitted itself. A Pipeline is fitted per task as a whole, so that
        its preprocessing sees only the rows of the task. In a dict regressors and classifiers may mix; it has one
        entry per task, by column name, task id or column number. Parameters inside a dict are set
        with ``set_params(estimator={...})``.
    n_jobs : int or None, default None
        Number of tasks fitted at the same time, as in scikit-learn.

    Attributes
    ----------
    estimators_ : list of T fitted estimators
        In the order of ``task_names_``.
    task_names_ : ndarray of shape (T,)
        Column names of ``y``, task ids, or 0 .. T-1.
    n_tasks_ : int
    classes_ : ndarray, or list of length T
        Only with classifiers. The labels of the single outcome (after a fit on rows: of all tasks), or for several
        outcomes a list with None for regression tasks.
    data_form_ : {"single", "wide", "rows"}
    n_features_in_ : int
        If the wrapped estimator has it.
    feature_names_in_ : ndarray of shape (p,)
        If the wrapped estimator has it.

    See Also
    --------
    PooledTasks : One model for all tasks.

    Notes
    -----
    X reaches the estimator as it came, a frame as a frame, without a check of its content. ``sample_weight`` is handed
    to an estimator whose ``fit`` takes it (in a Pipeline to the last step; with metadata routing enabled as the steps
    request it). For one that does not, weights that are equal within a task are left out, others are an error.

    Examples
    --------
    A numeric and a binary outcome, each with missing entries, from a table with a missing feature:

    >>> import numpy as np
    >>> import pandas as pd
    >>> from sklearn.ensemble import RandomForestClassifier
    >>> from sklearn.impute import SimpleImputer
    >>> from sklearn.linear_model import Ridge
    >>> from sklearn.pipeline import make_pipeline
    >>> from skmtl.multioutput import IndependentTasks
    >>> rng = np.random.default_rng(0)
    >>> X = pd.DataFrame({"age": rng.normal(60, 9, size=90), "bmi": rng.normal(27, 4, size=90)})
    >>> Y = pd.DataFrame({"sbp": 80 + 0.8 * X["age"], "death": np.where(X["age"] > 65, "yes", "no")}, dtype=object)
    >>> Y.iloc[::3, 0], Y.iloc[1::3, 1], X.iloc[5, 1] = np.nan, None, np.nan
    >>> model = IndependentTasks(
    ...     {
    ...         "sbp": make_pipeline(SimpleImputer(), Ridge()),
    ...         "death": RandomForestClassifier(random_state=0),
    ...     }
    ... ).fit(X, Y)
    >>> patient = pd.DataFrame({"age": [75.0], "bmi": [26.0]})
    >>> sbp, death = model.predict(patient)[0]
    >>> round(sbp), death
    (140, 'yes')
    >>> [classes is None for classes in model.classes_]
    [True, False]
    """

    def __init__(self, estimator: Any, *, n_jobs: int | None = None):
        self.estimator = estimator
        self.n_jobs = n_jobs

    def _kinds(self, names: Sequence[object]) -> list[str]:
        return target_kinds(self.estimator, names)

    def fit(self, X: Any, y: Any, sample_weight: Any = None, *, task: Any = None) -> IndependentTasks:
        """Fit a clone of the estimator to each task.

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
            The targets cannot be read, or the estimator refuses the rows of a task (one class only, say); the
            message names the task.
        InvalidParameterError
            ``estimator`` is no estimator, or a dict that does not fit the tasks.
        """
        check_estimator_parameter(self)
        check_parameters(self, {"n_jobs": [NONE, InstanceOf(Integral, "an int")]})
        (X,) = indexable(X)
        entries = read_entries(
            X, y, task=task, sample_weight=sample_weight, kinds=self._kinds, owner=type(self).__name__
        )
        # In a table of one outcome there is nothing to tell apart: the estimator's own error is clear.
        told = [[] if entries.form == "single" else [name] for name in entries.names]
        models = Parallel(n_jobs=self.n_jobs)(
            delayed(fit_rows)(clone(inner), X, entries.rows[t], entries.y[t], entries.weight_of(t), told[t])
            for t, inner in enumerate(estimators_for(self.estimator, entries.names))
        )
        self._remember(X, entries, models, entries.rows)
        return self


__all__ = ["IndependentTasks"]
