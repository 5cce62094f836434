"""Intervals and sets with a stated coverage, around any estimator, for outcomes of which many are missing."""

from __future__ import annotations

from copy import deepcopy
from numbers import Integral
from typing import Any, ClassVar

import numpy as np
from numpy.random import RandomState
from sklearn.base import is_classifier
from sklearn.utils import Tags, check_random_state, get_tags, indexable
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_is_fitted

from skmtl._params import BOOLEAN, NONE, Constraint, HasMethods, InstanceOf, Interval, OneOf, check_parameters
from skmtl.base import MultiTaskMixin, task_codes, task_names_array
from skmtl.calibration._conformal_answers import ConformalAnswers
from skmtl.calibration._conformal_scores import TaskScales, entry_scores, row_scores
from skmtl.exceptions import InvalidParameterError, TaskDataError
from skmtl.multioutput._entries import TaskEntries, count_rows, read_entries
from skmtl.multioutput._inner import last_step, take_attribute
from skmtl.multioutput._left_out import (
    Outcomes,
    classes_of,
    entries_in_order,
    fit_arguments,
    fit_models,
    make_parts,
    std_arguments,
)
from skmtl.multioutput._score import default_score


def _has_probabilities(owner: Any) -> bool:
    """Whether the wrapped estimator has probabilities; if not, it says why."""
    _ = getattr(owner, "estimator_", owner.estimator).predict_proba
    return True


