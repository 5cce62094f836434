"""Binary logistic loss."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from scipy.special import expit, xlogy

from skmtl._typing import Array, IntArray
from skmtl.losses._base import SeparableLoss
from skmtl.losses._recenter import bounds_of_groups, recenter_between


class LogisticLoss(SeparableLoss):
    """Negative log-likelihood of a binary target coded 0/1: log(1 + exp(eta)) - y eta.

    ``eta`` is the log-odds of the second class. Where the classes can be separated the unpenalised
    optimum lies at infinity: keep ``alpha`` positive. Not a model of rates over time (censored events).

    Examples
    --------
    >>> import numpy as np
    >>> from skmtl.losses import LogisticLoss
    >>> round(LogisticLoss().value(np.array([1.0]), np.array([0.0]), np.array([1.0])), 4)
    0.6931
    """

    target_kind: ClassVar[str] = "binary"

    def value(self, y: Array, eta: Array, weight: Array) -> float:
        """Weighted sum of log(1 + exp(eta)) - y eta."""
        # With z = eta for y = 0 and -eta for y = 1 the loss is log(1 + exp(z)), never a difference of
        # two large numbers.
        return float(weight @ np.logaddexp(0.0, (1.0 - 2.0 * y) * eta))

    def gradient(self, y: Array, eta: Array, weight: Array) -> Array:
        """Weight times (probability - y)."""
        sign = 1.0 - 2.0 * y
        values: Array = weight * sign * expit(sign * eta)
        return values

    def hessian(self, y: Array, eta: Array, weight: Array) -> Array:
        """Weight times p (1 - p)."""
        values: Array = weight * expit(eta) * expit(-eta)
        return values

    def conjugate(self, y: Array, theta: Array, weight: Array) -> float:
        """Negative entropy of u = theta / weight + y, which has to lie in [0, 1]."""
        u = theta / weight + y
        # Rounding may carry u over the edge of the domain by a few ulp; more than that is infeasible.
        if (u < -1e-12).any() or (u > 1 + 1e-12).any():
            return float("inf")
        u = np.clip(u, 0.0, 1.0)
        return float(weight @ (xlogy(u, u) + xlogy(1.0 - u, 1.0 - u)))

    def curvature(self, y: Array, weight: Array) -> float:
        """A quarter: p (1 - p) at even odds."""
        return 0.25

    def null_predictor(self, y: Array, weight: Array, n_channels: int = 1) -> Array:
        """The log-odds of the weighted share of the second class."""
        with np.errstate(divide="ignore"):
            return np.array([np.log(weight @ y) - np.log(weight @ (1.0 - y))])

    def recenter_groups(self, y: Array, eta: Array, weight: Array, group: IntArray, n_groups: int) -> Array:
        """The constants that make the mean probability of each group its share of the second class."""
        events = np.bincount(group, weight * y, n_groups)
        with np.errstate(divide="ignore"):
            odds = np.log(events) - np.log(np.bincount(group, weight * (1.0 - y), n_groups))
        finite = np.isfinite(odds)
        smallest, largest = bounds_of_groups(eta, group, n_groups)

        # All entries at the largest (smallest) predictor would need the least (most) of all constants.
        low, high = np.where(finite, odds - largest, 0.0), np.where(finite, odds - smallest, 0.0)
        return np.where(finite, recenter_between(self, y, eta, weight, group, low, high), odds)

    def mean(self, eta: Array) -> Array:
        """Probability of the second class."""
        values: Array = expit(eta)
        return values

    def probabilities(self, eta: Array, n_classes: int = 2) -> Array:
        """Probabilities of both classes, shape (m, 2)."""
        return np.column_stack([expit(-eta), expit(eta)])

    def conic(self, y: Array, eta: Any, weight: Array) -> Any:
        """Sum of log(1 + exp(z))."""
        import cvxpy

        sign = 1.0 - 2.0 * y
        return cvxpy.sum(cvxpy.multiply(weight, cvxpy.logistic(cvxpy.multiply(sign, eta))))
