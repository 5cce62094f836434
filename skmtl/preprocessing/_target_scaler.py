"""Outcomes to a common scale, each by its observed entries."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from scipy import sparse
from sklearn.base import BaseEstimator, OneToOneFeatureMixin, TransformerMixin
from sklearn.utils import Tags
from sklearn.utils.validation import check_is_fitted, validate_data

from skmtl._params import OneOf, check_parameters
from skmtl._typing import IntArray
from skmtl.base import label_table, task_codes, task_names_array
from skmtl.data import check_task_ids
from skmtl.data._targets import as_numeric, declared_labels, kind_of, split_columns
from skmtl.exceptions import TaskDataError
from skmtl.preprocessing._columns import METHODS, apply_column, fit_scaler


class TargetScaler(OneToOneFeatureMixin, TransformerMixin, BaseEstimator):
    r"""Bring every outcome to a common scale, with the way back.

    Each numeric outcome is transformed by what its observed entries say; NaN stays NaN, and has no say:

        "standard"   z = (y - mean) / standard deviation
        "robust"     z = (y - median) / interquartile range
        "power"      of the standardised y the transformation of Yeo and Johnson (2000) nearest to normal
        "normal"     normal scores: z = Φ⁻¹(rank of y), ties in the middle (van der Waerden 1952)
        "log1p"      z = log(1 + y), for counts, costs, lengths of stay

    Outcomes of labels, and of the numbers 0 and 1 only, are left as they are. A constant outcome is moved to 0 (but by
    "log1p"). With ``task`` the one outcome is scaled within each task.

    The work is done by scikit-learn's transformers, which pass over NaN as well: for a table of numbers that all need
    scaling `StandardScaler` on ``Y`` is enough. What this class adds is rows of tasks and mixed tables. To transform
    outcomes around a model and have predictions in the units of the data, wrap the model in
    `skmtl.compose.TransformedTaskTarget`.

    Not to be fitted on all rows before cross-validation, and not where outcomes share a unit whose differences matter
    (the same lab at several visits).

    Parameters
    ----------
    method : {"standard", "robust", "power", "normal", "log1p"}, default "standard"

    Attributes
    ----------
    transformers_ : list of T fitted transformers
        scikit-learn's; None for an outcome that is left alone.
    task_names_ : ndarray of shape (T,)
        Column names, task ids, or 0 .. T-1.
    data_form_ : {"wide", "rows"}
    n_features_in_ : int
        Columns of the table of outcomes.
    feature_names_in_ : ndarray
        Where they have names.

    See Also
    --------
    skmtl.compose.TransformedTaskTarget : Transforms outcomes around an estimator.

    Notes
    -----
    As for any scikit-learn transformer what is transformed is called ``X``; here it is the outcomes.

    References
    ----------
    I.-K. Yeo, R. Johnson (2000). A new family of power transformations to improve normality or symmetry. Biometrika
    87:954-959. B. L. van der Waerden (1952). Order tests for the two-sample problem and their power. Indagationes
    Mathematicae 14:453-458.

    Examples
    --------
    >>> import numpy as np
    >>> import pandas as pd
    >>> from skmtl.preprocessing import TargetScaler
    >>> Y = pd.DataFrame({"weight": [70.0, np.nan, 90.0, 80.0], "died": ["no", "yes", "yes", "no"]})
    >>> scaler = TargetScaler().fit(Y)
    >>> scaler.transform(Y)
    array([[-1.22..., 'no'],
           [nan, 'yes'],
           [1.22..., 'yes'],
           [0.0, 'no']], dtype=object)
    >>> scaler.inverse_transform(scaler.transform(Y))[:, 0]
    array([70.0, nan, 90.0, 80.0], dtype=object)

    Within each hospital:

    >>> TargetScaler().fit_transform([1.0, 3.0, 100.0, 300.0], task=["a", "a", "b", "b"])
    array([-1.,  1., -1.,  1.])
    """

    _parameter_constraints: ClassVar = {"method": [OneOf(METHODS)]}

    def __init__(self, method: str = "standard"):
        self.method = method

    def __sklearn_tags__(self) -> Tags:
        """Tags: the table may hold labels and missing entries."""
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.input_tags.categorical = tags.input_tags.string = True
        return tags

    def fit(self, X: Any, y: Any = None, *, task: Any = None) -> TargetScaler:
        """Learn the scale of each outcome.

        Parameters
        ----------
        X : array-like or frame of shape (n, T), or (n,) with ``task``
            The outcomes; NaN, None and pandas.NA where unobserved.
        y : ignored
        task : array-like of shape (n,), optional
            Task of each row of one outcome.

        Returns
        -------
        self

        Raises
        ------
        TaskDataError
            The outcomes cannot be read, one has no observed entry, or "log1p" meets a value of -1 or less.
        """
        check_parameters(self, self._parameter_constraints)
        columns, names = self._columns(X, task is not None)
        labelled = declared_labels(X, len(columns))
        kinds = [kind_of(column, declared) for column, declared in zip(columns, labelled, strict=True)]
        if task is None:
            validate_data(self, X, reset=True, skip_check_array=True)
            groups: list[tuple[Any, int, IntArray]] = [
                (name, t, np.arange(len(column))) for t, (name, column) in enumerate(zip(names, columns, strict=True))
            ]
        else:
            self.n_features_in_ = 1
            self.__dict__.pop("feature_names_in_", None)  # those of an earlier fit to a table
            unique, code = np.unique(check_task_ids(task, len(columns[0])), return_inverse=True)
            groups = [(name, 0, np.flatnonzero(code == t)) for t, name in enumerate(unique.tolist())]
        self.transformers_ = []
        for name, t, rows in groups:
            self.transformers_.append(self._fit_one(columns[t][rows], name) if kinds[t] == "numeric" else None)
        self.task_names_ = task_names_array(tuple(name for name, _, _ in groups))
        self.data_form_ = "wide" if task is None else "rows"
        return self

    def _columns(self, X: Any, one: bool) -> tuple[list[np.ndarray], list[Any]]:
        """The outcomes one by one, and their names."""
        if sparse.issparse(X):
            raise TaskDataError("The outcomes are a sparse matrix: give them dense, with NaN for what is unobserved.")
        columns, names, wide = split_columns(X)
        if one and len(columns) != 1:
            raise TaskDataError(f"task goes with one outcome, and there are {len(columns)}: drop task, or give one.")
        if not one and not wide:
            raise TaskDataError(
                "Expected 2D array, got 1D array instead: give a table of outcomes (y[:, None] or y.to_frame() for "
                "one), or task with the task of each row. Reshape your data."
            )
        if not columns or not len(columns[0]):
            found = f"0 feature(s) (shape=({len(X)}, 0))" if not columns else "0 sample(s)"
            raise TaskDataError(f"Found array with {found} while a minimum of 1 is required.")
        for name, column in zip(names or range(len(columns)), columns, strict=True):
            if column.dtype.kind == "f" and np.isinf(column).any():
                row = int(np.argmax(np.isinf(column)))
                raise TaskDataError(f"Y (task {name!r}) contains infinity in row {row}: use NaN where unobserved.")
        return columns, list(range(len(columns)) if names is None else names)

    def _fit_one(self, column: np.ndarray, name: Any) -> Any:
        where = f"(task {name!r})"
        values = as_numeric(column, where)
        values = values[~np.isnan(values)]
        if not values.size:
            raise TaskDataError(
                f"Y {where} contains NaN only, no observed entry: leave the task out or give it at least one value."
            )
        return fit_scaler(self.method, values, None, where)

    def fit_transform(self, X: Any, y: Any = None, *, task: Any = None) -> np.ndarray:
        """Learn the scale of each outcome, and scale.

        Parameters
        ----------
        X, y, task : as in `fit`

        Returns
        -------
        ndarray of shape (n, T), or (n,) with ``task``
        """
        return self.fit(X, task=task).transform(X, task=task)

    def transform(self, X: Any, *, task: Any = None) -> np.ndarray:
        """Scale outcomes.

        Parameters
        ----------
        X : array-like or frame of shape (n, T), or (n,) with ``task``
            The outcomes; NaN stays.
        task : array-like of shape (n,), optional
            Needed after a fit with it.

        Returns
        -------
        ndarray of shape (n, T), or (n,) with ``task``
            Floats; objects where an outcome of labels stands among them.

        Raises
        ------
        TaskDataError
            The outcomes are not those of the fit, or a value is out of the domain of the transformation.
        """
        return self._apply(X, task, inverse=False)

    def inverse_transform(self, X: Any, *, task: Any = None) -> np.ndarray:
        """Go back to the units of the outcomes.

        Parameters
        ----------
        X : array-like or frame of shape (n, T), or (n,) with ``task``
        task : array-like of shape (n,), optional

        Returns
        -------
        ndarray of shape (n, T), or (n,) with ``task``
        """
        return self._apply(X, task, inverse=True)

    def _apply(self, X: Any, task: Any, *, inverse: bool) -> np.ndarray:
        check_is_fitted(self)
        if (task is None) != (self.data_form_ == "wide"):
            how = "with" if self.data_form_ == "rows" else "without"
            raise TaskDataError(f"This TargetScaler was fitted {how} task: call it {how} task too.")
        columns, given = self._columns(X, task is not None)
        if task is None:
            if not inverse:  # predictions that go back have no column names
                validate_data(self, X, reset=False, skip_check_array=True)
            elif len(columns) != self.n_features_in_:
                raise TaskDataError(
                    f"X has {len(columns)} outcomes, but TargetScaler is expecting {self.n_features_in_}: give those "
                    "of the fit."
                )
            names = self.task_names_.tolist()
            if given != names and set(given) == set(names):
                raise TaskDataError(
                    "X has the outcomes of the fit in another order: give its columns in the order of task_names_."
                )
            done = [
                column if fitted is None else apply_column(fitted, as_numeric(column, w), w, inverse=inverse)
                for column, fitted, w in zip(
                    columns, self.transformers_, [f"(task {name!r})" for name in names], strict=True
                )
            ]
            return label_table(done)
        codes = task_codes(task, self.task_names_, len(columns[0]))
        if self.transformers_[0] is None:
            return columns[0].copy()
        values = as_numeric(columns[0], "(one outcome, rows of tasks)")
        result = np.full(values.shape, np.nan)
        for t in np.unique(codes).tolist():
            where = f"(task {self.task_names_.tolist()[t]!r})"
            rows = codes == t
            result[rows] = apply_column(self.transformers_[t], values[rows], where, inverse=inverse)
        return result


__all__ = ["TargetScaler"]
