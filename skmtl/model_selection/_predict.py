"""Out-of-fold predictions that survive missing outcomes."""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Mapping
from typing import Any

import numpy as np
import sklearn
from sklearn.base import clone, is_classifier
from sklearn.utils import indexable
from sklearn.utils.parallel import Parallel, delayed

from skmtl._sklearn import check_method_params, safe_split
from skmtl._splits import check_task_cv, split_tasks
from skmtl._splits.columns import observed, outcomes
from skmtl._typing import IntArray, MatrixLike
from skmtl.exceptions import TaskDataError

# Methods that give one column per class, and what stands in the column of a class the fold did not see.
_ABSENT_CLASS = {
    "predict_proba": 0.0,
    "predict_log_proba": np.finfo(np.float64).min,
    "decision_function": np.finfo(np.float64).min,
}


def cross_val_predict(
    estimator: Any,
    X: MatrixLike,
    y: MatrixLike,
    *,
    task: MatrixLike = None,
    groups: MatrixLike = None,
    cv: Any = None,
    sample_weight: MatrixLike = None,
    method: str = "predict",
    n_jobs: int | None = None,
    params: Mapping[str, Any] | None = None,
) -> Any:
    """Predict each row with an estimator fitted on the other folds.

    As `sklearn.model_selection.cross_val_predict`, for targets with missing entries: NaN in `y` reaches the
    estimator's ``fit`` as it is, every row gets a prediction for every outcome (also where that outcome was
    not observed), and ``predict_proba`` works for several outcomes, some of which may be continuous.

    Parameters
    ----------
    estimator : estimator
        Cloned for each fold. Its ``fit`` has to accept missing entries if `y` has some.
    X : array-like, sparse matrix or frame of shape (n_samples, n_features)
        Features.
    y : array-like or frame of shape (n_samples,) or (n_samples, n_tasks)
        Targets; NaN, None or pandas.NA where not observed.
    task : array-like of shape (n_samples,), default=None
        Task of each row, if `y` is one outcome of several tasks. Passed, row by row as `X`, to the
        splitter, to ``fit`` and to `method`.
    groups : array-like of shape (n_samples,), default=None
        Passed to the splitter: rows with the same value (patient) stay in the same fold.
    cv : int, splitter, iterable of (train, test) or None, default=None
        None means ``MultiTaskKFold(5)``, an int another number of folds. The test parts have to contain each
        row once.
    sample_weight : array-like of shape (n_samples,) or (n_samples, n_tasks), default=None
        Passed, row by row, to ``fit``.
    method : str, default="predict"
        Method to call: "predict", "predict_proba", "predict_log_proba", "decision_function", or any other
        that gives one row of an array for each row of `X`.
    n_jobs : int or None, default=None
        Number of folds fitted at the same time, as in scikit-learn.
    params : dict, default=None
        More arguments of ``fit``; those with one entry per row are cut as `X` is.

    Returns
    -------
    predictions : ndarray, frame, or list of ndarray
        For "predict" and other methods with one column per outcome, shape (n_samples,) or (n_samples,
        n_tasks) as `y`; if `y` is a pandas DataFrame, a DataFrame with its columns and index, if it is a
        polars DataFrame, a polars DataFrame with its columns. For a method with one column per class: an
        array of shape (n_samples, n_classes) for one outcome, a list of such arrays for several, with None
        for those that have no classes, as the estimator gives it. Columns follow the sorted classes of the
        whole `y`; a class that a fold did not see has probability 0 there (for the other two methods the
        lowest float), and a `RuntimeWarning` says so.

    Raises
    ------
    TaskDataError
        If the splitter cannot spread the tasks (see `MultiTaskKFold`), or if the estimator takes no `task`.
    ValueError
        If the test parts do not contain each row exactly once.

    See Also
    --------
    skmtl.model_selection.MultiTaskKFold : The default folds.

    Notes
    -----
    In a `Pipeline`, `task` and `sample_weight` go to ``fit`` of the last step. With scikit-learn's metadata
    routing enabled they are routed instead, so that each step has to request what it needs.

    An estimator that finds the task in a column of `X` takes no `task`; give it folds that know the tasks
    by ``cv=list(MultiTaskKFold(5).split(X, y, task=site))``.

    Do not score the result as if it came from one model: a difference between folds shows up as if it were
    one between rows. To compare estimators, score each fold by itself.

    Examples
    --------
    Two outcomes, the second measured in every third row; each is predicted everywhere.

    >>> import numpy as np
    >>> import pandas as pd
    >>> from sklearn.neighbors import KNeighborsRegressor
    >>> from skmtl.model_selection import cross_val_predict
    >>> class Nearest(KNeighborsRegressor):
    ...     def fit(self, X, y):
    ...         self.fits_ = [KNeighborsRegressor(1).fit(X[y[c].notna()], y[c].dropna()) for c in y]
    ...         return self
    ...
    ...     def predict(self, X):
    ...         return np.column_stack([fit.predict(X) for fit in self.fits_])
    >>> X = np.arange(9.0)[:, None]
    >>> y = pd.DataFrame({"glucose": X[:, 0] / 2, "ldl": np.where(X[:, 0] % 3 == 0, X[:, 0], np.nan)})
    >>> cross_val_predict(Nearest(), X, y, cv=3).head(4)
       glucose  ldl
    0      1.5  3.0
    1      1.5  3.0
    2      1.5  3.0
    3      1.0  0.0
    """
    X, y, task, groups, sample_weight = indexable(X, y, task, groups, sample_weight)
    n_rows = X.shape[0] if hasattr(X, "shape") else len(X)
    _check_task(estimator, method, task)

    splitter = check_task_cv(cv, classifier=is_classifier(estimator))
    parts = split_tasks(splitter, X, y, groups=groups, task=task)
    order = np.concatenate([test for _, test in parts])
    _check_partition(order, n_rows)

    given = {"sample_weight": sample_weight, "task": task}
    prefix = _last_step_prefix(estimator)
    fit_params = dict(params or {}) | {prefix + name: value for name, value in given.items() if value is not None}
    call_params = {} if task is None else {"task": task}
    folds = Parallel(n_jobs=n_jobs)(
        delayed(_fit_and_call)(clone(estimator), X, y, train, test, fit_params, call_params, method)
        for train, test in parts
    )
    outputs, classes = zip(*folds, strict=True)
    back = np.argsort(order)
    if method not in _ABSENT_CLASS:
        return _like_targets(np.concatenate(outputs)[back], y)

    names, values = outcomes(y)
    if not isinstance(outputs[0], list):
        single = len(values) == 1
        pieces = _align(outputs, classes, values[0], names[0], method) if single else outputs
        return np.concatenate(pieces)[back]
    joined: list[Any] = []
    for t, column in enumerate(zip(*outputs, strict=True)):
        if any(piece is None for piece in column):
            joined.append(None)
            continue
        seen = [fold if fold is None else fold[t] for fold in classes]
        joined.append(np.concatenate(_align(column, seen, values[t], names[t], method))[back])
    return joined


