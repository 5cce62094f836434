"""Exact inference where every task is observed at every row: two eigen-decompositions, never an nT x nT matrix."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.linalg import eigh

from skmtl._typing import Array, IntArray
from skmtl.gaussian_process._coregionalization import TaskCovariance
from skmtl.gaussian_process._covariance import Covariance, kernel_and_pullback
from skmtl.gaussian_process._noise import Noise

_LOG_2PI = float(np.log(2.0 * np.pi))
# Eigenvalues below zero by more than this share of the largest are not rounding: the kernel is none.
_NEGATIVE = 1e-6


@dataclass(frozen=True, eq=False)
class Rotated:
    """Outcomes in the eigenvectors of the rows' covariance, where an evaluation for other B and noise needs no n³.

    Parameters
    ----------
    values : ndarray of shape (n,)
        Eigenvalues of k(X, X), clipped at zero.
    outcomes : ndarray of shape (n, T)
        U' Y.
    """

    values: Array
    outcomes: Array

    def evidence(self, B: Array, noise: Array) -> tuple[float, Array, Array, Array]:
        """Log marginal likelihood; its gradients in B (T, T) and in the noise (T,); and U' alpha, (n, T)."""
        n, T = self.outcomes.shape
        root = 1.0 / np.sqrt(noise)
        b, V = np.linalg.eigh(root[:, None] * B * root)
        b = np.maximum(b, 0.0)
        V = root[:, None] * V  # D^-½ V
        spread = np.outer(self.values, b) + 1.0  # at least one: no jitter is needed
        turned = self.outcomes @ V
        scaled = turned / spread
        value = -0.5 * float(np.vdot(turned, scaled)) - 0.5 * float(np.log(spread).sum())
        value -= 0.5 * n * (float(np.log(noise).sum()) + T * _LOG_2PI)
        alpha = scaled @ V.T
        inverse = 1.0 / spread
        in_B = 0.5 * ((alpha * self.values[:, None]).T @ alpha - (V * (self.values @ inverse)) @ V.T)
        in_noise = 0.5 * (np.einsum("ij,ij->j", alpha, alpha) - (V**2) @ inverse.sum(axis=0))
        return value, in_B, in_noise, alpha

    def shrinkage(self, B: Array, noise: Array) -> Array:
        """Σ_t b_t / (s_i b_t + 1) for the eigenvalues b of the whitened B, (n,)."""
        root = 1.0 / np.sqrt(noise)
        b = np.maximum(np.linalg.eigvalsh(root[:, None] * B * root), 0.0)
        return (b / (np.outer(self.values, b) + 1.0)).sum(axis=1)


class KroneckerInference:
    """Log marginal likelihood and posterior of complete outcomes on shared rows: O(n³ + T³ + n T²) operations.

    With the noise D = diag(sigma2_t), the covariance B (x) K + D (x) I is diagonal in the eigenvectors of K and of
    D^-½ B D^-½ (Stegle, Lippert, Mooij, Lawrence and Borgwardt, NIPS 2011; Rakitsch, Lippert, Borgwardt and Stegle,
    NIPS 2013).

    Parameters
    ----------
    covariance : Covariance
        Of one term.
    X : ndarray of shape (n, p)
    Y : ndarray of shape (n, T)
    noise : Noise
        Without known variances of single entries, and positive.

    Notes
    -----
    ``theta`` is [kernel.theta, B's theta, noise.theta], as in `DenseInference`.
    """

    name = "kronecker"

    def __init__(self, covariance: Covariance, X: Array, Y: Array, noise: Noise):
        self.covariance, self.noise = covariance, noise
        self.X, self.Y = X, Y

    @property
    def theta(self) -> Array:
        """Start values of the free parameters."""
        return np.concatenate([self.covariance.theta, self.noise.theta])

    @property
    def bounds(self) -> Array:
        """Lower and upper bounds of the free parameters, (k, 2)."""
        return np.vstack([self.covariance.bounds, self.noise.bounds])

    @property
    def n_kernel(self) -> int:
        """Number of free parameters of the kernel, the first of ``theta``."""
        return len(self.covariance.terms[0].kernel.theta)

    def split(self, theta: Array) -> tuple[Covariance, Noise]:
        """The covariance and the noise at ``theta``."""
        k = self.covariance.n_theta
        return self.covariance.with_theta(theta[:k]), self.noise.with_theta(theta[k:])

    def rotated(self, kernel_theta: Array) -> tuple[Rotated, Array, Any]:
        """Outcomes in the eigenvectors of k(X, X), these, and the kernel's pullback; raises where there are none."""
        kernel = self.covariance.terms[0].kernel.clone_with_theta(kernel_theta)
        K, pullback = kernel_and_pullback(kernel, self.X)
        # Raises ValueError where K is not finite. The faster driver fails on one row in SciPy 1.11.
        values, U = eigh(K, overwrite_a=True, driver="evd" if len(K) > 1 else "ev")
        if values[0] < -_NEGATIVE * values[-1]:
            raise np.linalg.LinAlgError("The kernel is not positive semi-definite.")
        return Rotated(np.maximum(values, 0.0), U.T @ self.Y), U, pullback

    def evidence(self, theta: Array, eval_gradient: bool = False) -> Any:
        """Log marginal likelihood, and its gradient; minus infinity where K has no eigenvectors."""
        covariance, noise = self.split(theta)
        try:
            rotated, U, pullback = self.rotated(theta[: self.n_kernel])
        except (ValueError, np.linalg.LinAlgError):
            return (-np.inf, np.zeros(len(theta))) if eval_gradient else -np.inf
        task: TaskCovariance = covariance.terms[0].task
        B, sigma2 = task.B, noise.by_task(covariance.n_tasks)
        value, in_B, in_noise, alpha = rotated.evidence(B, sigma2)
        if not eval_gradient:
            return value
        in_kernel = pullback(in_rows(rotated, U, alpha, B, sigma2))
        return value, np.concatenate([in_kernel, task.pullback(in_B), noise.pullback(in_noise)])

    def condition(self, theta: Array) -> KroneckerPosterior:
        """The posterior at ``theta``."""
        covariance, noise = self.split(theta)
        rotated, U, _ = self.rotated(theta[: self.n_kernel])
        return KroneckerPosterior(covariance, self.X, self.Y, noise.by_task(covariance.n_tasks), rotated, U)


