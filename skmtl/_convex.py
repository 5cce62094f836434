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

from skmtl._new_task import NewTaskMixin, SharedPart
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
from skmtl._typing import Array, IntArray
from skmtl.base import MultiTaskMixin
from skmtl.data import TaskData
from skmtl.exceptions import InvalidParameterError
from skmtl.losses import Loss, PerTaskLoss, kinds_for, losses_for
from skmtl.penalties import Bounded, Penalty, SharedPlusSpecific, make_penalty
from skmtl.penalties._labels import check_task_labels
from skmtl.problem import Coefficients, DataTerm, MomentTerm, Problem, Term
from skmtl.solvers import SOLVERS, BlockCD, ClosedForm, Solver, SolveResult, Splitting, choose

# What every convex estimator takes besides its penalty's parameters.
COMMON_CONSTRAINTS: dict[str, list[Constraint]] = {
    "fit_intercept": [BOOLEAN],
    "task_weight": [OneOf(("entries", "equal", "deviance")), ArrayLike()],
    "scale_targets": [BOOLEAN],
    "solver": [OneOf(("auto", *SOLVERS)), InstanceOf(Solver, "a solver object")],
    "constraints": [NONE, IsCallable()],
    "bounds": [NONE, InstanceOf((tuple, list), "a pair (lower, upper)")],
    "tol": [Interval(Real, 0, float("inf"), closed="neither")],
    "max_iter": [Interval(Integral, 1, float("inf"), closed="left")],
    "warm_start": [BOOLEAN],
}
# Solvers that get squared losses as moments. The others see the data: they are what the fast ones are tested against.
_ON_MOMENTS = (BlockCD, ClosedForm, Splitting)


def sees_moments(solver: str | Solver) -> bool:
    """Whether a solver gets squared losses as moments."""
    if isinstance(solver, str):
        return solver == "auto" or issubclass(SOLVERS[solver], _ON_MOMENTS)
    return isinstance(solver, _ON_MOMENTS)


@dataclass(frozen=True, eq=False)
class TargetScale:
    """What is taken out of the targets inside a fit: a mean and a unit per task; 0 and 1 where nothing is.

    Only numeric tasks have them: counts and classes mean something as they are. ``channel_task`` says which task
    each linear predictor belongs to.
    """

    mean: Array
    scale: Array
    channel_task: IntArray
    nothing: bool = False  # whether nothing is taken out

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
        if not (center or scale):
            return cls(np.zeros(data.n_tasks), np.ones(data.n_tasks), layout.channel_task, nothing=True)
        numeric = np.array([encoder.kind == "numeric" for encoder in data.encoders])
        mass = layout.counts if data.unweighted else layout.sum_by_task(data.weight)
        sums = np.stack([mass, layout.sum_by_task(data.y if data.unweighted else data.weight * data.y)])
        if not (scale or common):
            return cls(np.where(numeric, sums[1] / sums[0], 0.0), np.ones(data.n_tasks), layout.channel_task)
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
            layout.channel_task,
        )

    @property
    def unit(self) -> Array:
        """Unit of each linear predictor, (C,)."""
        return self.scale[self.channel_task]

    @property
    def shift(self) -> Array:
        """Mean taken out of each linear predictor, (C,)."""
        return self.mean[self.channel_task]

    def apply(self, data: TaskData) -> TaskData:
        """The data with standardised targets."""
        task = data.layout.entry_task
        return data.with_targets((data.y - self.mean[task]) / self.scale[task])

    def restore(self, point: Coefficients) -> Coefficients:
        """Coefficients in the user's units."""
        if self.nothing:
            return point
        return Coefficients(point.W * self.unit, point.b * self.unit + self.shift)

    def standardise(self, point: Coefficients) -> Coefficients:
        """Coefficients in units of the standardised targets."""
        return Coefficients(point.W / self.unit, (point.b - self.shift) / self.unit)