def _fit_and_call(
    estimator: Any,
    X: MatrixLike,
    y: MatrixLike,
    train: IntArray,
    test: IntArray,
    fit_params: dict[str, Any],
    call_params: dict[str, Any],
    method: str,
) -> tuple[Any, Any]:
    """Fit on one training part; give what the method says of the test part, and the classes it knows."""
    X_train, y_train = safe_split(estimator, X, y, train)
    X_test, _ = safe_split(estimator, X, y, test, train)
    estimator.fit(X_train, y_train, **check_method_params(X, fit_params, indices=train))
    output = getattr(estimator, method)(X_test, **check_method_params(X, call_params, indices=test))
    if not isinstance(output, list):
        output = np.asarray(output)
    return output, getattr(estimator, "classes_", None)


def _align(pieces: Any, seen: Any, values: np.ndarray, name: object, method: str) -> list[np.ndarray]:
    """Put the columns of each fold where the classes of the whole outcome have them."""
    labels = np.unique(observed(values)[1]).tolist()
    place = {label: column for column, label in enumerate(labels)}
    aligned = []
    for piece, classes in zip(pieces, seen, strict=True):
        known = labels if classes is None else np.asarray(classes).tolist()
        absent = [label for label in labels if label not in known]
        by_class = piece.ndim == 2 and piece.shape[1] == len(known)
        if not absent and not by_class:
            # One column for two classes, or one per pair of classes: nothing to sort.
            aligned.append(piece)
            continue
        if not by_class or any(label not in place for label in known):
            raise ValueError(
                f"{method} of shape {piece.shape} cannot be matched with the classes {labels!r} of {_called(name)}; "
                f"the training part knew {known!r}."
            )
        if absent:
            warnings.warn(
                f"A training part holds no entry of class {absent[0]!r} of {_called(name)}; {method} is set to "
                f"{_ABSENT_CLASS[method]:g} there. Folds of MultiTaskKFold keep every class in training.",
                RuntimeWarning,
                stacklevel=3,
            )
        full = np.full((piece.shape[0], len(labels)), _ABSENT_CLASS[method])
        full[:, [place[label] for label in known]] = piece
        aligned.append(full)
    return aligned


