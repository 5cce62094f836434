"""Column penalties: one outcome, all features, in or out together."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from skmtl._linalg import block_soft_threshold
from skmtl._typing import Array
from skmtl.penalties._base import Penalty


class TaskGroupLasso(Penalty):
    """Σ_t ‖w_t‖₂ over the columns of W: an outcome has coefficients of its own, or none.

    Of use as the part of a sum that single outcomes deviate by, so that a few outlying outcomes stand out (robust
    multi-task learning: Chen, Zhou and Ye, KDD 2011). Alone it shares nothing between outcomes and selects no
    features: it is a ridge per outcome that drops outcomes which features do not predict.

    Examples
    --------
    >>> import numpy as np
    >>> from skmtl.penalties import TaskGroupLasso
    >>> TaskGroupLasso().prox(np.array([[3.0, 0.3], [4.0, 0.4]]), 1.0)
    array([[2.4, 0. ],
           [3.2, 0. ]])
    """

    separable: ClassVar[str | None] = "column"
    absolute: ClassVar[bool] = True

    def value(self, W: Array) -> float:
        """Σ_t ‖w_t‖₂."""
        return float(np.linalg.norm(W, axis=0).sum())

    def prox(self, W: Array, step: Array | float) -> Array:
        """Block soft threshold of the columns."""
        return block_soft_threshold(W, step, axis=0)

    def alpha_max(self, gradient: Array) -> float:
        """Largest column norm of the gradient."""
        return self.dual_norm(gradient)

    def dual_norm(self, Z: Array) -> float:
        """Largest ‖z_t‖₂."""
        return float(np.linalg.norm(Z, axis=0).max())

    def conjugate(self, Z: Array, alpha: float) -> float:
        """0 where every column of Z has norm at most alpha, else infinite."""
        return 0.0 if self.dual_norm(Z) <= alpha * (1 + 1e-12) else float("inf")

    def conic(self, W: Any) -> Any:
        """Sum of column norms."""
        import cvxpy

        return cvxpy.sum(cvxpy.norm(W, 2, axis=0))
