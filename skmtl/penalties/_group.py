"""Row penalties: one feature, all outcomes, selected together."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from skmtl._linalg import block_soft_threshold, soft_threshold
from skmtl._params import RATIO
from skmtl._typing import Array, MatrixLike
from skmtl.penalties._l1 import over_ratio
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


def _row_norms(W: Array) -> Array:
    values: Array = np.sqrt(np.einsum("ij,ij->i", W, W))[:, None]
    return values


def _norms_of_rows(Ws: Array) -> Array:
    values: Array = np.sqrt(np.einsum("apc,apc->ap", Ws, Ws))
    return values


class GroupLasso(WeightedPenalty):
    """L2,1 norm, Σ_j weight_j ‖w_j‖₂ over the rows of W: all outcomes select the same features.

    The penalty of the multi-task lasso (Obozinski, Taskar and Jordan, Stat. Comput. 20:231-252, 2010).
    Not where outcomes depend on different features: a feature is then in for all or out for all, and
    `SparseGroupLasso` or `L1` does better.

    Parameters
    ----------
    weights : array-like of shape (n_features,), default None
        How strongly each feature is penalised, next to the others: 0 leaves it free, infinity leaves it out.
        None for 1 everywhere.

    Examples
    --------
    >>> import numpy as np
    >>> from skmtl.penalties import GroupLasso
    >>> GroupLasso().prox(np.array([[3.0, 4.0], [0.3, 0.4]]), 1.0)
    array([[2.4, 3.2],
           [0. , 0. ]])
    """

    separable: ClassVar[str | None] = "row"
    absolute: ClassVar[bool] = True
    norm: ClassVar[bool] = True
    _parameter_constraints: ClassVar = {"weights": WeightedPenalty._weight_constraint}

    def __init__(self, weights: MatrixLike = None):
        self.weights = weights

    def value(self, W: Array) -> float:
        """Σ_j weight_j ‖w_j‖₂."""
        return weighted_sum(_row_norms(W), self._weights(W.shape))

    def prox(self, W: Array, step: Array | float) -> Array:
        """Block soft threshold of the rows."""
        return block_soft_threshold(W, weighted_step(step, self._weights(W.shape)))

    def alpha_max(self, gradient: Array) -> float:
        """Largest row norm of the gradient over its weight, where that is positive."""
        return largest_ratio(_row_norms(gradient), self._weights(gradient.shape))

    def dual_norm(self, Z: Array) -> float:
        """Largest ‖z_j‖₂ over its weight."""
        norms, weights = _row_norms(Z), self._weights(Z.shape)
        return float("inf") if off_the_free(norms, weights) else largest_ratio(norms, weights)

    def values(self, Ws: Array) -> Array:
        """`value` of each of several matrices, (a, p, C)."""
        if self.weights is not None:
            return np.array([self.value(W) for W in Ws])
        values: Array = _norms_of_rows(Ws).sum(axis=1)
        return values

    def dual_norms(self, Zs: Array) -> Array:
        """`dual_norm` of each of several matrices, (a, p, C)."""
        if self.weights is not None:
            return np.array([self.dual_norm(Z) for Z in Zs])
        values: Array = _norms_of_rows(Zs).max(axis=1, initial=0.0)
        return values

    def conjugate(self, Z: Array, alpha: float) -> float:
        """0 where every row of Z has norm at most alpha times its weight, else infinite."""
        return 0.0 if self.dual_norm(Z) <= alpha * (1 + 1e-12) else float("inf")

    def row_terms(self, shape: tuple[int, int], alpha: float) -> RowTerms:
        """The penalty times alpha row by row."""
        return row_terms(shape, alpha, self._weights(shape), l2=1.0)

    def conic(self, W: Any) -> Any:
        """Sum of row norms."""
        import cvxpy

        weights = self._weights(W.shape)
        total = cvxpy.sum(cvxpy.norm(weigh(W, weights), 2, axis=1))
        return without_excluded(total, W, weights)


class GroupElasticNet(WeightedPenalty):
    """L2,1 norm plus ridge, Σ_j weight_j [l1_ratio ‖w_j‖₂ + ½ (1 - l1_ratio) ‖w_j‖²].

    The penalty of scikit-learn's ``MultiTaskElasticNet``. Prefer it to `GroupLasso` where features are
    strongly correlated: the ridge part keeps correlated features together.

    Parameters
    ----------
    l1_ratio : float in [0, 1], default 0.5
    weights : array-like of shape (n_features,), default None
        How strongly each feature is penalised, next to the others, in both parts: 0 leaves it free, infinity
        leaves it out. None for 1 everywhere.

    Examples
    --------
    >>> import numpy as np
    >>> from skmtl.penalties import GroupElasticNet
    >>> GroupElasticNet(l1_ratio=0.5).prox(np.array([[3.0, 4.0]]), 2.0)
    array([[1.2, 1.6]])
    """

    separable: ClassVar[str | None] = "row"
    absolute: ClassVar[bool] = True
    _parameter_constraints: ClassVar = {"l1_ratio": [RATIO], "weights": WeightedPenalty._weight_constraint}

    def __init__(self, l1_ratio: float = 0.5, weights: MatrixLike = None):
        self.l1_ratio = l1_ratio
        self.weights = weights

    def value(self, W: Array) -> float:
        """Σ_j weight_j [l1_ratio ‖w_j‖ + ½ (1 - l1_ratio) ‖w_j‖²]."""
        norms = _row_norms(W)
        return weighted_sum(self.l1_ratio * norms + 0.5 * (1 - self.l1_ratio) * norms * norms, self._weights(W.shape))

    def prox(self, W: Array, step: Array | float) -> Array:
        """Block soft threshold, then shrink."""
        weights = self._weights(W.shape)
        shrink = 1 + weighted_step(step * (1 - self.l1_ratio), weights)
        return block_soft_threshold(W, weighted_step(step * self.l1_ratio, weights)) / shrink

    def alpha_max(self, gradient: Array) -> float:
        """Largest row norm of the gradient over its weight and over ``l1_ratio``; infinite at ``l1_ratio=0``."""
        return over_ratio(largest_ratio(_row_norms(gradient), self._weights(gradient.shape)), self.l1_ratio)

    def dual_norm(self, Z: Array) -> float:
        """Largest ‖z_j‖ over its weight and over ``l1_ratio``."""
        norms, weights = _row_norms(Z), self._weights(Z.shape)
        largest = float("inf") if off_the_free(norms, weights) else largest_ratio(norms, weights)
        return over_ratio(largest, self.l1_ratio)

    def conjugate(self, Z: Array, alpha: float) -> float:
        """Σ_j (‖z_j‖ - alpha weight_j l1_ratio)₊² / (2 alpha weight_j (1 - l1_ratio))."""
        return elastic_conjugate(_row_norms(Z), self._weights(Z.shape), self.l1_ratio, alpha)

    def row_terms(self, shape: tuple[int, int], alpha: float) -> RowTerms:
        """The penalty times alpha row by row."""
        return row_terms(shape, alpha, self._weights(shape), l2=self.l1_ratio, ridge=1 - self.l1_ratio)

    def conic(self, W: Any) -> Any:
        """Sum of row norms plus half a sum of squares."""
        import cvxpy

        weights = self._weights(W.shape)
        norm = cvxpy.sum(cvxpy.norm(weigh(W, weights), 2, axis=1))
        squares = cvxpy.sum_squares(weigh(W, weights, 0.5))
        return without_excluded(self.l1_ratio * norm + 0.5 * (1 - self.l1_ratio) * squares, W, weights)


class SparseGroupLasso(WeightedPenalty):
    """L1 plus L2,1, Σ_j weight_j [l1_ratio ‖w_j‖₁ + (1 - l1_ratio) ‖w_j‖₂].

    Drops whole features, and within a kept feature single outcomes (Peng et al., Ann. Appl. Stat. 4:53-77,
    2010, "remMap"; Simon et al., JCGS 22:231-245, 2013). ``l1_ratio=0`` is `GroupLasso`, 1 is `L1`; with
    one task any ratio is the lasso. Not worth its second parameter when outcomes share their support.

    Parameters
    ----------
    l1_ratio : float in [0, 1], default 0.5
    weights : array-like of shape (n_features,), default None
        How strongly each feature is penalised, next to the others, in both parts: 0 leaves it free, infinity
        leaves it out. None for 1 everywhere.

    Examples
    --------
    >>> import numpy as np
    >>> from skmtl.penalties import SparseGroupLasso
    >>> SparseGroupLasso(l1_ratio=0.5).prox(np.array([[4.0, 0.5], [0.6, 0.6]]), 1.0)
    array([[3., 0.],
           [0., 0.]])
    """

    separable: ClassVar[str | None] = "row"
    absolute: ClassVar[bool] = True
    norm: ClassVar[bool] = True
    _parameter_constraints: ClassVar = {"l1_ratio": [RATIO], "weights": WeightedPenalty._weight_constraint}

    def __init__(self, l1_ratio: float = 0.5, weights: MatrixLike = None):
        self.l1_ratio = l1_ratio
        self.weights = weights

    def value(self, W: Array) -> float:
        """Σ_j weight_j [l1_ratio ‖w_j‖₁ + (1 - l1_ratio) ‖w_j‖₂]."""
        absolute = np.abs(W).sum(axis=1, keepdims=True)
        return weighted_sum(self.l1_ratio * absolute + (1 - self.l1_ratio) * _row_norms(W), self._weights(W.shape))

    def prox(self, W: Array, step: Array | float) -> Array:
        """Soft threshold, then block soft threshold (their composition is exact for nested groups)."""
        weights = self._weights(W.shape)
        entries = soft_threshold(W, weighted_step(step * self.l1_ratio, weights))
        return block_soft_threshold(entries, weighted_step(step * (1 - self.l1_ratio), weights))

    def alpha_max(self, gradient: Array) -> float:
        """Largest dual norm of a row of the gradient over its weight, where that is positive."""
        return largest_ratio(self._row_dual_norms(gradient), self._weights(gradient.shape))

    def dual_norm(self, Z: Array) -> float:
        """Largest over rows of the nu with ‖soft(z, nu weight l1_ratio)‖₂ = nu weight (1 - l1_ratio), exactly."""
        norms, weights = self._row_dual_norms(Z), self._weights(Z.shape)
        return float("inf") if off_the_free(norms, weights) else largest_ratio(norms, weights)

    def _row_dual_norms(self, Z: Array) -> Array:
        """Dual norm of each row at weight 1, (p, 1)."""
        a, b = self.l1_ratio, 1 - self.l1_ratio
        z = -np.sort(-np.abs(Z), axis=1)
        if a == 0:
            return _row_norms(z)
        sums, squares = np.cumsum(z, axis=1), np.cumsum(z * z, axis=1)
        # Entry k is active at the solution iff the equation's left side is below its right side at the
        # nu where entry k vanishes; the active entries then give a quadratic equation for nu.
        rank = np.arange(1, z.shape[1] + 1)
        left = squares - 2 * z * sums + rank * z * z
        active = np.maximum((left < z * z * (b / a) ** 2).sum(axis=1), 1) - 1
        rows = np.arange(len(z))
        s1, s2, k = sums[rows, active], squares[rows, active], active + 1
        root = np.sqrt(np.maximum((a * s1) ** 2 - (k * a * a - b * b) * s2, 0.0))
        denominator = a * s1 + root
        nu = np.divide(s2, denominator, out=np.zeros_like(s2), where=denominator > 0)
        values: Array = nu[:, None]
        return values

    def conjugate(self, Z: Array, alpha: float) -> float:
        """0 inside alpha times the dual ball, else infinite."""
        return 0.0 if self.dual_norm(Z) <= alpha * (1 + 1e-12) else float("inf")

    def row_terms(self, shape: tuple[int, int], alpha: float) -> RowTerms:
        """The penalty times alpha row by row."""
        return row_terms(shape, alpha, self._weights(shape), l1=self.l1_ratio, l2=1 - self.l1_ratio)

    def conic(self, W: Any) -> Any:
        """L1 plus sum of row norms."""
        import cvxpy

        weights = self._weights(W.shape)
        weighted = weigh(W, weights)
        absolute, norms = cvxpy.sum(cvxpy.abs(weighted)), cvxpy.sum(cvxpy.norm(weighted, 2, axis=1))
        return without_excluded(self.l1_ratio * absolute + (1 - self.l1_ratio) * norms, W, weights)
