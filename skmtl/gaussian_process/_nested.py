"""Nested maximisation of the likelihood of complete outcomes: the kernel's parameters outside, all others inside."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.optimize import minimize

from skmtl._typing import Array
from skmtl.gaussian_process._coregionalization import TaskCovariance
from skmtl.gaussian_process._kronecker import KroneckerInference, in_rows
from skmtl.gaussian_process._noise import Noise
from skmtl.gaussian_process._optimize import OPTIONS, WORST, Maximum, best_of, descend, minus

# Iterations over all parameters together at first. Where the start's kernel explains little, the others alone would
# make all of it noise, and that has no slope in the kernel.
_TOGETHER = {**OPTIONS, "maxiter": 8}
_INNER = {"ftol": 1e-13, "gtol": 1e-6, "maxiter": 2000, "maxfun": 4000, "maxcor": 20}
# A variance that has gone to zero has no slope in its logarithm and stays there: it is lifted, and the search goes on.
_ROUNDS = 3
_WON = 1e-3


def maximise_nested(inference: KroneckerInference, starts: Sequence[Array]) -> Maximum:
    """The best maximum over the starts of the likelihood of complete outcomes.

    The eigenvectors of k(X, X) depend on the kernel's parameters only. For each of their values the others are
    maximised over in the rotated outcomes, where an evaluation costs n T² + T³ and no n³; at that maximum the gradient
    in the kernel's parameters is the partial one. Some twenty eigen-decompositions do where a joint search takes
    hundreds.

    Parameters
    ----------
    inference : KroneckerInference
    starts : sequence of ndarray of shape (k,)
    """
    found = []
    for start in starts:
        start = np.clip(start, inference.bounds[:, 0], inference.bounds[:, 1])
        theta = start
        if inference.n_kernel:
            objective, bounds = minus(inference.evidence), inference.bounds
            theta = minimize(objective, start, jac=True, method="L-BFGS-B", bounds=bounds, options=_TOGETHER).x
        value, theta, message = _Profile(inference, theta).search()
        for _ in range(_ROUNDS):
            lifted = _lifted(inference, theta, start)
            if not np.isfinite(value) or np.array_equal(lifted, theta):
                break
            again = _Profile(inference, lifted).search()
            won = again[0] - value
            if won > 0:
                value, theta, message = again
            if won < _WON:
                break
        found.append((value, theta, message))
    return best_of(found)


class _Profile:
    """Minus the likelihood as a function of the kernel's parameters, at the best of all others.

    Parameters
    ----------
    inference : KroneckerInference
    start : ndarray
        All parameters. The others are sought from there, and then from the best so far: after a step too far a
        variance may be zero, and would stay so.
    """

    def __init__(self, inference: KroneckerInference, start: Array):
        self.inference, self.start = inference, start
        self.value, self.theta = -np.inf, start

    def search(self) -> tuple[float, Array, str]:
        """Value and parameters of the maximum, and why the search ended if it is none."""
        k = self.inference.n_kernel
        if not k:
            self(self.start[:0])
            return self.value, self.theta, ""
        bounds = self.inference.bounds[:k]
        _, _, message = descend(self, self.start[:k], bounds)
        return self.value, self.theta, message

    def __call__(self, kernel_theta: Array) -> tuple[float, Array]:
        try:
            rotated, U, pullback = self.inference.rotated(kernel_theta)
        except (ValueError, np.linalg.LinAlgError):
            return WORST, np.zeros(len(kernel_theta))

        def rest(theta: Array) -> tuple[float, Array]:
            task, noise = _parts(self.inference, theta)
            value, in_B, in_noise, _ = rotated.evidence(task.B, noise.by_task(task.n_tasks))
            if not np.isfinite(value):
                return WORST, np.zeros_like(theta)
            return -value, -np.concatenate([task.pullback(in_B), noise.pullback(in_noise)])

        bounds, first = self.inference.bounds[len(kernel_theta) :], self.theta[len(kernel_theta) :]
        found = minimize(rest, first, jac=True, method="L-BFGS-B", bounds=bounds, options=_INNER).x
        task, noise = _parts(self.inference, found)
        B, sigma2 = task.B, noise.by_task(task.n_tasks)
        value, _, _, alpha = rotated.evidence(B, sigma2)
        if value > self.value:
            self.value, self.theta = value, np.concatenate([kernel_theta, found])
        return -value, -pullback(in_rows(rotated, U, alpha, B, sigma2))


def _parts(inference: KroneckerInference, theta: Array) -> tuple[TaskCovariance, Noise]:
    """Task covariance and noise of the parameters that are not the kernel's."""
    task = inference.covariance.terms[0].task
    n_task = len(task.theta)
    return task.with_theta(theta[:n_task]), inference.noise.with_theta(theta[n_task:])


def _lifted(inference: KroneckerInference, theta: Array, start: Array) -> Array:
    """Parameters in which no variance is next to zero, between the bounds."""
    k = inference.n_kernel
    (task, noise), (first, _) = (_parts(inference, part[k:]) for part in (theta, start))
    lifted = np.concatenate([theta[:k], task.lifted(first).theta, noise.lifted().theta])
    return np.clip(lifted, inference.bounds[:, 0], inference.bounds[:, 1])


__all__ = ["maximise_nested"]
