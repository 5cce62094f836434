"""Outcomes along time whose coefficients are piecewise constant."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from skmtl._linalg import block_soft_threshold, dual_norm_of_rows, soft_threshold, total_variation_prox
from skmtl._params import NONE, RATIO, ArrayLike
from skmtl._typing import Array, MatrixLike
from skmtl.penalties._base import Penalty
from skmtl.penalties._chain import chain_weights, check_times


class FusedSparseGroupLasso(Penalty):
    """Total variation along time, plus L1, plus L2,1: coefficients that jump, vanish, or leave as a feature.

    fused_ratio Σ_j Σ_t a_t |w_j,t+1 - w_jt| + (1 - fused_ratio) [ l1_ratio ‖W‖₁ + (1 - l1_ratio) Σ_j ‖w_j‖₂ ], tasks in
    the order of the columns: the convex fused sparse group lasso of disease progression (Zhou, Liu, Narayan and Ye,
    KDD 2012). a_t = (mean gap) / (gap t), so that a slope counts the same over short and long gaps, whatever the
    unit of time; regular visits give the a_t = 1 of the paper. ``fused_ratio=0`` is `SparseGroupLasso`;
    ``fused_ratio=1`` leaves constant rows free. For effects that set in or end at a visit; where they drift,
    `ChainGroupLasso` bends instead of making steps.

    Parameters
    ----------
    times : array-like of shape (n_tasks,), default None
        Strictly increasing times of the tasks; None for regular visits.
    fused_ratio : float in [0, 1], default 0.5
    l1_ratio : float in [0, 1], default 0.5

    Examples
    --------
    >>> import numpy as np
    >>> from skmtl.penalties import FusedSparseGroupLasso
    >>> W = np.array([[0.1, 0.3, 3.0, 3.4], [0.2, -0.1, 0.1, 0.1]])
    >>> FusedSparseGroupLasso(fused_ratio=0.8, l1_ratio=1.0).prox(W, 0.5).round(12)
    array([[0.3, 0.3, 2.9, 2.9],
           [0. , 0. , 0. , 0. ]])
    """

    separable: ClassVar[str | None] = "row"
    _parameter_constraints: ClassVar = {
        "times": [NONE, ArrayLike()],
        "fused_ratio": [RATIO],
        "l1_ratio": [RATIO],
    }

    def __init__(self, times: MatrixLike = None, fused_ratio: float = 0.5, l1_ratio: float = 0.5):
        self.times = times
        self.fused_ratio = fused_ratio
        self.l1_ratio = l1_ratio

    def check_params(self) -> None:
        """Check the constructor parameters; the length of ``times`` waits for the number of tasks."""
        super().check_params()
        check_times(self.times)

    def _strengths(self) -> tuple[float, float, float]:
        """Of total variation, L1 and L2,1."""
        rest = 1 - self.fused_ratio
        return self.fused_ratio, rest * self.l1_ratio, rest * (1 - self.l1_ratio)

    def _row_values(self, W: Array) -> Array:
        fused, sparse, group = self._strengths()
        variation = np.abs(np.diff(W, axis=1)) @ chain_weights(self.times, W.shape[1])
        values: Array = fused * variation + sparse * np.abs(W).sum(axis=1) + group * np.linalg.norm(W, axis=1)
        return values

    def value(self, W: Array) -> float:
        """fused_ratio TV(W) + (1 - fused_ratio) [ l1_ratio ‖W‖₁ + (1 - l1_ratio) ‖W‖₂,₁ ]."""
        return float(self._row_values(W).sum())

    def prox(self, W: Array, step: Array | float) -> Array:
        """Prox of the total variation, then soft threshold, then block soft threshold.

        The composition is exact: the soft threshold keeps the order of neighbours, and so the subgradient of the
        total variation (Friedman et al., Ann. Appl. Stat. 1:302-332, 2007); shrinking a row as a whole keeps the
        subgradient of any norm.
        """
        fused, sparse, group = self._strengths()
        V = total_variation_prox(W, step * fused * chain_weights(self.times, W.shape[1]))
        return block_soft_threshold(soft_threshold(V, step * sparse), step * group)

    def alpha_max(self, gradient: Array) -> float:
        """Largest dual norm of a row of the gradient."""
        return self.dual_norm(gradient)

    def dual_norm(self, Z: Array) -> float:
        """Largest over rows of the nu at which the prox of the row vanishes.

        At ``fused_ratio=1`` the penalty is a seminorm: infinite unless every row sums to zero.
        """
        if self.fused_ratio == 1:
            excess = Z.sum(axis=1)
            if (np.abs(excess) > 1e-12 * np.abs(Z).sum(axis=1)).any():
                return float("inf")
            Z = np.where(Z.any(axis=1, keepdims=True), Z - excess[:, None] / Z.shape[1], 0.0)
        return dual_norm_of_rows(self.prox, self._row_values, Z)

    def conjugate(self, Z: Array, alpha: float) -> float:
        """0 inside alpha times the dual ball, else infinite."""
        return 0.0 if self.dual_norm(Z) <= alpha * (1 + 1e-12) else float("inf")

    def conic(self, W: Any) -> Any:
        """Weighted total variation plus L1 plus sum of row norms."""
        import cvxpy

        fused, sparse, group = self._strengths()
        variation = cvxpy.abs(W[:, 1:] - W[:, :-1]) @ chain_weights(self.times, W.shape[1]) if W.shape[1] > 1 else 0.0
        norms = cvxpy.sum(cvxpy.norm(W, 2, axis=1))
        return fused * cvxpy.sum(variation) + sparse * cvxpy.sum(cvxpy.abs(W)) + group * norms
