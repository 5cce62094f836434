"""Block coordinate descent for penalties that are sums over rows: set-up, extrapolation, and the compiled sweeps.

Imported on first use, because numba is.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from skmtl._typing import Array
from skmtl.penalties._row_terms import RowTerms
from skmtl.solvers._kernels import sweep

# Rows between two products with the data. Inside a block the gradient is kept up to date through the block's own
# Gram matrix, so that the iterates are those of plain cyclic descent and the data are read by matrix products.
BLOCK = 32
# With weights every task has its own diagonal blocks: n·B multiplications for each row and task.
WEIGHTED_BLOCK = 8
# Gram matrices up to this size are one block: no product at all.
SINGLE_BLOCK = 64
# Turns over the rows of a block (after the first only over those that are not zero) for one product with the data.
TURNS = 2
# Sweeps before the first extrapolation, and iterates that one combines (Bertrand and Massias take five).
EASY, DEPTH = 10, 5


@dataclass
class Trail:
    """The last iterates of a descent, and where they lead.

    Parameters
    ----------
    iterates : ndarray of shape (m, k, T) or None
    curvature : ndarray of shape (k, T) or None
    """

    iterates: Array | None = None
    curvature: Array | None = None

    def ahead(self) -> Array | None:
        """The combination of the last iterates whose steps cancel best, (k, T), or None where they are too few.

        Its residuals come nearer to those of the minimum than the last iterate's, and with them the bound that a dual
        point made of them gives (Massias, Gramfort and Salmon, ICML 2018).
        """
        if self.iterates is None or self.curvature is None or len(self.iterates) < 3:
            return None
        mix = _best_mix(self.iterates, self.curvature)
        return None if mix is None else np.tensordot(mix, self.iterates[1:], axes=1)


def solve_gram(
    H: Array, c: Array, W: Array, penalty: RowTerms, tol: float, max_sweeps: int, trail: Trail | None = None
) -> tuple[int, float]:
    """Minimise Σ_t ½ w_tᵀ H_t w_t - c_tᵀ w_t + penalty(W); W is updated in place.

    Parameters
    ----------
    H : ndarray of shape (1, k, k) or (T, k, k)
        One matrix for all tasks, or one each; symmetric.
    c : ndarray of shape (k, T)
    W : ndarray of shape (k, T)
    penalty : RowTerms
    tol : float
        Stop when the length sqrt(Σ_jt h_jt ΔW_jt²) of a sweep over all rows is at most this; h is the curvature of
        a coefficient.
    max_sweeps : int
    trail : Trail, optional
        Is given the last iterates.

    Returns
    -------
    sweeps : int
    last : float
        Length of the last sweep.
    """
    return GramDescent(H, c, W).minimise(penalty, tol, max_sweeps, trail)


class GramDescent:
    """`solve_gram` for several penalties in turn, each from the minimum before: gradients are kept up to date.

    Parameters
    ----------
    H, c, W
        As in `solve_gram`; W is updated in place.
    """

    def __init__(self, H: Array, c: Array, W: Array):
        k, T = W.shape
        self.H, self.c, self.W = np.ascontiguousarray(H), c, W
        self.gradient = np.array(c.T, order="C")
        if W.any():
            self.gradient -= (H[0] @ W).T if len(H) == 1 else np.matmul(H, W.T[:, :, None])[:, :, 0]
        self.curvature = np.empty((k, T))
        if len(H) == 1:
            self.curvature[:] = H[0].diagonal()[:, None]
            self.level = np.ones(k, dtype=bool)
        else:
            self.curvature[:] = np.diagonal(H, axis1=1, axis2=2).T
            self.level = _even_rows(self.curvature)
        self.ones = np.ones(T)

    def minimise(self, penalty: RowTerms, tol: float, max_sweeps: int, trail: Trail | None = None) -> tuple[int, float]:
        """Minimise with this penalty; returns the sweeps and the length of the last."""
        k = len(self.W)

        def loss(W: Array, gradient: Array) -> float:
            return -0.5 * float(np.vdot(W, self.c) + np.vdot(W.T, gradient))

        return _descend(
            self.H,
            self.H,
            self.gradient,
            _NONE,
            _NONE,
            self.ones,
            self.curvature,
            self.W,
            penalty,
            k if k <= SINGLE_BLOCK else BLOCK,
            tol,
            max_sweeps,
            loss,
            self.level,
            trail,
        )


def solve_residual(
    X: Array,
    S: Array | None,
    center: Array,
    R: Array,
    W: Array,
    penalty: RowTerms,
    scale: Array,
    tol: float,
    max_sweeps: int,
    trail: Trail | None = None,
) -> tuple[int, float]:
    """Minimise Σ_t scale_t Σ_i s_it ½ r_it² + penalty(W); W and the residual R are updated in place.

    r_it = y_it - b_t - Σ_j (x_ji - center_jt) w_jt. If every Σ_i s_it r_it is zero at the start and center_jt is the
    weighted mean of a feature, the sums stay zero: the intercepts move along. Features with means far larger than
    their spread lose digits; subtract one mean for all tasks from X first, which changes nothing else.

    Parameters
    ----------
    X : ndarray of shape (k, n)
        One row a feature.
    S : ndarray of shape (T, n) or None
        Weights, 0 where an outcome is absent; None for ones.
    center : ndarray of shape (k, T)
    R : ndarray of shape (T, n)
        Finite everywhere, also where the weight is 0.
    W : ndarray of shape (k, T)
    penalty : RowTerms
    scale : ndarray of shape (T,)
    tol, max_sweeps, trail
        As in `solve_gram`.

    Returns
    -------
    sweeps, last
        As in `solve_gram`.
    """
    k, T = W.shape
    # Compiled code does not check indices.
    X, center = np.ascontiguousarray(X), np.ascontiguousarray(np.broadcast_to(center, (k, T)))
    scale = np.ascontiguousarray(np.broadcast_to(scale, T))
    block = min(BLOCK if S is None else WEIGHTED_BLOCK, k)
    H = _diagonal_blocks(X, S, center, block)
    curvature = np.empty((k, T))
    np.multiply(H[:, np.arange(k), np.arange(k) % block].T, scale, out=curvature)

    def loss(W: Array, R: Array) -> float:
        squares = np.einsum("ti,ti->t", R, R) if S is None else np.einsum("ti,ti,ti->t", S, R, R)
        return 0.5 * float(scale @ squares)

    weights = _NONE if S is None else np.ascontiguousarray(S)
    return _descend(
        X[None], H, R, weights, center, scale, curvature, W, penalty, block, tol, max_sweeps, loss, None, trail
    )


_NONE = np.zeros((0, 0))


def _diagonal_blocks(X: Array, S: Array | None, center: Array, block: int) -> Array:
    """Products of the rows of X with those of their block, weighted, about the means: (1 or T, k, block)."""
    k, n = X.shape
    H = np.zeros((1 if S is None else len(S), k, block))
    whole = k - k % block
    for g in range(len(H)):
        weighted = X if S is None else X * S[g]
        total = n if S is None else S[g].sum()
        for rows, size in ((slice(0, whole), block), (slice(whole, k), k - whole)):
            if size:
                left, right = weighted[rows].reshape(-1, size, n), X[rows].reshape(-1, size, n)
                mean = center[rows, g].reshape(-1, size, 1)
                product = np.matmul(left, right.transpose(0, 2, 1))
                raw = np.einsum("bjj->bj", product).copy()
                product -= total * mean * mean.transpose(0, 2, 1)
                curvature = np.einsum("bjj->bj", product)  # a view
                curvature[curvature <= 1e-14 * raw] = 0.0  # constant but for rounding
                H[g, rows, :size] = product.reshape(-1, size)
    return H


def _descend(
    A: Array,
    H: Array,
    table: Array,
    S: Array,
    center: Array,
    scale: Array,
    curvature: Array,
    W: Array,
    penalty: RowTerms,
    block: int,
    tol: float,
    max_sweeps: int,
    loss: Callable[[Array, Array], float],
    level: Array | None = None,
    trail: Trail | None = None,
) -> tuple[int, float]:
    """Sweep, and extrapolate once in DEPTH sweeps.

    ``table`` (T, m) is what the gradient is made of; it falls by D A[rows] when the rows of W move by Dᵀ: the residual
    with A = X (m = n), or the gradient itself with A = H (m = k).
    """
    k, T = W.shape
    l1, l2, linf, ridge, lower, upper = penalty
    limits = np.empty((3, 0, T))
    if not (_is(l1, 0.0) and _is(lower, -np.inf) and _is(upper, np.inf)):
        limits = np.empty((3, k, T))
        limits[0], limits[1], limits[2] = l1, lower, upper
    h = curvature
    if not _is(ridge, 0.0):
        h, level = curvature + ridge, None
    if level is None:
        level = _even_rows(h)
    weighted = len(S) > 0
    Z = S * table if weighted else table  # the residual as the gradient sees it
    quiet = np.zeros(-(-k // block), dtype=np.bool_)  # blocks whose rows are all zero
    model = (A, H, S, center, scale, curvature, h, level, limits, l2, linf)
    first = min(EASY, max_sweeps)
    W_past, table_past = np.empty((0 if trail is None else first, k, T)), np.empty((0, *table.shape))
    count, change, done = sweep(*model, W, table, Z, quiet, W_past, table_past, block, TURNS, tol, first)
    sweeps = count
    if not done and sweeps < max_sweeps:
        W_past, table_past = np.empty((DEPTH + 1, k, T)), np.empty((DEPTH + 1, *table.shape))

    def objective(W: Array, table: Array) -> float:
        value = loss(W, table) + float(l2 @ np.sqrt(np.einsum("jt,jt->j", W, W)))
        if h is not curvature:
            value += 0.5 * float(np.einsum("jt,jt,jt->", h - curvature, W, W))
        if linf.any():
            value += float(linf @ np.abs(W).max(axis=1))
        if limits.size:
            value += float(np.vdot(limits[0], np.abs(W)))
            if (limits[1] > W).any() or (limits[2] < W).any():
                return math.inf
        return value

    while not done and sweeps < max_sweeps:
        count, change, done = sweep(
            *model, W, table, Z, quiet, W_past, table_past, block, TURNS, tol, min(DEPTH, max_sweeps - sweeps)
        )
        sweeps += count
        if not done and count == DEPTH and _extrapolate(W_past, table_past, W, table, h, objective) and weighted:
            np.multiply(S, table, out=Z)
    if trail is not None and done:
        trail.iterates = np.concatenate([W_past[max(count - DEPTH, 0) : count], W[None]])
        trail.curvature = h
    return sweeps, change


def _even_rows(h: Array) -> Array:
    """Rows with one curvature for all tasks."""
    values: Array = (h == h[:, :1]).all(axis=1)
    return values


def _is(a: Array, value: float) -> bool:
    return a.size == 1 and a.item() == value


def _extrapolate(
    W_past: Array, table_past: Array, W: Array, table: Array, h: Array, objective: Callable[[Array, Array], float]
) -> bool:
    """Move to the combination of the last iterates whose steps cancel best, if the objective is lower there.

    Anderson acceleration of coordinate descent (Bertrand and Massias, AISTATS 2021), in the metric of the curvatures.
    The table is linear in W and is combined likewise.
    """
    W_past[-1], table_past[-1] = W, table
    mix = _best_mix(W_past, h)
    if mix is None:
        return False
    W_new, table_new = ((mix @ a[1:].reshape(len(mix), -1)).reshape(a.shape[1:]) for a in (W_past, table_past))
    if not objective(W_new, table_new) < objective(W, table):
        return False
    W[:], table[:] = W_new, table_new
    return True


def _best_mix(iterates: Array, h: Array) -> Array | None:
    """Weights of the iterates but the first, of sum 1, with which the steps to them cancel best; None without steps."""
    steps = iterates[1:] - iterates[:-1]
    steps *= np.sqrt(h)
    steps = steps.reshape(len(steps), -1)
    C = steps @ steps.T
    trace = np.trace(C)
    if not 0.0 < trace < math.inf:
        return None
    mix = np.linalg.solve(C / trace + 1e-12 * np.eye(len(C)), np.ones(len(C)))
    values: Array | None = mix / mix.sum()
    return values


__all__ = ["GramDescent", "Trail", "solve_gram", "solve_residual"]
