"""Rows measured by their largest entry."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from skmtl._linalg import cap_rows
from skmtl._typing import Array, MatrixLike
from skmtl.penalties._row_terms import RowTerms, row_terms
from skmtl.penalties._weights import (
    WeightedPenalty,
    largest_ratio,
    off_the_free,
    weigh,
    weighted_step,
    weighted_sum,
    without_excluded,
)


class GroupLInf(WeightedPenalty):
    """L∞,1 norm, Σ_j weight_j max_t |w_jt| over the rows of W: a feature costs what its largest coefficient costs.

    Once a feature is in for one outcome, coefficients up to that size are free for all others (Turlach, Venables
    and Wright, Technometrics 47:349-363, 2005; the prox by projection on the L1 ball, Quattoni, Carreras, Collins
    and Darrell, ICML 2009). Not where the sizes of a feature's coefficients differ between outcomes, or outcomes have
    different units: fits tie many coefficients at the largest one; `GroupLasso` does better.

    Parameters
    ----------
    weights : array-like of shape (n_features,), default None
        How strongly each feature is penalised, next to the others: 0 leaves it free, infinity leaves it out.
        None for 1 everywhere.

    Examples
    --------
    >>> import numpy as np
    >>> from skmtl.penalties import GroupLInf
    >>> GroupLInf().prox(np.array([[3.0, -2.0, 0.5], [0.3, 0.4, 0.0]]), 2.0)
    array([[ 1.5, -1.5,  0.5],
           [ 0. ,  0. ,  0. ]])
    """

    separable: ClassVar[str | None] = "row"
    absolute: ClassVar[bool] = True
    norm: ClassVar[bool] = True
    _parameter_constraints: ClassVar = {"weights": WeightedPenalty._weight_constraint}

    def __init__(self, weights: MatrixLike = None):
        self.weights = weights

    def value(self, W: Array) -> float:
        """Σ_j weight_j max_t |w_jt|."""
        return weighted_sum(np.abs(W).max(axis=1, keepdims=True), self._weights(W.shape))

    def prox(self, W: Array, step: Array | float) -> Array:
        """Cut each row at the height above which it has a total of ``step``."""
        return cap_rows(W, weighted_step(step, self._weights(W.shape)))

    def alpha_max(self, gradient: Array) -> float:
        """Largest sum of absolute values of a row of the gradient over its weight, where that is positive."""
        return largest_ratio(_row_sums(gradient), self._weights(gradient.shape))

    def dual_norm(self, Z: Array) -> float:
        """Largest Σ_t |z_jt| over its weight."""
        sums, weights = _row_sums(Z), self._weights(Z.shape)
        return float("inf") if off_the_free(sums, weights) else largest_ratio(sums, weights)

    def conjugate(self, Z: Array, alpha: float) -> float:
        """0 where every row of |Z| sums to at most alpha times its weight, else infinite."""
        return 0.0 if self.dual_norm(Z) <= alpha * (1 + 1e-12) else float("inf")

    def row_terms(self, shape: tuple[int, int], alpha: float) -> RowTerms:
        """The penalty times alpha row by row."""
        return row_terms(shape, alpha, self._weights(shape), linf=1.0)

    def conic(self, W: Any) -> Any:
        """Sum of row maxima."""
        import cvxpy

        weights = self._weights(W.shape)
        return without_excluded(cvxpy.sum(cvxpy.max(cvxpy.abs(weigh(W, weights)), axis=1)), W, weights)


def _row_sums(Z: Array) -> Array:
    values: Array = np.abs(Z).sum(axis=1, keepdims=True)
    return values
