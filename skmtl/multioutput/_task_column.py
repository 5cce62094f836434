"""The task id as a column of X."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from typing import Any

import numpy as np
from scipy import sparse
from sklearn.base import BaseEstimator, clone
from sklearn.utils import Tags, get_tags
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_is_fitted, validate_data

from skmtl._notebook import NotebookMixin
from skmtl._params import HasMethods, check_parameters
from skmtl.exceptions import TaskDataError
from skmtl.multioutput._inner import fit_argument, last_step, routing_enabled, steps_of, take_attribute


def _inner_has(method: str) -> Callable[[Any], bool]:
    """Condition of a method that exists where the wrapped estimator has it, which else says why not."""

    def check(owner: Any) -> bool:
        getattr(getattr(owner, "estimator_", owner.estimator), method)
        return True

    return check


class TaskColumn(NotebookMixin, BaseEstimator):
    """Carries the task id inside X, for code that knows of X and y only.

    ``TaskColumn(estimator, column)`` takes ``column`` out of X and calls

        estimator.fit(X without column, y, task=X[column])

    and ``predict``, ``predict_proba``, ``decision_function`` and ``score`` likewise. A multi-task estimator for rows
    of tasks then works in `sklearn.model_selection.GridSearchCV`, `cross_validate` and whatever else passes
    X and y around, without metadata routing.

    Not needed for outcomes in the columns of ``y``, nor where ``task=`` can be given. Not the way to make the place
    a feature: that is one-hot encoding and a plain estimator.

    Parameters
    ----------
    estimator : estimator
        One that takes ``task`` in ``fit`` and ``predict``, or a Pipeline with such an estimator at its end; the steps
        before it do not see the task. Cloned, never fitted itself.
    column : str or int or None, default None
        Name of the column in a frame (pandas, polars), position in an array or sparse matrix, which may be negative.
        None: there is no task column and X is passed on as it is.

    Attributes
    ----------
    estimator_ : fitted estimator
    n_features_in_ : int
        Columns of X, the task column included.
    feature_names_in_ : ndarray
        Names of the columns of X, the task column included; only where X has column names.
    task_names_ : ndarray of shape (T,)
        As on ``estimator_``; also ``n_tasks_``, and ``classes_`` of a classifier.

    Notes
    -----
    A NumPy array has one type, so that ids in an array of floats are floats: task 3 is 3.0 there, in
    ``task_names_`` too. Ids in a frame keep their type.

    With metadata routing enabled, the end of a Pipeline gets ``task`` without a request being set;
    ``sample_weight`` goes where the steps request it. Without routing both go to the last step.

    Examples
    --------
    >>> import numpy as np
    >>> import pandas as pd
    >>> from sklearn.model_selection import GridSearchCV
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn.preprocessing import StandardScaler
    >>> from skmtl.linear_model import MeanRegularizedRidge
    >>> from skmtl.multioutput import TaskColumn
    >>> rng = np.random.default_rng(0)
    >>> X = pd.DataFrame(rng.normal(size=(60, 2)), columns=["age", "bmi"])
    >>> X["hospital"] = np.tile(["north", "south", "west"], 20)
    >>> y = X["age"] - X["bmi"] + 0.1 * rng.normal(size=60)
    >>> model = TaskColumn(make_pipeline(StandardScaler(), MeanRegularizedRidge()), "hospital")
    >>> search = GridSearchCV(model, {"estimator__meanregularizedridge__alpha": [0.01, 100.0]}).fit(X, y)
    >>> search.best_params_
    {'estimator__meanregularizedridge__alpha': 0.01}
    >>> search.predict(X.iloc[:2]).shape  # each row by the model of its hospital
    (2,)
    """

    def __init__(self, estimator: Any, column: Any = None):
        self.estimator = estimator
        self.column = column

    def __sklearn_tags__(self) -> Tags:
        """Tags of the wrapped estimator."""
        tags: Tags = deepcopy(get_tags(self.estimator))
        tags.target_tags.required = True
        tags.array_api_support = False
        return tags

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> TaskColumn:
        """Fit the estimator with the task of each row.

        Parameters
        ----------
        X : array-like, sparse matrix or frame of shape (n, p + 1)
            Features and the task id.
        y : array-like of shape (n,)
            The outcome; NaN or None where unobserved.
        sample_weight : array-like of shape (n,), optional

        Returns
        -------
        self

        Raises
        ------
        TaskDataError
            X has no such column, a row has no id, or the estimator takes no ``task``.
        """
        check_parameters(self, {"estimator": [HasMethods(("fit", "predict"))]})
        inner = clone(self.estimator)
        features, task = self._split(X)
        validate_data(self, X, skip_check_array=True)
        options = {
            _fit_argument(inner, name): value
            for name, value in (("sample_weight", sample_weight), ("task", task))
            if value is not None
        }
        if task is not None and steps_of(inner) and routing_enabled():
            # The clone is ours: nobody else has to ask for what only this class can give.
            last_step(inner).set_fit_request(task=True)
        self.estimator_ = inner.fit(features, y, **options)
        for name in ("task_names_", "n_tasks_", "classes_"):
            take_attribute(self, name, getattr(last_step(self.estimator_), name, None))
        return self

    def _split(self, X: Any) -> tuple[Any, Any]:
        """X without the task column, and that column; None where there is none."""
        if self.column is None:
            return X, None
        if hasattr(X, "columns"):
            return _split_frame(X, self.column)
        return _split_array(X, self.column)

    def _call(self, method: str, X: Any, *args: Any, **kwargs: Any) -> Any:
        """Call a method of the estimator with the tasks of the rows.

        A Pipeline hands ``task`` on to some methods of its last step and not to others, depending on
        the version and on routing; so its last step is called here.
        """
        check_is_fitted(self)
        X_in, (X, task) = X, self._split(X)
        if task is not None and not hasattr(X_in, "columns"):
            # With a position, a missing column would make a task of a feature.
            validate_data(self, X_in, reset=False, skip_check_array=True)
        inner = self.estimator_
        if task is not None:
            kwargs["task"] = task
            while steps_of(inner):
                X = inner[:-1].transform(X) if len(inner.steps) > 1 else X
                inner = inner.steps[-1][1]
        return getattr(inner, method)(X, *args, **kwargs)

    def predict(self, X: Any) -> np.ndarray:
        """Predict each row by the model of its task.

        Parameters
        ----------
        X : array-like, sparse matrix or frame of shape (n, p + 1)
            Features and the task id.

        Returns
        -------
        ndarray of shape (n,)

        Raises
        ------
        TaskDataError
            X has no task column, or a row has a task not seen in ``fit``.
        """
        return self._call("predict", X)

    @available_if(_inner_has("predict_proba"))
    def predict_proba(self, X: Any) -> np.ndarray:
        """Probabilities of the classes in the order of ``classes_``.

        Parameters
        ----------
        X : array-like, sparse matrix or frame of shape (n, p + 1)
            Features and the task id.

        Returns
        -------
        ndarray of shape (n, K)
        """
        return self._call("predict_proba", X)

    @available_if(_inner_has("decision_function"))
    def decision_function(self, X: Any) -> np.ndarray:
        """Decision values of the wrapped classifier.

        Parameters
        ----------
        X : array-like, sparse matrix or frame of shape (n, p + 1)
            Features and the task id.

        Returns
        -------
        ndarray of shape (n,)
        """
        return self._call("decision_function", X)

    @available_if(_inner_has("score"))
    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """Score of the wrapped estimator, each row by the model of its task.

        Parameters
        ----------
        X : array-like, sparse matrix or frame of shape (n, p + 1)
            Features and the task id.
        y : array-like of shape (n,)
        sample_weight : array-like of shape (n,), optional

        Returns
        -------
        float
        """
        weight = {} if sample_weight is None else {"sample_weight": sample_weight}
        return self._call("score", X, y, **weight)


def _fit_argument(inner: Any, name: str) -> str:
    argument = fit_argument(inner, name)
    if argument is None:
        cure = (
            "give TaskColumn a multi-task estimator, or a Pipeline that ends in one, and a search outside of it."
            if name == "task"
            else "leave it out, or give TaskColumn an estimator that takes it."
        )
        raise TaskDataError(f"{type(last_step(inner)).__name__}.fit takes no {name}: {cure}")
    return argument


def _split_frame(X: Any, column: Any) -> tuple[Any, np.ndarray]:
    names = list(X.columns)
    if column not in names:
        shown = ", ".join(repr(name) for name in names[:5]) + (", ..." if len(names) > 5 else "")
        raise TaskDataError(
            f"X has no column {column!r} for the task ids (it has {shown}): give column the name of that column."
        )
    if names.count(column) > 1:
        raise TaskDataError(f"X has several columns named {column!r}: give the task ids a name of their own.")
    # A pandas frame drops a list of columns, a polars frame too.
    features = X.drop(columns=[column]) if hasattr(X, "iloc") else X.drop([column])
    return features, np.asarray(X[column])


def _split_array(X: Any, column: Any) -> tuple[Any, np.ndarray]:
    if not sparse.issparse(X) and not hasattr(X, "dtype"):
        X = _array_of_list(X)
    n_columns = X.shape[1] if X.ndim == 2 else 0
    if not isinstance(column, int | np.integer):
        raise TaskDataError(
            f"column={column!r} is a name, but X is an array, whose columns have none: give the position of the "
            "task ids, or X as a frame."
        )
    if not -n_columns <= column < n_columns:
        raise TaskDataError(
            f"X has no column {column!r} for the task ids (it has {n_columns}): give column their position."
        )
    others = np.delete(np.arange(n_columns), int(column))
    if sparse.issparse(X):
        X = X.tocsc()
        return X[:, others].tocsr(), np.asarray(X[:, [int(column)]].todense()).ravel()
    return X[:, others], X[:, column]


def _array_of_list(X: Any) -> np.ndarray:
    """Rows in lists; where ids are strings, numbers beside them stay numbers."""
    array = np.array(X)
    return np.array(X, dtype=object) if array.dtype.kind in "US" else array


__all__ = ["TaskColumn"]
