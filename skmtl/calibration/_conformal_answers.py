"""From scored calibration entries to intervals of numbers and sets of classes."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from numbers import Real
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.utils import indexable
from sklearn.utils.validation import check_is_fitted

from skmtl._notebook import NotebookMixin
from skmtl._params import Interval
from skmtl._typing import Array, BoolArray
from skmtl.base import MultiTaskMixin, task_codes
from skmtl.calibration._conformal_labels import labels_in_set
from skmtl.calibration._conformal_quantile import cross_interval, entries_needed
from skmtl.calibration._conformal_scores import Scores, TaskScales, label_scores, pooled_scores
from skmtl.exceptions import InvalidParameterError, TaskDataError
from skmtl.metrics._evaluate import list_tasks
from skmtl.multioutput._entries import count_rows
from skmtl.multioutput._left_out import Outcomes, ask_classes, ask_numbers

# From one half on no interval ends before it begins.
_COVERAGE = Interval(Real, 0.5, 1, closed="left")


class ConformalAnswers(NotebookMixin, BaseEstimator):
    """Intervals and sets of a fitted `MultiTaskConformal`, which sets the attributes below."""

    calibrate_by: str
    class_conditional: bool
    label_scores: str
    task_names_: np.ndarray
    n_tasks_: int
    data_form_: str
    estimators_: list[Any]
    scale_: Array
    _outcomes: Outcomes
    _scores: list[Scores]
    _scales: TaskScales | None
    _joint: Scores | None
    _seed: int

    def predict_interval(
        self, X: Any, coverage: float | Sequence[float] = 0.9, *, task: Any = None, joint: str | None = None
    ) -> tuple[Array, Array]:
        """Interval of each numeric outcome that holds its value with the stated probability.

        Parameters
        ----------
        X : array-like, sparse matrix or frame of n rows
        coverage : float in [0.5, 1), or sequence of C such numbers, default 0.9
            Nominal coverage 1 - alpha.
        task : array-like of shape (n,), optional
            Task of each row; the interval is then that of its task.
        joint : {None, "max", "bonferroni"}, default None
            None: each outcome has the coverage by itself. Otherwise all numeric outcomes of a row are in their
            intervals at once with that probability: "max" by the largest scaled residual of the rows in which every
            numeric outcome was observed, "bonferroni" by T single intervals of coverage 1 - alpha / T, which needs no
            complete row and makes wider intervals where residuals are correlated.

        Returns
        -------
        lower, upper : ndarray of shape (n, T), or (n,) with ``task`` or after a fit on a 1-D ``y`` without tasks
            With a sequence of coverages one more axis of length C at the end. NaN in the columns of outcomes with
            classes, never elsewhere.

        Warns
        -----
        RuntimeWarning
            A task has fewer calibration entries than 1 / alpha - 1, so that its intervals are infinite.

        Raises
        ------
        TaskDataError
            Every outcome has classes, ``task`` holds an id not seen in ``fit``, or ``joint`` is asked of rows of tasks.
        InvalidParameterError
            ``coverage`` or ``joint`` is out of range.
        """
        check_is_fitted(self)
        coverages = check_coverage(coverage)
        numeric = self._outcomes.numeric
        if not numeric:
            raise TaskDataError("predict_interval is for numbers, and every outcome has classes: use predict_set.")
        self._check_joint(joint)
        (X,) = indexable(X)
        n_rows = count_rows(X)
        codes = None if task is None else task_codes(task, self.task_names_, n_rows)
        asked = [1 - (1 - c) / len(numeric) for c in coverages] if joint == "bonferroni" else coverages
        said = [ask_numbers(model, X, self._outcomes) for model in self.estimators_]
        lower = np.full((n_rows, self.n_tasks_, len(coverages)), np.nan)
        upper = lower.copy()
        short: dict[object, int] = {}
        for t in numeric:
            rows = np.arange(n_rows) if codes is None else np.flatnonzero(codes == t)
            if not rows.size:
                continue
            scores, scale = self._scores_of(t, joint)
            center = np.stack([middle[rows, t] for middle, _ in said])
            spread = np.stack([width[rows, t] for _, width in said]) * scale
            lower[rows, t], upper[rows, t] = cross_interval(center, spread, scores.value, scores.fold, asked)
            if len(scores.value) < entries_needed(max(asked)):
                short[self._outcomes.names[t]] = len(scores.value)
        if short:
            self._warn_short(short, max(asked), joint)
        return self._shaped(lower, coverage, task), self._shaped(upper, coverage, task)

    def predict_set(self, X: Any, coverage: float | Sequence[float] = 0.9, *, task: Any = None) -> Any:
        """Set of classes of each labelled outcome that holds its label with the stated probability.

        Parameters
        ----------
        X : array-like, sparse matrix or frame of n rows
        coverage : float in [0.5, 1), or sequence of C such numbers, default 0.9
            Nominal coverage 1 - alpha.
        task : array-like of shape (n,), optional
            Task of each row; the set is then that of its task.

        Returns
        -------
        list of length T
            Per task a bool ndarray of shape (n, K_t): which classes, in the order of ``classes_``, are in the set;
            None for numbers. With ``task`` or a single outcome the one array itself. With a sequence of
            coverages one more axis of length C at the end. A set may be empty: no class is probable enough.

        Warns
        -----
        RuntimeWarning
            A task (with ``class_conditional`` one of its classes) has fewer calibration entries than 1 / alpha - 1,
            so that the class is in every set.

        Raises
        ------
        TaskDataError
            No outcome has classes, or ``task`` holds an id not seen in ``fit``.
        InvalidParameterError
            ``coverage`` is out of range.
        """
        check_is_fitted(self)
        coverages = check_coverage(coverage)
        labelled = self._outcomes.labelled
        if not labelled:
            raise TaskDataError("predict_set is for classes, and every outcome is a number: use predict_interval.")
        (X,) = indexable(X)
        n_rows = count_rows(X)
        codes = None if task is None else task_codes(task, self.task_names_, n_rows)
        said = [ask_classes(model, X, self._outcomes) for model in self.estimators_]
        sets: list[BoolArray | None] = [None] * self.n_tasks_
        short: dict[object, int] = {}
        for t in labelled:
            scores, _ = self._scores_of(t, None)
            tables = [probability[t] for probability in said]
            candidate = np.stack([label_scores(self.label_scores, p, self._seed, t) for p in tables if p is not None])
            label = scores.label if self.class_conditional else None
            sets[t] = labels_in_set(candidate, scores.value, scores.fold, label, coverages)
            counts = [len(scores.value)] if label is None else np.bincount(label, minlength=candidate.shape[2]).tolist()
            if min(counts) < entries_needed(max(coverages)) and (codes is None or (codes == t).any()):
                short[self._outcomes.names[t]] = min(counts)
        if short:
            self._warn_short(short, max(coverages), "set")
        shaped = [None if one is None else one[..., 0] if isinstance(coverage, Real) else one for one in sets]
        if codes is None:
            return shaped[0] if self.n_tasks_ == 1 else shaped
        return self._rows_of_sets(shaped, codes)

    def _rows_of_sets(self, sets: Sequence[BoolArray | None], codes: np.ndarray) -> BoolArray:
        """For each row the set of its task."""
        present = np.unique(codes).tolist()
        shapes = {None if sets[t] is None else sets[t].shape for t in present}
        if len(shapes) > 1 or None in shapes:
            raise TaskDataError(
                "The tasks of these rows differ in the number of classes, or are numbers, and do not fit into one "
                "array: call predict_set without task."
            )
        answer = np.empty_like(sets[present[0]])
        for t in present:
            answer[codes == t] = sets[t][codes == t]
        return answer

    def _scores_of(self, t: int, joint: str | None) -> tuple[Scores, float]:
        """Calibration scores for task ``t`` and the scale that they have to be multiplied with."""
        if joint == "max" and self._joint is not None:
            return self._joint, float(self.scale_[t])
        if self.calibrate_by == "task":
            return self._scores[t], 1.0
        numeric = t in self._outcomes.numeric
        tasks = self._outcomes.numeric if numeric else self._outcomes.labelled
        return pooled_scores(self._scores, tasks, t, self._scales if numeric else None), 1.0

    def _check_joint(self, joint: str | None) -> None:
        if joint not in (None, "max", "bonferroni"):
            raise InvalidParameterError(f"joint must be None, 'max' or 'bonferroni'. Got {joint!r} instead.")
        if joint is not None and self.data_form_ == "rows":
            raise TaskDataError(
                "joint is about several outcomes of one row, and this was fitted on rows of tasks, which have one "
                "outcome each: leave joint out."
            )

    def _shaped(self, table: Array, coverage: Any, task: Any) -> Array:
        table = table[..., 0] if isinstance(coverage, Real) else table
        return MultiTaskMixin._per_task(self, table, task)

    def _warn_short(self, short: dict[object, int], coverage: float, what: str | None) -> None:
        needed = entries_needed(coverage)
        has = "complete rows" if what == "max" else "calibration entries"
        effect = "Sets hold every class that" if what == "set" else "Intervals are infinite for an outcome that"
        cures = ["Give more entries", "ask for a lower coverage"]
        if what == "max":
            cures.append("use joint='bonferroni'")
        elif self.calibrate_by == "task" and self.n_tasks_ > 1:  # else there is nothing more to borrow
            cures.append("use calibrate_by='all'")
        fewest = min(short.values())
        warnings.warn(
            f"{effect} has fewer than {needed} {has} at coverage {coverage:g}: {list_tasks(list(short))} "
            f"({'with' if len(short) == 1 else 'down to'} {fewest}). "
            f"{', '.join(cures[:-1])} or {cures[-1]}.",
            RuntimeWarning,
            stacklevel=3,
        )


def check_coverage(coverage: Any) -> list[float]:
    """Nominal coverages as a list."""
    listed = [coverage] if isinstance(coverage, Real) or not np.iterable(coverage) else list(coverage)
    if not listed or not all(_COVERAGE.allows(one) for one in listed):
        raise InvalidParameterError(f"coverage must be {_COVERAGE}, or a sequence of such. Got {coverage!r} instead.")
    return [float(one) for one in listed]


__all__ = ["ConformalAnswers", "check_coverage"]
