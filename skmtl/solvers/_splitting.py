"""Alternating directions for squared loss and functions of singular values: prox steps in the Gram's own metric."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, replace
from math import sqrt
from typing import ClassVar

import numpy as np

from skmtl._typing import Array
from skmtl.problem import Coefficients, Problem
from skmtl.solvers._driver import IterativeSolver
from skmtl.solvers._model import one_gram
from skmtl.solvers._newton import finished_by_newton
from skmtl.solvers._normal_equations import NormalEquations, n_unknowns, normal_equations
from skmtl.solvers._result import SolveResult, Status

# Eigenvectors cost some 10 q³ operations and pay for one Gram, or for one of each task, of at most this many unknowns:
# beyond that gradient steps on Grams are done before.
_LARGEST_SHARED, _LARGEST_OWN = 1000, 300
# Below so many coefficients Newton takes milliseconds, and its last step is exact.
_FEWEST = 512
# Over-relaxation; 1.5 to 1.8 is what Boyd et al. advise (section 3.4.3).
_RELAXATION = 1.6
# The weight is set anew every few iterations at first, later ever more seldom: convergence needs it to settle.
_EVERY, _OFTEN = 10, 300


# Inverses of a Gram, for so many weights, before its eigenvectors are made, at the price of seven.
_FEW_WEIGHTS = 3


class _Loss(ABC):
    """Squared loss where a step in its metric is cheap, Σ_t ½ v_t' H_t v_t - c_t' v_t."""

    system: NormalEquations
    size: float  # mean curvature

    def coordinates(self, W: Array) -> Array:
        return self.turn(self.system.coordinates(W))

    def coefficients(self, V: Array) -> Array:
        return self.system.coefficients(V)

    def turn(self, V: Array) -> Array:
        """Coordinates of the system as those of this loss."""
        return V

    @abstractmethod
    def gradient(self, V: Array) -> Array: ...

    @abstractmethod
    def step(self, V: Array, weight: float) -> Array:
        """The minimum of the loss plus ½ weight ‖· - V‖²."""


class _ByInverse(_Loss):
    """One Gram, with one scale, for all tasks, and few weights: a Cholesky factorisation for each."""

    def __init__(self, system: NormalEquations):
        self.system = system
        self.cross = system.scale * system.cross
        self.size = float(system.scale[0] * system.grams[0].diagonal().mean())

    def gradient(self, V: Array) -> Array:
        values: Array = (self.system.grams[0] @ V) * self.system.scale - self.cross
        return values

    def step(self, V: Array, weight: float) -> Array:
        return self.system.inverse(weight) @ (self.cross + weight * V)


class _ByEigenvectors(_Loss):
    """Any Grams and any weights.

    One Gram for all tasks is turned to its eigenvectors once, which a function of singular values does not notice: H is
    then diagonal. Else the Gram of each task keeps its own eigenvectors.
    """

    def __init__(self, system: NormalEquations):
        self.system = system
        self.values, self.vectors = system.eigen
        self.shared = len(self.values) == 1
        self.cross = self.turn(system.scale * system.cross)
        self.curvature = (
            self.values[0][:, None] * system.scale if self.shared else (self.values * system.scale[:, None]).T
        )
        self.size = float(self.curvature.mean())

    def turn(self, V: Array) -> Array:
        return self.vectors[0].T @ V if self.shared else V

    def coefficients(self, V: Array) -> Array:
        return self.system.coefficients(self.vectors[0] @ V if self.shared else V)

    def gradient(self, V: Array) -> Array:
        return self._turned(V, lambda turned: turned * self.curvature) - self.cross

    def step(self, V: Array, weight: float) -> Array:
        return self._turned(self.cross + weight * V, lambda turned: turned / (self.curvature + weight))

    def _turned(self, V: Array, scale: Callable[[Array], Array]) -> Array:
        if self.shared:
            return scale(V)
        turned = np.matmul(V.T[:, None, :], self.vectors)[:, 0]
        back = np.matmul(self.vectors, scale(turned.T).T[:, :, None])[:, :, 0]
        return np.ascontiguousarray(back.T)


def _loss_of(system: NormalEquations) -> _Loss:
    """Eigenvectors where they are at hand, or where a few inverses do not do."""
    one = len(system.grams) == 1 and bool((system.scale == system.scale[0]).all())
    if one and "eigen" not in system.__dict__ and len(system.inverses) < _FEW_WEIGHTS:
        return _ByInverse(system)
    return _ByEigenvectors(system)


@dataclass(frozen=True, eq=False)
class _State:
    loss: _Loss
    intercept: Array  # means of the targets, whatever the coefficients
    low: Array  # after the step on the penalty: its zero singular values are zeros
    dual: Array  # scaled by the weight
    weight: float
    n_iter: int
    next_change: int
    moved: float  # relative to the point


class Splitting(IterativeSolver):
    """Alternating direction method of multipliers, for squared loss and penalties on singular values.

    Boyd, Parikh, Chu, Peleato and Eckstein, Found. Trends Mach. Learn. 3:1-122, 2011. Steps alternate between

        V = argmin loss(V) + (weight / 2) ‖V - Z + U‖²,     Z = prox of alpha P / weight at V + U,     U = U + V - Z.

    The first is exact in the metric of the Gram, so that units and correlations of features matter little: a gradient
    method has one step size for all singular values, and needs up to a hundred times the iterations. In the
    eigenvectors of one Gram for all tasks an iteration costs some p T² operations, and no pass over the data. The
    weight is balanced between the residuals of the two steps.

    Parameters
    ----------
    tol, max_iter, check_every
        See `IterativeSolver`.

    Examples
    --------
    >>> from sklearn.datasets import load_linnerud
    >>> from skmtl.linear_model import TraceNormRegressor
    >>> X, Y = load_linnerud(return_X_y=True)
    >>> fit = TraceNormRegressor(alpha=1.0, solver="splitting").fit(X, Y)
    >>> fit.solver_result_.solver, fit.solver_result_.converged
    ('splitting', True)
    """

    name: ClassVar[str] = "splitting"
    requires: ClassVar[tuple[str, ...]] = ("loss.quadratic", "penalty.spectral")

    def solve(self, problem: Problem, start: Coefficients | None = None) -> SolveResult:
        """Iterate until the certificate is within the tolerance; what rounding leaves is done by `Newton`."""
        result = super().solve(problem, start)
        if result.status is not Status.STALLED:
            return result
        return finished_by_newton(problem, result, self.tol, self.max_iter)

    def init(self, problem: Problem, start: Coefficients) -> _State:
        """Start from the point, with the multipliers that would make it optimal."""
        loss = _loss_of(normal_equations(problem))
        V = loss.coordinates(start.W)
        weight = loss.size or 1.0
        return _State(loss, problem.null.b, V, -loss.gradient(V) / weight, weight, 0, _EVERY, 1.0)

    def point(self, state: _State) -> Coefficients:
        """The point that the penalty has seen last."""
        return Coefficients(state.loss.coefficients(state.low), state.intercept)

    def stalled(self, state: _State) -> bool:
        """Whether an iteration changes the last digits at most."""
        return state.moved < 1e-15

    def step(self, problem: Problem, state: _State) -> _State:
        """One iteration."""
        weight = state.weight
        V = state.loss.step(state.low - state.dual, weight)
        relaxed = _RELAXATION * V + (1 - _RELAXATION) * state.low
        low = problem.penalty.prox(relaxed + state.dual, problem.alpha / weight)
        dual = state.dual + relaxed - low
        n_iter = state.n_iter + 1
        size = max(_norm(V), _norm(low), 1e-300)
        primal = _norm(V - low) / size
        moved = _norm(low - state.low)
        new = replace(state, low=low, dual=dual, n_iter=n_iter, moved=max(primal, moved / size))
        if n_iter < state.next_change:
            return new
        # Residual balancing: both residuals relative to what they are differences of (Wohlberg, arXiv:1704.06209).
        ratio = primal * max(_norm(dual), 1e-300) / max(moved, 1e-300)
        factor = float(np.clip(np.sqrt(ratio), 0.1, 10.0)) if primal > 0 and moved > 0 else 1.0
        following = n_iter + _EVERY if n_iter < _OFTEN else 2 * n_iter
        new = replace(new, next_change=following)
        if 0.5 < factor < 2.0:
            return new
        new = replace(new, weight=weight * factor, dual=dual / factor)
        loss = state.loss
        if isinstance(loss, _ByInverse) and len(loss.system.inverses) >= _FEW_WEIGHTS:
            loss = _ByEigenvectors(loss.system)
            new = replace(new, loss=loss, low=loss.turn(new.low), dual=loss.turn(new.dual))
        return new


def _norm(V: Array) -> float:
    return sqrt(float(np.vdot(V, V)))


def splitting_pays(problem: Problem) -> bool:
    """Whether `Splitting` can solve the problem and its eigenvectors are worth their making."""
    if problem.term.shape[0] * problem.term.shape[1] < _FEWEST:
        return False
    if not (problem.loss.quadratic and hasattr(problem.penalty, "spectral") and problem.alpha > 0):
        return False
    return n_unknowns(problem.term) <= (_LARGEST_SHARED if one_gram(problem) else _LARGEST_OWN)


__all__ = ["Splitting", "splitting_pays"]
