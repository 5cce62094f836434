"""Poisson loss."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from scipy.special import xlogy

from skmtl._typing import Array, IntArray
from skmtl.losses._base import SeparableLoss


class PoissonLoss(SeparableLoss):
    """Half the Poisson deviance of a count with mean exp(eta): exp(eta) - y eta + y log y - y.

    It is zero at a perfect fit, and up to a constant the negative log-likelihood (McCullagh and Nelder, Generalized
    Linear Models, 1989, section 2.3). The target may be a rate, any number of zero or more: with exposures E, targets
    y / E and weights times E, it is the model of the counts y with the offset log E.

    The mean grows exponentially, so far features make far predictions. Not for counts that spread much more than
    their mean if intervals are wanted, and not where zeros have a cause of their own.

    Examples
    --------
    >>> import numpy as np
    >>> from skmtl.losses import PoissonLoss
    >>> PoissonLoss().value(np.array([0.0, 1.0]), np.zeros(2), np.ones(2))
    1.0
    """

    lipschitz: ClassVar[bool] = False
    target_kind: ClassVar[str] = "count"

    def value(self, y: Array, eta: Array, weight: Array) -> float:
        """Weighted sum of half the deviances, infinite where a mean overflows."""
        counted = y > 0
        log_y = np.log(np.where(counted, y, 1.0))
        away = np.where(counted, eta - log_y, 0.0)
        with np.errstate(over="ignore"):
            plain = np.exp(eta) - y * (1.0 + away)
        # Near the fit the terms cancel: there it is y (exp(d) - 1 - d) with d = eta - log y.
        near = counted & (np.abs(away) < 1.0)
        small = np.where(near, away, 0.0)
        return float(weight @ np.where(near, y * (np.expm1(small) - small), plain))

    def gradient(self, y: Array, eta: Array, weight: Array) -> Array:
        """Weight times (exp(eta) - y)."""
        with np.errstate(over="ignore"):
            return weight * (np.exp(eta) - y)

    def hessian(self, y: Array, eta: Array, weight: Array) -> Array:
        """Weight times exp(eta)."""
        with np.errstate(over="ignore"):
            return weight * np.exp(eta)

    def conjugate(self, y: Array, theta: Array, weight: Array) -> float:
        """Half a deviance again, of the mean u = theta / weight + y against y; u has to be zero or more."""
        u = theta / weight + y
        # Rounding may carry u below zero by a few ulp of y; more than that is infeasible.
        if (u < -1e-12 * (1.0 + y)).any():
            return float("inf")
        u = np.maximum(u, 0.0)
        return float(weight @ (xlogy(u, u) - u - xlogy(y, y) + y))

    def curvature(self, y: Array, weight: Array) -> float:
        """The mean count: the second derivative, which has no bound, at the best constant."""
        return float(weight @ y / weight.sum())

    def recenter_groups(self, y: Array, eta: Array, weight: Array, group: IntArray, n_groups: int) -> Array:
        """Log of the observed over the expected sum of each group."""
        largest = np.full(n_groups, -np.inf)
        np.maximum.at(largest, group, eta)
        expected = np.bincount(group, weight * np.exp(eta - largest[group]), n_groups)
        with np.errstate(divide="ignore"):
            values: Array = np.log(np.bincount(group, weight * y, n_groups)) - np.log(expected) - largest
            return values

    def size(self, y: Array, weight: Array) -> float:
        """Weighted sum of y (1 + |log y|), and of the mean of y."""
        positive = np.where(y > 0, y, 1.0)
        return float(weight @ (y * (1.0 + np.abs(np.log(positive)))) + weight @ y)

    def mean(self, eta: Array) -> Array:
        """exp(eta), infinite where it overflows."""
        with np.errstate(over="ignore"):
            return np.exp(eta)

    def conic(self, y: Array, eta: Any, weight: Array) -> Any:
        """Sum of exponentials, a linear term and a constant."""
        import cvxpy

        constant = float(weight @ (xlogy(y, y) - y))
        return cvxpy.sum(cvxpy.multiply(weight, cvxpy.exp(eta) - cvxpy.multiply(y, eta))) + constant
