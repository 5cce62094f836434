"""Entrywise penalties: L1 and the elastic net."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from skmtl._linalg import soft_threshold
from skmtl._params import RATIO
from skmtl._typing import Array
from skmtl.penalties._base import Penalty


class L1(Penalty):
    """Sum of absolute coefficients, Σ_jt |w_jt|: every outcome selects its own features.

    Outcomes share nothing but the strength; with it a multi-task fit equals one lasso per outcome
    (Tibshirani, JRSS-B 58:267-288, 1996). Not for joint selection: use `GroupLasso`.

    Examples
    --------
    >>> import numpy as np
    >>> from skmtl.penalties import L1
    >>> L1().prox(np.array([[3.0, -0.5]]), 1.0)
    array([[2., 0.]])
    """

    separable: ClassVar[str | None] = "entry"

    def value(self, W: Array) -> float:
        """Σ |w_jt|."""
        return float(np.abs(W).sum())

    def prox(self, W: Array, step: Array | float) -> Array:
        """Soft threshold."""
        return soft_threshold(W, step)

    def alpha_max(self, gradient: Array) -> float:
        """Largest absolute gradient."""
        return self.dual_norm(gradient)

    def dual_norm(self, Z: Array) -> float:
        """Largest |z_jt|."""
        return float(np.abs(Z).max())

    def conjugate(self, Z: Array, alpha: float) -> float:
        """0 where |Z| <= alpha everywhere, else infinite."""
        return 0.0 if self.dual_norm(Z) <= alpha * (1 + 1e-12) else float("inf")

    def conic(self, W: Any) -> Any:
        """Sum of absolute values."""
        import cvxpy

        return cvxpy.sum(cvxpy.abs(W))


class ElasticNet(Penalty):
    """Entrywise elastic net, Σ_jt l1_ratio |w_jt| + ½ (1 - l1_ratio) w_jt².

    Zou and Hastie, JRSS-B 67:301-320, 2005. With one task it is scikit-learn's ``ElasticNet``. Not for
    joint selection: use `GroupElasticNet`.

    Parameters
    ----------
    l1_ratio : float in [0, 1], default 0.5

    Examples
    --------
    >>> import numpy as np
    >>> from skmtl.penalties import ElasticNet
    >>> ElasticNet(l1_ratio=0.5).prox(np.array([[3.0, -0.5]]), 1.0)
    array([[1.66666667, 0.        ]])
    """

    separable: ClassVar[str | None] = "entry"
    _parameter_constraints: ClassVar = {"l1_ratio": [RATIO]}

    def __init__(self, l1_ratio: float = 0.5):
        self.l1_ratio = l1_ratio

    def value(self, W: Array) -> float:
        """Σ l1_ratio |w| + ½ (1 - l1_ratio) w²."""
        return float(self.l1_ratio * np.abs(W).sum() + 0.5 * (1 - self.l1_ratio) * (W * W).sum())

    def prox(self, W: Array, step: Array | float) -> Array:
        """Soft threshold, then shrink."""
        return soft_threshold(W, step * self.l1_ratio) / (1 + step * (1 - self.l1_ratio))

    def alpha_max(self, gradient: Array) -> float:
        """Largest absolute gradient over ``l1_ratio``; infinite at ``l1_ratio=0``."""
        return self.dual_norm(gradient)

    def dual_norm(self, Z: Array) -> float:
        """Largest |z_jt| over l1_ratio."""
        largest = float(np.abs(Z).max())
        if largest == 0.0:
            return 0.0
        return largest / self.l1_ratio if self.l1_ratio > 0 else float("inf")

    def conjugate(self, Z: Array, alpha: float) -> float:
        """Σ (|z| - alpha l1_ratio)₊² / (2 alpha (1 - l1_ratio))."""
        excess = np.maximum(np.abs(Z) - alpha * self.l1_ratio, 0.0)
        return _quadratic_excess(excess, self.dual_norm(Z), alpha, alpha * (1 - self.l1_ratio))

    def conic(self, W: Any) -> Any:
        """L1 plus half a sum of squares."""
        import cvxpy

        return self.l1_ratio * cvxpy.sum(cvxpy.abs(W)) + 0.5 * (1 - self.l1_ratio) * cvxpy.sum_squares(W)


def _quadratic_excess(excess: Array, dual_norm: float, alpha: float, ridge: float) -> float:
    """Conjugate of a norm plus ridge: what exceeds the norm's ball, squared, over twice the ridge."""
    if dual_norm <= alpha * (1 + 1e-12):
        return 0.0
    return float((excess * excess).sum() / (2 * ridge)) if ridge > 0 else float("inf")
