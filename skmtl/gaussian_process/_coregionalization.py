"""Covariance between tasks: a few shared factors plus what is a task's own, or a kernel on their descriptions."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from sklearn.base import clone

from skmtl._typing import Array

# Of v, the variance that is a task's own, where outcomes and kernels have unit variance: some v run to zero (Heywood
# cases), where the likelihood is flat in log v.
LOG_V_BOUNDS = (float(np.log(1e-6)), float(np.log(1e2)))
# Of the entries of L, in their unit: twenty standard deviations explain whatever there is to explain.
L_BOUND = 20.0
# Where a variance that has run to zero is lifted to, below its upper bound.
LOG_LIFT = 7.6


class TaskCovariance(ABC):
    """A positive semi-definite matrix B over tasks as a function of free parameters.

    Attributes
    ----------
    B : ndarray of shape (T, T)
    theta : ndarray of shape (k,)
    bounds : ndarray of shape (k, 2)
    """

    @property
    @abstractmethod
    def n_tasks(self) -> int:
        """Number of tasks T."""

    @property
    def n_loadings(self) -> int:
        """How many of the first parameters are entries of an L."""
        return 0

    @property
    @abstractmethod
    def B(self) -> Array:  # noqa: N802
        """The matrix, (T, T)."""

    @property
    @abstractmethod
    def theta(self) -> Array:
        """Free parameters, (k,)."""

    @property
    @abstractmethod
    def bounds(self) -> Array:
        """Lower and upper bounds of the free parameters, (k, 2)."""

    @abstractmethod
    def with_theta(self, theta: Array) -> TaskCovariance:
        """The same form with other parameters."""

    @abstractmethod
    def pullback(self, G: Array) -> Array:
        """Gradient of Σ_st G_st B_st in ``theta`` for a symmetric G."""

    @abstractmethod
    def lifted(self, first: Any) -> Any:
        """The same with no variance next to zero, where it has no slope; ``first`` is one of the same form."""


@dataclass(frozen=True, eq=False)
class Coregionalization(TaskCovariance):
    """B = L L' + diag(v), with ``theta`` = [L row by row, in units, log v].

    L is identified up to rotations and signs of its columns: compare B.

    Parameters
    ----------
    L : ndarray of shape (T, r)
        Loadings; r = 0 makes tasks independent.
    log_v : ndarray of shape (T,)
    log_bounds : ndarray of shape (T, 2), optional
        Bounds of log v. None for outcomes and kernels of unit variance.
    units : ndarray of shape (T,), optional
        Of the rows of L: a search that takes them for numbers about one finds its way. None for one.
    """

    L: Array
    log_v: Array
    log_bounds: Array | None = None
    units: Array | None = None

    @property
    def n_tasks(self) -> int:
        """Number of tasks T."""
        return len(self.log_v)

    @property
    def n_loadings(self) -> int:
        """How many of the first parameters are entries of an L."""
        return self.L.size

    @property
    def B(self) -> Array:  # noqa: N802
        """The matrix, (T, T)."""
        return self.L @ self.L.T + np.diag(np.exp(self.log_v))

    @property
    def theta(self) -> Array:
        """Entries of L row by row, in units, then log v."""
        return np.concatenate([(self.L / self._unit).ravel(), self.log_v])

    @property
    def _unit(self) -> Array:
        return np.ones((1, 1)) if self.units is None else self.units[:, None]

    @property
    def bounds(self) -> Array:
        """Lower and upper bounds of the free parameters, (k, 2)."""
        own = log_bounds(self.log_bounds, self.n_tasks, LOG_V_BOUNDS)
        return np.vstack([np.tile([-L_BOUND, L_BOUND], (self.L.size, 1)), own])

    def with_theta(self, theta: Array) -> Coregionalization:
        """The same rank with other loadings and variances."""
        L = theta[: self.L.size].reshape(self.L.shape) * self._unit
        return replace(self, L=L, log_v=theta[self.L.size :])

    def pullback(self, G: Array) -> Array:
        """Gradient of Σ_st G_st B_st in ``theta`` for a symmetric G."""
        return np.concatenate([2.0 * (G @ self.L * self._unit).ravel(), G.diagonal() * np.exp(self.log_v)])

    def lifted(self, first: Coregionalization) -> Coregionalization:
        """The same with v not next to zero, and columns of L that are replaced by those of ``first``, made small."""
        least = self.bounds[self.L.size :, 1] - LOG_LIFT
        gone = ((self.L / self._unit) ** 2).mean(axis=0) < np.exp(LOG_V_BOUNDS[1] - LOG_LIFT)
        return replace(self, L=np.where(gone, 0.5 * first.L, self.L), log_v=np.maximum(self.log_v, least))


@dataclass(frozen=True, eq=False)
class DescribedTasks(TaskCovariance):
    """B = s k(Z, Z) + diag(v), a kernel on descriptions Z of the tasks; ``theta`` = [kernel.theta, log s, log v].

    A task that was not there at the fit has a covariance with those that were, s k(z, Z).

    Parameters
    ----------
    kernel : scikit-learn kernel
    features : ndarray of shape (T, d)
        Descriptions Z.
    log_s : float
    log_v : ndarray of shape (T,)
    log_bounds : ndarray of shape (T, 2), optional
        Bounds of log v; log s has the widest of them. None for outcomes and kernels of unit variance.
    """

    kernel: Any
    features: Array
    log_s: float
    log_v: Array
    log_bounds: Array | None = None

    @property
    def n_tasks(self) -> int:
        """Number of tasks T."""
        return len(self.log_v)

    @property
    def B(self) -> Array:  # noqa: N802
        """The matrix, (T, T)."""
        return np.exp(self.log_s) * self.kernel(self.features) + np.diag(np.exp(self.log_v))

    @property
    def theta(self) -> Array:
        """The kernel's parameters, log s, and log v."""
        return np.concatenate([self.kernel.theta, [self.log_s], self.log_v])

    @property
    def bounds(self) -> Array:
        """Lower and upper bounds of the free parameters, (k, 2)."""
        own = log_bounds(self.log_bounds, self.n_tasks, LOG_V_BOUNDS)
        widest = [own[:, 0].min(), own[:, 1].max()]
        return np.vstack([np.asarray(self.kernel.bounds).reshape(-1, 2), widest, own])

    def with_theta(self, theta: Array) -> DescribedTasks:
        """The same descriptions with other parameters."""
        k = len(self.kernel.theta)
        kernel = clone(self.kernel)
        kernel.theta = theta[:k]
        return replace(self, kernel=kernel, log_s=float(theta[k]), log_v=theta[k + 1 :])

    def pullback(self, G: Array) -> Array:
        """Gradient of Σ_st G_st B_st in ``theta`` for a symmetric G."""
        K, slope = self.kernel(self.features, eval_gradient=True)
        s = np.exp(self.log_s)
        own = G.diagonal() * np.exp(self.log_v)
        return np.concatenate([s * np.einsum("st,stk->k", G, slope), [s * np.vdot(G, K)], own])

    def lifted(self, first: DescribedTasks) -> DescribedTasks:
        """The same with s and v not next to zero."""
        least = self.bounds[len(self.kernel.theta) :, 1] - LOG_LIFT
        return replace(self, log_s=max(self.log_s, float(least[0])), log_v=np.maximum(self.log_v, least[1:]))

    def with_new(self, features: Array) -> tuple[Array, Array]:
        """Covariances of new tasks with the known ones, (m, T), and variances of the new ones, (m,).

        A new task's own variance is not known; it is taken to be the mean of the known ones.
        """
        s = np.exp(self.log_s)
        return s * self.kernel(features, self.features), s * self.kernel.diag(features) + np.exp(self.log_v).mean()


def log_bounds(given: Array | None, size: int, usual: tuple[float, float]) -> Array:
    """Bounds of logarithms of variances, (size, 2)."""
    return np.array([usual] * size).reshape(-1, 2) if given is None else given


__all__ = ["LOG_LIFT", "LOG_V_BOUNDS", "L_BOUND", "Coregionalization", "DescribedTasks", "TaskCovariance", "log_bounds"]
