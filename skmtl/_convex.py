"""The one fit template for models made of a loss and a penalty."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from numbers import Integral, Real
from typing import Any, ClassVar

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.exceptions import ConvergenceWarning

from skmtl._params import (
    BOOLEAN,
    NONE,
    STRENGTH,
    ArrayLike,
    Constraint,
    InstanceOf,
    Interval,
    IsCallable,
    OneOf,
    check_parameters,
)
from skmtl._typing import Array
from skmtl.base import MultiTaskMixin
from skmtl.data import TaskData
from skmtl.losses import Loss, PerTaskLoss, losses_for
from skmtl.penalties import Penalty
from skmtl.problem import Coefficients, DataTerm, Problem
from skmtl.solvers import SOLVERS, Solver, SolveResult, choose

# What every convex estimator takes besides its penalty's parameters.
COMMON_CONSTRAINTS: dict[str, list[Constraint]] = {
    "fit_intercept": [BOOLEAN],
    "task_weight": [OneOf(("entries", "equal", "deviance")), ArrayLike()],
    "scale_targets": [BOOLEAN],
    "solver": [OneOf(("auto", *SOLVERS)), InstanceOf(Solver, "a solver object")],
    "constraints": [NONE, IsCallable()],
    "tol": [Interval(Real, 0, float("inf"), closed="neither")],
    "max_iter": [Interval(Integral, 1, float("inf"), closed="left")],
    "warm_start": [BOOLEAN],
}


@dataclass(frozen=True, eq=False)
class TargetScale:
    """What is taken out of the targets inside a fit: a mean and a unit per task; 0 and 1 where nothing is."""

    mean: Array
    scale: Array

    @classmethod
    def of(cls, data: TaskData, *, center: bool, scale: bool, common: bool) -> TargetScale:
        """Weighted moments of the numeric tasks; constant targets keep their units.

        Parameters
        ----------
        data : TaskData
        center : bool
            Take the means out. Intercepts give them back, and targets far from zero lose no digits.
        scale : bool
            Divide by the standard deviations. Rows of tasks hold one outcome in one unit, which keeps one deviation.
        common : bool
            Take one mean out of all tasks, because their intercepts are compared with each other.
        """
        layout = data.layout
        numeric = np.array([encoder.kind == "numeric" for encoder in data.encoders])
        sums = np.stack([layout.sum_by_task(data.weight), layout.sum_by_task(data.weight * data.y)])
        if data.form == "rows":
            totals, mean = sums[0].sum(), np.full(data.n_tasks, sums[1].sum() / sums[0].sum())
            centred = data.y - mean[layout.entry_task]
            spread = np.full(data.n_tasks, np.sqrt((data.weight * centred**2).sum() / totals))
            shift = mean if common else sums[1] / sums[0]
        else:
            mean = sums[1] / sums[0]
            centred = data.y - mean[layout.entry_task]
            spread = np.sqrt(layout.sum_by_task(data.weight * centred**2) / sums[0])
            shift = np.full(data.n_tasks, mean.mean()) if common and not scale else mean
        # Below rounding level the spread of a constant target is noise.
        constant = spread <= 1e-12 * np.maximum(np.abs(mean), 1e-300)
        return cls(
            np.where(numeric & center, shift, 0.0),
            np.where(numeric & scale & ~constant, spread, 1.0),
        )

    def apply(self, data: TaskData) -> TaskData:
        """The data with standardised targets."""
        task = data.layout.entry_task
        return data.with_targets((data.y - self.mean[task]) / self.scale[task])

    def restore(self, point: Coefficients) -> Coefficients:
        """Coefficients in the user's units."""
        return Coefficients(point.W * self.scale, point.b * self.scale + self.mean)

    def standardise(self, point: Coefficients) -> Coefficients:
        """Coefficients in units of the standardised targets."""
        return Coefficients(point.W / self.scale, (point.b - self.mean) / self.scale)


