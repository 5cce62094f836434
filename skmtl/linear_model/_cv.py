"""Strengths chosen by cross-validation along warm-started paths: the machinery behind every ``*CV`` estimator."""

from __future__ import annotations

import itertools
import warnings
from collections.abc import Iterator
from numbers import Integral, Real
from typing import Any, ClassVar

import numpy as np
from joblib import Parallel, delayed
from sklearn.exceptions import ConvergenceWarning

from skmtl._convex import COMMON_CONSTRAINTS, ConvexModel, TargetScale
from skmtl._params import NONE, POSITIVE_INT, ArrayLike, Constraint, HasMethods, Interval, IsIterable, OneOf
from skmtl._splits import MultiTaskKFold, check_task_cv, split_tasks
from skmtl._typing import Array, BoolArray
from skmtl.data import TaskData
from skmtl.exceptions import InvalidParameterError, TaskDataError
from skmtl.linear_model._cv_moments import moments_of_folds, moments_pay, path_on_moments, problem_on
from skmtl.linear_model._cv_path import FoldPath, path_on_data
from skmtl.losses import PerTaskLoss
from skmtl.penalties import Penalty
from skmtl.problem import Problem, alpha_grid

# Ratios tried between the two parts of a penalty where none are given.
_N_RATIOS = 3


