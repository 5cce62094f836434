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
from skmtl.solvers._normal_equations import NormalEquations, is_uneven, normal_equations
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

    Where features outnumber rows all this is done in the span of the rows, in n unknowns per task.

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
        system = normal_equations(problem)
        grams, cross, scale = system.grams, system.cross, system.scale
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
        alpha, n_iter = problem.alpha, 1
        # Eigenvectors lose features whose units are far smaller than others'; a factorisation does not. Nor does the
        # small system stay positive definite where M exceeds the common eigenvalue.
        even, fits = not system.uneven, len(cross) * n_tasks <= _LARGEST_DENSE
        stable = even and common >= (1 - 1e-12) * values[-1]
        if len(grams) == 1 and np.ptp(scale) <= 1e-14 * scale.max():
            solution = _rotate(system, alpha * table, vectors, even)
        elif alpha == 0:
            solution = np.column_stack(
                [_solve_symmetric(grams[t if len(grams) > 1 else 0], cross[:, t], system) for t in range(n_tasks)]
            )
        elif len(special) * len(cross) <= _LARGEST_DENSE and common > 0 and (stable or not fits):
            solution = _few_directions(system, alpha, table, vectors, common, special)
        elif fits:
            solution = _dense(system, alpha * table, vectors)
        else:
            solution, n_iter = _conjugate_gradients(system, alpha * table, vectors, self.max_iter)
        if with_constant:
            point = problem.working(Coefficients(solution[:-1], solution[-1]))
        else:
            point = Coefficients(system.coefficients(solution), problem.null.b.copy())
        return finish(problem, self, point, tol=self.tol, n_iter=n_iter)


def _solve_symmetric(matrix: Array, right: Array, system: NormalEquations) -> Array:
    """Solve a positive semi-definite system made of normal equations; the shortest solution where it is singular."""
    diagonal = np.diag(matrix)
    try:
        factor = linalg.cho_factor(matrix, lower=True)
        # A factorisation that survives a singular matrix shows in how little a row leaves of its diagonal; more where
        # the direction without curvature is spread over all unknowns.
        least = system.noise * (1 if system.units else len(matrix))
        if (np.diag(factor[0]) > np.sqrt(least * diagonal)).all():
            values: Array = linalg.cho_solve(factor, right)
            return values
    except linalg.LinAlgError:
        pass
    if system.units and is_uneven(diagonal):
        unit = 1.0 / np.sqrt(np.where(diagonal > 0, diagonal, 1.0))
        values = unit * linalg.lstsq(unit[:, None] * matrix * unit, unit * right, cond=system.noise)[0]
        return values
    values = linalg.lstsq(matrix, right, cond=system.noise)[0]
    return values


def _rotate(system: NormalEquations, penalty: Array, vectors: Array, even: bool) -> Array:
    """One Gram for all tasks: in the eigenbasis of M every direction is a ridge problem of its own."""
    scale = system.scale[0]
    rotated = (scale * system.cross) @ vectors
    solution = np.empty_like(rotated)
    same = (np.ptp(penalty, axis=0) == 0) & even
    if same.any():
        values, basis = scale * system.eigen[0][0], system.eigen[1][0]
        total = values[:, None] + penalty[0, same]
        projected = basis.T @ rotated[:, same]
        tiny = 1e-14 * max(float(values[-1]), 1e-300)
        solution[:, same] = basis @ np.divide(projected, total, out=np.zeros_like(projected), where=total > tiny)
    for k in np.flatnonzero(~same):
        solution[:, k] = _solve_symmetric(scale * system.grams[0] + np.diag(penalty[:, k]), rotated[:, k], system)
    result: Array = solution @ vectors.T
    return result


def _few_directions(
    system: NormalEquations, alpha: float, table: Array, vectors: Array, common: float, special: IntArray
) -> Array:
    """M = common I - V diag(d) V' with few columns in V, d = common - m.

    With B_t = A_t + alpha common I and z_k = Σ_t V_tk w_t, the system is w_t = B_t⁻¹ (c_t + alpha Σ_k V_tk
    d_k z_k). Substituting gives one system for y = d z,

        [ m_k / (common d_k) δ_kl + (1/common) Σ_t V_tk V_tl B_t⁻¹ A_t ] y_l = Σ_t V_tk B_t⁻¹ c_t,

    written with B⁻¹A instead of I - alpha common B⁻¹, which would cancel at large alpha.
    """
    size, n_special = len(system.cross), len(special)
    kind = _Diagonalised if size <= _LARGEST_EIGEN else _Factorised
    ridges = kind(system, alpha * common)
    if not n_special:
        return ridges.solution.T
    V = vectors[:, special]
    gap = (common - table[:, special]).T  # d per direction and feature
    small = ridges.pairs(V) / common
    right = V.T @ ridges.solution
    # Where d = 0 the pair (direction, feature) is not special after all, and its y is zero.
    live = np.abs(gap) > 1e-12 * max(float(table.max()), 1.0)
    own = np.where(live, table[:, special].T / (common * np.where(live, gap, 1.0)), 0.0)
    matrix = np.ascontiguousarray(small.transpose(0, 2, 1, 3)).reshape(n_special * size, n_special * size)
    matrix[np.diag_indices_from(matrix)] += own.ravel()
    # Nor does a feature that is zero for every task have one: there the system holds nothing but rounding. Directions
    # are apart, because an eigenvalue that is all but the common one has a huge diagonal.
    diagonal = np.diag(matrix).reshape(n_special, size)
    flat = (live & (diagonal > 1e-14 * diagonal.max(axis=1, keepdims=True, initial=0.0))).ravel()
    y = np.zeros(n_special * size)
    y[flat] = _solve_symmetric(matrix[np.ix_(flat, flat)], right.ravel()[flat], system)
    push = V @ y.reshape(n_special, size)
    # alpha B⁻¹ x = (x - B⁻¹A x) / common.
    return (ridges.solution + (push - ridges.shrink(push)) / common).T