class ConvexModel(MultiTaskMixin, BaseEstimator):
    """Estimator that minimises weighted losses plus a penalty.

    A subclass has a constructor with the parameters of ``COMMON_CONSTRAINTS``, ``alpha``, and says what its
    loss and its penalty are. Everything else is here, once.
    """

    _parameter_constraints: ClassVar[dict[str, list[Constraint]]] = {"alpha": [STRENGTH], **COMMON_CONSTRAINTS}

    def _make_losses(self, names: Sequence[object]) -> list[Loss]:
        """One loss per task."""
        return losses_for("squared", names)

    def _make_penalty(self) -> Penalty:
        """The penalty with the estimator's mixing parameters."""
        raise TypeError(f"{type(self).__name__} has to say what its penalty is")

    def _check_parameters(self) -> None:
        check_parameters(self, self._parameter_constraints)

    def _kinds(self, names: Sequence[object]) -> list[str]:
        return [loss.target_kind for loss in self._make_losses(names)]

    def _load(self, X: Any, y: Any, sample_weight: Any, task: Any) -> TaskData:
        self._check_parameters()
        data = self._read(
            X,
            y,
            task=task,
            sample_weight=sample_weight,
            task_weight=self.task_weight,
            kinds=self._kinds,
        )
        self._remember(data)
        return data

    def _remember(self, data: TaskData) -> None:
        """Keep what the predictions need besides coefficients: the classes of a classifier."""

    def _target_scale(self, data: TaskData) -> TargetScale:
        common = getattr(self, "share_intercept", False)
        return TargetScale.of(data, center=self.fit_intercept, scale=self.scale_targets, common=common)

    def _problem(self, data: TaskData, penalty: Penalty, alpha: float) -> Problem:
        """The problem on (standardised) data."""
        losses = self._make_losses(data.layout.names)
        term = DataTerm(
            data,
            PerTaskLoss(losses, data.layout),
            fit_intercept=self.fit_intercept,
            share_intercept=getattr(self, "share_intercept", False),
        )
        return Problem(term, penalty, alpha)

    def _solver(self, problem: Problem, scale: TargetScale) -> Solver:
        return choose(
            problem,
            self.solver,
            tol=self.tol,
            max_iter=self.max_iter,
            constraints=self.constraints,
            target_scale=scale.scale if self.scale_targets else None,
        )

    def fit(self, X: Any, y: Any, sample_weight: Any = None, *, task: Any = None) -> ConvexModel:
        """Fit the model.

        Parameters
        ----------
        X : array-like, sparse matrix or frame of shape (n, p)
            Features, finite.
        y : array-like or frame of shape (n,) or (n, T)
            Outcomes, one column each; NaN where unobserved.
        sample_weight : array-like of shape (n,) or (n, T), optional
            Weight of each row, or of each entry; 0 is the same as unobserved.
        task : array-like of shape (n,), optional
            Task id of each row, with a 1-D ``y``: one outcome in several places.

        Returns
        -------
        self

        Raises
        ------
        TaskDataError
            The table cannot be read; the message names the argument, the task and the cure.
        InvalidParameterError
            A constructor parameter is out of range.

        Warns
        -----
        ConvergenceWarning
            The certificate is above the tolerance; the message has both numbers.
        """
        previous = self._previous_point() if self.warm_start else None
        data = self._load(X, y, sample_weight, task)
        scale = self._target_scale(data)
        problem = self._problem(scale.apply(data), self._make_penalty(), self.alpha)
        start = None
        if previous is not None and previous.W.shape == problem.term.center.shape:
            start = scale.standardise(previous)
        result = self._solver(problem, scale).solve(problem, start)
        self._finish(result, scale)
        return self

    def _previous_point(self) -> Coefficients | None:
        if not hasattr(self, "coef_"):
            return None
        point = Coefficients(self.coef_.T, np.asarray(self.intercept_))
        return point if point.isfinite() else None

    def _finish(self, result: SolveResult, scale: TargetScale) -> None:
        """Set the fitted attributes and warn once where the certificate is above the tolerance."""
        point = scale.restore(result.coefficients)
        self.coef_ = np.ascontiguousarray(point.W.T)
        self.intercept_ = point.b
        self.n_iter_ = result.n_iter
        self.solver_result_ = result
        if not result.converged:
            cure = (
                "increase max_iter, loosen tol, put features and outcomes on one scale (StandardScaler, "
                "scale_targets=True), or use a larger alpha"
            )
            warnings.warn(f"{type(self).__name__}: {result.message} To change it: {cure}.", ConvergenceWarning, 3)


__all__ = ["COMMON_CONSTRAINTS", "ConvexModel", "TargetScale"]
