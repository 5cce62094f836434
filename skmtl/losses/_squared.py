"""Squared error."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from skmtl._typing import Array, IntArray
from skmtl.losses._base import SeparableLoss


class SquaredLoss(SeparableLoss):
    """Half the squared error, ½ (y - eta)², for a numeric target.

    With it the objective of skmtl has the scaling of scikit-learn's ``MultiTaskLasso``. Not for
    heavy-tailed targets (a few far values decide the fit) nor for counts and rates near zero.

    Examples
    --------
    >>> import numpy as np
    >>> from skmtl.losses import SquaredLoss
    >>> SquaredLoss().value(np.array([1.0, 2.0]), np.array([0.0, 2.0]), np.array([1.0, 1.0]))
    0.5
    """

    target_kind: ClassVar[str] = "numeric"
    quadratic: ClassVar[bool] = True

    def value(self, y: Array, eta: Array, weight: Array) -> float:
        """Weighted sum of ½ (y - eta)²."""
        residual = y - eta
        return float(0.5 * (weight * residual) @ residual)

    def gradient(self, y: Array, eta: Array, weight: Array) -> Array:
        """Weight times (eta - y)."""
        return weight * (eta - y)

    def hessian(self, y: Array, eta: Array, weight: Array) -> Array:
        """The weights: the curvature is 1 everywhere."""
        return weight

    def conjugate(self, y: Array, theta: Array, weight: Array) -> float:
        """Σ theta y + theta² / (2 weight)."""
        return float(theta @ y + 0.5 * (theta / weight) @ theta)

    def curvature(self, y: Array, weight: Array) -> float:
        """One: the second derivative."""
        return 1.0

    def recenter_groups(self, y: Array, eta: Array, weight: Array, group: IntArray, n_groups: int) -> Array:
        """The weighted mean of the residuals of each group."""
        return np.bincount(group, weight * (y - eta), n_groups) / np.bincount(group, weight, n_groups)

    def size(self, y: Array, weight: Array) -> float:
        """Weighted sum of squares."""
        return float(weight @ y**2)

    def mean(self, eta: Array) -> Array:
        """The linear predictor itself."""
        return eta

    def conic(self, y: Array, eta: Any, weight: Array) -> Any:
        """Half a sum of squares."""
        import cvxpy

        root = np.sqrt(weight)
        return 0.5 * cvxpy.sum_squares(cvxpy.multiply(root, eta) - root * y)