def _like_targets(values: np.ndarray, y: MatrixLike) -> Any:
    """Give predictions the form of the targets: frame for frame, with the outcomes' names."""
    shape = np.shape(y)
    if len(shape) == 2 and values.ndim == 1 and shape[1] == 1:
        values = values[:, None]
    if values.shape != shape or not hasattr(y, "columns"):
        return values
    if hasattr(y, "iloc"):
        import pandas as pd

        return pd.DataFrame(values, index=y.index, columns=y.columns).infer_objects()
    # A polars frame, made by its own class: polars need not be installed otherwise.
    return type(y)({name: values[:, t].tolist() for t, name in enumerate(y.columns)})


def _check_partition(order: IntArray, n_rows: int) -> None:
    times = np.bincount(order, minlength=n_rows)
    wrong = np.flatnonzero(times != 1)
    if wrong.size:
        raise ValueError(
            "cross_val_predict only works for partitions: each row has to be in exactly one test part, and "
            f"row {wrong[0]} is in {times[wrong[0]]}."
        )


def _check_task(estimator: Any, method: str, task: MatrixLike) -> None:
    """Say before the first fit that an estimator has no place for the task ids."""
    if task is None:
        return
    last = estimator
    while hasattr(last, "steps"):
        last = last.steps[-1][1]
    for name in ("fit", method):
        accepts = inspect.signature(getattr(last, name)).parameters.values()
        if not any(p.name == "task" or p.kind is p.VAR_KEYWORD for p in accepts):
            raise TaskDataError(
                f"{type(last).__name__}.{name} takes no task: use an estimator that does, or put the task into a "
                "column of X for an estimator in skmtl.multioutput.TaskColumn."
            )
    if last is not estimator and method == "decision_function" and not _routing_enabled():
        raise TaskDataError(
            "A Pipeline passes task on to decision_function only with metadata routing: call "
            "sklearn.set_config(enable_metadata_routing=True), and let each step request what it needs."
        )


def _last_step_prefix(estimator: Any) -> str:
    """Without routing, a Pipeline wants the step's name before an argument of its last step."""
    prefix = ""
    while hasattr(estimator, "steps") and not _routing_enabled():
        name, estimator = estimator.steps[-1]
        prefix += name + "__"
    return prefix


def _routing_enabled() -> bool:
    return bool(sklearn.get_config()["enable_metadata_routing"])


def _called(name: object) -> str:
    return "the outcome" if name is None else f"task {name!r}"