class _Diagonalised:
    """Every task's own ridge problem, B_t = A_t + ridge I, in eigenvectors that serve every strength of a path.

    ``solution`` has the rows B_t⁻¹ c_t.
    """

    def __init__(self, system: NormalEquations, ridge: float):
        values, self.vectors = system.eigen
        values = system.scale[:, None] * values
        self.share = values / (values + ridge)
        self.solution = self._back(system.turned_cross / (values + ridge))

    def _back(self, turned: Array) -> Array:
        values: Array = np.matmul(self.vectors, turned[:, :, None])[:, :, 0]
        return values

    def shrink(self, rows: Array) -> Array:
        """B_t⁻¹ A_t times the rows."""
        return self._back(self.share * np.matmul(rows[:, None, :], self.vectors)[:, 0])

    def pairs(self, V: Array) -> Array:
        """Σ_t V_tk V_tl B_t⁻¹ A_t, (K, K, q, q)."""
        if V.shape[1] > 1:
            parts = np.matmul(self.vectors * self.share[:, None, :], self.vectors.swapaxes(1, 2))
            return _summed(parts, V)
        # One product of all tasks' eigenvectors with themselves: a fifth of the time of one for each task (139 tasks,
        # 27 features: .3 and 1.7 ms).
        weight = V**2 * self.share
        if len(self.vectors) == 1:
            weight = weight.sum(axis=0)
        rows = self.vectors.swapaxes(1, 2).reshape(-1, self.share.shape[1]) * np.sqrt(weight.reshape(-1, 1))
        return (rows.T @ rows)[None, None]


class _Factorised:
    """The same by one factorisation a task."""

    def __init__(self, system: NormalEquations, ridge: float):
        grams, scale = system.grams, system.scale
        size, n_tasks = system.cross.shape
        self.solution = np.empty((n_tasks, size))
        self.parts = np.empty((n_tasks, size, size))
        for t in range(n_tasks):
            gram = scale[t] * grams[t if len(grams) > 1 else 0]
            factor = linalg.cho_factor(gram + ridge * np.eye(size), lower=True)
            solved = linalg.cho_solve(factor, np.column_stack([scale[t] * system.cross[:, t], gram]))
            self.solution[t], self.parts[t] = solved[:, 0], solved[:, 1:]

    def shrink(self, rows: Array) -> Array:
        """B_t⁻¹ A_t times the rows."""
        values: Array = np.matmul(self.parts, rows[:, :, None])[:, :, 0]
        return values

    def pairs(self, V: Array) -> Array:
        """Σ_t V_tk V_tl B_t⁻¹ A_t, (K, K, q, q)."""
        return _summed(self.parts, V)


def _summed(parts: Array, V: Array) -> Array:
    (n_tasks, n_special), size = V.shape, parts.shape[1]
    pairs = (V[:, :, None] * V[:, None, :]).reshape(n_tasks, n_special**2)
    return (pairs.T @ parts.reshape(n_tasks, size * size)).reshape(n_special, n_special, size, size)


def _penalty_block(penalty: Array, vectors: Array) -> Array:
    """M per feature, (q, T, T): features differ only where the constant has its own eigenvalues."""
    block: Array = np.einsum("tk,jk,sk->jts", vectors, penalty, vectors)
    # What rounding leaves where tasks are not linked would pass for a penalty on an unpenalised task.
    block[np.abs(block) <= 1e-14 * np.abs(block).max()] = 0.0
    return block


def _dense(system: NormalEquations, penalty: Array, vectors: Array) -> Array:
    grams, cross, scale = system.grams, system.cross, system.scale
    size, n_tasks = cross.shape
    matrix = np.zeros((n_tasks, size, n_tasks, size))
    for t in range(n_tasks):
        matrix[t, :, t, :] = scale[t] * grams[t if len(grams) > 1 else 0]
    rows = np.arange(size)
    matrix[:, rows, :, rows] += _penalty_block(penalty, vectors)
    flat = matrix.reshape(n_tasks * size, n_tasks * size)
    return _solve_symmetric(flat, (scale * cross).T.ravel(), system).reshape(n_tasks, size).T


def _conjugate_gradients(system: NormalEquations, penalty: Array, vectors: Array, max_iter: int) -> tuple[Array, int]:
    """The whole system by products only, preconditioned by each task's own block."""
    grams, cross, scale = system.grams, system.cross, system.scale
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
        values: Array = (gram + np.einsum("jts,sj->tj", blocks, W)).ravel()
        return values

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
