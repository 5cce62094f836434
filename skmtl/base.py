"""What every multi-task estimator does with data and predictions, and nothing about optimisation."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from numbers import Number
from typing import Any

import numpy as np
from scipy.special import expit
from sklearn.base import ClassifierMixin, RegressorMixin
from sklearn.utils import Tags
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_is_fitted, validate_data

from skmtl._notebook import NotebookMixin
from skmtl._typing import Array, IntArray
from skmtl.data import TaskData, as_task_data, check_task_ids
from skmtl.data._design import transposed_predictions
from skmtl.exceptions import InvalidParameterError, TaskDataError
from skmtl.metrics import accuracy_score, r2_score


class MultiTaskMixin(NotebookMixin):
    """Task data in, per-task predictions out.

    Fitted attributes it sets: ``task_names_`` (T,), ``n_tasks_``, ``data_form_`` ("single", "wide" or
    "rows") and, through scikit-learn, ``n_features_in_`` and ``feature_names_in_``.
    """

    task_names_: np.ndarray
    n_tasks_: int
    data_form_: str
    _n_observed: IntArray  # of each task, for the notebook

    def __sklearn_tags__(self) -> Tags:
        """Tags: NaN in the target is a missing outcome; several outcomes at once; sparse X."""
        tags = super().__sklearn_tags__()  # type: ignore[misc]
        tags.target_tags.required = True
        tags.target_tags.multi_output = True
        tags.input_tags.sparse = True
        return tags

    def _read(self, X: Any, y: Any, **given: Any) -> TaskData:
        """Read the training table, as `skmtl.data.as_task_data`, and remember its tasks."""
        data = as_task_data(X, y, estimator=self, **given)
        self.task_names_ = task_names_array(data.layout.names)
        self.n_tasks_ = data.n_tasks
        self.data_form_ = data.form
        self._n_observed = data.layout.counts
        self.__dict__.pop("adapted_tasks_", None)
        return data

    def linear_predictor(self, X: Any, *, task: Any = None) -> np.ndarray:
        """X coef_' + intercept_: the mean of a numeric outcome, the log-odds of a binary one.

        Parameters
        ----------
        X : array-like, sparse matrix or frame of shape (n, p)
        task : array-like of shape (n,), optional
            Task of each row; the value is then that task's.

        Returns
        -------
        ndarray of shape (n, T), or (n,) with ``task`` or after a fit on a 1-D ``y`` without tasks
        """
        return self._per_task(self._linear_predictor(X), task)

    def _predictor_of(self, X: Any, task: Any, on_unknown: str) -> np.ndarray:
        """Linear predictors in the caller's shape; rows of unknown tasks get the shared prior's where asked for."""
        check_on_unknown(on_unknown)
        table = self._linear_predictor(X)
        if on_unknown == "error" or task is None:
            return self._per_task(table, task)
        codes = task_codes(task, self.task_names_, len(table), unknown=self.n_tasks_)
        if (codes < self.n_tasks_).all():
            return table[np.arange(len(table)), codes]
        coef, intercept = self._prior_point()
        X = validate_data(self, X, accept_sparse=("csr", "csc"), dtype=[np.float64, np.float32], reset=False)
        prior = (np.asarray(X @ coef) + intercept).astype(table.dtype)
        return np.column_stack([table, prior])[np.arange(len(table)), codes]

    def _prior_point(self) -> tuple[Array, float]:
        """Coefficients and intercept for a task of which nothing is known; most models have none."""
        raise TaskDataError(
            f"{type(self).__name__} has no shared part to answer for an unknown task from: use on_unknown='error', or "
            "a model with a common part, such as MeanRegularizedRidge."
        )

    def _linear_predictor(self, X: Any) -> Array:
        """X coef_' + intercept_, shape (n, T): computed in float64, in the precision of X."""
        check_is_fitted(self)
        X = validate_data(self, X, accept_sparse=("csr", "csc"), dtype=[np.float64, np.float32], reset=False)
        coef, intercept = self.coef_, self.intercept_  # type: ignore[attr-defined]
        added = len(getattr(self, "adapted_tasks_", ()))
        if added == 0:
            return self._products(X, coef, intercept)
        # Tasks one by one after those of the fit: a product with more columns may round those before differently.
        stops = [0, *range(len(coef) - added, len(coef) + 1)]
        parts = [slice(start, stop) for start, stop in pairwise(stops)]
        return np.hstack([self._products(X, coef[part], intercept[part]) for part in parts])

    @staticmethod
    def _products(X: Any, coef: Array, intercept: Array) -> Array:
        if X.dtype == np.float64:
            return np.asarray(X @ coef.T) + intercept
        return (transposed_predictions(X, coef.T) + np.reshape(intercept, (-1, 1))).T.astype(X.dtype, order="C")

    def _per_task(self, table: np.ndarray, task: Any) -> np.ndarray:
        """Shape an (n, T) table for the caller: rows of ``task``, or 1-D after a fit on 1-D y."""
        if task is not None:
            return table[np.arange(len(table)), task_codes(task, self.task_names_, len(table))]
        return table[:, 0] if self.data_form_ == "single" else table

    def _score_target(self, y: Any, task: Any) -> None:
        """After a fit on rows a score needs the task of each row; a frame of outcomes must be in order."""
        given = list(getattr(y, "columns", ()))
        known = self.task_names_.tolist()
        # A fit on plain arrays numbers its outcomes, and has no names to compare.
        if self.data_form_ == "wide" and given and known != list(range(len(known))) and given != known:
            raise TaskDataError(
                f"y has the outcomes {given} but this {type(self).__name__} was fitted on {known}: give the same "
                "columns in the same order."
            )
        if self.data_form_ == "rows" and task is None:
            raise TaskDataError(
                f"This {type(self).__name__} was fitted on rows of tasks, so score needs task, the task id of each "
                "row: pass score(X, y, task=...). Inside a Pipeline, GridSearchCV or cross_validate, call "
                "sklearn.set_config(enable_metadata_routing=True) and request it with "
                "set_fit_request(task=True).set_predict_request(task=True).set_score_request(task=True), or wrap the "
                "estimator in TaskColumn."
            )


