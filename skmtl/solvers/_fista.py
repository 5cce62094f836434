"""Accelerated proximal gradient: the reference for every other solver."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from skmtl._typing import Array
from skmtl.problem import Coefficients, Problem
from skmtl.solvers._driver import IterativeSolver


@dataclass(frozen=True, eq=False)
class _State:
    current: Coefficients
    eta: Array  # predictor at current
    probe: Coefficients  # the extrapolated point
    probe_eta: Array
    momentum: float
    bound: float  # estimate of the largest curvature in the metric


class FISTA(IterativeSolver):
    """Accelerated proximal gradient with backtracking and adaptive restart.

    Beck and Teboulle, SIAM J. Imaging Sci. 2:183-202, 2009; restart by the gradient test of O'Donoghue and
    Candès, Found. Comput. Math. 15:715-732, 2015. Steps are scaled by the curvature of each feature (each
    coefficient, where the penalty allows), so that units do not matter. Solves every problem of the library.

    Parameters
    ----------
    tol, max_iter, check_every
        See `IterativeSolver`.

    Examples
    --------
    >>> from sklearn.datasets import load_linnerud
    >>> from skmtl.linear_model import MultiTaskLasso
    >>> X, Y = load_linnerud(return_X_y=True)
    >>> fit = MultiTaskLasso(alpha=1.0, solver="fista").fit(X, Y)
    >>> fit.solver_result_.solver, fit.solver_result_.converged
    ('fista', True)
    """

    name: ClassVar[str] = "fista"

    def init(self, problem: Problem, start: Coefficients) -> _State:
        """Start at rest."""
        eta = problem.predictor(start)
        return _State(start, eta, start, eta, 1.0, problem.curvature_bound)

    def point(self, state: _State) -> Coefficients:
        """The last accepted point (not the extrapolated one)."""
        return state.current

    def step(self, problem: Problem, state: _State) -> _State:
        """One proximal gradient step from the extrapolated point."""
        gradient = problem.smooth_gradient(state.probe, state.probe_eta)
        bound = state.bound
        while True:
            new = problem.descend(state.probe, gradient, bound)
            eta = problem.predictor(new)
            if self._majorised(problem, state, gradient, new, eta, bound):
                break
            bound *= 1.5
        move = new.combine(1.0, state.current, -1.0)
        pull = state.probe.combine(1.0, new, -1.0)
        if _metric_dot(problem, pull, move) > 0:  # the momentum points uphill: forget it
            return _State(new, eta, new, eta, 1.0, bound)
        momentum = 0.5 * (1.0 + np.sqrt(1.0 + 4.0 * state.momentum**2))
        beta = (state.momentum - 1.0) / momentum
        probe = new.combine(1.0 + beta, state.current, -beta)
        return _State(new, eta, probe, (1.0 + beta) * eta - beta * state.eta, momentum, bound)

    @staticmethod
    def _majorised(
        problem: Problem, state: _State, gradient: Coefficients, new: Coefficients, eta: Array, bound: float
    ) -> bool:
        """Whether the quadratic model at the probe lies above the smooth part at the new point."""
        step = new.combine(1.0, state.probe, -1.0)
        model = 0.5 * bound * problem.squared_length(step)
        value = problem.smooth_value(new, eta)
        base = problem.smooth_value(state.probe, state.probe_eta)
        gap = value - base - gradient.dot(step)
        if abs(gap) <= 1e-9 * max(abs(value), abs(base)):
            # The difference of values is mostly rounding here; for a short step half the change of the
            # gradient along the step says the same without cancellation.
            gap = 0.5 * problem.smooth_gradient(new, eta).combine(1.0, gradient, -1.0).dot(step)
        # Overflow cannot be cured by a shorter step: let the driver see the point and say so.
        return gap <= model * (1 + 1e-10) or model == 0.0 or not np.isfinite(gap + model)


def _metric_dot(problem: Problem, a: Coefficients, b: Coefficients) -> float:
    return float((problem.metric * a.W * b.W).sum() + (problem.metric_b * a.b * b.b).sum())
