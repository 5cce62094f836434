"""Sharing with a way back: for each outcome the multi-task model, or its own where sharing does not pay."""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from numbers import Integral
from typing import Any, ClassVar

import numpy as np
from numpy.random import RandomState
from sklearn.utils import Tags, check_random_state, get_tags, indexable
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_is_fitted

from skmtl._params import BOOLEAN, NONE, Constraint, HasMethods, InstanceOf, Interval, OneOf, check_parameters
from skmtl._splits.columns import group_codes
from skmtl._typing import Array
from skmtl.base import MultiTaskMixin, label_table, task_codes, task_names_array
from skmtl.exceptions import InvalidParameterError
from skmtl.multioutput._entries import count_rows, read_entries
from skmtl.multioutput._guard_decisions import INDEPENDENT, Tables, Trial, decisions_table, results_table, trials_table
from skmtl.multioutput._guard_losses import Study, left_out_losses, outcomes_of, saving
from skmtl.multioutput._inner import take_attribute, target_kinds
from skmtl.multioutput._left_out import Outcomes, ask_classes, ask_numbers, fit_arguments, fit_models, make_parts
from skmtl.multioutput._rows import of_each_row
from skmtl.multioutput._score import default_score

# Outcomes of a sharing set that are tried without, one by one, in a round: those that the sharing serves worst.
_TRIED = 5


