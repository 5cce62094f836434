"""Low rank: penalties on the sum of the singular values."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from skmtl._linalg import scale_singular_values, singular_values, threshold_singular_values
from skmtl._typing import Array
from skmtl.penalties._base import Penalty


class TraceNorm(Penalty):
    """Trace norm ‖W‖_*, the sum of the singular values of W: outcomes depend on a few combinations of features.

    Outcomes may weigh those combinations as they like, also with opposite signs (Ji and Ye, ICML 2009). The singular
    value decomposition couples all coefficients, so features should be standardised and outcomes in like units. Not
    for selecting features: combinations have all of them; and with two or three outcomes there is little to share.

    Examples
    --------
    >>> import numpy as np
    >>> from skmtl.penalties import TraceNorm
    >>> TraceNorm().value(np.array([[3.0, 0.0], [0.0, 4.0]]))
    7.0
    >>> TraceNorm().prox(np.array([[1.0, 1.0], [1.0, 1.0]]), 1.0)
    array([[0.5, 0.5],
           [0.5, 0.5]])
    """

    norm: ClassVar[bool] = True
    spectral: ClassVar[bool] = True  # a function of the singular values: rotations of rows and of tasks leave it

    def value(self, W: Array) -> float:
        """Sum of singular values."""
        return float(singular_values(W).sum())

    def prox(self, W: Array, step: Array | float) -> Array:
        """Soft threshold of the singular values."""
        return threshold_singular_values(W, float(step))

    def alpha_max(self, gradient: Array) -> float:
        """Largest singular value of the gradient."""
        return self.dual_norm(gradient)

    def dual_norm(self, Z: Array) -> float:
        """Largest singular value."""
        return float(singular_values(Z)[0])

    def conjugate(self, Z: Array, alpha: float) -> float:
        """0 where no singular value exceeds alpha, else infinite."""
        return 0.0 if self.dual_norm(Z) <= alpha * (1 + 1e-12) else float("inf")

    def conic(self, W: Any) -> Any:
        """The nuclear norm."""
        import cvxpy

        return cvxpy.normNuc(W)


class SquaredTraceNorm(Penalty):
    """Half the squared trace norm, ½ ‖W‖_*²: features are learned that all outcomes share.

    Equal to ½ min tr(W' D⁻¹ W) over positive semi-definite D of trace 1, the multi-task feature learning of
    Argyriou, Evgeniou and Pontil (Mach. Learn. 73:243-272, 2008), with D eliminated. Fits are those of `TraceNorm` at
    another strength, which depends on the size of W; the square makes strengths act like those of a ridge, so that
    coefficients fade and never all vanish. Not where the strength at which everything is zero has to be known.

    Examples
    --------
    >>> import numpy as np
    >>> from skmtl.penalties import SquaredTraceNorm
    >>> SquaredTraceNorm().value(np.array([[3.0, 0.0], [0.0, 4.0]]))
    24.5
    """

    spectral: ClassVar[bool] = True

    def value(self, W: Array) -> float:
        """Half the squared sum of singular values."""
        return 0.5 * float(singular_values(W).sum()) ** 2

    def prox(self, W: Array, step: Array | float) -> Array:
        """Shrink every singular value by step times the sum of the results."""
        return scale_singular_values(W, lambda values: _squared_factors(values, float(step)))

    def alpha_max(self, gradient: Array) -> float:
        """Infinite, unless the gradient is zero: coefficients reach zero only in the limit."""
        return float("inf") if np.any(gradient) else 0.0

    def conjugate(self, Z: Array, alpha: float) -> float:
        """Half the squared largest singular value, over alpha."""
        if alpha == 0:
            return float("inf") if np.any(Z) else 0.0
        return 0.5 * float(singular_values(Z)[0]) ** 2 / alpha

    def conic(self, W: Any) -> Any:
        """Half the squared nuclear norm."""
        import cvxpy

        return 0.5 * cvxpy.square(cvxpy.normNuc(W))


def _squared_factors(values: Array, step: float) -> Array:
    """Factors 1 - step s / σ with s the sum of what is left; the k largest are left, for the k that sorting finds."""
    sums, rank = np.cumsum(values), np.arange(1, len(values) + 1)
    # The k-th value sticks out of the shrinkage that the k largest bring about; this holds up to the right k.
    k = max(int((values * (1 + step * rank) > step * sums).sum()), 1)
    # With s = sums / (1 + step k) put in: free of cancellation where one value is left, however large the step.
    factors = (1 + step * (k - sums[k - 1] / np.where(values > 0, values, 1.0))) / (1 + step * k)
    return np.where(rank <= k, np.maximum(factors, 0.0), 0.0)