def check_on_unknown(given: object) -> None:
    """Check the argument that says what to do with rows of a task that was not in the fit."""
    if not (isinstance(given, str) and given in ("error", "prior")):
        raise InvalidParameterError(f"on_unknown={given!r} is not known: use 'error' or 'prior'.")


def task_names_array(names: tuple[object, ...]) -> np.ndarray:
    """Task names as a 1-D array; names of several types stay objects."""
    kinds = {type(name) for name in names}
    if len(kinds) == 1 and kinds <= {str, int, float, bool}:
        return np.array(names)
    array = np.empty(len(names), dtype=object)
    array[:] = names
    return array


def task_codes(task: Any, names: np.ndarray, n_rows: int, unknown: int | None = None) -> np.ndarray:
    """Column of each row's task; an unknown id is an error that names it, or has the code ``unknown``."""
    ids = check_task_ids(task, n_rows)
    known = {name: code for code, name in enumerate(names.tolist())}
    strangers = [name for name in dict.fromkeys(ids.tolist()) if name not in known]
    if unknown is not None:
        check_id_types(strangers, names.tolist())
        return np.array([known.get(name, unknown) for name in ids.tolist()], dtype=np.intp)
    if strangers:
        raise TaskDataError(
            f"task {strangers[0]!r} was not seen in fit (known: {_shown(names.tolist())}): predict for known tasks "
            "only, or call predict without task for the predictions of every task."
        )
    return np.array([known[name] for name in ids.tolist()], dtype=np.intp)


def check_id_types(new: Sequence[Any], known: Sequence[Any]) -> None:
    """Refuse new task ids of another type than the known ones: the text "1" is no new task beside the number 1.

    Numbers of any type are alike; True and False are no numbers here.
    """
    for name in new:
        if not any(_alike(name, other) for other in known):
            raise TaskDataError(
                f"task holds {name!r} ({type(name).__name__}), but the tasks of the fit are {_shown(known)} "
                f"({type(known[0]).__name__}): give ids of the same type as in fit."
            )


