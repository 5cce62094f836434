"""Exact inference by one Cholesky factorisation over all observed entries: any outcomes missing, any noise."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.linalg import solve_triangular
from scipy.linalg.blas import dsyr
from scipy.linalg.lapack import dpotrf, dpotri, dpotrs

from skmtl._typing import Array, IntArray
from skmtl.gaussian_process._covariance import Covariance
from skmtl.gaussian_process._noise import Noise

_LOG_2PI = float(np.log(2.0 * np.pi))
# Added to the diagonal, times its mean, where the factorisation fails without: only then, and reported.
JITTERS = (0.0, 1e-10, 1e-8, 1e-6)


class DenseInference:
    """Log marginal likelihood and posterior over N observed entries: O(N³) operations.

    Memory for three (N, N) matrices; for six where each entry has a row of its own.

    Parameters
    ----------
    covariance : Covariance
    X : ndarray of shape (n, p)
    rows, tasks : ndarray of int of shape (N,)
    y : ndarray of shape (N,)
    noise : Noise

    Notes
    -----
    ``theta`` is [covariance.theta, noise.theta]. With A = K + diag(d), alpha = A⁻¹ y (Rasmussen and Williams, Gaussian
    Processes for Machine Learning, MIT Press 2006, algorithm 2.1 and equations 5.8, 5.9),

        log p(y) = -½ y' alpha - ½ log|A| - N/2 log 2π,    d log p(y) = ½ tr[(alpha alpha' - A⁻¹) dA].
    """

    name = "dense"

    def __init__(self, covariance: Covariance, X: Array, rows: IntArray, tasks: IntArray, y: Array, noise: Noise):
        self.covariance, self.noise = covariance, noise
        self.X, self.rows, self.tasks, self.y = X, rows, tasks, y

    @property
    def theta(self) -> Array:
        """Start values of the free parameters."""
        return np.concatenate([self.covariance.theta, self.noise.theta])

    @property
    def bounds(self) -> Array:
        """Lower and upper bounds of the free parameters, (k, 2)."""
        return np.vstack([self.covariance.bounds, self.noise.bounds])

    def split(self, theta: Array) -> tuple[Covariance, Noise]:
        """The covariance and the noise at ``theta``."""
        k = self.covariance.n_theta
        return self.covariance.with_theta(theta[:k]), self.noise.with_theta(theta[k:])

    def evidence(self, theta: Array, eval_gradient: bool = False) -> Any:
        """Log marginal likelihood, and its gradient; minus infinity where the covariance cannot be factorised."""
        covariance, noise = self.split(theta)
        d = noise.of_entries(self.tasks, covariance.n_tasks)
        if eval_gradient:
            K, pullback = covariance.matrix_and_pullback(self.X, self.rows, self.tasks)
        else:
            K = covariance.matrix(self.X, self.rows, self.tasks)
        K.flat[:: len(K) + 1] += d
        factor, _ = _factor(K)
        if factor is None:
            return (-np.inf, np.zeros(len(theta))) if eval_gradient else -np.inf
        alpha = dpotrs(factor, self.y, lower=1)[0]
        value = -0.5 * float(self.y @ alpha) - _half_log_det(factor) - 0.5 * len(K) * _LOG_2PI
        if not eval_gradient:
            return value
        # Its lower triangle.
        G, _ = dpotri(factor, lower=1, overwrite_c=1)
        G *= -0.5
        G = dsyr(0.5, alpha, lower=1, a=G, overwrite_a=1)
        by_task = np.bincount(self.tasks, weights=G.diagonal(), minlength=covariance.n_tasks).astype(np.float64)
        return value, np.concatenate([pullback(G), noise.pullback(by_task)])

    def condition(self, theta: Array) -> DensePosterior:
        """The posterior at ``theta``."""
        covariance, noise = self.split(theta)
        d = noise.of_entries(self.tasks, covariance.n_tasks)
        A = covariance.matrix(self.X, self.rows, self.tasks)
        A.flat[:: len(A) + 1] += d
        factor, jitter = _factor(A)
        if factor is None:
            raise np.linalg.LinAlgError(
                "The covariance of the entries is not positive definite, also with 1e-6 of its diagonal added: raise "
                "the noise, or change the kernel or its parameters."
            )
        return DensePosterior(covariance, self.X, self.rows, self.tasks, self.y, d, factor, jitter)


class DensePosterior:
    """Latent functions given the entries.

    Parameters
    ----------
    covariance, X, rows, tasks, y
        As in `DenseInference`.
    noise : ndarray of shape (N,)
    factor : ndarray of shape (N, N)
        Lower Cholesky factor of the covariance of the entries with noise.
    jitter : float
        What was added to the diagonal to factorise it, in units of the covariance.
    """

    def __init__(
        self,
        covariance: Covariance,
        X: Array,
        rows: IntArray,
        tasks: IntArray,
        y: Array,
        noise: Array,
        factor: Array,
        jitter: float,
    ):
        self.covariance = covariance
        self.X, self.rows, self.tasks, self.y = X, rows, tasks, y
        self.noise, self.factor, self.jitter = noise, factor, jitter
        self.alpha = dpotrs(factor, y, lower=1)[0]

    @property
    def width(self) -> int:
        """Numbers that a prediction of one value needs."""
        return len(self.y)

    def cross(self, X: Array, rows: IntArray, tasks: IntArray) -> Array:
        """Covariance of latent values at some entries with the observed ones, (m, N)."""
        return self.covariance.cross(X, rows, tasks, self.X, self.rows, self.tasks)

    def mean(self, X: Array, rows: IntArray, tasks: IntArray) -> Array:
        """Posterior means, (m,)."""
        return self.cross(X, rows, tasks) @ self.alpha

    def variance(self, X: Array, rows: IntArray, tasks: IntArray) -> Array:
        """Posterior variances, (m,)."""
        return self._answer(self.cross(X, rows, tasks), self.covariance.diag(X, rows, tasks))[1]

    def covariance_matrix(self, X: Array, rows: IntArray, tasks: IntArray) -> Array:
        """Posterior covariance, (m, m)."""
        half = self._half(self.cross(X, rows, tasks))
        return self.covariance.matrix(X, rows, tasks) - half.T @ half

    def of_new_task(self, X: Array, cross: Array, prior: Array) -> tuple[Array, Array]:
        """Means and variances (m, k) of k tasks with covariances ``cross`` (k, T) with those of the fit."""
        kernel = self.covariance.terms[0].kernel
        between, own = np.asarray(kernel(X, self.X), dtype=float)[:, self.rows], kernel.diag(X)
        mean, variance = np.empty((2, len(X), len(cross)))
        for k, row in enumerate(cross):
            mean[:, k], variance[:, k] = self._answer(between * row[self.tasks], own * prior[k])
        return mean, variance

    def _answer(self, cross: Array, prior: Array) -> tuple[Array, Array]:
        half = self._half(cross)
        return cross @ self.alpha, np.maximum(prior - np.einsum("ij,ij->j", half, half), 0.0)

    def _half(self, cross: Array) -> Array:
        return solve_triangular(self.factor, cross.T, lower=True, check_finite=False)

    def leave_one_out(self) -> tuple[Array, Array]:
        """Mean and variance of each entry, noise included, given all others, (N,) each.

        Sundararajan and Keerthi, Neural Comput. 13:1103-1118, 2001.
        """
        diagonal = dpotri(self.factor, lower=1)[0].diagonal()
        return self.y - self.alpha / diagonal, 1.0 / diagonal


def _factor(A: Array) -> tuple[Array | None, float]:
    """Lower Cholesky factor in LAPACK's order, and the jitter it took; None where none is enough.

    It takes the place of A, which is lost; above the diagonal stands what stood there before.
    """
    if not np.isfinite(A.sum()):
        return None, 0.0
    diagonal = A.diagonal().copy()
    mean = float(diagonal.mean())
    for jitter in JITTERS:
        A.flat[:: len(A) + 1] = diagonal + jitter * mean
        # The transpose of a C-ordered symmetric matrix is in LAPACK's order: no copy. The other triangle is left alone.
        factor, info = dpotrf(A.T, lower=1, overwrite_a=1, clean=0)
        if info == 0:
            return factor, jitter * mean
        # The lower triangle, in LAPACK's order, was overwritten in part.
        A[:] = np.tril(A) + np.tril(A, -1).T
    return None, 0.0


def _half_log_det(factor: Array) -> float:
    return float(np.log(factor.diagonal()).sum())


__all__ = ["JITTERS", "DenseInference", "DensePosterior"]
