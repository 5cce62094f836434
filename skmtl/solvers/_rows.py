"""One step of Newton's method where the penalty is a sum over rows: block coordinate descent on the model."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import sparse

from skmtl._typing import Array, IntArray
from skmtl.data import SharedDesign
from skmtl.problem import Coefficients, Problem
from skmtl.solvers._working_set import violations, working_set

# Sweeps over a model that the next step replaces.
_MOST_SWEEPS = 200
_SMALLEST = 64


def on_rows(problem: Problem) -> bool:
    """Whether the model of the loss is one Gram a task and the penalty one of rows."""
    layout = problem.data.layout
    plain = layout.n_channels == layout.n_tasks and not any(loss.joint for loss in problem.loss.losses)
    return plain and not problem.share_intercept and hasattr(problem.penalty, "row_terms")


def descend_on_rows(
    problem: Problem, point: Coefficients, gradient: Coefficients, curvature: Array, forcing: float
) -> tuple[Coefficients, int]:
    """Minimise the second-order model plus the penalty over the rows that matter, and the intercepts.

    Intercepts are taken out of the model: about the means m under the curvatures c of a task,

        H = Σ c (x - m)(x - m)',   g = g_W - (m - center) g_b,

    is what is left for the coefficients V, and the intercept moves by -g_b / Σ c - (m - center)'V.

    Parameters
    ----------
    problem : Problem
    point, gradient : Coefficients
    curvature : ndarray
        Second derivatives in the linear predictors, flat, positive somewhere in each task.
    forcing : float
        How much of the first violation of optimality may be left.
    """
    from skmtl.solvers._row_descent import solve_gram, solve_residual

    score = violations(problem.penalty, point.W, gradient.W, problem.alpha, problem.metric)
    active = int(point.W.any(axis=1).sum())
    rows = working_set(point.W, score, max(2 * active, _SMALLEST))
    terms = problem.penalty.row_terms(point.W.shape, problem.alpha).take(rows)
    part = point.W[rows]
    layout, design = problem.data.layout, problem.data.design
    total = layout.sum_by_task(curvature)
    tol = forcing * float(np.sqrt((score[rows] ** 2).sum()))
    shared_columns = None
    if isinstance(design, SharedDesign) and (layout.complete or len(rows) > 2 * layout.n_rows):
        shared_columns = _columns(design.X, rows)
    if shared_columns is not None and len(rows) > 2 * layout.n_rows:
        S, R = np.zeros((2, layout.n_tasks, layout.n_rows))
        S[layout.entry_task, layout.row_index] = curvature
        mean = np.ascontiguousarray((S @ shared_columns / total[:, None]).T) if problem.fit_intercept else 0 * part
        offset = mean - problem.term.center[rows] if problem.fit_intercept else mean
        pull = problem.loss.gradient(problem.data.y, problem.predictor(point), problem.term.weight)
        positive = curvature > 0
        R[layout.entry_task[positive], layout.row_index[positive]] = -pull[positive] / curvature[positive]
        if problem.fit_intercept:
            R -= ((S * R).sum(axis=1) / total)[:, None]
        new = part.copy()
        used, _ = solve_residual(
            np.ascontiguousarray(shared_columns.T), S, mean, R, new, terms, np.ones(len(total)), tol, _MOST_SWEEPS
        )
    else:
        H = np.empty((layout.n_tasks, len(rows), len(rows)))
        offset = np.zeros_like(part)
        for t in range(layout.n_tasks):
            X = design.columns(t, rows) if shared_columns is None else shared_columns
            c = curvature[layout.entries(t)]
            if problem.fit_intercept:
                mean = c @ X / total[t]
                offset[:, t] = mean - problem.term.center[rows, t]
                X = X - mean
            X = np.sqrt(c)[:, None] * X
            H[t] = X.T @ X
        reduced = gradient.W[rows] - offset * gradient.b
        right = np.matmul(H, part.T[:, :, None])[:, :, 0].T - reduced
        new = part.copy()
        used, _ = solve_gram(H, np.ascontiguousarray(right), new, terms, tol, _MOST_SWEEPS)
    W = point.W.copy()
    W[rows] = new
    if not problem.fit_intercept:
        return Coefficients(W, point.b), int(used)
    return Coefficients(W, point.b - gradient.b / total - (offset * (new - part)).sum(axis=0)), int(used)


def _columns(X: Any, rows: IntArray) -> Array:
    """Some features as a dense array, (n, k)."""
    some = X[:, rows]
    values: Array = (some.toarray() if sparse.issparse(some) else some).astype(np.float64, copy=False)
    return values


__all__ = ["descend_on_rows", "on_rows"]