def _alike(one: Any, other: Any) -> bool:
    if isinstance(one, bool | np.bool_) or isinstance(other, bool | np.bool_):
        return isinstance(one, bool | np.bool_) and isinstance(other, bool | np.bool_)
    if isinstance(one, Number):
        return isinstance(other, Number)
    return isinstance(one, type(other)) or isinstance(other, type(one))


def _shown(names: Sequence[Any]) -> str:
    return ", ".join(repr(name) for name in names[:5]) + (", ..." if len(names) > 5 else "")


class MultiTaskRegressorMixin(MultiTaskMixin, RegressorMixin):
    """Linear prediction and R2 for estimators with ``coef_`` and ``intercept_``."""

    def predict(self, X: Any, *, task: Any = None, on_unknown: str = "error") -> np.ndarray:
        """Predict the outcomes.

        Parameters
        ----------
        X : array-like, sparse matrix or frame of shape (n, p)
        task : array-like of shape (n,), optional
            Task of each row; the prediction is then that task's.
        on_unknown : {"error", "prior"}, default "error"
            For rows of a task that was not in the fit: refuse, or answer from the prior that the known tasks share
            (their common model, see `adapt`). Only where the model has a shared part.

        Returns
        -------
        ndarray of shape (n, T), or (n,) with ``task`` or after a fit on a 1-D ``y`` without tasks

        Raises
        ------
        TaskDataError
            ``task`` holds an id not seen in ``fit``, unless ``on_unknown="prior"``; or one of another type.
        """
        return self._predictor_of(X, task, on_unknown)

    def score(self, X: Any, y: Any, sample_weight: Any = None, *, task: Any = None) -> float:
        """Coefficient of determination on the observed targets.

        The mean over outcomes of each outcome's R2; after a fit on rows of tasks, the R2 over all rows.

        Parameters
        ----------
        X : array-like, sparse matrix or frame of shape (n, p)
        y : array-like or frame of shape (n,) or (n, T)
            NaN where unobserved.
        sample_weight : array-like of shape (n,) or (n, T), optional
        task : array-like of shape (n,), optional
            Required after a fit on rows of tasks.

        Returns
        -------
        float
        """
        check_is_fitted(self)
        self._score_target(y, task)
        return float(r2_score(y, self.predict(X, task=task), sample_weight=sample_weight))


def _one_outcome(estimator: Any) -> bool:
    if getattr(estimator, "data_form_", None) == "wide" and estimator.n_tasks_ > 1:
        raise AttributeError(
            f"This {type(estimator).__name__} was fitted on several outcomes, which have no common decision_function: "
            "use linear_predictor(X) for the log-odds of each, or predict_proba(X)."
        )
    return True


