"""Smoothed quantile loss."""

from __future__ import annotations

from collections.abc import Mapping
from numbers import Real
from typing import Any, ClassVar

import numpy as np

from skmtl._params import Interval
from skmtl._typing import Array, IntArray
from skmtl.losses._base import SeparableLoss
from skmtl.losses._recenter import bounds_of_groups, recenter_between


class QuantileLoss(SeparableLoss):
    """Pinball loss of a quantile, smoothed where it has a corner, for a numeric target.

    With r = y - eta the pinball loss is max(tau r, (tau - 1) r) (Koenker and Bassett, Econometrica 46:33-50, 1978).
    Here it is averaged over a uniform kernel of width h, up to a constant: with s = r + (tau - ½) h it is s² / (2 h)
    for |r| <= h / 2 and parallel to the pinball loss beyond, so that the derivative in eta is
    -clip(r / h + tau - ½, tau - 1, tau). Without the corner the optimum is fast to find, at a bias of the order of h²
    (Fernandes, Guerre and Horta, Journal of Business and Economic Statistics 39:338-357, 2021; He, Pan, Tan and Zhou,
    Journal of Econometrics 232:367-388, 2023).

    ``width`` is in units of the target as the fit sees it: in standard deviations with ``scale_targets=True``; in the
    units of ``Y`` otherwise. The smaller, the harder to solve. Not where several quantiles of one outcome are to be
    read together: fitted apart they may cross.

    Parameters
    ----------
    quantile : float
        The tau above, in (0, 1); 0.5 fits the median.
    width : float
        The h above, positive.

    Examples
    --------
    >>> import numpy as np
    >>> from skmtl.losses import QuantileLoss
    >>> loss = QuantileLoss(quantile=0.75, width=0.01)
    >>> y = np.arange(101.0)
    >>> bool(abs(loss.null_predictor(y, np.ones(101))[0] - 75) < 0.01)
    True
    """

    target_kind: ClassVar[str] = "numeric"
    degree: ClassVar[int] = 1
    _parameter_constraints: ClassVar[Mapping[str, Any]] = {
        "quantile": [Interval(Real, 0, 1, closed="neither")],
        "width": [Interval(Real, 0, np.inf, closed="neither")],
    }

    def __init__(self, quantile: float = 0.5, width: float = 0.1):
        self.quantile = quantile
        self.width = width

    def _shifted(self, y: Array) -> Array:
        """Targets moved so that the curved piece, from (tau - 1) h to tau h of their residuals, is centred at r = 0."""
        return y + self.width * (self.quantile - 0.5)

    def _slope(self, residual: Array) -> Array:
        """Derivative of the loss in the shifted residual."""
        # Division by a tiny width may overflow, on the way to the clip.
        with np.errstate(over="ignore"):
            return np.clip(residual / self.width, self.quantile - 1.0, self.quantile)

    def value(self, y: Array, eta: Array, weight: Array) -> float:
        """Weighted sum of the losses."""
        residual = self._shifted(y) - eta
        slope = self._slope(residual)
        return float(weight @ (slope * (residual - 0.5 * self.width * slope)))

    def gradient(self, y: Array, eta: Array, weight: Array) -> Array:
        """Minus weight times the slope."""
        return -weight * self._slope(self._shifted(y) - eta)

    def hessian(self, y: Array, eta: Array, weight: Array) -> Array:
        """Weight over width, for entries on the curved piece."""
        residual = self._shifted(y) - eta
        curved = (residual >= (self.quantile - 1.0) * self.width) & (residual <= self.quantile * self.width)
        return weight / self.width * curved

    def conjugate(self, y: Array, theta: Array, weight: Array) -> float:
        """That of the pinball loss, plus width theta² / (2 weight)."""
        share = theta / weight
        # Rounding may carry it over the edge by a few ulp; more than that is infeasible.
        if (share < -self.quantile - 1e-12).any() or (share > 1.0 - self.quantile + 1e-12).any():
            return float("inf")
        return float(theta @ self._shifted(y) + 0.5 * self.width * share @ theta)

    def curvature(self, y: Array, weight: Array) -> float:
        """One over the width."""
        return 1.0 / self.width

    def recenter_groups(self, y: Array, eta: Array, weight: Array, group: IntArray, n_groups: int) -> Array:
        """The smoothed quantile of the residuals of each group."""
        low, high = bounds_of_groups(self._shifted(y) - eta, group, n_groups)
        return recenter_between(self, y, eta, weight, group, low, high)

    def size(self, y: Array, weight: Array) -> float:
        """Weighted sum of absolute values, and of widths."""
        return float(weight @ (np.abs(y) + self.width))

    def secant(self, y: Array, eta: Array, weight: Array) -> Array:
        """Weight times slope over shifted residual: the curvature of a parabola that touches there and lies above."""
        residual = np.abs(self._shifted(y) - eta)
        least = np.where(self._shifted(y) >= eta, self.quantile, 1.0 - self.quantile) * self.width
        return weight / self.width * (least / np.maximum(residual, least))

    def mean(self, eta: Array) -> Array:
        """The linear predictor itself: the quantile, not the mean."""
        return eta

    def conic(self, y: Array, eta: Any, weight: Array) -> Any:
        """A Huber loss of its own on either side of zero."""
        import cvxpy

        residual = self._shifted(y) - eta
        # The widths of the curved piece on either side.
        up, down = self.quantile * self.width, (1.0 - self.quantile) * self.width
        above = up**2 * cvxpy.huber(cvxpy.pos(residual) / up)
        below = down**2 * cvxpy.huber(cvxpy.neg(residual) / down)
        return cvxpy.sum(cvxpy.multiply(weight / (2.0 * self.width), above + below))
