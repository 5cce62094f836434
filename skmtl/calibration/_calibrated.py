"""Probabilities that mean what they say, per outcome and per site, around any classifier."""

from __future__ import annotations

from copy import deepcopy
from numbers import Integral, Real
from typing import Any, ClassVar

import numpy as np
from numpy.random import RandomState
from sklearn.base import is_classifier
from sklearn.utils import Tags, check_random_state, get_tags, indexable
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted

from skmtl._params import NONE, Constraint, HasMethods, InstanceOf, Interval, OneOf, check_parameters
from skmtl._sklearn import safe_split
from skmtl._typing import Array
from skmtl.base import task_names_array
from skmtl.calibration._calibrated_answers import CalibratedAnswers
from skmtl.calibration._calibrated_fit import LeftOut, fit_calibrators
from skmtl.exceptions import InvalidParameterError, TaskDataError
from skmtl.multioutput._entries import TaskEntries, count_rows, read_entries
from skmtl.multioutput._inner import last_step, take_attribute
from skmtl.multioutput._left_out import (
    Outcomes,
    Part,
    ask_classes,
    classes_of,
    entries_in_order,
    fit_arguments,
    fit_models,
    make_parts,
)


class MultiTaskCalibrated(CalibratedAnswers):
    r"""Recalibrated probabilities around any multi-task classifier, per outcome or per site.

    The estimator is fitted on all rows; clones of it, each fitted without one fold, say what it predicts for rows it
    has not seen; and the map from those probabilities p to calibrated ones is fitted on all of them. With task t and
    log-odds (for several classes k: of class k against the rest, brought to the sum one)

    - ``"sigmoid"``: :math:`\operatorname{expit}(a_t + b_t \operatorname{logit} p)`, shift and slope (Platt 1999)
    - ``"intercept"``: the same with slope 1, calibration in the large
    - ``"temperature"``: :math:`p^{b_t}`, brought to the sum one; for two classes the slope without a shift (Guo et al.
      2017)
    - ``"isotonic"``: any increasing map

    Tasks with few events borrow from the others. Their maps :math:`\theta_t = (a_t, b_t)` minimise, with the negative
    log-likelihoods :math:`\ell_t` of the left-out predictions,

    .. math::

        \sum_t \ell_t(\theta_t) + \tfrac12 \sum_{tj} \lambda_j (\theta_{tj} - \theta_{0j})^2

    over all :math:`\theta_t` and the common :math:`\theta_0`, the shift taken at the mean log-odds of all tasks.

    Parameters
    ----------
    estimator : classifier
        With ``fit``, ``predict`` and ``predict_proba``; cloned, never fitted itself. It has to take missing outcomes if
        there are some. Numeric outcomes beside the labelled ones pass through as it predicts them. A
        `sklearn.frozen.FrozenEstimator` is not fitted again, and then the rows have to be new to it.
    method : {"sigmoid", "isotonic", "temperature", "intercept"}, default "sigmoid"
        The map. Isotonic needs some hundred events.
    cv : int, splitter, iterable of (train, test), "prefit" or None, default None
        None means 5 random folds, an int another number, by `MultiTaskKFold`; the test parts have to be a partition.
        With "prefit" the estimator has been fitted on other rows, and all rows calibrate.
    shrinkage : float in [0, inf] or "auto", default "auto"
        The penalty lambda for shift and slope alike: 0 gives every task its own map, infinity all of them one. "auto":
        the inverse of the variance between tasks, for each of the two, by empirical Bayes. For "isotonic", "auto" is
        0, and only 0 and infinity are allowed. After a fit on rows of tasks all sites share; of several outcomes all
        binary ones do, and with "temperature" all.
    min_events : int, default 5
        If the rarest class of an outcome (of all outcomes that share) has fewer entries, a warning tells and "sigmoid"
        and "isotonic" do less: a binary outcome is shifted only, one of several classes scaled only. Without any entry
        of a class the probabilities stay as they are.
    random_state : int, RandomState instance or None, default None
        Deals out the folds.
    n_jobs : int or None, default None
        Number of models fitted at the same time, as in scikit-learn.

    Attributes
    ----------
    estimator_ : fitted estimator
        That of all rows, whose probabilities are mapped.
    calibrators_ : list of length T
        The map of each task, with ``method`` (what few events left of it), ``intercept`` and ``slope`` of shape (M,),
        ``curves``, and ``calibrate(probability)``; None for a numeric outcome.
    common_ : list of dicts
        For each set of maps that shared, "center" and "spread": the common (shift, slope) and the standard deviation
        between tasks. Empty without sharing. One per class where there are more than two.
    n_calibration_ : ndarray of shape (T,)
        Entries that calibrated each task.
    task_names_ : ndarray of shape (T,)
    n_tasks_ : int
    classes_ : ndarray, or list of length T
        None for numbers in the list.
    data_form_ : {"single", "wide", "rows"}
    n_features_in_ : int
    feature_names_in_ : ndarray of shape (p,)
        Both if the wrapped estimator has them.

    See Also
    --------
    skmtl.metrics.calibration_table : Whether there is anything to be repaired.
    MultiTaskConformal : Sets of classes with a stated coverage.

    Notes
    -----
    *Against scikit-learn.* For one outcome it is `CalibratedClassifierCV` with ``ensemble=False``, where that starts
    from the log-odds ("sigmoid") or the probabilities ("isotonic"); that class refuses 2-D targets, NaN in them and
    task ids.

    *Few events.* "sigmoid" and "temperature" have Platt's targets :math:`(N_+ + 1)/(N_+ + 2)` and
    :math:`1/(N_- + 2)`, with the totals N over the outcomes that share, so that separation gives a steep slope and no
    infinite one. Each outcome needs two entries of each class: one to fit, one to calibrate.

    *Numbers.* A numeric outcome has no probability. Its shift and slope on left-out predictions are what a penalty has
    to be tuned for.

    *New site.* Rows of a site that the estimator does not know cannot be calibrated. With "prefit", sites of its fit
    that have no calibration row get the common map.

    Not for a model that ranks badly: every map but the isotonic one keeps the order (a negative slope reverses it, as a
    sign that left-out predictions are worse than a guess). And not from the rows it was fitted on: a frozen or prefit
    estimator there looks too good.

    References
    ----------
    J. Platt (1999). Probabilistic outputs for support vector machines and comparisons to regularized likelihood
    methods. Advances in Large Margin Classifiers, 61-74. MIT Press.

    C. Guo, G. Pleiss, Y. Sun and K. Q. Weinberger (2017). On calibration of modern neural networks. ICML.

    B. Zadrozny and C. Elkan (2002). Transforming classifier scores into accurate multiclass probability estimates. KDD.

    E. W. Steyerberg, G. J. J. M. Borsboom, H. C. van Houwelingen, M. J. C. Eijkemans and J. D. F. Habbema (2004).
    Validation and updating of predictive logistic regression models: a study on sample size and shrinkage.
    Statistics in Medicine 23, 2567-2586.

    D. J. C. MacKay (1992). Bayesian interpolation. Neural Computation 4(3), 415-447.

    Examples
    --------
    Naive Bayes takes correlated features for independent ones, and is far too sure of both outcomes:

    >>> import numpy as np
    >>> from sklearn.naive_bayes import GaussianNB
    >>> from skmtl.calibration import MultiTaskCalibrated
    >>> from skmtl.metrics import calibration_slope
    >>> from skmtl.multioutput import IndependentTasks
    >>> rng = np.random.default_rng(0)
    >>> severity = rng.normal(size=(2000, 1))
    >>> X = severity + 0.3 * rng.normal(size=(2000, 6))
    >>> Y = (rng.random((2000, 2)) < 1 / (1 + np.exp(-severity * [1, 2]))).astype(float)
    >>> Y[::3, 1] = np.nan
    >>> model = IndependentTasks(GaussianNB())
    >>> calibrated = MultiTaskCalibrated(model, random_state=0).fit(X[:1000], Y[:1000])
    >>> for one in (model.fit(X[:1000], Y[:1000]), calibrated):
    ...     print(calibration_slope(Y[1000:], one.predict_proba(X[1000:]), multioutput="raw_values").round(2))
    [0.2  0.17]
    [1.04 0.92]
    """

    _parameter_constraints: ClassVar[dict[str, list[Constraint]]] = {
        "estimator": [HasMethods(("fit", "predict"))],
        "method": [OneOf(("sigmoid", "isotonic", "temperature", "intercept"))],
        "shrinkage": [OneOf(("auto",)), Interval(Real, 0, np.inf)],
        "min_events": [Interval(Integral, 1, np.inf, closed="left")],
        "random_state": [NONE, Interval(Integral, 0, 2**32 - 1), InstanceOf(RandomState, "a RandomState")],
        "n_jobs": [NONE, InstanceOf(Integral, "an int")],
    }

    def __init__(
        self,
        estimator: Any,
        *,
        method: str = "sigmoid",
        cv: Any = None,
        shrinkage: float | str = "auto",
        min_events: int = 5,
        random_state: int | RandomState | None = None,
        n_jobs: int | None = None,
    ):
        self.estimator = estimator
        self.method = method
        self.cv = cv
        self.shrinkage = shrinkage
        self.min_events = min_events
        self.random_state = random_state
        self.n_jobs = n_jobs

    def __sklearn_tags__(self) -> Tags:
        """Tags of the wrapped estimator."""
        tags: Tags = deepcopy(get_tags(self.estimator))
        tags.target_tags.required = True
        tags.array_api_support = False
        return tags

    def fit(
        self, X: Any, y: Any, sample_weight: Any = None, *, task: Any = None, groups: Any = None
    ) -> MultiTaskCalibrated:
        """Fit the estimator, and the map of each outcome on predictions for entries that were left out.

        Parameters
        ----------
        X : array-like, sparse matrix or frame of n rows
            Whatever the wrapped estimator is fitted on.
        y : array-like or frame of shape (n,) or (n, T)
            Outcomes; NaN or None where unobserved.
        sample_weight : array-like of shape (n,) or (n, T), optional
            For the estimator and the maps. An entry of weight 0 is absent. To the maps a weight is a number of like
            entries, as in scikit-learn: weights that sum to 1 are one entry in all, from which no map can be learnt.
        task : array-like of shape (n,), optional
            Task id of each row, with a 1-D ``y``: one outcome in several places.
        groups : array-like of shape (n,), optional
            Rows with the same value (patient) are on the same side of every split.

        Returns
        -------
        self

        Raises
        ------
        TaskDataError
            The targets cannot be read, no outcome has classes, or a class of an outcome is too rare to be in every
            training part.
        InvalidParameterError
            A parameter is out of range, or the estimator has no ``predict_proba``.

        Warns
        -----
        UserWarning
            An outcome has fewer events than ``min_events``.
        """
        self._check_parameters()
        X, y, sample_weight, task, groups = indexable(X, y, sample_weight, task, groups)
        entries = read_entries(
            X,
            y,
            task=task,
            sample_weight=sample_weight,
            kinds=lambda names: ["label"] * len(names),
            owner=type(self).__name__,
        )
        if is_classifier(self.estimator):
            for name, values in zip(entries.names, entries.y, strict=True):
                _check_labels(name, values)
        if isinstance(self.cv, str):
            self.estimator_, models = self.estimator, [self.estimator]
            entries = entries_in_order(self.estimator, entries)
            parts: list[Part] = [(np.arange(0), np.arange(count_rows(X)))]
        else:
            given = fit_arguments(self.estimator, sample_weight, task)
            seed = int(check_random_state(self.random_state).randint(np.iinfo(np.int32).max))
            parts = make_parts("cv+", self.cv, self.estimator, X, y, entries, task, groups, seed)
            self.estimator_, *models = fit_models(
                self.estimator, X, y, [None, *(train for train, _ in parts)], given, self.n_jobs
            )
        self._remember(entries)
        labelled = self._outcomes.labelled
        left_out = self._left_out(X, entries, models, parts)
        maps, self.common_ = fit_calibrators(
            left_out, self.method, self._shrinkage(), self.min_events, self.data_form_ != "wide"
        )
        self.calibrators_: list[Any] = [None] * self.n_tasks_
        for t, calibrator in zip(labelled, maps, strict=True):
            self.calibrators_[t] = calibrator
        return self

    def _check_parameters(self) -> None:
        check_parameters(self, self._parameter_constraints)
        if isinstance(self.cv, str):
            if self.cv != "prefit":
                raise InvalidParameterError(
                    f"cv={self.cv!r} is not known: give a number of folds, a splitter, or 'prefit' for an estimator "
                    "that is fitted already."
                )
            check_is_fitted(self.estimator)
        if not hasattr(self.estimator, "predict_proba"):
            raise InvalidParameterError(
                f"{type(last_step(self.estimator)).__name__} has no predict_proba, which is what gets calibrated: give "
                "a classifier that has it, or wrap this one in sklearn.calibration.CalibratedClassifierCV."
            )
        if self.method == "isotonic" and self.shrinkage not in ("auto", 0, np.inf):
            raise InvalidParameterError(
                f"shrinkage={self.shrinkage!r} does not go with method='isotonic', whose curves are not drawn towards "
                "each other: give 0 for a curve per task, infinity for one curve, or another method."
            )

    def _shrinkage(self) -> float | str:
        if self.shrinkage != "auto":
            return float(self.shrinkage)
        return 0.0 if self.method == "isotonic" else "auto"

    def _remember(self, entries: TaskEntries) -> None:
        """Set the fitted attributes that say what was fitted, before anything is calibrated."""
        self.task_names_ = task_names_array(entries.names)
        self.n_tasks_ = entries.n_tasks
        self.data_form_ = entries.form
        for name in ("n_features_in_", "feature_names_in_"):
            take_attribute(self, name, getattr(self.estimator_, name, None))
        known = classes_of(self.estimator_, entries.n_tasks)
        self._outcomes = Outcomes(entries.names, tuple(known), False)
        if not self._outcomes.labelled:
            raise TaskDataError("No outcome has classes, so there is no probability to calibrate: give a classifier.")
        for t in self._outcomes.labelled:
            unknown = np.setdiff1d(entries.y[t], np.asarray(known[t]))
            if unknown.size:
                raise TaskDataError(
                    f"y of task {entries.names[t]!r} holds {unknown.tolist()[0]!r}, which the fitted estimator does "
                    "not know: leave these entries out."
                )
        several = entries.form == "wide" and len(known) > 1
        take_attribute(self, "classes_", known if several else known[0])
        self.n_calibration_ = self._n_observed = entries.counts

    def _left_out(self, X: Any, entries: TaskEntries, models: list[Any], parts: list[Part]) -> list[LeftOut]:
        """What each entry was predicted by the model that did not see it."""
        n_rows = count_rows(X)
        classes = self._outcomes.classes
        tables: dict[int, Array] = {t: np.full((n_rows, len(classes[t])), np.nan) for t in self._outcomes.labelled}  # type: ignore[arg-type]
        for model, (_, test) in zip(models, parts, strict=True):
            said = ask_classes(model, safe_split(model, X, None, test)[0], self._outcomes)
            for t, table in tables.items():
                table[test] = said[t]
        left_out = []
        for t, table in tables.items():
            rows, weight = entries.rows[t], entries.weight_of(t)
            code = np.searchsorted(classes[t], entries.y[t]).astype(np.intp)  # type: ignore[arg-type]
            weight = np.ones(len(rows)) if weight is None else weight.astype(float)
            left_out.append(LeftOut(entries.names[t], table[rows], code, weight))
        return left_out


def _check_labels(name: object, values: np.ndarray) -> None:
    """Refuse numbers that are no labels before folds are dealt out by them."""
    try:
        check_classification_targets(values)
    except ValueError as error:
        raise TaskDataError(f"y of task {name!r}: {error}") from error


__all__ = ["MultiTaskCalibrated"]
