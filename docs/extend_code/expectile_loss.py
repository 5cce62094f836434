"""A loss of our own: squares that count too-low and too-high predictions differently."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from skmtl.losses import SeparableLoss


class ExpectileLoss(SeparableLoss):
    """½ |level - [y < eta]| (y - eta)²: at a level above one half, too low costs more than too high.

    Newey and Powell, Econometrica 55:819-847, 1987. For a length of stay at level 0.8, four times the weight of beds
    that were missing over beds that were empty. Not for a share of patients: that is a quantile,
    `skmtl.losses.QuantileLoss`.

    Parameters
    ----------
    level : float in (0, 1), default 0.8
        One half is half of squared loss.
    """

    target_kind: ClassVar[str] = "numeric"

    def __init__(self, level: float = 0.8):
        self.level = level

    def _cost(self, y: np.ndarray, eta: np.ndarray) -> np.ndarray:
        return np.where(y >= eta, self.level, 1 - self.level)

    def value(self, y: np.ndarray, eta: np.ndarray, weight: np.ndarray) -> float:
        """Weighted sum of the squares."""
        return float(weight @ (0.5 * self._cost(y, eta) * (y - eta) ** 2))

    def gradient(
        self, y: np.ndarray, eta: np.ndarray, weight: np.ndarray
    ) -> np.ndarray:
        """Weight times cost times (eta - y)."""
        return weight * self._cost(y, eta) * (eta - y)

    def hessian(self, y: np.ndarray, eta: np.ndarray, weight: np.ndarray) -> np.ndarray:
        """Weight times cost."""
        return weight * self._cost(y, eta)

    def curvature(self, y: np.ndarray, weight: np.ndarray) -> float:
        """The larger of the two costs."""
        return max(self.level, 1 - self.level)

    def conjugate(self, y: np.ndarray, theta: np.ndarray, weight: np.ndarray) -> float:
        """Sum of theta y + theta² / (2 weight cost), with the cost of the side that theta is the slope of."""
        cost = np.where(theta <= 0, self.level, 1 - self.level)
        return float(theta @ y + 0.5 * (theta / (weight * cost)) @ theta)

    def recenter_groups(
        self,
        y: np.ndarray,
        eta: np.ndarray,
        weight: np.ndarray,
        group: np.ndarray,
        n_groups: int,
    ) -> np.ndarray:
        """The best constant of every group: Newton's method, which ends as no residual changes its side."""
        constant = np.zeros(n_groups)
        for _ in range(100):
            moved = eta + constant[group]
            slope = np.bincount(group, self.gradient(y, moved, weight), n_groups)
            move = slope / np.bincount(group, self.hessian(y, moved, weight), n_groups)
            constant = constant - move
            if (np.abs(move) <= 1e-15 * (1 + np.abs(constant))).all():
                break
        return constant

    def mean(self, eta: np.ndarray) -> np.ndarray:
        """What `predict` gives: the expectile itself."""
        return eta

    def conic(self, y: np.ndarray, eta: Any, weight: np.ndarray) -> Any:
        """The same for cvxpy: the oracle of the tests."""
        import cvxpy

        low, high = cvxpy.pos(y - eta), cvxpy.pos(eta - y)
        costs = self.level * cvxpy.square(low) + (1 - self.level) * cvxpy.square(high)
        return 0.5 * cvxpy.sum(cvxpy.multiply(weight, costs))
