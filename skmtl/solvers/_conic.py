"""The problem handed to cvxpy: the oracle of the tests, and the way to extra constraints."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import replace
from typing import Any, ClassVar

import numpy as np

from skmtl._params import NONE, TOLERANCE, InstanceOf, IsCallable
from skmtl._typing import Array
from skmtl.exceptions import InvalidParameterError, MissingDependencyError
from skmtl.problem import Certificate, Coefficients, Problem
from skmtl.solvers._driver import Solver, finish
from skmtl.solvers._result import SolveResult, Status


class Conic(Solver):
    """Solve with a conic solver through cvxpy (optional: ``pip install "skmtl[cvxpy]"``).

    Diamond and Boyd, JMLR 17(83):1-5, 2016; Clarabel (Goulart and Chen, 2024) by default. Slow beyond some
    ten thousand observed entries. Without constraints the result carries the problem's own certificate; with
    them it repeats the conic solver's status, since the unconstrained certificate does not apply.

    Parameters
    ----------
    tol : float, default 1e-6
    constraints : callable or None
        Takes the coefficients, a cvxpy expression of shape (T, p) like ``coef_``, and returns a list of
        cvxpy constraints.
    target_scale : ndarray of shape (T,) or None
        Units of the coefficients the constraints speak of, where targets were standardised.
    options : dict or None
        Passed to ``cvxpy.Problem.solve``.

    Examples
    --------
    >>> from sklearn.datasets import load_linnerud
    >>> from skmtl.linear_model import MultiTaskLasso
    >>> X, Y = load_linnerud(return_X_y=True)
    >>> fit = MultiTaskLasso(alpha=0.1, solver="cvxpy", constraints=lambda coef: [coef >= 0]).fit(X, Y)
    >>> bool((fit.coef_ >= -1e-6).all())
    True
    """

    name: ClassVar[str] = "cvxpy"
    requires: ClassVar[tuple[str, ...]] = ("penalty.conic",)
    _parameter_constraints: ClassVar = {
        "tol": [TOLERANCE],
        "constraints": [NONE, IsCallable()],
        "options": [NONE, InstanceOf(dict, "a dict")],
    }

    def __init__(
        self,
        tol: float = 1e-6,
        constraints: Callable[[Any], list[Any]] | None = None,
        target_scale: Array | None = None,
        options: dict[str, Any] | None = None,
    ):
        self.tol = tol
        self.constraints = constraints
        self.target_scale = target_scale
        self.options = options

    def solve(self, problem: Problem, start: Coefficients | None = None) -> SolveResult:
        """Solve from scratch; conic solvers take no start."""
        self.check(problem)
        try:
            import cvxpy
        except ImportError as error:
            raise MissingDependencyError(
                'solver="cvxpy" and constraints need the package cvxpy: pip install "skmtl[cvxpy]".'
            ) from error
        # Coefficients are scaled to unit curvature, which conic solvers need to reach their tolerance.
        layout, design = problem.data.layout, problem.data.design
        root = np.sqrt(np.broadcast_to(problem.metric, problem.null.W.shape))
        variable = cvxpy.Variable(root.shape)
        stacked = cvxpy.multiply(1.0 / root, variable)
        parts, p = problem.penalty.parts, problem.data.n_features
        W: Any = stacked if parts == 1 else sum(stacked[k * p : (k + 1) * p] for k in range(parts))
        b: Any = cvxpy.Variable(layout.n_channels) if problem.fit_intercept else np.zeros(layout.n_channels)
        etas = []
        for t in range(layout.n_tasks):
            rows = _dense(design.rows(t))
            first, last = layout.channel_ptr[t], layout.channel_ptr[t + 1]
            channels = [(rows - problem.term.center[:, c]) @ W[:, c] + b[c] for c in range(first, last)]
            etas.append(channels[0] if len(channels) == 1 else cvxpy.vstack(channels).T)
        unit = problem.null_value or 1.0
        objective = problem.loss.conic(problem.data.y, etas, problem.term.weight) / unit
        expression = problem.penalty.conic(stacked)
        expression, own = expression if isinstance(expression, tuple) else (expression, [])
        if problem.alpha > 0:
            objective = objective + problem.alpha / unit * expression
        if problem.intercept_matrix is not None and problem.alpha > 0:
            values, vectors = np.linalg.eigh(problem.intercept_matrix)
            factor = vectors * np.sqrt(np.maximum(values, 0.0))
            original = b - cvxpy.sum(cvxpy.multiply(problem.term.center, W), axis=0)
            objective = objective + 0.5 * problem.alpha / unit * cvxpy.sum_squares(original @ factor)
        constraints = [*own, *self._extra_constraints(W, cvxpy)]
        task = cvxpy.Problem(cvxpy.Minimize(objective), constraints)
        # Where the last digits are out of reach Clarabel may give nothing at all; then fewer have to do.
        attempts = [_tight(self.tol), *_LOOSER] if self.options is None else [self.options]
        failure = ""
        for options in attempts:
            with warnings.catch_warnings():
                # cvxpy repeats in a warning what the status below says.
                warnings.simplefilter("ignore")
                try:
                    # A warm start would keep the tolerances of the attempt before.
                    task.solve(**{"solver": "CLARABEL", "warm_start": False, **options})
                    break
                except cvxpy.error.SolverError as error:  # no point within the tolerance asked for
                    failure = str(error)
        else:
            return self._failed(problem, failure)
        if task.status in ("infeasible", "infeasible_inaccurate"):
            raise InvalidParameterError("constraints cannot all hold at once, so there is no fit: loosen them.")
        if variable.value is None:
            return self._failed(problem, f"cvxpy reports {task.status!r}.")
        W_value = np.asarray(variable.value) / root
        if self.constraints is None:
            # Interior points are feasible to their tolerance only; a step of no length leads to the penalty's domain.
            W_value = problem.penalty.prox(W_value, 0.0)
        b_value = np.asarray(b.value) if problem.fit_intercept else np.zeros(layout.n_channels)
        point = Coefficients(W_value, b_value)
        n_iter = int(getattr(task.solver_stats, "num_iters", 0) or 0)
        if self.constraints is None:
            return finish(problem, self, _polished(problem, point, self.tol), tol=self.tol, n_iter=n_iter)
        result = finish(problem, self, point, tol=self.tol, n_iter=n_iter)
        solved = ("optimal",) if self.options is not None else ("optimal", "optimal_inaccurate")
        status = Status.CONVERGED if task.status in solved else Status.FAILED
        reported = Certificate("conic solver", 0.0 if task.status in solved else float("inf"), problem.null_value)
        return replace(result, status=status, certificate=reported, detail=f"cvxpy reports {task.status!r}.")

    def _extra_constraints(self, W: Any, cvxpy: Any) -> list[Any]:
        if self.constraints is None:
            return []
        coef = W.T if self.target_scale is None else cvxpy.multiply(self.target_scale[:, None], W.T)
        extra = self.constraints(coef)
        if isinstance(extra, cvxpy.constraints.constraint.Constraint):
            extra = [extra]
        if not isinstance(extra, list | tuple) or not all(
            isinstance(item, cvxpy.constraints.constraint.Constraint) for item in extra
        ):
            raise InvalidParameterError(
                "constraints must return a list of cvxpy constraints made from the coefficients it is given, "
                f"such as [coef >= 0]. Got {extra!r} instead."
            )
        return list(extra)

    def _failed(self, problem: Problem, detail: str) -> SolveResult:
        result = finish(problem, self, problem.null, tol=self.tol, n_iter=0, detail=detail)
        return replace(result, status=Status.FAILED)


def _polished(problem: Problem, point: Coefficients, tol: float) -> Coefficients:
    """The best, by its certificate, of the point and those that a few proximal gradient steps lead to.

    An interior point is a little off every kink; the steps put exact zeros where they belong.
    """
    best, least = point, problem.certificate(point).value
    for step in range(_MOST_POLISHING):
        if step >= _POLISHING and problem.certificate(best).satisfied(tol):
            break
        gradient = problem.smooth_gradient(point, problem.predictor(point))
        point = problem.descend(point, gradient, problem.curvature_bound)
        value = problem.certificate(point).value
        if value < least:
            best, least = point, value
    return best


def _dense(rows: Any) -> Array:
    return rows.toarray() if hasattr(rows, "toarray") else np.asarray(rows)


# Steps in any case, and at most: where Clarabel stops, its dual point may be good and the one that W gives not yet.
_POLISHING, _MOST_POLISHING = 10, 200
# Short of its last digit an interior point may lose the way; the certificate says whether it had come far enough.
_LOOSER = [{"tol_gap_abs": tol, "tol_gap_rel": tol, "tol_feas": tol} for tol in (1e-9, 1e-8, 1e-7)]


def _tight(tol: float) -> dict[str, Any]:
    """Clarabel to its last digit; "optimal_inaccurate" then means within ``tol``, and not Clarabel's 5e-5."""
    close = {"tol_gap_abs": 1e-12, "tol_gap_rel": 1e-12, "tol_feas": 1e-12, "max_iter": 400}
    enough = max(tol, 1e-12)
    return {**close, "reduced_tol_gap_abs": enough, "reduced_tol_gap_rel": enough, "reduced_tol_feas": enough}
