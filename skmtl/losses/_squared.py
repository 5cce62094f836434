"""Squared error."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from skmtl._typing import Array
from skmtl.losses._base import Loss


class SquaredLoss(Loss):
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
    curvature: ClassVar[float] = 1.0
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

    def null_predictor(self, y: Array, weight: Array) -> float:
        """The weighted mean."""
        return float(weight @ y / weight.sum())

    def mean(self, eta: Array) -> Array:
        """The linear predictor itself."""
        return eta

    def conic(self, y: Array, eta: Any, weight: Array) -> Any:
        """Half a sum of squares."""
        import cvxpy

        root = np.sqrt(weight)
        return 0.5 * cvxpy.sum_squares(cvxpy.multiply(root, eta) - root * y)
