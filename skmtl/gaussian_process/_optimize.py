"""Maximisation of the log marginal likelihood: starts, L-BFGS-B, and the nested fit of complete outcomes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.optimize import minimize

from skmtl._typing import Array, BoolArray
from skmtl.gaussian_process._kronecker import KroneckerInference, in_rows

# In place of minus the likelihood where there is none: L-BFGS-B steps back from a number, and not from infinity.
_WORST = 1e25
_OUTER = {"ftol": 1e-10, "gtol": 1e-4, "maxiter": 1000, "maxcor": 30}
# Share of signal to noise that is none.
_NOTHING = 1e-2
_INNER = {"ftol": 1e-13, "gtol": 1e-6, "maxiter": 2000, "maxfun": 4000, "maxcor": 20}

Optimizer = Callable[[Callable[..., Any], Array, Array], tuple[Array, float]]


@dataclass(frozen=True, eq=False)
class Maximum:
    """Best of several starts.

    Parameters
    ----------
    theta : ndarray
    value : float
        The log marginal likelihood there.
    values : ndarray of shape (n_starts,)
        The value that each start reached.
    message : str
        Why the best run stopped, empty where it converged.
    """

    theta: Array
    value: float
    values: Array
    message: str


def maximise(
    evidence: Callable[..., Any], starts: Sequence[Array], bounds: Array, optimizer: str | Optimizer = "fmin_l_bfgs_b"
) -> Maximum:
    """The best maximum over the starts of a function with gradient.

    Parameters
    ----------
    evidence : callable
        ``evidence(theta, eval_gradient=True)`` gives a value and its gradient; minus infinity where there is none.
    starts : sequence of ndarray of shape (k,)
    bounds : ndarray of shape (k, 2)
    optimizer : "fmin_l_bfgs_b" or callable
        As scikit-learn's: ``optimizer(objective, start, bounds)`` minimises and gives theta and the value there.
    """

    def objective(theta: Array, eval_gradient: bool = True) -> Any:
        if not eval_gradient:
            return min(-float(evidence(theta)), _WORST)
        value, gradient = evidence(theta, eval_gradient=True)
        if not np.isfinite(value) or not np.isfinite(gradient).all():
            return _WORST, np.zeros_like(theta)
        return -value, -gradient

    found = []
    for start in starts:
        start = np.clip(start, bounds[:, 0], bounds[:, 1])
        if callable(optimizer):
            theta, value = optimizer(objective, start, bounds)
            found.append((-float(value), np.asarray(theta), ""))
        else:
            run = minimize(objective, start, jac=True, method="L-BFGS-B", bounds=bounds, options=_OUTER)
            found.append((-float(run.fun), run.x, "" if run.success else str(run.message)))
    return _best(found)


def maximise_nested(inference: KroneckerInference, starts: Sequence[Array]) -> Maximum:
    """`maximise` for complete outcomes: the kernel's parameters outside, all others inside.

    The eigenvectors of k(X, X) depend on the kernel's parameters only. For each of their values the others are
    maximised over in the rotated outcomes, where an evaluation costs n T² + T³ and no n³; at that maximum the gradient
    in the kernel's parameters is the partial one. A dozen eigen-decompositions do where a joint search takes hundreds.
    """
    k = inference.n_kernel
    bounds, task = inference.bounds, inference.covariance.terms[0].task
    n_task = len(task.theta)
    found = []
    for start in starts:
        start = np.clip(start, bounds[:, 0], bounds[:, 1])
        best: list[Any] = [-np.inf, start]
        inner = start[k:]

        def outer(kernel_theta: Array, best: list[Any] = best) -> tuple[float, Array]:
            nonlocal inner
            try:
                rotated, U, pullback = inference.rotated(kernel_theta)
            except (ValueError, np.linalg.LinAlgError):
                return _WORST, np.zeros(k)

            def rest(theta: Array) -> tuple[float, Array]:
                moved, noise = task.with_theta(theta[:n_task]), inference.noise.with_theta(theta[n_task:])
                value, in_B, in_noise, _ = rotated.evidence(moved.B, noise.by_task(task.n_tasks))
                if not np.isfinite(value):
                    return _WORST, np.zeros_like(theta)
                return -value, -np.concatenate([moved.pullback(in_B), noise.pullback(in_noise)])

            if len(inner):
                inner = minimize(rest, inner, jac=True, method="L-BFGS-B", bounds=bounds[k:], options=_INNER).x
            B = task.with_theta(inner[:n_task]).B
            sigma2 = inference.noise.with_theta(inner[n_task:]).by_task(task.n_tasks)
            value, _, _, alpha = rotated.evidence(B, sigma2)
            if value > best[0]:
                best[:] = value, np.concatenate([kernel_theta, inner])
            return -value, -pullback(in_rows(rotated, U, alpha, B, sigma2)) if k else np.zeros(0)

        message = ""
        if k:
            run = minimize(outer, start[:k], jac=True, method="L-BFGS-B", bounds=bounds[:k], options=_OUTER)
            message = "" if run.success else str(run.message)
        else:
            outer(start[:0])
        found.append((best[0], best[1], message))
        B = task.with_theta(best[1][k : k + n_task]).B
        sigma2 = inference.noise.with_theta(best[1][k + n_task :]).by_task(task.n_tasks)
        if k and (B.diagonal() < _NOTHING * sigma2).all():
            # All is noise at the start's kernel, which then has no slope. Moved together with B it may find the signal.
            joint = maximise(inference.evidence, [start], bounds)
            found[-1] = max(found[-1], (joint.value, joint.theta, joint.message), key=lambda one: one[0])
    return _best(found)


def _best(found: list[tuple[float, Array, str]]) -> Maximum:
    values = np.array([value for value, _, _ in found])
    value, theta, message = found[int(np.argmax(np.where(np.isfinite(values), values, -np.inf)))]
    return Maximum(theta, value, values, message)


def random_start(first: Array, bounds: Array, rng: np.random.RandomState, loadings: BoolArray) -> Array:
    """A start about another: parameters on a log scale moved by a factor of about e, loadings drawn anew.

    Parameters
    ----------
    first : ndarray of shape (k,)
    bounds : ndarray of shape (k, 2)
    rng : RandomState
    loadings : bool ndarray of shape (k,)
        Which parameters are loadings, whose sign is free.
    """
    moved = first + rng.normal(size=len(first))
    moved[loadings] = rng.normal(size=int(loadings.sum())) * 0.7
    return np.clip(moved, bounds[:, 0], bounds[:, 1])


def first_loadings(Y: Array, rank: int) -> Array:
    """Loadings that explain half of what outcomes of unit variance have in common, (T, rank).

    Parameters
    ----------
    Y : ndarray of shape (n, T)
        Standardised outcomes, NaN where unobserved.
    rank : int
    """
    n_tasks = Y.shape[1]
    seen = ~np.isnan(Y)
    filled = np.where(seen, Y, 0.0)
    together = seen.T.astype(float) @ seen
    # Outcomes that are never seen together have no correlation to start from.
    common = np.divide(filled.T @ filled, together, out=np.zeros((n_tasks, n_tasks)), where=together > 1)
    values, vectors = np.linalg.eigh(common)
    order = np.argsort(values)[::-1][:rank]
    loadings = vectors[:, order] * np.sqrt(0.5 * np.maximum(values[order], 0.05))
    # The sign of an eigenvector is the library's whim.
    loadings *= np.where(loadings.sum(axis=0) < 0, -1.0, 1.0)
    if loadings.shape[1] < rank:  # more factors than tasks
        loadings = np.hstack([loadings, np.full((n_tasks, rank - loadings.shape[1]), 0.1)])
    return loadings


__all__ = ["Maximum", "first_loadings", "maximise", "maximise_nested", "random_start"]
