"""Quasi-Newton for problems without a kink."""

from __future__ import annotations

import time
from typing import ClassVar

import numpy as np
from scipy.optimize import minimize

from skmtl._params import POSITIVE_INT, TOLERANCE
from skmtl._typing import Array
from skmtl.problem import Coefficients, Problem
from skmtl.solvers._driver import Solver, finish
from skmtl.solvers._newton import finished_by_newton
from skmtl.solvers._result import HistoryRow, SolveResult, Status

_MOST_ITERATIONS = 200


class LBFGS(Solver):
    """Limited-memory BFGS (SciPy's) on scaled coefficients, for smooth penalties.

    Liu and Nocedal, Math. Program. 45:503-528, 1989. It stops on the problem's certificate, not on the
    change of the objective. It gets a gradient down to some 1e-7 of where it began; what a certificate wants beyond
    that, and what is left after 200 iterations, is done by `Newton`.

    Parameters
    ----------
    tol : float, default 1e-6
        As for `FISTA`.
    max_iter : int, default 10000

    Examples
    --------
    >>> from sklearn.datasets import load_linnerud
    >>> from skmtl.linear_model import MeanRegularizedRidge
    >>> X, Y = load_linnerud(return_X_y=True)
    >>> fit = MeanRegularizedRidge(alpha=1.0, solver="lbfgs").fit(X, Y)
    >>> fit.solver_result_.solver, fit.solver_result_.converged
    ('lbfgs', True)
    """

    name: ClassVar[str] = "lbfgs"
    requires: ClassVar[tuple[str, ...]] = ("penalty.smooth", "penalty.gradient")
    _parameter_constraints: ClassVar = {"tol": [TOLERANCE], "max_iter": [POSITIVE_INT]}

    def __init__(self, tol: float = 1e-6, max_iter: int = 10_000):
        self.tol = tol
        self.max_iter = max_iter

    def solve(self, problem: Problem, start: Coefficients | None = None) -> SolveResult:
        """Minimise, tightening the gradient tolerance until the certificate is within ``tol``."""
        self.check(problem)
        begin = time.perf_counter()
        point = problem.null if start is None else problem.working(start)
        # Unit curvature in every direction, that of the penalty included.
        n_channels = problem.data.layout.n_channels
        own = np.diag(problem.penalty.task_matrix(n_channels)) if hasattr(problem.penalty, "task_matrix") else 0.0
        root = np.sqrt(np.broadcast_to(problem.metric, point.W.shape) + problem.alpha * own)
        shared = 0.0 if problem.intercept_matrix is None else np.diag(problem.intercept_matrix)
        root_b = np.sqrt(problem.metric_b + problem.alpha * shared)
        size = point.W.size
        penalty = problem.penalty
        unit = problem.null_value or 1.0  # the objective in units of the null model's

        def unpack(z: Array) -> Coefficients:
            b = z[size:] / root_b if problem.fit_intercept else np.zeros_like(point.b)
            return Coefficients(z[:size].reshape(root.shape) / root, b)

        def objective(z: Array) -> tuple[float, Array]:
            at = unpack(z)
            eta = problem.predictor(at)
            value = problem.smooth_value(at, eta) + problem.alpha * penalty.value(at.W)
            gradient = problem.smooth_gradient(at, eta)
            dW = (gradient.W + problem.alpha * penalty.gradient(at.W)) / root
            return value / unit, np.concatenate([dW.ravel(), gradient.b / root_b]) / unit

        z = np.concatenate([(point.W * root).ravel(), point.b * root_b])
        history = [HistoryRow(0, problem.value(point), problem.certificate(point).value, 0.0)]
        n_iter, gradient_tol = 0, max(self.tol, 1e-12)
        most = min(self.max_iter, _MOST_ITERATIONS)
        while not problem.certificate(point).satisfied(self.tol) and n_iter < most:
            outcome = minimize(
                objective,
                z,
                jac=True,
                method="L-BFGS-B",
                options={
                    "maxiter": most - n_iter,
                    "maxfun": 2 * self.max_iter,
                    "gtol": gradient_tol,
                    "ftol": 0.0,
                    "maxcor": 20,
                },
            )
            z, n_iter = outcome.x, n_iter + int(outcome.nit)
            point = problem.term.refit_intercept(unpack(z))
            seconds = time.perf_counter() - begin
            history.append(HistoryRow(n_iter, problem.value(point), problem.certificate(point).value, seconds))
            if outcome.nit == 0 or gradient_tol < 1e-15:
                break
            gradient_tol /= 100.0
        result = finish(problem, self, point, tol=self.tol, n_iter=n_iter, history=history)
        if not result.converged and n_iter < self.max_iter:
            return finished_by_newton(problem, result, self.tol, self.max_iter)
        if not result.converged and n_iter >= self.max_iter:
            return SolveResult(**{**result.__dict__, "status": Status.MAX_ITER})
        return result
