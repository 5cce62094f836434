"""Inference under Laplace's approximation: the evidence as a function of all parameters, and predictions."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.linalg import solve_triangular

from skmtl._typing import Array, IntArray
from skmtl.gaussian_process._covariance import Covariance
from skmtl.gaussian_process._laplace import EntryDensities, Mode, evidence_gradient, find_mode
from skmtl.gaussian_process._noise import LOG_NOISE_BOUNDS

_LOG_NOISE_START = float(np.log(0.5))
_INTERCEPT_RANGE = 10.0  # how far a mean may move from its start, in units of the link


class LaplacePosterior:
    """Latent values at new points, given the mode (Rasmussen and Williams, 2006, algorithm 3.2).

    Parameters
    ----------
    covariance : Covariance
    X, rows, tasks
        As in `LaplaceInference`.
    mode : Mode
    intercept, phi : ndarray of shape (T,)
        Means of the tasks, parameters of their likelihoods.
    """

    def __init__(
        self,
        covariance: Covariance,
        X: Array,
        rows: IntArray,
        tasks: IntArray,
        mode: Mode,
        intercept: Array,
        phi: Array,
    ):
        self.covariance = covariance
        self.X, self.rows, self.tasks = X, rows, tasks
        self.mode = mode
        self.intercept, self.phi = intercept, phi

    def mean(self, X: Array, rows: IntArray, tasks: IntArray) -> Array:
        """Posterior mean of eta, without exposure, at entries (rows[i], tasks[i])."""
        cross = self.covariance.cross(X, rows, tasks, self.X, self.rows, self.tasks)
        return cross @ self.mode.alpha + self.intercept[tasks]

    def mean_and_variance(self, X: Array, rows: IntArray, tasks: IntArray) -> tuple[Array, Array]:
        """Posterior mean and variance of eta, without exposure."""
        cross = self.covariance.cross(X, rows, tasks, self.X, self.rows, self.tasks)
        half = solve_triangular(
            self.mode.factor, (cross * np.sqrt(self.mode.curvature)).T, lower=True, check_finite=False, overwrite_b=True
        )
        variance = self.covariance.diag(X, rows, tasks) - np.einsum("ij,ij->j", half, half)
        return cross @ self.mode.alpha + self.intercept[tasks], np.maximum(variance, 0.0)


class LaplaceInference:
    """Approximate evidence and posterior of latent functions with a task covariance.

    Parameters
    ----------
    covariance : Covariance
    X : ndarray of shape (n, p)
    rows : ndarray of int of shape (N,)
        Row of X of each entry.
    densities : EntryDensities
        Targets, tasks and likelihoods of the entries.
    offset : ndarray of shape (N,), optional
        Known part of eta: the logarithm of the exposure.
    intercept : ndarray of shape (T,), optional
        Constant mean of each task's latent function, zero if not given.
    fit_intercept : bool
        Whether the means are among the free parameters; they stay as given otherwise.

    Notes
    -----
    ``theta`` is [covariance.theta, log noise variance of each Gaussian task in the order of the tasks, T means]. The
    last mode is kept as a start for the next.
    """

    name = "laplace"

    def __init__(
        self,
        covariance: Covariance,
        X: Array,
        rows: IntArray,
        densities: EntryDensities,
        *,
        offset: Array | None = None,
        intercept: Array | None = None,
        fit_intercept: bool = True,
    ):
        self.covariance = covariance
        self.X, self.rows, self.tasks = X, rows, densities.tasks
        self.densities = densities
        self.offset = np.zeros(len(rows)) if offset is None else offset
        self.n_tasks = covariance.n_tasks
        self.intercept = np.zeros(self.n_tasks) if intercept is None else intercept
        self.fit_intercept = fit_intercept
        self._last: Array | None = None

    @property
    def theta(self) -> Array:
        """Start values of the free parameters."""
        parts = [self.covariance.theta, np.full(len(self.densities.with_parameter), _LOG_NOISE_START)]
        return np.concatenate([*parts, self.intercept] if self.fit_intercept else parts)

    @property
    def bounds(self) -> Array:
        """Lower and upper bounds of the free parameters, (k, 2)."""
        parts = [self.covariance.bounds, np.tile(LOG_NOISE_BOUNDS, (len(self.densities.with_parameter), 1))]
        if self.fit_intercept:
            parts.append(self.intercept[:, None] + [-_INTERCEPT_RANGE, _INTERCEPT_RANGE])
        return np.vstack(parts)

    def split(self, theta: Array) -> tuple[Covariance, Array, Array]:
        """The covariance, the (T,) parameters of the likelihoods, and the (T,) means."""
        noisy = self.densities.with_parameter
        n_cov = self.covariance.n_theta
        phi = np.zeros(self.n_tasks)
        phi[noisy] = theta[n_cov : n_cov + len(noisy)]
        intercept = theta[n_cov + len(noisy) :] if self.fit_intercept else self.intercept
        return self.covariance.with_theta(theta[:n_cov]), phi, intercept

    def evidence(self, theta: Array, eval_gradient: bool = False) -> Any:
        """Laplace's approximation of log p(y | theta), and its gradient; minus infinity where K is no covariance."""
        covariance, phi, intercept = self.split(theta)
        mean = intercept[self.tasks] + self.offset
        if eval_gradient:
            K, pullback = covariance.matrix_and_pullback(self.X, self.rows, self.tasks)
        else:
            K = covariance.matrix(self.X, self.rows, self.tasks)
        try:
            mode = find_mode(K, self.densities, mean, phi, start=self._last)
        except np.linalg.LinAlgError:
            return (-np.inf, np.zeros(len(theta))) if eval_gradient else -np.inf
        self._last = mode.alpha
        if not eval_gradient:
            return mode.evidence
        slope = evidence_gradient(K, mode, self.densities, mean, phi)
        in_parameter = np.bincount(self.tasks, slope.in_parameter, self.n_tasks)[self.densities.with_parameter]
        in_mean = np.bincount(self.tasks, slope.in_mean, self.n_tasks)[: self.n_tasks if self.fit_intercept else 0]
        return mode.evidence, np.concatenate([pullback(slope.in_covariance), in_parameter, in_mean])

    def condition(self, theta: Array) -> LaplacePosterior:
        """The posterior at ``theta``, from a mode that does not depend on what was evaluated before."""
        covariance, phi, intercept = self.split(theta)
        K = covariance.matrix(self.X, self.rows, self.tasks)
        mode = find_mode(K, self.densities, intercept[self.tasks] + self.offset, phi)
        return LaplacePosterior(covariance, self.X, self.rows, self.tasks, mode, intercept, phi)
