"""Row penalties: one feature, all outcomes, selected together."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from skmtl._linalg import block_soft_threshold, soft_threshold
from skmtl._params import RATIO
from skmtl._typing import Array
from skmtl.penalties._base import Penalty
from skmtl.penalties._l1 import _quadratic_excess


def _row_norms(W: Array) -> Array:
    return np.linalg.norm(W, axis=1)


class GroupLasso(Penalty):
    """L2,1 norm, Σ_j ‖w_j‖₂ over the rows of W: all outcomes select the same features.

    The penalty of the multi-task lasso (Obozinski, Taskar and Jordan, Stat. Comput. 20:231-252, 2010).
    Not where outcomes depend on different features: a feature is then in for all or out for all, and
    `SparseGroupLasso` or `L1` does better.

    Examples
    --------
    >>> import numpy as np
    >>> from skmtl.penalties import GroupLasso
    >>> GroupLasso().prox(np.array([[3.0, 4.0], [0.3, 0.4]]), 1.0)
    array([[2.4, 3.2],
           [0. , 0. ]])
    """

    separable: ClassVar[str | None] = "row"

    def value(self, W: Array) -> float:
        """Σ_j ‖w_j‖₂."""
        return float(_row_norms(W).sum())

    def prox(self, W: Array, step: Array | float) -> Array:
        """Block soft threshold of the rows."""
        return block_soft_threshold(W, step)

    def alpha_max(self, gradient: Array) -> float:
        """Largest row norm of the gradient."""
        return self.dual_norm(gradient)

    def dual_norm(self, Z: Array) -> float:
        """Largest ‖z_j‖₂."""
        return float(_row_norms(Z).max())

    def conjugate(self, Z: Array, alpha: float) -> float:
        """0 where every row of Z has norm at most alpha, else infinite."""
        return 0.0 if self.dual_norm(Z) <= alpha * (1 + 1e-12) else float("inf")

    def conic(self, W: Any) -> Any:
        """Sum of row norms."""
        import cvxpy

        return cvxpy.sum(cvxpy.norm(W, 2, axis=1))


class GroupElasticNet(Penalty):
    """L2,1 norm plus ridge, Σ_j l1_ratio ‖w_j‖₂ + ½ (1 - l1_ratio) ‖w_j‖².

    The penalty of scikit-learn's ``MultiTaskElasticNet``. Prefer it to `GroupLasso` where features are
    strongly correlated: the ridge part keeps correlated features together.

    Parameters
    ----------
    l1_ratio : float in [0, 1], default 0.5

    Examples
    --------
    >>> import numpy as np
    >>> from skmtl.penalties import GroupElasticNet
    >>> GroupElasticNet(l1_ratio=0.5).prox(np.array([[3.0, 4.0]]), 2.0)
    array([[1.2, 1.6]])
    """

    separable: ClassVar[str | None] = "row"
    _parameter_constraints: ClassVar = {"l1_ratio": [RATIO]}

    def __init__(self, l1_ratio: float = 0.5):
        self.l1_ratio = l1_ratio

    def value(self, W: Array) -> float:
        """Σ_j l1_ratio ‖w_j‖ + ½ (1 - l1_ratio) ‖w_j‖²."""
        return float(self.l1_ratio * _row_norms(W).sum() + 0.5 * (1 - self.l1_ratio) * (W * W).sum())

    def prox(self, W: Array, step: Array | float) -> Array:
        """Block soft threshold, then shrink."""
        return block_soft_threshold(W, step * self.l1_ratio) / (1 + step * (1 - self.l1_ratio))

    def alpha_max(self, gradient: Array) -> float:
        """Largest row norm of the gradient over ``l1_ratio``; infinite at ``l1_ratio=0``."""
        return self.dual_norm(gradient)

    def dual_norm(self, Z: Array) -> float:
        """Largest ‖z_j‖ over l1_ratio."""
        largest = float(_row_norms(Z).max())
        if largest == 0.0:
            return 0.0
        return largest / self.l1_ratio if self.l1_ratio > 0 else float("inf")

    def conjugate(self, Z: Array, alpha: float) -> float:
        """Σ_j (‖z_j‖ - alpha l1_ratio)₊² / (2 alpha (1 - l1_ratio))."""
        excess = np.maximum(_row_norms(Z) - alpha * self.l1_ratio, 0.0)
        return _quadratic_excess(excess, self.dual_norm(Z), alpha, alpha * (1 - self.l1_ratio))

    def conic(self, W: Any) -> Any:
        """Sum of row norms plus half a sum of squares."""
        import cvxpy

        return self.l1_ratio * cvxpy.sum(cvxpy.norm(W, 2, axis=1)) + 0.5 * (1 - self.l1_ratio) * cvxpy.sum_squares(W)


class SparseGroupLasso(Penalty):
    """L1 plus L2,1, l1_ratio Σ_jt |w_jt| + (1 - l1_ratio) Σ_j ‖w_j‖₂.

    Drops whole features, and within a kept feature single outcomes (Peng et al., Ann. Appl. Stat. 4:53-77,
    2010, "remMap"; Simon et al., JCGS 22:231-245, 2013). ``l1_ratio=0`` is `GroupLasso`, 1 is `L1`; with
    one task any ratio is the lasso. Not worth its second parameter when outcomes share their support.

    Parameters
    ----------
    l1_ratio : float in [0, 1], default 0.5

    Examples
    --------
    >>> import numpy as np
    >>> from skmtl.penalties import SparseGroupLasso
    >>> SparseGroupLasso(l1_ratio=0.5).prox(np.array([[4.0, 0.5], [0.6, 0.6]]), 1.0)
    array([[3., 0.],
           [0., 0.]])
    """

    separable: ClassVar[str | None] = "row"
    _parameter_constraints: ClassVar = {"l1_ratio": [RATIO]}

    def __init__(self, l1_ratio: float = 0.5):
        self.l1_ratio = l1_ratio

    def value(self, W: Array) -> float:
        """l1_ratio ‖W‖₁ + (1 - l1_ratio) ‖W‖₂,₁."""
        return float(self.l1_ratio * np.abs(W).sum() + (1 - self.l1_ratio) * _row_norms(W).sum())

    def prox(self, W: Array, step: Array | float) -> Array:
        """Soft threshold, then block soft threshold (their composition is exact for nested groups)."""
        return block_soft_threshold(soft_threshold(W, step * self.l1_ratio), step * (1 - self.l1_ratio))

    def alpha_max(self, gradient: Array) -> float:
        """Largest dual norm of a row of the gradient."""
        return self.dual_norm(gradient)

    def dual_norm(self, Z: Array) -> float:
        """Largest over rows of the nu that solves ‖soft(z, nu l1_ratio)‖₂ = nu (1 - l1_ratio), exactly."""
        a, b = self.l1_ratio, 1 - self.l1_ratio
        z = -np.sort(-np.abs(Z), axis=1)
        if a == 0:
            return float(_row_norms(z).max())
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
        return float(nu.max())

    def conjugate(self, Z: Array, alpha: float) -> float:
        """0 inside alpha times the dual ball, else infinite."""
        return 0.0 if self.dual_norm(Z) <= alpha * (1 + 1e-12) else float("inf")

    def conic(self, W: Any) -> Any:
        """L1 plus sum of row norms."""
        import cvxpy

        return self.l1_ratio * cvxpy.sum(cvxpy.abs(W)) + (1 - self.l1_ratio) * cvxpy.sum(cvxpy.norm(W, 2, axis=1))
