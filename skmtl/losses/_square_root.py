"""Square-root loss."""

from __future__ import annotations

from collections.abc import Mapping
from numbers import Real
from typing import Any, ClassVar

import numpy as np

from skmtl._params import Interval
from skmtl._typing import Array
from skmtl.losses._base import Loss


class SquareRootLoss(Loss):
    """Root of the weighted sum of squared errors of a task, for a numeric target.

    With S² = Σ_i w_i (y_i - eta_i)² the loss is the least of ½ (S² / s + s) over noise levels s >= s0: S itself where
    S >= s0, and ½ (S² / s0 + s0) below. A task weighs in with the inverse of its own noise, so that one ``alpha`` is
    right for tasks of all noise levels, whatever their units (Belloni, Chernozhukov and Wang, Biometrika 98:791-806,
    2011; for several tasks Gong, Zhou, Fan and Ye, KDD 2014; the smoothing: Massias, Fercoq, Gramfort and Salmon,
    AISTATS 2018). s0 is ``floor`` times the S of the best constant.

    Strengths are not those of squared loss: ``alpha`` is compared with correlations of features and residuals, whatever
    the noise. A task's weight enters by its root. Held-out data are judged by S², as with squared loss. Not where
    a task is fitted perfectly (more features than entries and little penalty): the noise level is then the floor.

    Parameters
    ----------
    floor : float
        Least noise level as a share of that of the best constant, in (0, 1].

    Examples
    --------
    >>> import numpy as np
    >>> from skmtl.losses import SquareRootLoss
    >>> SquareRootLoss().value(np.array([3.0, -4.0]), np.zeros(2), np.ones(2))
    5.0
    """

    lipschitz: ClassVar[bool] = False
    target_kind: ClassVar[str] = "numeric"
    joint: ClassVar[bool] = True
    _parameter_constraints: ClassVar[Mapping[str, Any]] = {"floor": [Interval(Real, 0, 1, closed="right")]}

    def __init__(self, floor: float = 0.01):
        self.floor = floor

    def value(self, y: Array, eta: Array, weight: Array) -> float:
        """Root of the sum of squares, with a rounded tip."""
        least, noise = self._least_noise(y, weight), _norm(y - eta, weight)
        return noise if noise >= least else 0.5 * (noise**2 / least + least)

    def gradient(self, y: Array, eta: Array, weight: Array) -> Array:
        """Weight times (eta - y), over the noise level."""
        noise = max(_norm(y - eta, weight), self._least_noise(y, weight))
        return weight * (eta - y) / noise

    def hessian_product(self, y: Array, eta: Array, weight: Array, direction: Array) -> Array:
        """(W - g g') d over the noise level, g the gradient; W d over it below the floor."""
        least, noise = self._least_noise(y, weight), _norm(y - eta, weight)
        if noise < least:
            return weight * direction / least
        gradient = weight * (eta - y) / noise
        return (weight * direction - gradient * (gradient @ direction)) / noise

    def conjugate(self, y: Array, theta: Array, weight: Array) -> float:
        """Σ theta y - (s0 / 2) (1 - Σ theta² / w), for Σ theta² / w <= 1."""
        size = float((theta / weight) @ theta)
        # Rounding may carry theta over the edge by a few ulp; more than that is infeasible.
        if size > 1 + 1e-12 * max(1, len(y)):
            return float("inf")
        return float(theta @ y) + 0.5 * self._least_noise(y, weight) * (min(size, 1.0) - 1.0)

    def curvature(self, y: Array, weight: Array) -> float:
        """One over the noise level of the best constant; up to 1 / floor times that near a perfect fit."""
        return self.floor / self._least_noise(y, weight)

    def recenter(self, y: Array, eta: Array, weight: Array) -> Array:
        """The weighted mean of the residuals."""
        return np.array([weight @ (y - eta) / weight.sum()])

    def size(self, y: Array, weight: Array) -> float:
        """Root of the weighted sum of squares."""
        return float(np.sqrt(weight @ y**2))

    def mean(self, eta: Array) -> Array:
        """The linear predictor itself."""
        return eta

    def deviance(self, y: Array, eta: Array, weight: Array) -> float:
        """Weighted sum of squared errors."""
        return float((weight * (y - eta)) @ (y - eta))

    def conic(self, y: Array, eta: Any, weight: Array) -> Any:
        """A Huber loss of the norm of the residuals."""
        import cvxpy

        least, root = self._least_noise(y, weight), np.sqrt(weight)
        noise = cvxpy.norm(cvxpy.multiply(root, eta) - root * y, 2)
        return 0.5 * least * (cvxpy.huber(noise / least) + 1.0)

    def _least_noise(self, y: Array, weight: Array) -> float:
        """s0. The size of a constant target stands in for its spread, and 1 for the size of zeros."""
        total = weight.sum()
        if not total > 0:
            return self.floor
        mean = weight @ y / total
        spread = _norm(y - mean, weight)
        size = float(np.sqrt(total)) * max(abs(float(mean)), float(np.abs(y).max()))
        if spread <= 1e-12 * size or spread == 0:
            spread = size if size > 0 else float(np.sqrt(total))
        return self.floor * spread


def _norm(residual: Array, weight: Array) -> float:
    return float(np.linalg.norm(np.sqrt(weight) * residual))
