"""Entrywise penalties: L1 and the elastic net."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from skmtl._linalg import soft_threshold
from skmtl._params import RATIO
from skmtl._typing import Array, MatrixLike
from skmtl.penalties._row_terms import RowTerms, row_terms
from skmtl.penalties._weights import (
    WeightedPenalty,
    elastic_conjugate,
    largest_ratio,
    off_the_free,
    weigh,
    weighted_step,
    weighted_sum,
    without_excluded,
)


class L1(WeightedPenalty):
    """Sum of absolute coefficients, Σ_jt weight_jt |w_jt|: every outcome selects its own features.

    Outcomes share nothing but the strength; with it a multi-task fit equals one lasso per outcome
    (Tibshirani, JRSS-B 58:267-288, 1996; with weights from a first fit the adaptive lasso, Zou, JASA
    101:1418-1429, 2006). Not for joint selection: use `GroupLasso`.

    Parameters
    ----------
    weights : array-like of shape (n_features,) or (n_tasks, n_features), default None
        How strongly each coefficient is penalised, next to the others: 0 leaves it free, infinity leaves it out.
        None for 1 everywhere.

    Examples
    --------
    >>> import numpy as np
    >>> from skmtl.penalties import L1
    >>> L1().prox(np.array([[3.0, -0.5]]), 1.0)
    array([[2., 0.]])
    >>> L1(weights=[0.0, np.inf]).prox(np.array([[3.0, -0.5], [9.0, 9.0]]), 1.0)
    array([[ 3. , -0.5],
           [ 0. ,  0. ]])
    """

    separable: ClassVar[str | None] = "entry"
    absolute: ClassVar[bool] = True
    norm: ClassVar[bool] = True
    _parameter_constraints: ClassVar = {"weights": WeightedPenalty._weight_constraint}
    _weight_ndim: ClassVar[tuple[int, ...]] = (1, 2)

    def __init__(self, weights: MatrixLike = None):
        self.weights = weights

    def value(self, W: Array) -> float:
        """Σ weight |w_jt|."""
        return weighted_sum(np.abs(W), self._weights(W.shape))

    def prox(self, W: Array, step: Array | float) -> Array:
        """Soft threshold."""
        return soft_threshold(W, weighted_step(step, self._weights(W.shape)))

    def alpha_max(self, gradient: Array) -> float:
        """Largest absolute gradient over its weight, where that is positive."""
        return largest_ratio(np.abs(gradient), self._weights(gradient.shape))

    def dual_norm(self, Z: Array) -> float:
        """Largest |z_jt| over its weight."""
        weights = self._weights(Z.shape)
        return float("inf") if off_the_free(np.abs(Z), weights) else largest_ratio(np.abs(Z), weights)

    def conjugate(self, Z: Array, alpha: float) -> float:
        """0 where |Z| <= alpha weight everywhere, else infinite."""
        return 0.0 if self.dual_norm(Z) <= alpha * (1 + 1e-12) else float("inf")

    def row_terms(self, shape: tuple[int, int], alpha: float) -> RowTerms:
        """The penalty times alpha row by row."""
        return row_terms(shape, alpha, self._weights(shape), l1=1.0)

    def conic(self, W: Any) -> Any:
        """Weighted sum of absolute values."""
        import cvxpy

        weights = self._weights(W.shape)
        total = cvxpy.sum(cvxpy.abs(weigh(W, weights)))
        return without_excluded(total, W, weights)


class ElasticNet(WeightedPenalty):
    """Entrywise elastic net, Σ_jt weight_jt [l1_ratio |w_jt| + ½ (1 - l1_ratio) w_jt²].

    Zou and Hastie, JRSS-B 67:301-320, 2005. With one task it is scikit-learn's ``ElasticNet``. Not for
    joint selection: use `GroupElasticNet`.

    Parameters
    ----------
    l1_ratio : float in [0, 1], default 0.5
    weights : array-like of shape (n_features,) or (n_tasks, n_features), default None
        How strongly each coefficient is penalised, next to the others, in both parts: 0 leaves it free, infinity
        leaves it out. None for 1 everywhere.

    Examples
    --------
    >>> import numpy as np
    >>> from skmtl.penalties import ElasticNet
    >>> ElasticNet(l1_ratio=0.5).prox(np.array([[3.0, -0.5]]), 1.0)
    array([[1.66666667, 0.        ]])
    """

    separable: ClassVar[str | None] = "entry"
    absolute: ClassVar[bool] = True
    _parameter_constraints: ClassVar = {"l1_ratio": [RATIO], "weights": WeightedPenalty._weight_constraint}
    _weight_ndim: ClassVar[tuple[int, ...]] = (1, 2)

    def __init__(self, l1_ratio: float = 0.5, weights: MatrixLike = None):
        self.l1_ratio = l1_ratio
        self.weights = weights

    def value(self, W: Array) -> float:
        """Σ weight [l1_ratio |w| + ½ (1 - l1_ratio) w²]."""
        return weighted_sum(self.l1_ratio * np.abs(W) + 0.5 * (1 - self.l1_ratio) * (W * W), self._weights(W.shape))

    def prox(self, W: Array, step: Array | float) -> Array:
        """Soft threshold, then shrink."""
        weights = self._weights(W.shape)
        shrink = 1 + weighted_step(step * (1 - self.l1_ratio), weights)
        return soft_threshold(W, weighted_step(step * self.l1_ratio, weights)) / shrink

    def alpha_max(self, gradient: Array) -> float:
        """Largest absolute gradient over its weight and over ``l1_ratio``; infinite at ``l1_ratio=0``."""
        return over_ratio(largest_ratio(np.abs(gradient), self._weights(gradient.shape)), self.l1_ratio)

    def dual_norm(self, Z: Array) -> float:
        """Largest |z_jt| over its weight and over ``l1_ratio``."""
        weights = self._weights(Z.shape)
        largest = float("inf") if off_the_free(np.abs(Z), weights) else largest_ratio(np.abs(Z), weights)
        return over_ratio(largest, self.l1_ratio)

    def conjugate(self, Z: Array, alpha: float) -> float:
        """Σ (|z| - alpha weight l1_ratio)₊² / (2 alpha weight (1 - l1_ratio))."""
        return elastic_conjugate(np.abs(Z), self._weights(Z.shape), self.l1_ratio, alpha)

    def row_terms(self, shape: tuple[int, int], alpha: float) -> RowTerms:
        """The penalty times alpha row by row."""
        return row_terms(shape, alpha, self._weights(shape), l1=self.l1_ratio, ridge=1 - self.l1_ratio)

    def conic(self, W: Any) -> Any:
        """Weighted L1 plus half a weighted sum of squares."""
        import cvxpy

        weights = self._weights(W.shape)
        norm = cvxpy.sum(cvxpy.abs(weigh(W, weights)))
        squares = cvxpy.sum_squares(weigh(W, weights, 0.5))
        return without_excluded(self.l1_ratio * norm + 0.5 * (1 - self.l1_ratio) * squares, W, weights)


def over_ratio(largest: float, l1_ratio: float) -> float:
    """A dual norm when the norm counts ``l1_ratio`` times."""
    if largest == 0.0:
        return 0.0
    return largest / l1_ratio if l1_ratio > 0 else float("inf")
