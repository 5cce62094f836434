"""Inverse probability of observation as 2-D sample weights."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from numbers import Integral, Real
from typing import Any, ClassVar

import numpy as np
from numpy.random import RandomState
from sklearn.base import BaseEstimator
from sklearn.utils import Tags, check_random_state
from sklearn.utils.validation import check_is_fitted, validate_data

from skmtl._params import NONE, HasMethods, InstanceOf, Interval, check_parameters
from skmtl._typing import Array
from skmtl.base import task_codes, task_names_array
from skmtl.data._build import _no_entry
from skmtl.data._targets import is_missing
from skmtl.data._weights import check_sample_weight
from skmtl.exceptions import TaskDataError
from skmtl.preprocessing._features import feature_table, holds_labels
from skmtl.preprocessing._observed import Observed, count_rows, group_codes, read_observed
from skmtl.preprocessing._propensity import FEWEST, OutOfFold, fit, out_of_fold, prepare, probability_of, same_rows


@dataclass(frozen=True, eq=False)
class Truncated:
    """Truncated weights of the observed entries, and what makes weights of other probabilities.

    ``weight = clip(share / max(probability, floor), low, high) / mean``.
    """

    weight: Array
    share: float
    low: float
    high: float
    mean: float
    floor: float

    def of(self, probability: Array) -> Array:
        """Weights of probabilities that were not there when the limits were set."""
        return np.clip(self.share / np.maximum(probability, self.floor), self.low, self.high) / self.mean


def inverse_weights(probability: Array, share: float, truncate: float) -> Truncated:
    """Weights share / probability of the observed entries, truncated at two quantiles, then of mean 1.

    Parameters
    ----------
    probability : ndarray of shape (m,)
        Of the observed entries.
    share : float
        Of the entries that are observed.
    truncate : float in [0, 0.5)
        Weights below this quantile and above 1 minus it become those quantiles.
    """
    # Of a tree that says "never" of a row which was observed, half a row of as many is the most that can be meant.
    floor = 0.5 / len(probability)
    raw = share / np.maximum(probability, floor)
    low, high = np.quantile(raw, [truncate, 1 - truncate])
    clipped = np.clip(raw, low, high)
    mean = float(clipped.mean())
    return Truncated(clipped / mean, share, float(low), float(high), mean, floor)


class ObservationWeights(BaseEstimator):
    r"""Weights that make the observed entries of each outcome look like all rows.

    For outcome t, observed in some rows (R_it = 1), with a classifier for p_t(x) = P(R_t = 1 | x),

        w_it = c_t · trunc( P(R_t = 1) / p_t(x_i) ),      c_t such that the mean of w_it over observed i is 1

    (Robins, Rotnitzky and Zhao 1994; stabilised and truncated as in Cole and Hernán 2008). Those who are seldom
    measured count more where they were. A weighted mean, score or fit is then about all rows, if missingness depends
    on the given features only and everybody has some chance of being observed. The weights go to any skmtl
    estimator, scorer or metric as ``sample_weight`` of shape (n, T).

    Not a step of a Pipeline, which has no way to hand on weights: `skmtl.compose.InverseProbabilityWeighted` does
    that for one estimator. Not useful for a model that has the features and the right form: it is unbiased
    without weights, which then only cost variance (`missingness_report` tells how many rows are left of n). No help
    where values are missing because of what they would have been.

    Parameters
    ----------
    estimator : classifier with ``predict_proba`` or None, default None
        Model of being observed; gets X as it is. None: logistic regression with scikit-learn's default penalty on
        imputed, standardised and one-hot encoded features. Cloned, never fitted itself.
    truncate : float in [0, 0.5), default 0.01
        Weights below this quantile of an outcome's weights, and above 1 minus it, become that quantile: less variance
        for some bias. 0: no truncation.
    n_splits : int or None, default 5
        `fit_weights` takes each row's probability from a model that has not seen the row, by this many folds; None
        from the model of all rows, as `weights` does.
    random_state : int, RandomState instance or None, default None
        Of the folds.

    Attributes
    ----------
    estimators_ : list of T fitted classifiers
        The same object for outcomes that are observed in the same rows; None where nothing was modelled (complete, or
        fewer than ten observed or missing rows): the weight is 1 there.
    truncation_ : ndarray of shape (T, 2)
        Limits of the weights, before they are given mean 1.
    observed_share_ : ndarray of shape (T,)
        Share of the rows (of the task) in which the outcome is observed.
    task_names_ : ndarray of shape (T,)
        Column names of ``Y``, task ids, or 0 .. T-1.
    data_form_ : {"single", "wide", "rows"}
    n_features_in_ : int
    feature_names_in_ : ndarray of shape (p,)
        Where X has column names.

    See Also
    --------
    skmtl.compose.InverseProbabilityWeighted : Fits the weights and an estimator with them.
    skmtl.inspection.missingness_report : Whether they are needed.

    References
    ----------
    J. Robins, A. Rotnitzky, L. P. Zhao (1994). Estimation of regression coefficients when some regressors are not
    always observed. JASA 89:846-866. S. Cole, M. Hernán (2008). Constructing inverse probability weights for
    marginal structural models. American Journal of Epidemiology 168:656-664.

    Examples
    --------
    Pressure rises with age (mean 60) and is taken more often of the old:

    >>> import numpy as np
    >>> from skmtl.preprocessing import ObservationWeights
    >>> rng = np.random.default_rng(0)
    >>> age = rng.normal(60, 10, size=2000)
    >>> pressure = 70 + age + rng.normal(size=2000)
    >>> pressure[rng.normal(60, 10, size=2000) > age] = np.nan
    >>> weight = ObservationWeights(random_state=0).fit_weights(age[:, None], pressure)
    >>> seen = ~np.isnan(pressure)
    >>> print(f"{pressure[seen].mean():.1f} {np.average(pressure[seen], weights=weight[seen]):.1f}")
    135.6 130.7
    """

    _parameter_constraints: ClassVar[dict[str, Any]] = {
        "estimator": [NONE, HasMethods(("fit", "predict_proba"))],
        "truncate": [Interval(Real, 0, 0.5, closed="left")],
        "n_splits": [NONE, Interval(Integral, 2, float("inf"), closed="left")],
        "random_state": [NONE, Interval(Integral, 0, 2**32 - 1), InstanceOf(RandomState, "a RandomState")],
    }

    def __init__(
        self,
        estimator: Any = None,
        *,
        truncate: float = 0.01,
        n_splits: int | None = 5,
        random_state: int | RandomState | None = None,
    ):
        self.estimator = estimator
        self.truncate = truncate
        self.n_splits = n_splits
        self.random_state = random_state

    def __sklearn_tags__(self) -> Tags:
        """Tags: X may hold labels and missing values; NaN in the target is a missing outcome."""
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = tags.input_tags.sparse = True
        tags.input_tags.categorical = tags.input_tags.string = True
        tags.target_tags.required = tags.target_tags.multi_output = True
        return tags

    def fit(
        self, X: Any, y: Any, sample_weight: Any = None, *, task: Any = None, groups: Any = None
    ) -> ObservationWeights:
        """Fit the model of being observed of each outcome.

        Parameters
        ----------
        X : array-like, sparse matrix or frame of shape (n, p)
            What missingness may depend on.
        y : array-like or frame of shape (n,) or (n, T)
            Outcomes of any type; NaN, None and pandas.NA where unobserved.
        sample_weight : array-like of shape (n,) or (n, T), optional
            Entries of weight 0 are taken out, neither observed nor missing; other weights make no difference.
        task : array-like of shape (n,), optional
            Task of each row of a 1-D ``y``: a task is missing only in rows of its own.
        groups : array-like of shape (n,), optional
            Rows with the same value stay in one fold.

        Returns
        -------
        self

        Raises
        ------
        TaskDataError
            The outcomes cannot be read, or one of them has no observed entry.
        InvalidParameterError
            A parameter is out of range.
        """
        self._fit(X, y, sample_weight, task, groups)
        return self

    def fit_weights(self, X: Any, y: Any, sample_weight: Any = None, *, task: Any = None, groups: Any = None) -> Array:
        """Fit, and give the weights of the very same rows, cross-fitted.

        Parameters
        ----------
        X, y, task, groups : as in `fit`
        sample_weight : array-like of shape (n,) or (n, T), optional
            Multiplies the weights.

        Returns
        -------
        ndarray of shape (n, T), or (n,) after a 1-D ``y``
            0 where unobserved.
        """
        observed, crossed = self._fit(X, y, sample_weight, task, groups)
        weight = np.zeros(observed.mask.shape)
        table = None
        for t, found in enumerate(crossed):
            rows = np.flatnonzero(observed.mask[:, t])
            if self.estimators_[t] is None:
                weight[rows, t] = 1.0
            elif found is not None:
                weight[found.rows[found.observed], t] = self._limits[t].of(found.probability[found.observed])
            else:
                table = prepare(self.estimator, X)[0] if table is None else table
                weight[rows, t] = self._limits[t].of(probability_of(self.estimators_[t], table, rows))
        if sample_weight is not None:
            given = check_sample_weight(sample_weight, observed.n_rows, len(observed.columns))
            weight = weight * given
        return observed.narrow(weight)

    def weights(self, X: Any, y: Any = None, *, task: Any = None) -> Array:
        """Give the weights of other rows, those of a test part for a scorer say.

        Parameters
        ----------
        X : array-like, sparse matrix or frame of shape (n, p)
        y : array-like or frame of shape (n,) or (n, T), optional
            Where given, weights are 0 where it is unobserved; else they are what an observed entry would have.
        task : array-like of shape (n,), optional
            Task of each row; the weight is then that task's.

        Returns
        -------
        ndarray of shape (n, T), or (n,) with ``task`` or after a fit on a 1-D ``y``

        Raises
        ------
        TaskDataError
            ``task`` holds an id not seen in ``fit``, ``y`` has other outcomes or the same in another order, or X has
            text in a column that held numbers.
        """
        check_is_fitted(self)
        validate_data(self, X, reset=False, skip_check_array=True)
        table = feature_table(X, self._labels) if self.estimator is None else X
        n_rows = count_rows(table)
        every = np.arange(n_rows)
        weight = np.ones((n_rows, len(self.estimators_)))
        said: dict[int, Array] = {}
        for t, model in enumerate(self.estimators_):
            if model is not None:
                if id(model) not in said:
                    said[id(model)] = probability_of(model, table, every)
                weight[:, t] = self._limits[t].of(said[id(model)])
        if task is not None:
            weight = weight[every, task_codes(task, self.task_names_, n_rows)]
        elif self.data_form_ == "single":
            weight = weight[:, 0]
        return weight if y is None else np.where(self._mask_of(y, weight), weight, 0.0)

    def _mask_of(self, y: Any, weight: Array) -> np.ndarray:
        given = read_observed(y, n_rows=len(weight))
        if weight.ndim == 1 and given.n_tasks == 1:
            return given.mask[:, 0]
        if given.mask.shape != weight.shape:
            raise TaskDataError(
                f"y has {given.n_tasks} outcomes, and the weights are of {weight.shape[-1] if weight.ndim > 1 else 1}: "
                "give the outcomes of the fit, in their order (after a fit on rows of tasks give task too)."
            )
        known, names, unnamed = self.task_names_.tolist(), list(given.names), list(range(given.n_tasks))
        # Without names on one side there is the order only.
        if given.form == "wide" and names != known and unnamed not in (names, known):
            raise TaskDataError(
                "y has the outcomes of the fit in another order: give its columns in the order of task_names_."
                if set(names) == set(known)
                else f"y has the outcome {next((n for n in names if n not in known), names[0])!r}, which the fit did "
                "not have: give the outcomes of the fit."
            )
        return given.mask

    def _fit(
        self, X: Any, y: Any, sample_weight: Any, task: Any, groups: Any
    ) -> tuple[Observed, list[OutOfFold | None]]:
        check_parameters(self, self._parameter_constraints)
        owner = f"This {type(self).__name__} estimator"
        table, model = prepare(self.estimator, X)
        n_rows = count_rows(table)
        observed = read_observed(y, task, sample_weight=sample_weight, n_rows=n_rows, owner=owner)
        code = group_codes(groups, n_rows)
        for t in np.flatnonzero(~observed.mask.any(axis=0)).tolist():
            column = observed.columns[t if observed.form != "rows" else 0]
            seen = bool((~is_missing(column)).any()) and sample_weight is not None
            raise _no_entry(f"(task {observed.names[t]!r})", seen)
        validate_data(self, X, skip_check_array=True)
        self._labels = holds_labels(table) if self.estimator is None else None
        seed = check_random_state(self.random_state).randint(2**31 - 1)
        n_tasks = observed.n_tasks
        models: list[Any] = [None] * n_tasks
        crossed: list[OutOfFold | None] = [None] * n_tasks
        limits = [Truncated(np.ones(0), 1.0, 1.0, 1.0, 1.0, 0.0)] * n_tasks
        share = observed.mask.sum(axis=0) / observed.possible.sum(axis=0)
        for tasks in same_rows(observed):
            t = tasks[0]
            possible, mask = observed.possible[:, t], observed.mask[:, t]
            rows = np.flatnonzero(possible)
            if min(mask.sum(), (possible & ~mask).sum()) < FEWEST:
                self._tell_if_few(observed, tasks)
                continue
            fitted = fit(model, table, rows, mask[rows])
            found = None
            if self.n_splits is not None:
                found = out_of_fold(model, table, possible, mask, code, int(self.n_splits), seed)
            if found is None:
                probability = probability_of(fitted, table, np.flatnonzero(mask))
            else:
                probability = found.probability[found.observed]
            limit = inverse_weights(probability, float(share[t]), float(self.truncate))
            for u in tasks:
                models[u], crossed[u], limits[u] = fitted, found, limit
        self.estimators_ = models
        self._limits = limits
        self.truncation_ = np.array([(limit.low, limit.high) for limit in limits])
        self.observed_share_ = share
        self.task_names_ = task_names_array(observed.names)
        self.n_tasks_ = n_tasks
        self.data_form_ = observed.form
        return observed, crossed

    def _tell_if_few(self, observed: Observed, tasks: list[int]) -> None:
        count = int(observed.mask[:, tasks[0]].sum())
        if count < FEWEST and not observed.mask[:, tasks[0]][observed.possible[:, tasks[0]]].all():
            warnings.warn(
                f"Outcome {observed.names[tasks[0]]!r} has {count} observed entries, too few for a model of its "
                "missingness: its weights are 1.",
                UserWarning,
                stacklevel=4,
            )


__all__ = ["ObservationWeights", "Truncated", "inverse_weights"]
