"""Covariance between tasks: a few shared factors plus what is a task's own, or a kernel on their descriptions."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from sklearn.base import clone

from skmtl._typing import Array

# Of v, the variance that is a task's own, where outcomes have unit variance: some v run to zero (Heywood cases), where
# the likelihood is flat in log v.
LOG_V_BOUNDS = (float(np.log(1e-6)), float(np.log(1e2)))
# Where a variance that has run to zero is lifted to.
LOG_LIFT = -3.0
# Of the entries of L. Twenty standard deviations of an outcome explain whatever there is to explain.
L_BOUND = 20.0


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
    """B = L L' + diag(v), with ``theta`` = [L row by row, log v].

    L is identified up to rotations and signs of its columns: compare B.

    Parameters
    ----------
    L : ndarray of shape (T, r)
        Loadings; r = 0 makes tasks independent.
    log_v : ndarray of shape (T,)
    """

    L: Array
    log_v: Array

    @property
    def n_tasks(self) -> int:
        """Number of tasks T."""
        return len(self.log_v)

    @property
    def B(self) -> Array:  # noqa: N802
        """The matrix, (T, T)."""
        return self.L @ self.L.T + np.diag(np.exp(self.log_v))

    @property
    def theta(self) -> Array:
        """Entries of L row by row, then log v."""
        return np.concatenate([self.L.ravel(), self.log_v])

    @property
    def bounds(self) -> Array:
        """Lower and upper bounds of the free parameters, (k, 2)."""
        return np.array([(-L_BOUND, L_BOUND)] * self.L.size + [LOG_V_BOUNDS] * len(self.log_v)).reshape(-1, 2)

    def with_theta(self, theta: Array) -> Coregionalization:
        """The same rank with other loadings and variances."""
        return Coregionalization(theta[: self.L.size].reshape(self.L.shape), theta[self.L.size :])

    def pullback(self, G: Array) -> Array:
        """Gradient of Σ_st G_st B_st in ``theta`` for a symmetric G."""
        return np.concatenate([2.0 * (G @ self.L).ravel(), G.diagonal() * np.exp(self.log_v)])

    def lifted(self, first: Coregionalization) -> Coregionalization:
        """The same with v not next to zero, and columns of L that are replaced by those of ``first``, made small."""
        gone = (self.L**2).mean(axis=0) < np.exp(LOG_LIFT)
        L = np.where(gone, 2.0 * np.exp(0.5 * LOG_LIFT) * first.L, self.L)
        return Coregionalization(L, np.maximum(self.log_v, LOG_LIFT))


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
    """

    kernel: Any
    features: Array
    log_s: float
    log_v: Array

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
        own = np.array([LOG_V_BOUNDS] * (1 + self.n_tasks))
        return np.vstack([np.asarray(self.kernel.bounds).reshape(-1, 2), own])

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
        return replace(self, log_s=max(self.log_s, LOG_LIFT), log_v=np.maximum(self.log_v, LOG_LIFT))

    def with_new(self, features: Array) -> tuple[Array, Array]:
        """Covariances of new tasks with the known ones, (m, T), and variances of the new ones, (m,).

        A new task's own variance is not known; it is taken to be the mean of the known ones.
        """
        s = np.exp(self.log_s)
        return s * self.kernel(features, self.features), s * self.kernel.diag(features) + np.exp(self.log_v).mean()


__all__ = ["LOG_LIFT", "LOG_V_BOUNDS", "L_BOUND", "Coregionalization", "DescribedTasks", "TaskCovariance"]
