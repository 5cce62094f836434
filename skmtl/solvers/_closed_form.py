"""Direct solution of squared loss with a quadratic task coupling."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from scipy import linalg
from scipy.sparse.linalg import LinearOperator, cg

from skmtl._linalg import CG_TOLERANCE
from skmtl._params import POSITIVE_INT, TOLERANCE
from skmtl._typing import Array, IntArray
from skmtl.problem import Coefficients, Problem
from skmtl.solvers._driver import Solver, finish
from skmtl.solvers._result import SolveResult

# A dense factorisation of the whole system is made up to this many unknowns (128 MB).
_LARGEST_DENSE = 4000
# Eigenvectors of the Grams cost some ten times a factorisation, and serve a whole path: up to this size.
_LARGEST_EIGEN = 300


class ClosedForm(Solver):
    """Normal equations of squared loss with ½ alpha tr(W M W'): one linear system.

    With Gram A_t and cross products c_t of each task it solves  A_t w_t + alpha Σ_s M_ts w_s = c_t:

    - tasks that share rows and weights: the eigenvectors of M separate the system into T ridge problems
      on one Gram;
    - M equal to a multiple of the identity but for a few directions (ridge, mean regularisation): one
      p x p factorisation per task and one small system for those directions;
    - otherwise one dense Cholesky factorisation, or conjugate gradients where it would not fit.

    Parameters
    ----------
    tol : float, default 1e-6
        Decides the status; the direct paths are exact to rounding.
    max_iter : int, default 10000
        Limit of conjugate gradients.

    Examples
    --------
    >>> from sklearn.datasets import load_linnerud
    >>> from skmtl.linear_model import MeanRegularizedRidge
    >>> X, Y = load_linnerud(return_X_y=True)
    >>> MeanRegularizedRidge(alpha=1.0).fit(X, Y).solver_result_.solver
    'closed_form'
    """

    name: ClassVar[str] = "closed_form"
    requires: ClassVar[tuple[str, ...]] = ("loss.quadratic", "penalty.task_matrix")
    _parameter_constraints: ClassVar = {"tol": [TOLERANCE], "max_iter": [POSITIVE_INT]}

    def __init__(self, tol: float = 1e-6, max_iter: int = 10_000):
        self.tol = tol
        self.max_iter = max_iter

    def solve(self, problem: Problem, start: Coefficients | None = None) -> SolveResult:
        """Solve the normal equations; ``start`` is used by conjugate gradients only."""
        self.check(problem)
        grams, cross = problem.term.normal_equations
        with_constant = problem.share_intercept
        values, vectors = problem.task_eigen
        n_tasks, largest = problem.data.n_tasks, max(float(values[-1]), 1.0)
        if not with_constant and np.ptp(values) <= 1e-12 * largest:
            # Nothing couples the tasks: turning them into each other and back would only mix their rounding.
            vectors = np.eye(n_tasks)
        # Eigenvalue of M for each (feature, direction); the constant's common direction is free.
        table = np.tile(values, (len(cross), 1))
        if with_constant:
            is_common = np.abs(vectors.sum(axis=0)) > 0.5 * np.sqrt(n_tasks)
            table[-1, is_common] = 0.0
        # The most frequent eigenvalue, and the directions in which M (or the constant's row) differs from it.
        counts = (np.abs(values[:, None] - values) <= 1e-12 * largest).sum(axis=0)
        common = float(values[n_tasks - 1 - int(np.argmax(counts[::-1]))])
        special = np.flatnonzero((np.abs(table - common) > 1e-12 * largest).any(axis=0))
        scale, alpha, n_iter = problem.term.task_scale, problem.alpha, 1
        # Eigenvectors lose features whose units are far smaller than others'; a factorisation does not. Nor does the
        # small system stay positive definite where M exceeds the common eigenvalue.
        even, fits = not _uneven(grams), len(cross) * n_tasks <= _LARGEST_DENSE
        stable = even and common >= (1 - 1e-12) * values[-1]
        if len(grams) == 1 and np.ptp(scale) <= 1e-14 * scale.max():
            solution = _rotate(problem, scale[0], scale * cross, alpha * table, vectors, even)
        elif alpha == 0:
            solution = np.column_stack(
                [_solve_symmetric(grams[t if len(grams) > 1 else 0], cross[:, t]) for t in range(n_tasks)]
            )
        elif len(special) * len(cross) <= _LARGEST_DENSE and common > 0 and (stable or not fits):
            solution = _few_directions(problem, table, vectors, common, special)
        elif fits:
            solution = _dense(grams, cross, scale, alpha * table, vectors)
        else:
            solution, n_iter = _conjugate_gradients(grams, cross, scale, alpha * table, vectors, self.max_iter)
        if with_constant:
            point = problem.working(Coefficients(solution[:-1], solution[-1]))
        else:
            point = Coefficients(solution, problem.null.b.copy())
        return finish(problem, self, point, tol=self.tol, n_iter=n_iter)


def _uneven(matrices: Array) -> bool:
    """Whether the units of features differ so much that rounding in one hides another."""
    diagonal = np.diagonal(matrices, axis1=-2, axis2=-1)
    positive = diagonal[diagonal > 0]
    return bool(positive.min(initial=np.inf) < 1e-8 * positive.max(initial=0.0))


def _solve_symmetric(matrix: Array, right: Array) -> Array:
    """Solve a positive semi-definite system; the shortest solution where it is singular."""
    diagonal = np.diag(matrix)
    try:
        factor = linalg.cho_factor(matrix, lower=True)
        # A factorisation that survives a singular matrix shows in how little a row leaves of its diagonal.
        if (np.diag(factor[0]) > 1e-7 * np.sqrt(diagonal)).all():
            return linalg.cho_solve(factor, right)
    except linalg.LinAlgError:
        pass
    if _uneven(matrix):
        unit = 1.0 / np.sqrt(np.where(diagonal > 0, diagonal, 1.0))
        return unit * linalg.lstsq(unit[:, None] * matrix * unit, unit * right, cond=1e-14)[0]
    return linalg.lstsq(matrix, right, cond=1e-14)[0]


def _rotate(problem: Problem, scale: float, right: Array, penalty: Array, vectors: Array, even: bool) -> Array:
    """One Gram for all tasks: in the eigenbasis of M every direction is a ridge problem of its own."""
    rotated = right @ vectors
    solution = np.empty_like(rotated)
    same = (np.ptp(penalty, axis=0) == 0) & even
    if same.any():
        values, basis = scale * problem.term.gram_eigen[0][0], problem.term.gram_eigen[1][0]
        total = values[:, None] + penalty[0, same]
        projected = basis.T @ rotated[:, same]
        tiny = 1e-14 * max(float(values[-1]), 1e-300)
        solution[:, same] = basis @ np.divide(projected, total, out=np.zeros_like(projected), where=total > tiny)
    gram = scale * problem.term.normal_equations[0][0]
    for k in np.flatnonzero(~same):
        solution[:, k] = _solve_symmetric(gram + np.diag(penalty[:, k]), rotated[:, k])
    return solution @ vectors.T


def _few_directions(problem: Problem, table: Array, vectors: Array, common: float, special: IntArray) -> Array:
    """M = common I - V diag(d) V' with few columns in V, d = common - m.

    With B_t = A_t + alpha common I and z_k = Σ_t V_tk w_t, the system is w_t = B_t⁻¹ (c_t + alpha Σ_k V_tk
    d_k z_k). Substituting gives one system for y = d z,

        [ m_k / (common d_k) δ_kl + (1/common) Σ_t V_tk V_tl B_t⁻¹ A_t ] y_l = Σ_t V_tk B_t⁻¹ c_t,

    written with B⁻¹A instead of I - alpha common B⁻¹, which would cancel at large alpha.
    """
    grams, cross = problem.term.normal_equations
    scale, ridge = problem.term.task_scale, problem.alpha * common
    (size, n_tasks), n_special = cross.shape, len(special)
    base = np.empty((n_tasks, size))
    parts = np.empty((n_tasks, size, size))
    if size <= _LARGEST_EIGEN:  # the eigenvectors serve every strength of a path
        values, basis = problem.term.gram_eigen
        values = scale[:, None] * values
        base = np.matmul(
            basis,
            (np.matmul(basis.transpose(0, 2, 1), (scale * cross).T[:, :, None])[:, :, 0] / (values + ridge))[
                :, :, None
            ],
        )[:, :, 0]
        parts = np.matmul(basis * (values / (values + ridge))[:, None, :], basis.transpose(0, 2, 1))
    else:
        for t in range(n_tasks):
            gram = scale[t] * grams[t if len(grams) > 1 else 0]
            factor = linalg.cho_factor(gram + ridge * np.eye(size), lower=True)
            solved = linalg.cho_solve(factor, np.column_stack([scale[t] * cross[:, t], gram]))
            base[t], parts[t] = solved[:, 0], solved[:, 1:]
    if not n_special:
        return base.T
    V = vectors[:, special]
    gap = (common - table[:, special]).T  # d per direction and feature
    pairs = (V[:, :, None] * V[:, None, :]).reshape(n_tasks, n_special**2)
    small = (pairs.T @ parts.reshape(n_tasks, size * size)).reshape(n_special, n_special, size, size) / common
    small = small.transpose(0, 2, 1, 3)
    right = V.T @ base
    # Where d = 0 the pair (direction, feature) is not special after all, and its y is zero.
    live = np.abs(gap) > 1e-12 * max(float(table.max()), 1.0)
    own = np.where(live, table[:, special].T / (common * np.where(live, gap, 1.0)), 0.0)
    system = np.ascontiguousarray(small).reshape(n_special * size, n_special * size)
    system[np.diag_indices_from(system)] += own.ravel()
    # Nor does a feature that is zero for every task have one: there the system holds nothing but rounding. Directions
    # are apart, because an eigenvalue that is all but the common one has a huge diagonal.
    diagonal = np.diag(system).reshape(n_special, size)
    flat = (live & (diagonal > 1e-14 * diagonal.max(axis=1, keepdims=True, initial=0.0))).ravel()
    y = np.zeros(n_special * size)
    y[flat] = _solve_symmetric(system[np.ix_(flat, flat)], right.ravel()[flat])
    push = V @ y.reshape(n_special, size)
    # alpha B⁻¹ x = (x - B⁻¹A x) / common.
    return (base + (push - np.matmul(parts, push[:, :, None])[:, :, 0]) / common).T


def _penalty_block(penalty: Array, vectors: Array) -> Array:
    """M per feature, (q, T, T): features differ only where the constant has its own eigenvalues."""
    block = np.einsum("tk,jk,sk->jts", vectors, penalty, vectors)
    # What rounding leaves where tasks are not linked would pass for a penalty on an unpenalised task.
    block[np.abs(block) <= 1e-14 * np.abs(block).max()] = 0.0
    return block


def _dense(grams: Array, cross: Array, scale: Array, penalty: Array, vectors: Array) -> Array:
    size, n_tasks = cross.shape
    system = np.zeros((n_tasks, size, n_tasks, size))
    for t in range(n_tasks):
        system[t, :, t, :] = scale[t] * grams[t if len(grams) > 1 else 0]
    rows = np.arange(size)
    system[:, rows, :, rows] += _penalty_block(penalty, vectors)
    flat = system.reshape(n_tasks * size, n_tasks * size)
    return _solve_symmetric(flat, (scale * cross).T.ravel()).reshape(n_tasks, size).T


def _conjugate_gradients(
    grams: Array, cross: Array, scale: Array, penalty: Array, vectors: Array, max_iter: int
) -> tuple[Array, int]:
    """The whole system by products only, preconditioned by each task's own block."""
    size, n_tasks = cross.shape
    blocks = _penalty_block(penalty, vectors)
    factors = []
    for t in range(n_tasks):
        own = scale[t] * grams[t if len(grams) > 1 else 0] + np.diag(blocks[:, t, t])
        # A ridge at rounding level keeps the preconditioner (not the system) positive definite.
        own += 1e-12 * max(float(np.trace(own)) / size, 1e-300) * np.eye(size)
        factors.append(linalg.cho_factor(own, lower=True))

    def product(flat: Array) -> Array:
        W = flat.reshape(n_tasks, size)
        gram = scale[:, None] * (np.matmul(grams, W[:, :, None])[:, :, 0] if len(grams) > 1 else W @ grams[0])
        return (gram + np.einsum("jts,sj->tj", blocks, W)).ravel()

    def precondition(flat: Array) -> Array:
        W = flat.reshape(n_tasks, size)
        return np.concatenate([linalg.cho_solve(f, w) for f, w in zip(factors, W, strict=True)])

    shape = (n_tasks * size, n_tasks * size)
    count = [0]

    def counted(_: Array) -> None:
        count[0] += 1

    solution, _ = cg(
        LinearOperator(shape, matvec=product, dtype=np.float64),
        (scale * cross).T.ravel(),
        atol=0.0,
        maxiter=max_iter,
        M=LinearOperator(shape, matvec=precondition, dtype=np.float64),
        callback=counted,
        **{CG_TOLERANCE: 1e-13},
    )
    return solution.reshape(n_tasks, size).T, count[0]