class MultiTaskConformal(ConformalAnswers):
    """Intervals and sets with a stated coverage around any estimator, per outcome, with missing outcomes.

    Conformal prediction: residuals of rows that a model did not see say how far off it is on the next row. It assumes
    only that the entries of a task and its next one are exchangeable. Task t calibrates on the n_t rows in which it was
    observed.

    With alpha = 1 - coverage, scores R_i of the entries i of a task, mu_k(i) the model fitted without the fold of i,
    and the rank m = ceil((n_t + 1)(1 - alpha)):

        R_i    =  |y_i - mu_k(i)(x_i)|
        C(x)   =  [ m-th largest of mu_k(i)(x) - R_i,  m-th smallest of mu_k(i)(x) + R_i ]

    - ``"split"``: one model, fitted on one part and calibrated on the other. Coverage at least 1 - alpha
      (Papadopoulos et al. 2002; Lei et al. 2018).
    - ``"cv+"``: one model per fold, every entry calibrates. Guaranteed 1 - 2 alpha
      - sqrt(2 / n_t), typically 1 - alpha (Barber et al. 2021).
    - ``"jackknife+"``: one model per row (per group); guaranteed 1 - 2 alpha, typically 1 - alpha.

    Classes get sets, by the same comparison of scores (cross-conformal, Vovk 2015; Romano et al. 2020).

    Parameters
    ----------
    estimator : estimator
        With ``fit`` and ``predict``, for classes with ``predict_proba``; cloned, never fitted itself. It has to take
        missing outcomes if there are some: any model of skmtl, or any other inside `IndependentTasks`.
    method : {"cv+", "split", "jackknife+"}, default "cv+"
        How calibration entries are kept from the model that is judged by them.
    cv : int, splitter, iterable of (train, test), "prefit" or None, default None
        None means 5 random folds, an int another number, by `MultiTaskKFold`; "cv+" needs a partition of the rows.
        "split" calibrates on the first test part, one fold with an int; with ``cv="prefit"`` the estimator has been
        fitted on other rows and all rows calibrate, which is how an existing model gets intervals at a new site.
        Not looked at by "jackknife+".
    scores : {"absolute", "normalized"}, default "absolute"
        Score of a number: the absolute residual, or that divided by the standard deviation of
        ``predict(X, return_std=True)`` for estimators that have it, so that intervals widen where the model is less
        sure.
    label_scores : {"lac", "aps"}, default "lac"
        Score of a class: one minus its probability, which gives the smallest sets (Sadinle et al. 2019), or the
        probability of all classes before it, randomised, which gives hard rows larger sets and easy rows smaller ones
        (Romano et al. 2020).
    calibrate_by : {"task", "all"}, default "task"
        "task": every task is calibrated by its own entries and has the coverage by itself. "all": scores, divided by
        the mean score of their task, are pooled, so that small tasks get finite and steadier intervals; the coverage
        then holds on average over the entries of all tasks, not for each.
    class_conditional : bool, default False
        Calibrate each class by its own entries (Mondrian sets), so that a rare event is in its set as often as stated;
        without it a set may leave out most of a class of 5%. Has no effect on numbers.
    random_state : int, RandomState instance or None, default None
        Deals out the folds and seeds the uniform numbers of "aps". These are a function of the seed and of the row's
        probabilities, so that the set of a row does not depend on the rows it is asked with.
    n_jobs : int or None, default None
        Number of models fitted at the same time, as in scikit-learn.

    Attributes
    ----------
    estimator_ : fitted estimator
        That of ``predict``: fitted on all rows, by "split" on the rows that do not calibrate.
    estimators_ : list of K fitted estimators
        Those the calibration entries were kept from.
    n_calibration_ : ndarray of shape (T,)
        Calibration entries of each task.
    calibration_scores_ : list of T ndarrays of shape (n_t,)
        Their scores, in the order of the rows.
    scale_ : ndarray of shape (T,)
        Mean score of each numeric task, 1 for classes: what makes tasks comparable in ``calibrate_by="all"`` and
        ``joint="max"``. Of rows of tasks, drawn towards the overall mean as far as the tasks differ by noise.
    task_names_ : ndarray of shape (T,)
    n_tasks_ : int
    classes_ : ndarray, or list of length T
        Only with classes; None for numbers in the list.
    data_form_ : {"single", "wide", "rows"}
    n_features_in_ : int
    feature_names_in_ : ndarray of shape (p,)
        Both if the wrapped estimator has them.

    See Also
    --------
    skmtl.gaussian_process.MultiTaskGPRegressor : Intervals of a model, exact where the model is right.

    Notes
    -----
    *Missing outcomes.* Coverage holds for entries like those that get observed; for all entries if outcomes are missing
    at random. Where missingness depends on the features it is an average over patients like those observed, and where
    it depends on the outcome itself (the sick drop out) unobserved entries may be covered less often.

    *Marginal, not conditional.* One patient in ten is outside at 90%, and they may all be of one kind. Look at the
    coverage within groups that matter, or make them tasks.

    *Joint regions.* ``joint="max"`` scores a row by max_t R_it / scale_t over all numeric tasks t. The maximum over the
    observed tasks of an incomplete row is too small, so only complete rows calibrate: right if these are exchangeable
    with new rows. Each residual is scaled by the other residuals of its task. ``"bonferroni"`` needs no complete rows.

    *Groups.* With several rows per patient rows are not exchangeable, patients are: ``groups`` keeps the models honest,
    and the coverage is that of a random entry of a new patient on average, as long as no patient dominates.

    *Folds.* For numbers the default folds depend only on what was observed. For classes they are stratified, so that
    every model knows every class: a slight departure from the theory, and none that the tests can see.

    *Few entries.* With n_t < 1 / alpha - 1 no finite interval has the coverage; it is infinite, with a warning.

    MAPIE 1.6.0 cannot serve as the inside: its regressors refuse a 2-D target ("y should be a 1d array"), NaN in it
    ("Input y contains NaN.") and 2-D weights, and have no place for task ids and thus for quantiles per task.

    Not for extrapolation or data that drift: both break exchangeability and with it the coverage.

    References
    ----------
    R. F. Barber, E. J. Candès, A. Ramdas and R. J. Tibshirani (2021). Predictive inference with the jackknife+. Annals
    of Statistics 49(1), 486-507.

    J. Lei, M. G'Sell, A. Rinaldo, R. J. Tibshirani and L. Wasserman (2018). Distribution-free predictive inference for
    regression. Journal of the American Statistical Association 113(523), 1094-1111.

    H. Papadopoulos, K. Proedrou, V. Vovk and A. Gammerman (2002). Inductive confidence machines for regression. ECML.

    Y. Romano, M. Sesia and E. J. Candès (2020). Classification with valid and adaptive coverage. NeurIPS 33.

    M. Sadinle, J. Lei and L. Wasserman (2019). Least ambiguous set-valued classifiers with bounded error levels.
    Journal of the American Statistical Association 114(525), 223-234.

    V. Vovk (2015). Cross-conformal predictors. Annals of Mathematics and Artificial Intelligence 74, 9-28.

    Examples
    --------
    Two outcomes, the second noisier and measured in every third row; each interval is as wide as its task needs:

    >>> import numpy as np
    >>> from skmtl.calibration import MultiTaskConformal
    >>> from skmtl.linear_model import MeanRegularizedRidge
    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(size=(2000, 3))
    >>> Y = X @ [[1, 1], [0, 1], [1, 0]] + rng.normal(size=(2000, 2)) * [1, 3]
    >>> Y_train = np.where(np.arange(2000)[:, None] % [1, 3] == 0, Y, np.nan)
    >>> model = MultiTaskConformal(MeanRegularizedRidge(0.01), random_state=0).fit(X[:1000], Y_train[:1000])
    >>> model.n_calibration_
    array([1000,  334])
    >>> lower, upper = model.predict_interval(X[1000:], coverage=0.9)
    >>> inside = (lower <= Y[1000:]) & (Y[1000:] <= upper)
    >>> inside.mean(axis=0).round(1).tolist(), (upper - lower).mean(axis=0).round().tolist()
    ([0.9, 0.9], [3.0, 10.0])
    >>> lower, upper = model.predict_interval(X[1000:], coverage=0.9, joint="max")
    >>> inside = (lower <= Y[1000:]) & (Y[1000:] <= upper)
    >>> round(float(inside.all(axis=1).mean()), 1)  # both at once
    0.9
    """

    _parameter_constraints: ClassVar[dict[str, list[Constraint]]] = {
        "estimator": [HasMethods(("fit", "predict"))],
        "method": [OneOf(("split", "cv+", "jackknife+"))],
        "scores": [OneOf(("absolute", "normalized"))],
        "label_scores": [OneOf(("lac", "aps"))],
        "calibrate_by": [OneOf(("task", "all"))],
        "class_conditional": [BOOLEAN],
        "random_state": [NONE, Interval(Integral, 0, 2**32 - 1), InstanceOf(RandomState, "a RandomState")],
        "n_jobs": [NONE, InstanceOf(Integral, "an int")],
    }

    def __init__(
        self,
        estimator: Any,
        *,
        method: str = "cv+",
        cv: Any = None,
        scores: str = "absolute",
        label_scores: str = "lac",
        calibrate_by: str = "task",
        class_conditional: bool = False,
        random_state: int | RandomState | None = None,
        n_jobs: int | None = None,
    ):
        self.estimator = estimator
        self.method = method
        self.cv = cv
        self.scores = scores
        self.label_scores = label_scores
        self.calibrate_by = calibrate_by
        self.class_conditional = class_conditional
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
    ) -> MultiTaskConformal:
        """Fit the estimator, and score every calibration entry with a model that did not see it.

        Parameters
        ----------
        X : array-like, sparse matrix or frame of n rows
            Whatever the wrapped estimator is fitted on.
        y : array-like or frame of shape (n,) or (n, T)
            Outcomes; NaN or None where unobserved.
        sample_weight : array-like of shape (n,) or (n, T), optional
            Handed to the estimator. An entry of weight 0 is absent, from the calibration too; one of any other weight
            counts once in the calibration.
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
            The targets cannot be read, or a task is not observed in a part it has to be fitted on.
        InvalidParameterError
            A parameter is out of range, or the estimator lacks what it asks for.
        """
        self._check_parameters()
        X, y, sample_weight, task, groups = indexable(X, y, sample_weight, task, groups)
        entries = read_entries(
            X, y, task=task, sample_weight=sample_weight, kinds=_as_they_are, owner=type(self).__name__
        )
        rng = check_random_state(self.random_state)
        fold_seed, self._seed = (int(seed) for seed in rng.randint(np.iinfo(np.int32).max, size=2))
        if isinstance(self.cv, str):
            self.estimator_, self.estimators_ = self.estimator, [self.estimator]
            entries = entries_in_order(self.estimator, entries)
            parts = [(np.arange(0), np.arange(count_rows(X)))]
        else:
            given = fit_arguments(self.estimator, sample_weight, task)
            parts = make_parts(self.method, self.cv, self.estimator, X, y, entries, task, groups, fold_seed)
            # The model of all rows comes first; "split" predicts with the one that is calibrated.
            rows = [*([] if self.method == "split" else [None]), *(train for train, _ in parts)]
            models = fit_models(self.estimator, X, y, rows, given, self.n_jobs)
            self.estimator_, self.estimators_ = models[0], models[-len(parts) :]
        self.task_names_ = task_names_array(entries.names)
        self.n_tasks_ = entries.n_tasks
        self.data_form_ = entries.form
        self._n_observed = entries.counts
        for name in ("n_features_in_", "feature_names_in_"):
            take_attribute(self, name, getattr(self.estimator_, name, None))
        self._outcomes = self._read_outcomes(entries)
        classes = self._outcomes.classes
        several = entries.form == "wide" and len(classes) > 1 and self._outcomes.labelled
        take_attribute(self, "classes_", list(classes) if several else classes[0])
        self._scores = entry_scores(self.estimators_, X, entries, parts, self._outcomes, self.label_scores, self._seed)
        self._compare_tasks()
        return self

    def _check_parameters(self) -> None:
        check_parameters(self, self._parameter_constraints)
        if isinstance(self.cv, str):
            if self.cv != "prefit" or self.method != "split":
                raise InvalidParameterError(
                    f"cv={self.cv!r} does not go with method={self.method!r}: give a number of folds or a splitter, or "
                    "cv='prefit' with method='split' for an estimator that is fitted already."
                )
            check_is_fitted(self.estimator)
        if is_classifier(self.estimator) and not hasattr(self.estimator, "predict_proba"):
            raise InvalidParameterError(
                f"{type(last_step(self.estimator)).__name__} has no predict_proba, from which the sets of classes are "
                "made: give a classifier that has it, or wrap this one in sklearn.calibration.CalibratedClassifierCV."
            )
        if self.scores == "normalized":
            std_arguments(self.estimator)

    def _read_outcomes(self, entries: TaskEntries) -> Outcomes:
        """Which outcomes have classes, as the fitted estimator says, and all the classes they have."""
        known = classes_of(self.estimator_, entries.n_tasks)
        # Rows of tasks have one outcome, and every task has all its classes.
        seen = [np.concatenate(entries.y)] * entries.n_tasks if entries.form == "rows" else entries.y
        classes = tuple(None if c is None else np.union1d(c, y) for c, y in zip(known, seen, strict=True))
        return Outcomes(entries.names, classes, self.scores == "normalized")

    def _compare_tasks(self) -> None:
        """Bring the scores of the tasks to one scale, over all entries and over complete rows."""
        self.calibration_scores_ = [scores.value for scores in self._scores]
        self.n_calibration_ = np.array([len(value) for value in self.calibration_scores_])
        numeric, labelled = self._outcomes.numeric, self._outcomes.labelled
        self.scale_ = np.ones(self.n_tasks_)
        self._scales, self._joint = None, None
        if numeric:
            values = [v if t in numeric else v[:0] for t, v in enumerate(self.calibration_scores_)]
            self._scales = TaskScales.of(values, same_unit=self.data_form_ == "rows")
            self.scale_[numeric] = self._scales.scales()[numeric]
        if len(numeric) > 1 and self.data_form_ != "rows":
            self._joint = row_scores(self._scores, numeric)
        classes = [self._outcomes.classes[t].tolist() for t in labelled]  # type: ignore[union-attr]
        if self.calibrate_by == "all" and self.class_conditional and any(c != classes[0] for c in classes):
            raise TaskDataError(
                "calibrate_by='all' with class_conditional=True needs the same classes in every outcome: use "
                "calibrate_by='task'."
            )

    def predict(self, X: Any, *, task: Any = None) -> np.ndarray:
        """Predict with ``estimator_``; not always the middle of the interval, and rarely outside of it.

        Parameters
        ----------
        X : array-like, sparse matrix or frame of n rows
        task : array-like of shape (n,), optional
            Task of each row; the prediction is then that task's.

        Returns
        -------
        ndarray of shape (n, T), or (n,) with ``task`` or after a fit on a 1-D ``y`` without tasks
        """
        check_is_fitted(self)
        predicted = self.estimator_.predict(X)
        if task is None:
            return predicted
        codes = task_codes(task, self.task_names_, len(predicted))
        return np.reshape(predicted, (len(codes), -1))[np.arange(len(codes)), codes]

    @available_if(_has_probabilities)
    def predict_proba(self, X: Any, *, task: Any = None) -> Any:
        """Probabilities of ``estimator_``, as it gives them; absent where it has none.

        Parameters
        ----------
        X : array-like, sparse matrix or frame of n rows
        task : array-like of shape (n,), optional

        Returns
        -------
        list of T ndarrays of shape (n, K_t), None for numbers, or one such array with ``task`` or a single outcome
        """
        check_is_fitted(self)
        return self.estimator_.predict_proba(X) if task is None else self.estimator_.predict_proba(X, task=task)

    def score(self, X: Any, y: Any, sample_weight: Any = None, *, task: Any = None) -> float:
        """Mean over outcomes of the R2 of the predictions, or their accuracy for classes.

        Parameters
        ----------
        X : array-like, sparse matrix or frame of n rows
        y : array-like or frame of shape (n,) or (n, T)
        sample_weight : array-like of shape (n,) or (n, T), optional
        task : array-like of shape (n,), optional
            Required after a fit on rows of tasks.

        Returns
        -------
        float
        """
        check_is_fitted(self)
        MultiTaskMixin._score_target(self, y, task)
        labelled = [known is not None for known in self._outcomes.classes]
        return default_score(y, self.predict(X, task=task), sample_weight, labelled, self.task_names_.tolist())


def _as_they_are(names: tuple[object, ...]) -> list[str]:
    """Read every outcome without a conversion: whether it has classes is what the fitted estimator says."""
    return ["label"] * len(names)


__all__ = ["MultiTaskConformal"]
