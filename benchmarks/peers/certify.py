"""Objectives and duality gaps in plain NumPy, from X, Y and W alone: no solver has a say in who is right.

Every function gives ``(P, D)``: the objective of W and a lower bound on the optimum, the dual objective at the
residuals scaled into the dual's feasible set. Nothing here has an intercept: X and Y are centred. n is the number of
rows.
"""

from __future__ import annotations

import numpy as np
from scipy.special import entr, logsumexp, softmax


def rows_norm(W: np.ndarray) -> float:
    """Σ_j ‖w_j‖₂."""
    return float(np.linalg.norm(W, axis=1).sum())


def rows_dual(G: np.ndarray) -> float:
    """max_j ‖g_j‖₂, the dual norm of `rows_norm`."""
    return float(np.linalg.norm(G, axis=1).max())


def trace_norm(W: np.ndarray) -> float:
    """Σ σ_k(W)."""
    return float(np.linalg.norm(W, "nuc"))


def trace_dual(G: np.ndarray) -> float:
    """Largest singular value."""
    return float(np.linalg.norm(G, 2))


def squared(X, Y, W, alpha, norm=rows_norm, dual=rows_dual) -> tuple[float, float]:
    """(1/2n) ‖Y - XW‖² + alpha · norm(W); dual (1/2n) (‖Y‖² - ‖Y - Θ‖²) over dual(X'Θ) / n <= alpha."""
    n = len(X)
    R = Y - X @ W
    size = float(np.vdot(R, R))
    primal = size / (2 * n) + alpha * norm(W)
    if size == 0:
        return primal, 0.0
    gradient = dual(X.T @ R) / n
    scale = min(float(np.vdot(Y, R)) / size, alpha / gradient if gradient > 0 else np.inf)
    return primal, scale * (2 * float(np.vdot(Y, R)) - scale * size) / (2 * n)


def logistic(X, Y, W, alpha) -> tuple[float, float]:
    """(1/n) Σ log(1 + exp(-s η)) + alpha Σ_j ‖w_j‖₂ with s = ±1; the dual is the mean entropy of scaled residuals."""
    n = len(X)
    eta = X @ W
    sign = 2 * Y - 1
    primal = float(np.logaddexp(0, -sign * eta).sum()) / n + alpha * rows_norm(W)
    miss = 1 / (1 + np.exp(sign * eta))
    miss *= min(1.0, alpha * n / rows_dual(X.T @ (sign * miss)))
    return primal, float((entr(miss) + entr(1 - miss)).sum()) / n


def multinomial(X, y, W, alpha) -> tuple[float, float]:
    """(1/n) Σ [logsumexp(η_i) - η_i,y_i] + alpha Σ_j ‖w_j‖₂; the dual is the mean entropy of scaled residuals."""
    n = len(X)
    eta = X @ W
    primal = float((logsumexp(eta, axis=1) - eta[np.arange(n), y]).sum()) / n + alpha * rows_norm(W)
    one = np.eye(W.shape[1])[y]
    residual = one - softmax(eta, axis=1)
    residual *= min(1.0, alpha * n / rows_dual(X.T @ residual))
    return primal, float(entr(one - residual).sum()) / n


def quadratic(X, Y, W, alpha, M) -> float:
    """(1/2n) ‖Y - XW‖² + alpha/2 tr(W M W'): solved in closed form, so that no bound is needed."""
    return float(((Y - X @ W) ** 2).sum()) / (2 * len(X)) + alpha / 2 * float(((W @ M) * W).sum())


def largest_strength(X, Y, dual=rows_dual) -> float:
    """Strength from which on W = 0 under squared loss."""
    return dual(X.T @ Y) / len(X)


def largest_logistic(X, Y) -> float:
    """The same under the logistic loss."""
    return rows_dual(X.T @ (Y - 0.5)) / len(X)


def largest_multinomial(X, y) -> float:
    """The same under the multinomial loss of K classes."""
    one = np.eye(int(y.max()) + 1)[y]
    return rows_dual(X.T @ (one - 1 / one.shape[1])) / len(X)