class MultiTaskClassifierMixin(MultiTaskMixin, ClassifierMixin):
    """Binary labels, probabilities and accuracy for estimators with ``coef_`` and ``intercept_``.

    ``classes_`` is one array of two labels, or a list of T of them after a fit on several outcomes.
    """

    classes_: Any

    def __sklearn_tags__(self) -> Tags:
        """Tags: each outcome has two classes."""
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_class = False
        return tags

    def _remember_classes(self, data: TaskData) -> None:
        classes = [encoder.classes for encoder in data.encoders]
        self.classes_ = classes if data.form == "wide" and data.n_tasks > 1 else classes[0]

    def _classes_of(self, task: int) -> np.ndarray:
        return self.classes_[task] if isinstance(self.classes_, list) else self.classes_

    @available_if(_one_outcome)
    def decision_function(self, X: Any, *, task: Any = None, on_unknown: str = "error") -> np.ndarray:
        """Log-odds of the second class of a single outcome.

        Absent after a fit on several outcomes, as on every scikit-learn classifier whose ``predict_proba`` gives a
        list: use ``linear_predictor`` there.

        Parameters
        ----------
        X : array-like, sparse matrix or frame of shape (n, p)
        task : array-like of shape (n,), optional
        on_unknown : {"error", "prior"}, default "error"
            As in `predict`.

        Returns
        -------
        ndarray of shape (n, T), or (n,) with ``task`` or after a fit on a 1-D ``y`` without tasks
        """
        return self._predictor_of(X, task, on_unknown)

    def predict_proba(self, X: Any, *, task: Any = None, on_unknown: str = "error") -> Any:
        """Probabilities of the two classes.

        Parameters
        ----------
        X : array-like, sparse matrix or frame of shape (n, p)
        task : array-like of shape (n,), optional
        on_unknown : {"error", "prior"}, default "error"
            As in `predict`.

        Returns
        -------
        list of T ndarrays of shape (n, 2), or one such array with ``task`` or with a single outcome
        """
        eta = self._predictor_of(X, task, on_unknown)
        if task is not None or self.n_tasks_ == 1:
            return both_classes(eta.ravel())
        return [both_classes(eta[:, t]) for t in range(self.n_tasks_)]

    def predict(self, X: Any, *, task: Any = None, on_unknown: str = "error") -> np.ndarray:
        """Predict the more probable class of each outcome.

        Parameters
        ----------
        X : array-like, sparse matrix or frame of shape (n, p)
        task : array-like of shape (n,), optional
            Task of each row; the prediction is then that task's.
        on_unknown : {"error", "prior"}, default "error"
            For rows of a task that was not in the fit: refuse, or answer from the prior that the known tasks share
            (their common model, see `adapt`). Only where the model has a shared part; and the labels of a new outcome
            of a table are not known, so `predict_proba` alone answers there.

        Returns
        -------
        ndarray of shape (n, T), or (n,) with ``task`` or after a fit on a 1-D ``y`` without tasks
        """
        check_on_unknown(on_unknown)
        if on_unknown == "prior" and task is not None and not isinstance(self.classes_, list):
            return self.classes_[(self._predictor_of(X, task, on_unknown) > 0).astype(np.intp)]
        positive = (self._linear_predictor(X) > 0).astype(np.intp)
        if on_unknown == "prior" and task is not None:
            self._check_labels_known(task, len(positive))
        return self._per_task(label_table([self._classes_of(t)[positive[:, t]] for t in range(self.n_tasks_)]), task)

    def _check_labels_known(self, task: Any, n_rows: int) -> None:
        """Each outcome of a table has labels of its own, and nobody said those of a new one."""
        new = task_codes(task, self.task_names_, n_rows, unknown=self.n_tasks_) == self.n_tasks_
        if new.any():
            name = check_task_ids(task, n_rows)[new].tolist()[0]
            raise TaskDataError(
                f"The labels of task {name!r} are not known, as it was not in the fit (known: "
                f"{_shown(self.task_names_.tolist())}): predict_proba(..., on_unknown='prior') gives its probabilities."
            )

    def score(self, X: Any, y: Any, sample_weight: Any = None, *, task: Any = None) -> float:
        """Accuracy on the observed targets: the mean over outcomes; over all rows after a fit on rows of tasks.

        (scikit-learn's multi-output classifiers score a row only when every outcome is right, which has no
        meaning where outcomes are missing.)

        Parameters
        ----------
        X : array-like, sparse matrix or frame of shape (n, p)
        y : array-like or frame of shape (n,) or (n, T)
            NaN or None where unobserved.
        sample_weight : array-like of shape (n,) or (n, T), optional
        task : array-like of shape (n,), optional
            Required after a fit on rows of tasks.

        Returns
        -------
        float
        """
        check_is_fitted(self)
        self._score_target(y, task)
        return float(accuracy_score(y, self.predict(X, task=task), sample_weight=sample_weight))


def both_classes(eta: Array) -> Array:
    """Probabilities (n, 2) of both classes from log-odds; neither is computed as a difference from one."""
    return np.column_stack([expit(-eta), expit(eta)])


def label_table(columns: list[np.ndarray]) -> np.ndarray:
    """Columns of labels side by side: numbers stay numbers, anything else becomes objects."""
    if len({column.dtype for column in columns}) == 1 or all(column.dtype.kind in "biuf" for column in columns):
        return np.column_stack(columns)
    table = np.empty((len(columns[0]), len(columns)), dtype=object)
    for t, column in enumerate(columns):
        table[:, t] = column
    return table
