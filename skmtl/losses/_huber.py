"""Huber's loss."""

from __future__ import annotations

from collections.abc import Mapping
from numbers import Real
from typing import Any, ClassVar

import numpy as np

from skmtl._params import Interval
from skmtl._typing import Array, IntArray
from skmtl.losses._base import SeparableLoss
from skmtl.losses._recenter import bounds_of_groups, recenter_between


class HuberLoss(SeparableLoss):
    """Squared error near zero, absolute error beyond delta, for a numeric target with some far values.

    With r = y - eta the loss is ½ r² where |r| <= delta, else delta |r| - ½ delta² (Huber, Annals of Mathematical
    Statistics 35:73-101, 1964). ``delta`` is in units of the target as the fit sees it: in standard deviations with
    ``scale_targets=True``; in the units of ``Y`` otherwise, where the default means little. At 1.35 standard
    deviations of the noise it keeps 95 % of the efficiency of squared loss if the noise is normal.

    It bounds the pull of far targets, not of far features. Not for skewed targets whose mean is wanted: the constant
    it fits lies between mean and median.

    Parameters
    ----------
    delta : float
        Where the loss turns linear, positive.

    Examples
    --------
    >>> import numpy as np
    >>> from skmtl.losses import HuberLoss
    >>> HuberLoss(delta=1.0).value(np.array([0.5, 10.0]), np.zeros(2), np.ones(2))
    9.625
    """

    target_kind: ClassVar[str] = "numeric"
    _parameter_constraints: ClassVar[Mapping[str, Any]] = {"delta": [Interval(Real, 0, np.inf, closed="neither")]}

    def __init__(self, delta: float = 1.35):
        self.delta = delta

    def value(self, y: Array, eta: Array, weight: Array) -> float:
        """Weighted sum of the losses."""
        size = np.abs(y - eta)
        near = np.minimum(size, self.delta)
        return float(weight @ (near * (size - 0.5 * near)))

    def gradient(self, y: Array, eta: Array, weight: Array) -> Array:
        """Weight times (eta - y), clipped at delta."""
        return weight * np.clip(eta - y, -self.delta, self.delta)

    def hessian(self, y: Array, eta: Array, weight: Array) -> Array:
        """The weights of the entries within delta."""
        return weight * (np.abs(y - eta) <= self.delta)

    def conjugate(self, y: Array, theta: Array, weight: Array) -> float:
        """That of squared loss, for |theta| <= delta weight."""
        # Rounding may carry theta over the edge by a few ulp; more than that is infeasible.
        if (np.abs(theta) > self.delta * weight * (1 + 1e-12)).any():
            return float("inf")
        return float(theta @ y + 0.5 * (theta / weight) @ theta)

    def curvature(self, y: Array, weight: Array) -> float:
        """One, that of squared loss."""
        return 1.0

    def recenter_groups(self, y: Array, eta: Array, weight: Array, group: IntArray, n_groups: int) -> Array:
        """The Huber location of the residuals of each group."""
        low, high = bounds_of_groups(y - eta, group, n_groups)
        return recenter_between(self, y, eta, weight, group, low, high)

    def size(self, y: Array, weight: Array) -> float:
        """Weighted sum of squares, of multiples of delta where they are less."""
        return float(weight @ (np.abs(y) * np.minimum(np.abs(y), self.delta)))

    def secant(self, y: Array, eta: Array, weight: Array) -> Array:
        """Weight times delta / |y - eta| beyond delta: curvature of a parabola that touches there and lies above."""
        return weight * (self.delta / np.maximum(np.abs(y - eta), self.delta))

    def mean(self, eta: Array) -> Array:
        """The linear predictor itself."""
        return eta

    def conic(self, y: Array, eta: Any, weight: Array) -> Any:
        """Half of cvxpy's huber, which is r² near zero."""
        import cvxpy

        scale = 0.5 * self.delta**2
        return scale * cvxpy.sum(cvxpy.multiply(weight, cvxpy.huber((eta - y) / self.delta)))