class ConvexModelCV(ConvexModel):
    """A convex model whose strength (and mixing ratio) is chosen on held-out folds.

    A subclass names in ``_mix`` the parameter of the penalty that may be a list to choose from (or has none), and
    gives the penalty at one of its values.
    """

    _mix: ClassVar[str | None] = None
    _path_name: ClassVar[str] = "mse_path_"
    _parameter_constraints: ClassVar[dict[str, list[Constraint]]] = {
        "alphas": [POSITIVE_INT, ArrayLike()],
        "eps": [NONE, Interval(Real, 0, 1, closed="neither")],
        "cv": [
            NONE,
            Interval(Integral, 2, float("inf"), closed="left"),
            HasMethods(("split",)),
            IsIterable("an iterable of (train, test)"),
        ],
        "rule": [OneOf(("min", "1se"))],
        "n_jobs": [NONE, Interval(Integral, float("-inf"), float("inf"), closed="neither")],
        **{k: v for k, v in COMMON_CONSTRAINTS.items() if k not in ("constraints", "warm_start")},
    }
    constraints: ClassVar[None] = None

    def _penalty_at(self, choice: Any) -> Penalty:
        """The penalty at one value of the parameter that may be a list."""
        raise TypeError(f"{type(self).__name__} has to say what its penalty is")

    def _choices(self, shape: tuple[int, int]) -> tuple[list[Any], bool]:
        """Values of the parameter that may be a list, and whether it was a single value.

        None stands for ratios inside the wedge of a two-part penalty, where both parts can be non-zero for
        coefficients of this ``shape`` (p, C).
        """
        if self._mix is None:
            return [None], True
        given = getattr(self, self._mix)
        if given is None:
            return list(self._penalty_at(None).ratios(shape, _N_RATIOS)), False
        choices = np.atleast_1d(np.asarray(given))
        if choices.ndim != 1 or not len(choices):
            raise InvalidParameterError(
                f"The {self._mix!r} parameter of {type(self).__name__} must be a number or a list of numbers. "
                f"Got {given!r} instead."
            )
        for choice in choices.tolist():
            self._penalty_at(choice).check_params()
        return choices.tolist(), np.ndim(given) == 0

    def _strengths(self, problem: Problem) -> Array:
        if isinstance(self.alphas, Integral):
            eps = self.eps
            if eps is None:
                # Ridge strengths have to reach down to almost no penalty from where nothing is left of the signal.
                eps = 1e-3 if np.isfinite(problem.alpha_max()) else 1e-6
            return alpha_grid(problem, int(self.alphas), eps)
        alphas = np.sort(np.asarray(self.alphas, dtype=float))[::-1]
        if alphas.ndim != 1 or not len(alphas) or not (np.isfinite(alphas) & (alphas > 0)).all():
            raise InvalidParameterError(
                f"The 'alphas' parameter of {type(self).__name__} must be a number of strengths or a list of positive "
                f"numbers. Got {self.alphas!r} instead."
            )
        return alphas

    def fit(self, X: Any, y: Any, sample_weight: Any = None, *, task: Any = None) -> ConvexModelCV:
        """Choose the strength on held-out folds and fit all rows at it.

        Parameters
        ----------
        X : array-like, sparse matrix or frame of shape (n, p)
            Features, finite.
        y : array-like or frame of shape (n,) or (n, T)
            Outcomes, one column each; NaN where unobserved.
        sample_weight : array-like of shape (n,) or (n, T), optional
            Weight of each row, or of each entry; 0 is the same as unobserved. Held-out losses are weighted too.
        task : array-like of shape (n,), optional
            Task id of each row, with a 1-D ``y``: one outcome in several places.

        Returns
        -------
        self

        Raises
        ------
        TaskDataError
            The table cannot be read, or a task cannot be observed in every training part.
        InvalidParameterError
            A constructor parameter is out of range.

        Warns
        -----
        ConvergenceWarning
            A certificate, on the path or of the final fit, is above the tolerance.
        """
        return self._fit(X, y, sample_weight, task)

    def _fit(self, X: Any, y: Any, sample_weight: Any, task: Any, exposure: Any = None) -> ConvexModelCV:
        data = self._load(X, y, sample_weight, task, exposure)
        choices, single = self._choices((data.n_features, data.layout.n_channels))
        folds = self._folds(data, y, task)
        scale = self._target_scale(data)
        first = self._penalty_at(choices[0])
        if moments_pay(self, data, PerTaskLoss(self._losses_of(data), data.layout)):
            whole, parts = moments_of_folds(data, folds)
            problem = problem_on(self, data, whole, first, scale)
            alphas = np.stack([self._strengths(self._at(problem, c, scale)) for c in choices])
            paths = Parallel(n_jobs=self.n_jobs, prefer="threads")(
                delayed(path_on_moments)(self, data, part, choices, alphas) for part in parts
            )
        else:
            problem = self._problem(data, first, 1.0, scale)
            alphas = np.stack([self._strengths(self._at(problem, c, scale)) for c in choices])
            paths = Parallel(n_jobs=self.n_jobs)(
                delayed(path_on_data)(self, data, train, test, choices, alphas) for train, test in folds
            )
        choice, falling = self._choose(paths, choices, alphas, single)
        best = self._at(problem, choice, scale).with_alpha(self.alpha_)
        result = self._solver(best, scale).solve(best)
        unsolved = sum(path.unsolved for path in paths)
        if unsolved:
            example = next(path.example for path in paths if path.unsolved)
            warnings.warn(
                f"{type(self).__name__}: {unsolved} of {alphas.size * len(folds)} fits on the path are above the "
                f"tolerance, such as: {example} To change it: increase max_iter, loosen tol, scale the features, or "
                "raise eps.",
                ConvergenceWarning,
                stacklevel=3,
            )
        # With a kink at zero the grid ends by convention; without one its end is our guess, and said.
        if falling and isinstance(self.alphas, Integral) and not np.isfinite(best.alpha_max()):
            warnings.warn(
                f"{type(self).__name__}: the strength chosen, {self.alpha_:.3g}, is the smallest of the grid and "
                "the held-out loss still falls there: lower eps, give alphas, or scale the features.",
                UserWarning,
                stacklevel=3,
            )
        self._finish(result, scale, self._penalty_at(choice), best)
        return self

    def _at(self, problem: Problem, choice: Any, scale: TargetScale) -> Problem:
        """The problem under the penalty of one choice."""
        return problem.with_penalty(self._bounded(self._penalty_at(choice), scale, problem.data.n_features))

    def _folds(self, data: TaskData, y: Any, task: Any) -> list[tuple[np.ndarray, np.ndarray]]:
        """Masks of the rows of every training and test part."""
        cv = self.cv
        if cv is None or isinstance(cv, Integral):
            n_splits, n_rows = 5 if cv is None else int(cv), data.layout.n_rows
            kinds = {encoder.kind for encoder in data.encoders}
            stratify: bool | str = "auto" if len(kinds) > 1 else kinds <= {"binary", "classes"}
            if data.layout.complete and data.form != "rows" and not stratify and n_splits <= n_rows:
                # There is nothing to balance but sizes: what `MultiTaskKFold` gives, without a look at every row.
                return [(~mask, mask) for mask in _stretches(n_rows, n_splits)]
            # Entries of weight 0 are absent for the folds too, so y is made anew from what is observed.
            y = _observed_targets(data)
            cv = MultiTaskKFold(n_splits, stratify=stratify)
        rows = np.zeros((data.layout.n_rows, 1))
        folds = []
        for parts in split_tasks(check_task_cv(cv), rows, y, task=task):
            masks = []
            for part in parts:
                mask = np.zeros(data.layout.n_rows, dtype=bool)
                mask[part] = True
                masks.append(mask)
            folds.append((masks[0], masks[1]))
        if len(folds) < 2:
            raise TaskDataError(f"cv gives {len(folds)} fold: give at least two.")
        return folds

    def _choose(self, paths: list[FoldPath], choices: list[Any], alphas: Array, single: bool) -> tuple[Any, bool]:
        """Set what was tried and what is best; return the best choice and whether the loss falls at the grid's end."""
        totals = np.stack([path.totals for path in paths])
        if not totals.any(axis=1).all():
            raise TaskDataError("A test part of cv has no observed entry: use MultiTaskKFold, or fewer folds.")
        with np.errstate(invalid="ignore"):
            by_task = np.stack([path.deviance * path.unit / path.totals for path in paths], axis=2)
        counted = np.stack([path.deviance @ path.importance for path in paths], axis=-1)
        total = counted / totals.sum(axis=1)  # (n_choices, n_alphas, n_folds)
        mean = total.mean(axis=-1)
        with np.errstate(over="ignore", invalid="ignore"):  # a count far out may be worth an infinite loss
            error = np.nan_to_num(total.std(axis=-1, ddof=1) / np.sqrt(total.shape[-1]), nan=0.0)
        row, column = divmod(int(np.argmin(mean)), mean.shape[1])
        if self.rule == "1se":
            # Strengths are sorted, largest first: the first within reach is the largest.
            column = int(np.argmax(mean[row] <= mean[row, column] + error[row, column]))
        self.alpha_ = float(alphas[row, column])
        self.alphas_ = alphas[0] if single else alphas
        setattr(self, self._path_name, total[0] if single else total)
        setattr(self, f"task_{self._path_name}", by_task[0] if single else by_task)
        if self._mix is not None:
            setattr(self, f"{self._mix}_", choices[row])
        # A tenth of a per cent from one strength to the next: less is the flat end of many a curve.
        falling = 0 < column == mean.shape[1] - 1 and mean[row, column] < (1 - 1e-3) * mean[row, column - 1]
        return choices[row], bool(falling)


def _observed_targets(data: TaskData) -> Array:
    """Coded targets with NaN for what is absent: (n, T), or (n,) for rows of tasks."""
    layout = data.layout
    if data.form == "rows":
        y = np.full(layout.n_rows, np.nan)
        y[layout.row_index] = data.y
        return y
    table = np.full((layout.n_rows, data.n_tasks), np.nan)
    table[layout.row_index, layout.entry_task] = data.y
    return table


def _stretches(n_rows: int, n_splits: int) -> Iterator[BoolArray]:
    """Masks of equal stretches of rows, the first ones longer by a row where they must be."""
    ends = [n_rows // n_splits * (k + 1) + min(k + 1, n_rows % n_splits) for k in range(n_splits)]
    for start, stop in itertools.pairwise([0, *ends]):
        mask = np.zeros(n_rows, dtype=bool)
        mask[start:stop] = True
        yield mask
