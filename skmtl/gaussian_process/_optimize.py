"""Maximisation of the log marginal likelihood: starts, and L-BFGS-B from each."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.optimize import minimize

from skmtl._typing import Array, IntArray
from skmtl.exceptions import InvalidParameterError

# In place of minus the likelihood where there is none: L-BFGS-B steps back from a number, and not from infinity.
WORST = 1e25
OPTIONS = {"ftol": 1e-10, "gtol": 1e-4, "maxiter": 1000, "maxcor": 30}

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
    objective, found = minus(evidence), []
    for start in starts:
        start = np.clip(start, bounds[:, 0], bounds[:, 1])
        if callable(optimizer):
            answer = optimizer(objective, start, bounds)
            if not isinstance(answer, tuple | list) or len(answer) != 2:
                raise InvalidParameterError(
                    f"optimizer={optimizer!r} must give the parameters and the objective there, as scikit-learn's: "
                    f"it gave {type(answer).__name__}."
                )
            found.append((-float(answer[1]), np.asarray(answer[0], dtype=np.float64), ""))
        else:
            theta, value, message = descend(objective, start, bounds)
            found.append((-value, theta, message))
    return best_of(found)


def minus(evidence: Callable[..., Any]) -> Callable[..., Any]:
    """What a minimiser is given: minus a log likelihood and its gradient, finite everywhere."""

    def objective(theta: Array, eval_gradient: bool = True) -> Any:
        if not eval_gradient:
            return min(-float(evidence(theta)), WORST)
        value, gradient = evidence(theta, eval_gradient=True)
        if not np.isfinite(value) or not np.isfinite(gradient).all():
            return WORST, np.zeros_like(theta)
        return -value, -gradient

    return objective


def descend(objective: Callable[..., Any], start: Array, bounds: Array) -> tuple[Array, float, str]:
    """A minimum by L-BFGS-B: where, its value, and why the search ended if not at one."""
    value = np.inf
    for _ in range(3):
        run = minimize(objective, start, jac=True, method="L-BFGS-B", bounds=bounds, options=OPTIONS)
        won, start, value = value - float(run.fun), run.x, float(run.fun)
        # A line search that finds no lower value ends with status 2: at a minimum, to rounding, if none is found from
        # there along the gradient either.
        if run.status != 2 or won <= 1e-7 * abs(value):
            break
    ended = run.status == 1 or (run.status == 2 and won > 1e-7 * abs(value))
    return start, value, str(run.message).rstrip(" :") if ended else ""


def best_of(found: list[tuple[float, Array, str]]) -> Maximum:
    """The best of several searches: value, parameters, and why each ended if not at a maximum."""
    values = np.array([value for value, _, _ in found])
    value, theta, message = found[int(np.argmax(np.where(np.isfinite(values), values, -np.inf)))]
    return Maximum(theta, value, values, message)


def random_start(first: Array, bounds: Array, rng: np.random.RandomState, loadings: IntArray) -> Array:
    """A start about another: parameters on a log scale moved by a factor of about e, loadings drawn anew.

    Parameters
    ----------
    first : ndarray of shape (k,)
    bounds : ndarray of shape (k, 2)
    rng : RandomState
    loadings : ndarray of int
        Which parameters are loadings, whose sign is free.
    """
    moved = first + rng.normal(size=len(first))
    moved[loadings] = rng.normal(size=len(loadings)) * 0.7
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


__all__ = ["OPTIONS", "WORST", "Maximum", "best_of", "descend", "first_loadings", "maximise", "minus", "random_start"]
