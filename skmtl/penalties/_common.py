"""One model for all outcomes, as a part of a sum."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from skmtl._linalg import soft_threshold
from skmtl._typing import Array
from skmtl.penalties._base import Penalty


class CommonL1(Penalty):
    """‖β‖₁ where every column of W is the same β, infinite elsewhere: one sparse model for all outcomes.

    Alone it is the pooled lasso. Its place is in `SharedPlusSpecific`: with `L1` on the specific part the sum is the
    data-shared lasso (Gross and Tibshirani, Comput. Stat. Data Anal. 101:226-235, 2016). Not for outcomes in
    different units or directions, which have no model in common.

    Columns count as equal within 1e-6 of the largest coefficient, which is what interior-point solvers reach;
    `prox` returns columns that are equal exactly, and ``prox(W, 0.0)`` is the mean over columns.

    Examples
    --------
    >>> import numpy as np
    >>> from skmtl.penalties import CommonL1
    >>> CommonL1().prox(np.array([[3.0, 1.0], [0.5, -0.1]]), 1.0)
    array([[1.5, 1.5],
           [0. , 0. ]])
    """

    separable: ClassVar[str | None] = "row"

    def value(self, W: Array) -> float:
        """Σ_j |β_j|, infinite where columns differ."""
        spread = float(np.ptp(W, axis=1).max(initial=0.0))
        if spread > 1e-6 * float(np.abs(W).max(initial=0.0)):
            return float("inf")
        return float(np.abs(W.mean(axis=1)).sum())

    def prox(self, W: Array, step: Array | float) -> Array:
        """Soft threshold of the mean over columns, with one C-th of the step."""
        mean = soft_threshold(W.mean(axis=1, keepdims=True), step / W.shape[1])
        return np.repeat(mean, W.shape[1], axis=1)

    def alpha_max(self, gradient: Array) -> float:
        """Largest absolute row sum of the gradient."""
        return self.dual_norm(gradient)

    def dual_norm(self, Z: Array) -> float:
        """Largest |Σ_t z_jt|."""
        return float(np.abs(Z.sum(axis=1)).max())

    def conjugate(self, Z: Array, alpha: float) -> float:
        """0 where |Σ_t z_jt| <= alpha for every row, else infinite."""
        return 0.0 if self.dual_norm(Z) <= alpha * (1 + 1e-12) else float("inf")

    def conic(self, W: Any) -> Any:
        """Sum of absolute values of the first column, and that the others equal it."""
        import cvxpy

        return cvxpy.sum(cvxpy.abs(W[:, 0])), [W[:, t] == W[:, 0] for t in range(1, W.shape[1])]
