"""Outcomes transformed for the fit, predictions in the units of the data."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, clone
from sklearn.preprocessing import FunctionTransformer
from sklearn.utils import Tags, indexable
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_is_fitted

from skmtl._notebook import NotebookMixin
from skmtl._params import BOOLEAN, NONE, HasMethods, IsCallable, check_parameters
from skmtl.base import MultiTaskMixin, label_table, task_codes, task_names_array
from skmtl.compose._delegate import call, fit_options, inner_has, inner_tags, takes_argument
from skmtl.compose._outcome import codes_of, fit_one, like, unit_of
from skmtl.data._targets import as_numeric, declared_labels, is_missing, kind_of, split_columns
from skmtl.exceptions import InvalidParameterError, TaskDataError
from skmtl.multioutput._entries import TaskEntries, count_rows, read_entries
from skmtl.multioutput._inner import _reads_labels as reads_labels
from skmtl.multioutput._inner import last_step, take_attribute
from skmtl.multioutput._score import default_score
from skmtl.preprocessing._columns import apply_column

_TRANSFORMER = HasMethods(("fit", "transform", "inverse_transform"))


class TransformedTaskTarget(NotebookMixin, BaseEstimator):
    r"""Fit an estimator to transformed outcomes, and predict in the units of the data.

    For each outcome t, with a transformation g_t learnt from its observed entries,

        estimator.fit(X, Z),   z_it = g_t(y_it)  (NaN stays NaN),      prediction = g_t⁻¹(estimator.predict(X))

    It is `sklearn.compose.TransformedTargetRegressor` for tables: outcomes may be missing, may have a
    transformation each, may be rows of tasks (each task then has its own), and labels beside them are left alone. On
    complete outcomes with a transformer that treats columns one by one it gives the same numbers.

    g⁻¹ of a mean is not the mean of g⁻¹: after a logarithm predictions are nearer to medians, below the
    mean, and their sum is not a forecast of the total. For counts a Poisson loss says the same without this bias. Not
    needed for a mere change of units of one outcome, to which only penalised and multi-task models react.

    Parameters
    ----------
    estimator : estimator
        With ``fit`` and ``predict``; NaN among the outcomes is its business. Cloned, never fitted itself.
    transformer : transformer, dict from task name to transformer, or None, default None
        With ``fit``, ``transform`` and ``inverse_transform`` on one column, such as `StandardScaler()`,
        `QuantileTransformer()` or `TargetScaler("log1p")`; cloned for each outcome. One transformer is for every
        numeric outcome (labels, numbers that are 0 and 1 only, and what a classifier is fitted to are left alone); a
        dict names those to be transformed, others are left alone. Parameters inside a dict are set with
        ``set_params(transformer={...})``.
    func, inverse_func : callable or None, default None
        In place of ``transformer``, a function of an array and the way back: ``np.log1p`` and ``np.expm1``.
    check_inverse : bool, default True
        Warn where ``inverse_func(func(y))`` is not y.

    Attributes
    ----------
    estimator_ : fitted estimator
    transformers_ : list of T fitted transformers
        None for outcomes that are left alone.
    task_names_ : ndarray of shape (T,)
        Column names of ``y``, task ids, or 0 .. T-1.
    n_tasks_ : int
    data_form_ : {"single", "wide", "rows"}
    n_features_in_ : int
        If the wrapped estimator has it; so ``feature_names_in_`` and ``classes_``.

    See Also
    --------
    skmtl.preprocessing.TargetScaler : Scales outcomes without an estimator.

    Notes
    -----
    ``sample_weight`` reaches the estimator, and a transformer whose ``fit`` takes it (`StandardScaler`); entries of
    weight 0 have no say in any. With scikit-learn's metadata routing enabled, request ``task`` and ``sample_weight`` on
    this estimator; the one inside need not ask.

    *New tasks.* A task that was not in the fit has no transformation, so ``predict(..., on_unknown="prior")`` answers
    for it only with ``func`` or without any, and there is no ``adapt``: ``estimator_`` has both where the model has
    them, on the transformed scale.

    Examples
    --------
    Length of stay is multiplicative, weight is not, half of it is missing:

    >>> import numpy as np
    >>> import pandas as pd
    >>> from skmtl.compose import TransformedTaskTarget
    >>> from skmtl.linear_model import MultiTaskRidge
    >>> from skmtl.preprocessing import TargetScaler
    >>> rng = np.random.default_rng(0)
    >>> x = rng.normal(size=(200, 1))
    >>> Y = pd.DataFrame({"stay": np.exp(1 + x[:, 0]), "weight": 70 + x[:, 0]})
    >>> Y.iloc[::2, 1] = np.nan
    >>> model = TransformedTaskTarget(MultiTaskRidge(alpha=1e-6), transformer={"stay": TargetScaler("log1p")})
    >>> round(model.fit(x, Y).score(x, Y), 2), round(MultiTaskRidge(alpha=1e-6).fit(x, Y).score(x, Y), 2)
    (0.98, 0.88)
    >>> model.predict([[0.0], [2.0]]).round(1)
    array([[ 3.1, 70. ],
           [15.1, 72. ]])
    """

    def __init__(
        self,
        estimator: Any,
        *,
        transformer: Any = None,
        func: Any = None,
        inverse_func: Any = None,
        check_inverse: bool = True,
    ):
        self.estimator = estimator
        self.transformer = transformer
        self.func = func
        self.inverse_func = inverse_func
        self.check_inverse = check_inverse

    def __sklearn_tags__(self) -> Tags:
        """Tags of the wrapped estimator."""
        return inner_tags(self.estimator)

    def fit(self, X: Any, y: Any, sample_weight: Any = None, *, task: Any = None) -> TransformedTaskTarget:
        """Fit the transformations, then the estimator.

        Parameters
        ----------
        X : array-like, sparse matrix or frame of n rows
        y : array-like or frame of shape (n,) or (n, T)
            NaN or None where unobserved.
        sample_weight : array-like of shape (n,) or (n, T), optional
            0 is the same as unobserved.
        task : array-like of shape (n,), optional
            Task of each row, with a 1-D ``y``; each task has its own transformation.

        Returns
        -------
        self

        Raises
        ------
        TaskDataError
            The outcomes cannot be read, or a transformation has no finite value for one of them.
        InvalidParameterError
            Both ``transformer`` and ``func`` are given, one function without the other, or a dict names no outcome.
        """
        self._check()
        (X,) = indexable(X)
        entries, columns, numeric = self._entries(X, y, sample_weight, task)
        inners = self._transformers_for(entries.names, numeric)
        self.transformers_ = [
            None if inner is None else fit_one(inner, entries.y[t], entries.weight_of(t), f"(task {name!r})")
            for t, (name, inner) in enumerate(zip(entries.names, inners, strict=True))
        ]
        self.task_names_ = task_names_array(entries.names)
        self.n_tasks_, self.data_form_, self._n_observed = entries.n_tasks, entries.form, entries.counts
        codes = None if task is None else task_codes(task, self.task_names_, len(columns[0]))
        target = y
        if any(fitted is not None for fitted in self.transformers_):
            if sample_weight is not None:
                columns = self._with_stand_ins(columns, entries, codes)
            target = like(y, self._turned(columns, codes, inverse=False), entries.form)
        inner = clone(self.estimator)
        options = fit_options(inner, type(self).__name__, sample_weight=sample_weight, task=task)
        self.estimator_ = inner.fit(X, target, **options)
        take_attribute(self, "classes_", getattr(last_step(self.estimator_), "classes_", None))
        for name in ("n_features_in_", "feature_names_in_"):
            take_attribute(self, name, getattr(self.estimator_, name, None))
        return self

    def _check(self) -> None:
        check_parameters(
            self,
            {
                "estimator": [HasMethods(("fit", "predict"))],
                "func": [NONE, IsCallable()],
                "inverse_func": [NONE, IsCallable()],
                "check_inverse": [BOOLEAN],
            },
        )
        if (self.func is None) != (self.inverse_func is None):
            raise InvalidParameterError("func and inverse_func go together: give both, or neither.")
        if self.transformer is None:
            return
        if self.func is not None:
            raise InvalidParameterError("transformer and func are both given: give one of them.")
        several = isinstance(self.transformer, Mapping)
        for inner in self.transformer.values() if several else [self.transformer]:
            if not (inner is None and several) and not _TRANSFORMER.allows(inner):
                raise InvalidParameterError(
                    f"The 'transformer' parameter of {type(self).__name__} must be {_TRANSFORMER}, a dict from task "
                    f"name to such objects, or None. Got {inner!r} instead."
                )

    def _entries(
        self, X: Any, y: Any, sample_weight: Any, task: Any
    ) -> tuple[TaskEntries, list[np.ndarray], list[bool]]:
        """Observed entries of each task, the columns of y, and which tasks are numbers to be transformed."""
        named = self.transformer if isinstance(self.transformer, Mapping) else {}
        kinds: list[str] = []
        columns: list[np.ndarray] = []

        if y is not None and not hasattr(y, "tocsr"):
            columns, names, _ = split_columns(y)
            declared = declared_labels(y, len(columns))
            for t, column in enumerate(columns):
                name = t if names is None else names[t]
                # What a dict names is a number, also one that is 0 and 1 only.
                asked = task is None and named.get(name) is not None
                number = not reads_labels(self.estimator) and kind_of(column, declared[t]) == "numeric"
                kinds.append("numeric" if asked or number else "label")

        def kinds_of(names: Any) -> list[str]:
            return kinds if task is None else kinds * len(names)

        entries = read_entries(X, y, task=task, sample_weight=sample_weight, kinds=kinds_of, owner=type(self).__name__)
        return entries, columns, [kind == "numeric" for kind in kinds_of(entries.names)]

    def _transformers_for(self, names: tuple[Any, ...], numeric: list[bool]) -> list[Any]:
        """One transformer, not fitted, per task; None for those that are left alone."""
        if isinstance(self.transformer, Mapping):
            unknown = [key for key in self.transformer if key not in names]
            if unknown:
                raise InvalidParameterError(
                    f"transformer names the task {unknown[0]!r}, which is not among the tasks {list(names)}: correct "
                    "its name."
                )
            return [self.transformer.get(name) for name in names]
        one = self.transformer
        if self.func is not None:
            one = FunctionTransformer(self.func, self.inverse_func, check_inverse=self.check_inverse)
        return [one if is_number else None for is_number in numeric]

    def _with_stand_ins(self, columns: list[np.ndarray], entries: TaskEntries, codes: Any) -> list[np.ndarray]:
        """The columns with an observed value in place of those of weight 0.

        They count nowhere, and may have no finite counterpart. NaN instead would not do: not every estimator takes it.
        """
        columns = [column.copy() for column in columns]
        for t, fitted in enumerate(self.transformers_):
            if fitted is not None:
                column = columns[t if codes is None else 0]
                absent = ~is_missing(column) if codes is None else ~is_missing(column) & (codes == t)
                absent[entries.rows[t]] = False
                column[absent] = entries.y[t][0]
        return columns

    def _turned(self, columns: list[np.ndarray], codes: Any, *, inverse: bool) -> np.ndarray:
        """Columns transformed, or predictions back; (n,) in the rows form, else (n, T)."""
        names = self.task_names_.tolist()
        if codes is None:
            done = []
            for column, fitted, name in zip(columns, self.transformers_, names, strict=True):
                where = f"(task {name!r})"
                done.append(
                    column
                    if fitted is None
                    else apply_column(fitted, as_numeric(column, where), where, inverse=inverse)
                )
            return label_table(done)
        values = as_numeric(columns[0], "(one outcome, rows of tasks)")
        # A task that was not in the fit has the function that all have.
        every, names = [*self.transformers_, self.transformers_[0]], [*names, "that was not in the fit"]
        for t in np.unique(codes).tolist():
            if every[t] is not None:
                rows = codes == t
                values[rows] = apply_column(every[t], values[rows], f"(task {names[t]!r})", inverse=inverse)
        return values

    def _back(self, said: np.ndarray, codes: Any) -> np.ndarray:
        """Predictions in the units of the outcomes."""
        if all(fitted is None for fitted in self.transformers_):
            return said
        if codes is not None:
            return self._turned([said], codes, inverse=True)
        table = said[:, None] if said.ndim == 1 else said
        turned = self._turned([table[:, t] for t in range(table.shape[1])], None, inverse=True)
        return turned[:, 0] if said.ndim == 1 else turned

    def predict(self, X: Any, *, task: Any = None, return_std: bool = False, on_unknown: str = "error") -> Any:
        """Predict in the units of the data.

        Parameters
        ----------
        X : array-like, sparse matrix or frame of n rows
        task : array-like of shape (n,), optional
            Task of each row; the prediction is then that task's.
        return_std : bool, default False
            Standard deviations too, of an estimator that has them (a Gaussian process). Only where every
            transformation is a shift and a change of unit: there is no standard deviation on the other side of a
            curve.
        on_unknown : {"error", "prior"}, default "error"
            For rows of a task that was not in the fit: refuse, or answer from what the tasks share, if the estimator
            has the argument. Only with ``func``, which is the same for every task, or where nothing is transformed.

        Returns
        -------
        ndarray of shape (n, T) or (n,), as the estimator gives it; with ``return_std`` two of them

        Raises
        ------
        TaskDataError
            ``return_std`` with a transformation that is not affine, or an estimator without it; ``on_unknown="prior"``
            for a task whose transformation is not known, or with an estimator without it.
        """
        check_is_fitted(self)
        if return_std and not takes_argument(self.estimator_, "predict", "return_std"):
            raise TaskDataError(
                f"{type(last_step(self.estimator_)).__name__}.predict takes no return_std: leave it out, or wrap an "
                "estimator that has standard deviations, such as a Gaussian process."
            )
        given = {"task": task, "on_unknown": on_unknown}
        turns = [fitted is not None for fitted in self.transformers_]
        alike = not any(turns) or (self.func is not None and all(turns))
        codes = None if task is None else codes_of(task, self.task_names_, count_rows(X), on_unknown, alike)
        if not return_std:
            return self._back(np.asarray(call(self.estimator_, "predict", X, **given)), codes)
        units = np.array(
            [unit_of(fitted, name) for fitted, name in zip(self.transformers_, self.task_names_.tolist(), strict=True)]
        )
        mean, std = call(self.estimator_, "predict", X, return_std=True, **given)
        if codes is not None:
            units = np.append(units, units[0])[codes]
        elif np.ndim(std) == 1:
            units = units[0]
        return self._back(np.asarray(mean), codes), np.asarray(std) * units

    @available_if(inner_has("predict_proba"))
    def predict_proba(self, X: Any, *, task: Any = None, on_unknown: str = "error") -> Any:
        """Probabilities of classes, which no transformation touches.

        Parameters
        ----------
        X : array-like, sparse matrix or frame of n rows
        task : array-like of shape (n,), optional
        on_unknown : {"error", "prior"}, default "error"
            As in the wrapped estimator.

        Returns
        -------
        ndarray or list of ndarrays, as the wrapped estimator gives them
        """
        check_is_fitted(self)
        return call(self.estimator_, "predict_proba", X, task=task, on_unknown=on_unknown)

    @available_if(inner_has("decision_function"))
    def decision_function(self, X: Any, *, task: Any = None, on_unknown: str = "error") -> Any:
        """Decision values of classes, which no transformation touches.

        Parameters
        ----------
        X : array-like, sparse matrix or frame of n rows
        task : array-like of shape (n,), optional
        on_unknown : {"error", "prior"}, default "error"
            As in the wrapped estimator.

        Returns
        -------
        ndarray
        """
        check_is_fitted(self)
        return call(self.estimator_, "decision_function", X, task=task, on_unknown=on_unknown)

    def score(self, X: Any, y: Any, sample_weight: Any = None, *, task: Any = None) -> float:
        """Mean over outcomes of R2 in the units of the data, or of the accuracy for classes.

        Parameters
        ----------
        X : array-like, sparse matrix or frame of n rows
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
        MultiTaskMixin._score_target(self, y, task)
        classes = getattr(self, "classes_", None)
        known = classes if isinstance(classes, list) else [classes] * self.n_tasks_
        labelled = [some is not None for some in known]
        return default_score(y, self.predict(X, task=task), sample_weight, labelled, self.task_names_.tolist())


__all__ = ["TransformedTaskTarget"]