class TransferGuard(Tables):
    r"""For each task the candidate that provably helps it, and else its independent model.

    Clones of all estimators, each fitted without one fold, say what they lose on entries they have not seen: squared
    error, or log loss for labels. With the losses :math:`\ell_i` of a candidate and :math:`\ell^0_i` of the independent
    models on the entries of a task, the candidate saves

    .. math::

        s = \frac{\sum_i w_i (\ell^0_i - \ell_i)}{\sum_i w_i \ell^0_i}

    and replaces the independent model of this task only where s is above its own standard error ("one_se", after
    Breiman, Friedman, Olshen and Stone 1984). Of several such candidates the one that saves most is taken. The standard
    error is that of a ratio (delta method), :math:`\sqrt{m/(m-1) \sum_u \psi_u^2}` over m patients u (``groups``) or
    rows, with :math:`\psi_u = \sum_{i \in u} w_i (\ell^0_i - \ell_i - s \ell^0_i) / \sum_i w_i \ell^0_i`.

    Before that, tasks that hurt others leave a candidate's *sharing set*: round by round it is fitted without all tasks
    that it does not help by this rule, and without each of the five that it helps least of these. The trial that lowers
    the loss of the remaining tasks most decides what is left of the set, if it lowers it by more than
    :math:`\max(1, \sqrt{2 \log m})` standard errors, which the best of m trials that change nothing hardly reaches.
    Tasks outside the set keep their independent models.

    Parameters
    ----------
    estimators : dict from name to estimator
        The candidates that share: multi-task estimators, `PooledTasks`. They choose their strengths themselves
        (``*CV``) or have fixed ones.
    independent : estimator
        What a task falls back to: an estimator of all tasks that shares nothing, `IndependentTasks`. Tune it as well
        as the candidates, or sharing gets the credit of tuning.
    cv : int, splitter, iterable of (train, test) or None, default None
        None means 5 random folds, an int another number, by `skmtl.model_selection.MultiTaskKFold`; the test parts have
        to be a partition.
    rule : {"one_se", "min"}, default "one_se"
        "min" takes the candidate wherever it loses less at all. It keeps small gains, and takes as many small harms.
    drop_tasks : bool, default True
        Whether tasks may leave the sharing set. Costs up to six times K fits a round and candidate, and needs
        candidates that can be fitted to any subset of the tasks.
    random_state : int, RandomState instance or None, default None
        Deals out the folds.
    n_jobs : int or None, default None
        Number of models fitted at the same time, as in scikit-learn.

    Attributes
    ----------
    chosen_ : ndarray of shape (T,)
        Name of the candidate of each task, or "independent".
    decisions_ : DataFrame, one row per task
        Columns outcome, chosen, saving (percent of the loss of the independent model, by the candidate chosen or, if
        none was, the best one), error (its standard error), reason (a sentence).
    cv_results_ : DataFrame, one row per task and candidate
        Columns outcome, candidate, n (entries), loss and independent_loss (means over left-out entries), saving and
        error (percent), in_sharing_set.
    sharing_sets_ : dict from candidate to tuple of task names
    trials_ : DataFrame, one row per trial of a smaller sharing set
        Columns candidate, round, without (tuple of task names), saving and error (percent, mean over the remaining
        tasks), kept.
    estimators_ : dict from name to fitted estimator
        Those that were chosen, fitted to all rows of their sharing set; and "independent" where it serves a task.
    task_names_ : ndarray of shape (T,)
    n_tasks_ : int
    classes_ : ndarray, or list of length T
        None for numbers in the list.
    data_form_ : {"single", "wide", "rows"}
    n_features_in_ : int
    feature_names_in_ : ndarray of shape (p,)
        Both if the wrapped estimators have them.

    See Also
    --------
    skmtl.model_selection.compare : Whether sharing helped, with intervals; give it a guard beside its candidates.
    IndependentTasks : The fall-back.

    Notes
    -----
    *What it cannot do.* The choice is made on the folds that the saving is measured on, so that ``decisions_`` is no
    evidence: to know what the guard gains, put it into `skmtl.model_selection.compare`. With few entries a standard
    error is itself uncertain, and one task in six passes the rule by chance where candidate and independent model are
    equally good; it then loses next to nothing.

    *Cost.* K + 1 fits of each candidate and of the independent models; up to 6 K more in each round of ``drop_tasks``.

    With one task there is nothing to share: the independent model is fitted and nothing else.

    References
    ----------
    L. Breiman, J. H. Friedman, R. A. Olshen and C. J. Stone (1984). Classification and Regression Trees. Wadsworth.

    T. Standley, A. Zamir, D. Chen, L. Guibas, J. Malik and S. Savarese (2020). Which tasks should be learned together
    in multi-task learning? ICML.

    Examples
    --------
    Four outcomes go up with the same features, and one goes down with them:

    >>> import numpy as np
    >>> from sklearn.linear_model import RidgeCV
    >>> from skmtl.multioutput import IndependentTasks, PooledTasks, TransferGuard
    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(size=(60, 12))
    >>> signal = X @ rng.normal(size=12)
    >>> Y = signal[:, None] * [1, 1, 1, 1, -1] + 4 * rng.normal(size=(60, 5))
    >>> guard = TransferGuard(
    ...     {"pooled": PooledTasks(RidgeCV())}, independent=IndependentTasks(RidgeCV()), random_state=0
    ... ).fit(X, Y)
    >>> guard.chosen_.tolist()
    ['pooled', 'pooled', 'pooled', 'pooled', 'independent']
    >>> guard.sharing_sets_
    {'pooled': (0, 1, 2, 3)}
    >>> print(guard.decisions_["reason"].iloc[-1])
    Left out of the sharing set of 'pooled', whose other outcomes lose ...% less without it (standard error ...%).
    """

    _parameter_constraints: ClassVar[dict[str, list[Constraint]]] = {
        "estimators": [InstanceOf(Mapping, "a dict from name to estimator")],
        "independent": [HasMethods(("fit", "predict"))],
        "rule": [OneOf(("one_se", "min"))],
        "drop_tasks": [BOOLEAN],
        "random_state": [NONE, Interval(Integral, 0, 2**32 - 1), InstanceOf(RandomState, "a RandomState")],
        "n_jobs": [NONE, InstanceOf(Integral, "an int")],
    }

    def __init__(
        self,
        estimators: Mapping[str, Any],
        *,
        independent: Any,
        cv: Any = None,
        rule: str = "one_se",
        drop_tasks: bool = True,
        random_state: int | RandomState | None = None,
        n_jobs: int | None = None,
    ):
        self.estimators = estimators
        self.independent = independent
        self.cv = cv
        self.rule = rule
        self.drop_tasks = drop_tasks
        self.random_state = random_state
        self.n_jobs = n_jobs

    def __sklearn_tags__(self) -> Tags:
        """Tags of the independent estimator."""
        tags: Tags = deepcopy(get_tags(self.independent))
        tags.target_tags.required = True
        tags.array_api_support = False
        return tags

    def fit(self, X: Any, y: Any, sample_weight: Any = None, *, task: Any = None, groups: Any = None) -> TransferGuard:
        """Judge the candidates on left-out entries, choose for each task, and fit what was chosen to all rows.

        Parameters
        ----------
        X : array-like, sparse matrix or frame of n rows
            Whatever the wrapped estimators are fitted on.
        y : array-like or frame of shape (n,) or (n, T)
            Outcomes; NaN or None where unobserved.
        sample_weight : array-like of shape (n,) or (n, T), optional
            For the estimators and their losses. An entry of weight 0 is absent.
        task : array-like of shape (n,), optional
            Task id of each row, with a 1-D ``y``: one outcome in several places.
        groups : array-like of shape (n,), optional
            Rows with the same value (patient) are on the same side of every split, and are evidence together.

        Returns
        -------
        self

        Raises
        ------
        TaskDataError
            The targets cannot be read, or an outcome is too rare to be in every training part.
        InvalidParameterError
            A parameter is out of range, a candidate is no estimator, or has no ``predict_proba`` for labels.
        """
        self._check_parameters()
        X, y, sample_weight, task, groups = indexable(X, y, sample_weight, task, groups)
        entries = read_entries(
            X,
            y,
            task=task,
            sample_weight=sample_weight,
            kinds=lambda names: target_kinds(getattr(self.independent, "estimator", self.independent), names),
            owner=type(self).__name__,
        )
        self.task_names_ = task_names_array(entries.names)
        self.n_tasks_, self.data_form_, self._n_observed = entries.n_tasks, entries.form, entries.counts
        seed = int(check_random_state(self.random_state).randint(np.iinfo(np.int32).max))
        unit = np.arange(count_rows(X)) if groups is None else group_codes(groups)
        every = list(range(entries.n_tasks))
        several = entries.n_tasks > 1
        parts = make_parts("cv+", self.cv, self.independent, X, y, entries, task, groups, seed) if several else []
        study = Study(X, y, task, sample_weight, entries, parts, unit)
        base: dict[int, Array] = {}
        lost: dict[str, dict[int, Array]] = {}
        trials: list[Trial] = []
        if several:
            base = left_out_losses(INDEPENDENT, self.independent, study, every, self.n_jobs)
            for name, estimator in self.estimators.items():
                whole = left_out_losses(name, estimator, study, every, self.n_jobs)
                lost[name] = self._shrink(name, study, base, whole, trials) if self.drop_tasks else whole
        self.sharing_sets_ = {name: tuple(self.task_names_[sorted(served)].tolist()) for name, served in lost.items()}
        self.trials_ = trials_table(trials)
        self.cv_results_ = results_table(study, base, lost)
        self.decisions_ = decisions_table(study, self.cv_results_, self.trials_, self.rule)
        self.chosen_ = self.decisions_["chosen"].to_numpy(dtype=object)
        self._fit_chosen(study, lost)
        return self

    def _check_parameters(self) -> None:
        check_parameters(self, self._parameter_constraints)
        if not self.estimators:
            raise InvalidParameterError("estimators is empty: give at least one candidate that shares.")
        for name, estimator in self.estimators.items():
            if name == INDEPENDENT:
                raise InvalidParameterError(
                    f"A candidate cannot be named {INDEPENDENT!r}, which is the fall-back: give it another name."
                )
            if not (hasattr(estimator, "fit") and hasattr(estimator, "predict")) or isinstance(estimator, type):
                raise InvalidParameterError(
                    f"Candidate {name!r} has to be an estimator with fit and predict. Got {estimator!r} instead."
                )

    def _shrink(
        self, name: str, study: Study, base: dict[int, Array], lost: dict[int, Array], trials: list[Trial]
    ) -> dict[int, Array]:
        """Losses of the candidate on the sharing set that is left when tasks that hurt others are gone."""
        turn = 0
        while len(lost) > 2:
            turn += 1
            own = {t: saving(study, base, base, {t: lost[t]}) for t in lost}
            unserved = sorted((t for t in lost if not own[t].passes(self.rule)), key=lambda t: own[t].share)
            tried = [[t] for t in unserved[:_TRIED]]
            if 1 < len(unserved) < len(lost) - 1:
                tried.insert(0, unserved)
            needed = max(1.0, np.sqrt(2 * np.log(max(len(tried), 1))))
            best: tuple[Trial, dict[int, Array]] | None = None
            for without in tried:
                kept = [t for t in sorted(lost) if t not in without]
                again = left_out_losses(name, self.estimators[name], study, kept, self.n_jobs)
                trial = Trial(
                    name, turn, tuple(study.entries.names[t] for t in without), saving(study, base, lost, again)
                )
                trials.append(trial)
                enough = trial.found.share > needed * trial.found.error
                if enough and (best is None or trial.found.share > best[0].found.share):
                    best = trial, again
            if best is None:
                break
            best[0].kept, lost = True, best[1]
        return lost

    def _fit_chosen(self, study: Study, lost: dict[str, dict[int, Array]]) -> None:
        """Fit the chosen estimators to all rows of their tasks."""
        every = list(range(self.n_tasks_))
        self.estimators_: dict[str, Any] = {}
        self._served: dict[str, list[int]] = {}
        classes: list[Any] = [None] * self.n_tasks_
        for name in [*self.estimators, INDEPENDENT]:
            if name not in self.chosen_:
                continue
            estimator = self.independent if name == INDEPENDENT else self.estimators[name]
            tasks = every if name == INDEPENDENT else sorted(lost[name])
            X, y, task, weight, _ = study.of_tasks(estimator, tasks)
            (model,) = fit_models(estimator, X, y, [None], fit_arguments(estimator, weight, task), None)
            self.estimators_[name], self._served[name] = model, tasks
            for t, known in zip(tasks, outcomes_of(name, model, study, tasks).classes, strict=True):
                if self.chosen_[t] == name:
                    classes[t] = known
        if self.data_form_ == "rows" and classes[0] is not None:
            # One outcome: every task has all its classes, also those that its own rows do not show.
            classes = [np.unique(np.concatenate(classes))] * self.n_tasks_
        first = next(iter(self.estimators_.values()))
        for attribute in ("n_features_in_", "feature_names_in_"):
            take_attribute(self, attribute, getattr(first, attribute, None))
        self._classes = classes
        several = self.data_form_ == "wide" and self.n_tasks_ > 1
        take_attribute(self, "classes_", classes if several and any(c is not None for c in classes) else classes[0])

    def _answers(self, X: Any) -> tuple[Array, list[Any]]:
        """Numbers (n, T), NaN for labels, and probabilities of each task, None for numbers."""
        check_is_fitted(self)
        (X,) = indexable(X)
        numbers = np.full((count_rows(X), self.n_tasks_), np.nan)
        probabilities: list[Any] = [None] * self.n_tasks_
        for name, model in self.estimators_.items():
            tasks = self._served[name]
            outcomes = Outcomes(tuple(self.task_names_[tasks].tolist()), tuple(self._classes[t] for t in tasks), False)
            said, asked = ask_numbers(model, X, outcomes)[0], ask_classes(model, X, outcomes)
            for k, t in enumerate(tasks):
                if self.chosen_[t] == name:
                    numbers[:, t], probabilities[t] = said[:, k], asked[k]
        return numbers, probabilities

    def predict(self, X: Any, *, task: Any = None) -> np.ndarray:
        """Each task's prediction by the model chosen for it; of labels the likeliest.

        Parameters
        ----------
        X : array-like, sparse matrix or frame of n rows
        task : array-like of shape (n,), optional
            Task of each row; the prediction is then that task's.

        Returns
        -------
        ndarray of shape (n, T), or (n,) with ``task`` or after a fit on a 1-D ``y`` without tasks

        Raises
        ------
        TaskDataError
            ``task`` holds an id not seen in ``fit``.
        """
        numbers, probabilities = self._answers(X)
        columns = [
            numbers[:, t] if known is None else known[probabilities[t].argmax(axis=1)]
            for t, known in enumerate(self._classes)
        ]
        return MultiTaskMixin._per_task(self, label_table(columns), task)

    @available_if(
        lambda self: (getattr(self, "estimators_", {}).get(INDEPENDENT) or self.independent).predict_proba or 1
    )
    def predict_proba(self, X: Any, *, task: Any = None) -> Any:
        """Probabilities of the classes of each outcome, by the model chosen for it.

        Parameters
        ----------
        X : array-like, sparse matrix or frame of n rows
        task : array-like of shape (n,), optional
            Task of each row; the probabilities are then that task's.

        Returns
        -------
        list of T ndarrays of shape (n, K_t), None for numbers, or one such array with ``task`` or a single outcome

        Raises
        ------
        TaskDataError
            ``task`` holds an id not seen in ``fit``, or tasks that do not have the same number of classes.
        """
        answers = self._answers(X)[1]
        if task is None:
            return answers[0] if self.n_tasks_ == 1 else answers
        codes = task_codes(task, self.task_names_, count_rows(X))
        return of_each_row(answers, self._classes, self.task_names_.tolist(), codes)

    def score(self, X: Any, y: Any, sample_weight: Any = None, *, task: Any = None) -> float:
        """Mean over outcomes of the R2 of the predictions, or their accuracy for labels.

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
        labelled = [known is not None for known in self._classes]
        return default_score(y, self.predict(X, task=task), sample_weight, labelled, self.task_names_.tolist())


__all__ = ["TransferGuard"]
