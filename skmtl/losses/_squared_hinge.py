"""Squared hinge loss."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from skmtl._typing import Array, IntArray
from skmtl.losses._base import SeparableLoss
from skmtl.losses._recenter import bounds_of_groups, recenter_between


class SquaredHingeLoss(SeparableLoss):
    """Half the squared hinge of a binary target coded 0/1: ½ max(0, 1 - s eta)², s = 2 y - 1.

    The loss of the L2-loss support vector machine: entries beyond the margin no longer pull. Over the population it
    is least at eta = 2 p - 1, p the probability of the second class (Zhang, Annals of Statistics 32:56-85, 2004), so
    `mean` is (1 + eta) / 2 clipped to [0, 1]: probabilities of 0 and 1 do occur. Not where probabilities are what is
    wanted: take `LogisticLoss`.

    Examples
    --------
    >>> import numpy as np
    >>> from skmtl.losses import SquaredHingeLoss
    >>> SquaredHingeLoss().value(np.array([1.0, 0.0]), np.array([2.0, 1.0]), np.ones(2))
    2.0
    """

    target_kind: ClassVar[str] = "binary"

    def value(self, y: Array, eta: Array, weight: Array) -> float:
        """Weighted sum of the losses."""
        short = np.maximum(0.0, 1.0 - (2.0 * y - 1.0) * eta)
        return float(0.5 * (weight * short) @ short)

    def gradient(self, y: Array, eta: Array, weight: Array) -> Array:
        """Minus weight times s max(0, 1 - s eta)."""
        sign = 2.0 * y - 1.0
        return -weight * sign * np.maximum(0.0, 1.0 - sign * eta)

    def hessian(self, y: Array, eta: Array, weight: Array) -> Array:
        """The weights of the entries short of the margin."""
        return weight * ((2.0 * y - 1.0) * eta < 1.0)

    def conjugate(self, y: Array, theta: Array, weight: Array) -> float:
        """Σ s theta + theta² / (2 weight), for s theta <= 0."""
        toward = (2.0 * y - 1.0) * theta
        # Rounding may carry it over zero by a few ulp; more than that is infeasible.
        if (toward > 1e-12 * weight).any():
            return float("inf")
        toward = np.minimum(toward, 0.0)
        return float(toward.sum() + 0.5 * (toward / weight) @ toward)

    def curvature(self, y: Array, weight: Array) -> float:
        """One, short of the margin."""
        return 1.0

    def recenter_groups(self, y: Array, eta: Array, weight: Array, group: IntArray, n_groups: int) -> Array:
        """The best constants; where a range of them is, that nearest to zero or one close by."""
        low, high = bounds_of_groups(2.0 * y - 1.0 - eta, group, n_groups)
        return recenter_between(self, y, eta, weight, group, low, high)

    def mean(self, eta: Array) -> Array:
        """Probability of the second class for which eta is the population's best."""
        return np.clip(0.5 * (1.0 + eta), 0.0, 1.0)

    def probabilities(self, eta: Array, n_classes: int = 2) -> Array:
        """Probabilities of both classes, shape (m, 2)."""
        second = self.mean(eta)
        return np.column_stack([1.0 - second, second])

    def conic(self, y: Array, eta: Any, weight: Array) -> Any:
        """Half a sum of squared positive parts."""
        import cvxpy

        root = np.sqrt(weight)
        short = cvxpy.pos(root - cvxpy.multiply(root * (2.0 * y - 1.0), eta))
        return 0.5 * cvxpy.sum_squares(short)
