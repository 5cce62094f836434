"""Noise of the entries: a variance per task, free or fixed, and known variances of single measurements."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from skmtl._typing import Array, IntArray
from skmtl.gaussian_process._coregionalization import LOG_LIFT, log_bounds

# Of the log noise variance where outcomes have unit variance. A hundredth of an outcome's deviation is the floor, as in
# GPyTorch: with few rows and many length scales the likelihood may be largest at no noise at all, and intervals are
# then far too narrow.
LOG_NOISE_BOUNDS = (float(np.log(1e-4)), float(np.log(1e2)))


@dataclass(frozen=True, eq=False)
class Noise:
    """Variance of entry i of task t: sigma2_t + known_i.

    Parameters
    ----------
    log_variance : ndarray of shape (T,) or (1,)
        Of each task, or of all; minus infinity for none.
    free : bool
        Whether it is fitted.
    known : ndarray of shape (N,), optional
        Known part of each entry.
    log_bounds : ndarray of shape (T, 2) or (1, 2), optional
        Of the logarithms. None for outcomes of unit variance.
    """

    log_variance: Array
    free: bool = True
    known: Array | None = None
    log_bounds: Array | None = None

    @property
    def theta(self) -> Array:
        """Free parameters."""
        return self.log_variance if self.free else np.zeros(0)

    @property
    def bounds(self) -> Array:
        """Lower and upper bounds of the free parameters, (k, 2)."""
        return log_bounds(self.log_bounds if self.free else None, len(self.theta), LOG_NOISE_BOUNDS)

    def with_theta(self, theta: Array) -> Noise:
        """The same form with other parameters."""
        return replace(self, log_variance=theta) if self.free else self

    def lifted(self) -> Noise:
        """The same with no free variance next to zero, where it has no slope."""
        if not self.free:
            return self
        return replace(self, log_variance=np.maximum(self.log_variance, self.bounds[:, 1] - LOG_LIFT))

    def by_task(self, n_tasks: int) -> Array:
        """Noise variance of each task, (T,)."""
        return np.broadcast_to(np.exp(self.log_variance), (n_tasks,)).copy()

    def of_entries(self, tasks: IntArray, n_tasks: int) -> Array:
        """Noise variance of each entry, (N,)."""
        variance = self.by_task(n_tasks)[tasks]
        return variance if self.known is None else variance + self.known

    def pullback(self, g: Array) -> Array:
        """Gradient in ``theta`` where that in the noise variance of each task is g, (T,)."""
        if not self.free:
            return np.zeros(0)
        slope = g * np.exp(self.log_variance)
        return slope if len(self.log_variance) == len(g) else np.array([slope.sum()])


__all__ = ["LOG_NOISE_BOUNDS", "Noise"]
