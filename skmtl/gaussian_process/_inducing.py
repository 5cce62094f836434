"""Inference for many entries: inducing points, their choice, and the posterior that they give."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from skmtl._typing import Array, IntArray
from skmtl.exceptions import InvalidParameterError
from skmtl.gaussian_process._collapsed_bound import CollapsedBound, Entries
from skmtl.gaussian_process._covariance import Covariance
from skmtl.gaussian_process._input_gradients import has_input_gradient
from skmtl.gaussian_process._noise import Noise

_BLOCK_BYTES = 32e6  # of features, at a time


def inducing_points(X: Array, n_inducing: int, random_state: Any = None) -> Array:
    """Start values of the inducing points: centres of k-means over the rows, or all distinct rows if these are fewer.

    Features count in units of their standard deviation; of more than 20 000 rows a random 20 000 are used.

    Parameters
    ----------
    X : ndarray of shape (n, p)
    n_inducing : int >= 1
    random_state : int, RandomState or None

    Returns
    -------
    ndarray of shape (min(n_inducing, distinct rows), p)
    """
    from sklearn.cluster import KMeans  # half a second to import
    from sklearn.utils import check_random_state

    rows = np.unique(X, axis=0)
    if len(rows) <= n_inducing:
        return rows
    rng = check_random_state(random_state)
    if len(rows) > 20_000:
        rows = rows[rng.choice(len(rows), 20_000, replace=False)]
    unit = unit_of(rows)
    return KMeans(n_inducing, n_init=1, random_state=rng).fit(rows / unit).cluster_centers_ * unit


def unit_of(X: Array) -> Array:
    """Standard deviation of each feature, 1 for a constant one, (p,)."""
    unit = X.std(axis=0)
    return np.where(unit > 0, unit, 1.0)


class InducingInference:
    """Collapsed variational bound in place of the log marginal likelihood, for up to about 1e5 entries.

    The value is a lower bound for any Z, so Z is optimised with the other parameters (Titsias, AISTATS 2009; the
    formula is in `skmtl.gaussian_process._collapsed_bound`). With M inducing points, R = M terms and m = R T, an
    evaluation costs O(N R² + m³) and holds O(m² + block · R) numbers.

    Not where outcomes are rough over the rows, from short length scales or many features: M points cannot follow, and
    the bound then takes signal for noise. Compare the bound at M and at 2 M points.

    Parameters
    ----------
    covariance : Covariance
    X : ndarray of shape (n, p)
    rows, tasks : ndarray of int of shape (N,)
        Row of X and task of each entry; no pair occurs twice.
    y : ndarray of shape (N,)
    noise : Noise
    Z : ndarray of shape (M, p)
        Inducing points, see `inducing_points`.
    move_points : bool, default True
        Whether Z is free. It stays where it is all the same for kernels without a known gradient in their inputs (known
        are scikit-learn's RBF, Matern of nu 1/2, 3/2, 5/2 and infinity, RationalQuadratic, DotProduct, constant, white,
        and their sums, products and powers), and where it holds every distinct row, for which the bound is exact.
    block_rows : int, optional
        Rows read at a time; by default as many as 32 MB of features hold.

    Raises
    ------
    InvalidParameterError
        A measurement has no noise: the bound divides by it.

    Notes
    -----
    ``theta`` is [covariance.theta, noise.theta, Z row by row where it is free], Z in units of the standard deviations
    of the features.
    """

    name = "inducing"

    def __init__(
        self,
        covariance: Covariance,
        X: Array,
        rows: IntArray,
        tasks: IntArray,
        y: Array,
        noise: Noise,
        *,
        Z: Array,
        move_points: bool = True,
        block_rows: int | None = None,
    ):
        if not noise.free and not (noise.of_entries(tasks, covariance.n_tasks) > 0).all():
            raise InvalidParameterError(
                "inference='inducing' needs a positive noise variance of every measurement, and some have none: give a "
                "positive noise, or noise='per_task' to estimate it."
            )
        self.covariance, self.noise, self.Z = covariance, noise, Z
        self.X, self.rows, self.tasks, self.y = X, rows, tasks, y
        self.entries = Entries(X, rows, tasks, y, block_rows or _rows_that_fit(len(Z) * len(covariance.terms)))
        self._unit = unit_of(X)
        known = all(has_input_gradient(term.kernel) for term in covariance.terms)
        self.moves_points = move_points and known and len(Z) < len(np.unique(X, axis=0))

    @property
    def n_points_theta(self) -> int:
        """How many numbers at the end of ``theta`` are coordinates of Z."""
        return self.Z.size if self.moves_points else 0

    @property
    def theta(self) -> Array:
        """Start values of the free parameters."""
        points = (self.Z / self._unit).ravel() if self.moves_points else np.zeros(0)
        return np.concatenate([self.covariance.theta, self.noise.theta, points])

    @property
    def bounds(self) -> Array:
        """Lower and upper bounds of the free parameters, (k, 2); points stay within the range of the rows."""
        box = np.column_stack([self.X.min(axis=0), self.X.max(axis=0)]) / self._unit[:, None]
        points = np.tile(box, (len(self.Z), 1)) if self.moves_points else np.zeros((0, 2))
        return np.vstack([self.covariance.bounds, self.noise.bounds, points])

    def split(self, theta: Array) -> tuple[Covariance, Noise, Array]:
        """The covariance, the noise and the inducing points at ``theta``."""
        first = self.covariance.n_theta
        last = len(theta) - self.n_points_theta
        Z = theta[last:].reshape(self.Z.shape) * self._unit if self.moves_points else self.Z
        return self.covariance.with_theta(theta[:first]), self.noise.with_theta(theta[first:last]), Z

    def evidence(self, theta: Array, eval_gradient: bool = False) -> Any:
        """The bound, and its gradient; minus infinity where a covariance cannot be factorised."""
        covariance, noise, Z = self.split(theta)
        try:
            bound = self._bound(covariance, noise, Z)
            value = bound.value
            if not np.isfinite(value):
                raise np.linalg.LinAlgError
            if not eval_gradient:
                return value
            slope = bound.gradient()
        except np.linalg.LinAlgError:
            return (-np.inf, np.zeros(len(theta))) if eval_gradient else -np.inf
        parts = []
        for term, in_kernel, in_task in zip(covariance.terms, slope.in_kernels, slope.in_tasks, strict=True):
            parts += [in_kernel, term.task.pullback(in_task)]
        by_task = np.bincount(self.tasks, slope.in_noise, minlength=covariance.n_tasks)
        parts.append(noise.pullback(np.asarray(by_task, dtype=float)))
        if self.moves_points and slope.in_points is not None:
            parts.append((slope.in_points * self._unit).ravel())
        return value, np.concatenate(parts)

    def condition(self, theta: Array) -> InducingPosterior:
        """The posterior at ``theta``."""
        covariance, noise, Z = self.split(theta)
        return InducingPosterior(covariance, self._bound(covariance, noise, Z))

    def _bound(self, covariance: Covariance, noise: Noise, Z: Array) -> CollapsedBound:
        kernels, matrices = [term.kernel for term in covariance.terms], [term.task.B for term in covariance.terms]
        return CollapsedBound(self.entries, kernels, matrices, noise.of_entries(self.tasks, covariance.n_tasks), Z)


def _rows_that_fit(width: int) -> int:
    return max(1, int(_BLOCK_BYTES / (8 * width)))


class InducingPosterior:
    """Latent functions given what the entries say of their values at the inducing points.

    Parameters
    ----------
    covariance : Covariance
    bound : CollapsedBound
    """

    def __init__(self, covariance: Covariance, bound: CollapsedBound):
        self.covariance = covariance
        self.features, self.jitter, self.coupling = bound.features, bound.features.jitter, bound.coupling
        self.mu, self.H = bound.coupling.mu, bound.coupling.covariance()
        self.reduction = bound.coupling.reduction(self.H)

    @property
    def width(self) -> int:
        """Numbers that a prediction of one value needs."""
        return self.mu.shape[1]

    def mean(self, X: Array, rows: IntArray, tasks: IntArray) -> Array:
        """Posterior means of the latent values at some entries, (m,)."""
        mean = np.empty(len(rows))
        for t, phi, entries in self._parts(X, rows, tasks):
            mean[entries] = phi @ self.mu[t]
        return mean

    def variance(self, X: Array, rows: IntArray, tasks: IntArray) -> Array:
        """Posterior variances, (m,)."""
        variance = self.covariance.diag(X, rows, tasks)
        for t, phi, entries in self._parts(X, rows, tasks):
            variance[entries] -= np.einsum("ij,ij->i", phi, phi @ self.reduction[t, :, t, :])
        return np.maximum(variance, 0.0)

    def covariance_matrix(self, X: Array, rows: IntArray, tasks: IntArray) -> Array:
        """Posterior covariance, (m, m)."""
        C = self.covariance.matrix(X, rows, tasks)
        phi = self.features(X)[rows]
        own = [(t, np.flatnonzero(tasks == t)) for t in np.unique(tasks)]
        for s, left in own:
            for t, right in own:
                C[np.ix_(left, right)] -= phi[left] @ self.reduction[s, :, t, :] @ phi[right].T
        return C

    def of_new_task(self, X: Array, cross: Array, prior: Array) -> tuple[Array, Array]:
        """Means and variances (m, k) of k tasks with covariances ``cross`` (k, T) with those of the fit."""
        phi, own = self.features(X), self.covariance.terms[0].kernel.diag(X)
        S = self.coupling.S
        T, R = self.mu.shape
        H = self.H.reshape(T * R, T * R)
        mean, variance = np.empty((2, len(X), len(cross)))
        for k, row in enumerate(cross):
            weighted = (row[:, None, None] * S).reshape(T * R, R)
            known = np.tensordot(row**2, S, axes=1) - weighted.T @ H @ weighted
            mean[:, k] = phi @ (row @ self.coupling.a)
            variance[:, k] = np.maximum(own * prior[k] - np.einsum("ij,ij->i", phi, phi @ known), 0.0)
        return mean, variance

    def _parts(self, X: Array, rows: IntArray, tasks: IntArray) -> Iterator[tuple[int, Array, IntArray]]:
        """Task, features, and indices of entries, block by block."""
        for block in Entries(X, rows, tasks, np.zeros(len(rows)), _rows_that_fit(self.width)).blocks:
            phi = self.features(block.X)
            for t, at, entries in block.parts:
                yield t, phi[at], entries


__all__ = ["InducingInference", "InducingPosterior", "inducing_points"]