def in_rows(rotated: Rotated, U: Array, alpha: Array, B: Array, noise: Array) -> Array:
    """Gradient of the log marginal likelihood in k(X, X), (n, n); ``alpha`` is in the eigenvectors."""
    own = U @ alpha
    return 0.5 * ((own @ B) @ own.T - (U * rotated.shrinkage(B, noise)) @ U.T)


class KroneckerPosterior:
    """Latent functions given complete outcomes.

    Parameters
    ----------
    covariance, X, Y
        As in `KroneckerInference`.
    noise : ndarray of shape (T,)
    rotated : Rotated
    U : ndarray of shape (n, n)
        Eigenvectors of k(X, X).
    """

    jitter = 0.0

    def __init__(self, covariance: Covariance, X: Array, Y: Array, noise: Array, rotated: Rotated, U: Array):
        self.covariance = covariance
        self.X, self.Y, self.noise, self.U = X, Y, noise, U
        self.B = covariance.terms[0].task.B
        root = 1.0 / np.sqrt(noise)
        b, V = np.linalg.eigh(root[:, None] * self.B * root)
        self.b, self.V = np.maximum(b, 0.0), root[:, None] * V
        self.inverse = 1.0 / (np.outer(rotated.values, self.b) + 1.0)
        self.alpha = U @ ((rotated.outcomes @ self.V * self.inverse) @ self.V.T)  # (n, T)

    @property
    def width(self) -> int:
        """Numbers that a prediction of one value needs."""
        return len(self.X)

    def _between(self, X: Array) -> Array:
        """k(X, rows of the fit)."""
        return np.asarray(self.covariance.terms[0].kernel(X, self.X), dtype=float)

    def mean_table(self, X: Array) -> Array:
        """Posterior means of all tasks at some rows, (m, T)."""
        return (self._between(X) @ self.alpha) @ self.B

    def variance_table(self, X: Array) -> Array:
        """Posterior variances of all tasks at some rows, (m, T)."""
        prior = np.outer(self.covariance.terms[0].kernel.diag(X), self.B.diagonal())
        # B[t, :] D^-½ V and k(x, X) U: the variance explained is Σ_ij (k U)_i² (B V)_tj² / (s_i b_j + 1).
        explained = ((self._between(X) @ self.U) ** 2) @ self.inverse @ ((self.B @ self.V) ** 2).T
        return np.maximum(prior - explained, 0.0)

    def mean(self, X: Array, rows: IntArray, tasks: IntArray) -> Array:
        """Posterior means at entries (rows[i], tasks[i]), (m,)."""
        return self.mean_table(X)[rows, tasks]

    def variance(self, X: Array, rows: IntArray, tasks: IntArray) -> Array:
        """Posterior variances at entries, (m,)."""
        return self.variance_table(X)[rows, tasks]

    def covariance_matrix(self, X: Array, rows: IntArray, tasks: IntArray) -> Array:
        """Posterior covariance of entries, (m, m)."""
        turned, loadings = self._between(X) @ self.U, self.B @ self.V
        explained = np.zeros((len(rows), len(rows)))
        for j in range(len(self.b)):
            half = turned[rows] * np.sqrt(self.inverse[:, j]) * loadings[tasks, j][:, None]
            explained += half @ half.T
        return self.covariance.matrix(X, rows, tasks) - explained

    def of_new_task(self, X: Array, cross: Array, prior: Array) -> tuple[Array, Array]:
        """Means and variances (m, k) of k tasks with covariances ``cross`` (k, T) with those of the fit."""
        between = self._between(X)
        explained = ((between @ self.U) ** 2) @ self.inverse @ ((cross @ self.V) ** 2).T
        variance = np.outer(self.covariance.terms[0].kernel.diag(X), prior) - explained
        return (between @ self.alpha) @ cross.T, np.maximum(variance, 0.0)

    def leave_one_out(self) -> tuple[Array, Array]:
        """Mean and variance of each entry, noise included, given all others, (n, T) each.

        Sundararajan and Keerthi, Neural Comput. 13:1103-1118, 2001.
        """
        diagonal = (self.U**2) @ self.inverse @ (self.V**2).T
        return self.Y - self.alpha / diagonal, 1.0 / diagonal


__all__ = ["KroneckerInference", "KroneckerPosterior", "Rotated", "in_rows"]