def _in_units(limit: Any, unit: Array, n_features: int) -> Any:
    """A bound on the user's coefficients as one on those of standardised targets; `Bounded` judges its shape."""
    array = np.asarray(limit, dtype=float)
    if (unit == 1).all() or array.ndim > 2 or (array.ndim == 2 and len(array) != len(unit)):
        return array if array.ndim else float(array)
    return (np.full(n_features, array) if array.ndim == 0 else array) / unit[:, None]


def _check_bounds(bounds: Any, name: str) -> None:
    """A pair of numbers or arrays that have zero between them; shapes are checked where coefficients are known."""
    try:
        lower, upper = (np.asarray(limit, dtype=float) for limit in bounds)
        holds = bool((lower <= 0).all() and (upper >= 0).all())
    except (TypeError, ValueError):
        holds = False
    if not holds:
        raise InvalidParameterError(
            f"The 'bounds' parameter of {name} must be a pair (lower, upper) of numbers, or arrays of shape (p,) or "
            f"(T, p), with lower <= 0 <= upper; other limits go through constraints. Got {bounds!r} instead."
        )


class ConvexModel(NewTaskMixin, MultiTaskMixin, BaseEstimator):
    """Estimator that minimises weighted losses plus a penalty.

    A subclass has a constructor with the parameters of ``COMMON_CONSTRAINTS``, ``alpha``, and says what its
    loss and its penalty are. Everything else is here, once.
    """

    _parameter_constraints: ClassVar[dict[str, list[Constraint]]] = {"alpha": [STRENGTH], **COMMON_CONSTRAINTS}

    def _loss_given(self) -> Any:
        """The loss, or the losses by task, as `skmtl.losses.losses_for` reads them."""
        return "squared"

    def _make_penalty(self) -> Penalty:
        """The penalty with the estimator's mixing parameters."""
        raise TypeError(f"{type(self).__name__} has to say what its penalty is")

    def _check_parameters(self) -> None:
        check_parameters(self, self._parameter_constraints)

    def _describe(self, penalty: Penalty, W: Array) -> None:
        """Set the attributes that say what the penalty found; W is the solved point, parts stacked, in user's units."""

    def _kinds(self, names: Sequence[object]) -> list[str]:
        return kinds_for(self._loss_given(), names)

    def _losses_of(self, data: TaskData) -> list[Loss]:
        """One loss per task."""
        return losses_for(self._loss_given(), data.layout.names, [encoder.kind for encoder in data.encoders])

    def _load(self, X: Any, y: Any, sample_weight: Any, task: Any, exposure: Any = None) -> TaskData:
        self._check_parameters()
        data = self._read(
            X,
            y,
            task=task,
            sample_weight=sample_weight,
            task_weight=self.task_weight,
            kinds=self._kinds,
            exposure=exposure,
        )
        if data.layout.channels.sum() == data.n_tasks:
            self._check_labels(data.layout.names)
        self._remember(data)
        return data

    def _check_labels(self, names: tuple[object, ...]) -> None:
        """A graph or a precision in a frame says itself which tasks it is about."""
        penalty = getattr(self, "penalty", None)
        while isinstance(penalty, Bounded):
            penalty = penalty.penalty
        for owner, form in ((self, "graph_form"), (penalty, "form")):
            square = getattr(owner, form, None) != "incidence"
            check_task_labels(getattr(owner, "graph", None), names, "graph", square=square)
            check_task_labels(getattr(owner, "precision", None), names, "precision")

    def _remember(self, data: TaskData) -> None:
        """Keep what the predictions need besides coefficients: the classes of a classifier."""

    def _target_scale(self, data: TaskData) -> TargetScale:
        common = getattr(self, "share_intercept", False)
        return TargetScale.of(data, center=self.fit_intercept, scale=self.scale_targets, common=common)

    def _problem(self, data: TaskData, penalty: Penalty, alpha: float, scale: TargetScale) -> Problem:
        """The problem on data whose targets are standardised by ``scale``."""
        loss = PerTaskLoss(self._losses_of(data), data.layout)
        term: Term
        shared = getattr(self, "share_intercept", False)
        if loss.quadratic and self.constraints is None and sees_moments(self.solver) and not shared:
            moved = {} if scale.nothing else {"mean": scale.mean, "unit": scale.scale}
            term = MomentTerm.from_data(data, loss, fit_intercept=self.fit_intercept, **moved)
        else:
            term = DataTerm(
                scale.apply(data),
                loss,
                fit_intercept=self.fit_intercept,
                share_intercept=shared,
            )
        return Problem(term, self._bounded(penalty, scale, data.n_features), alpha)

    def _bounded(self, penalty: Penalty, scale: TargetScale, n_features: int) -> Penalty:
        """The penalty within the bounds, which are given in the user's units."""
        if self.bounds is None:
            return penalty
        _check_bounds(self.bounds, type(self).__name__)
        bounded = Bounded(penalty, *(_in_units(limit, scale.unit, n_features) for limit in self.bounds))
        bounded.check_params()
        return bounded

    def _solver(self, problem: Problem, scale: TargetScale) -> Solver:
        return choose(
            problem,
            self.solver,
            tol=self.tol,
            max_iter=self.max_iter,
            constraints=self.constraints,
            target_scale=scale.unit if self.scale_targets else None,
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
        return self._fit(X, y, sample_weight, task)

    def _fit(self, X: Any, y: Any, sample_weight: Any, task: Any, exposure: Any = None) -> ConvexModel:
        previous = self._previous_point() if self.warm_start else None
        data = self._load(X, y, sample_weight, task, exposure)
        scale = self._target_scale(data)
        penalty = self._make_penalty()
        problem = self._problem(data, penalty, self.alpha, scale)
        start = None
        if previous is not None and previous.W.shape == problem.null.W.shape:
            start = scale.standardise(previous)
        result = self._solver(problem, scale).solve(problem, start)
        self._finish(result, scale, penalty, problem)
        return self

    def _previous_point(self) -> Coefficients | None:
        if not hasattr(self, "coef_"):
            return None
        parts = (self.shared_coef_, self.specific_coef_) if hasattr(self, "shared_coef_") else (self.coef_,)
        point = Coefficients(np.vstack([part.T for part in parts]), np.asarray(self.intercept_))
        return point if point.isfinite() else None

    def _finish(self, result: SolveResult, scale: TargetScale, penalty: Penalty, problem: Problem) -> None:
        """Set the fitted attributes and warn once where the certificate is above the tolerance."""
        point = scale.restore(result.coefficients)
        halves = [point.W] if penalty.parts == 1 else np.split(point.W, penalty.parts)
        parts = [np.ascontiguousarray(half.T) for half in halves]
        self.coef_ = parts[0] if len(parts) == 1 else parts[0] + parts[1]
        for name in ("shared_coef_", "specific_coef_"):  # of a fit before with another penalty
            self.__dict__.pop(name, None)
        while isinstance(penalty, Bounded):
            penalty = make_penalty(penalty.penalty)
        if isinstance(penalty, SharedPlusSpecific):
            self.shared_coef_, self.specific_coef_ = parts
            zero = penalty.zero_part((point.W.shape[0] // 2, point.W.shape[1]))
            if zero is not None:
                low, high = penalty.wedge((point.W.shape[0] // 2, point.W.shape[1]))
                warnings.warn(
                    f"{type(self).__name__}: at this shared_ratio the {zero} part is zero whatever the data, so the "
                    f"model is the other part alone: choose a ratio between {low:.3g} and {high:.3g}.",
                    UserWarning,
                    stacklevel=4,
                )
        self.intercept_ = point.b
        self._unit = scale.scale
        self._shared_part = SharedPart.of(problem, penalty, self.coef_, self.intercept_)
        self._describe(penalty, point.W)
        self.n_iter_ = result.n_iter
        self.solver_result_ = result
        if not result.converged:
            cure = (
                "increase max_iter, loosen tol, put features and outcomes on one scale (StandardScaler, "
                "scale_targets=True), or use a larger alpha"
            )
            warnings.warn(f"{type(self).__name__}: {result.message} To change it: {cure}.", ConvergenceWarning, 4)


__all__ = ["COMMON_CONSTRAINTS", "ConvexModel", "TargetScale"]
