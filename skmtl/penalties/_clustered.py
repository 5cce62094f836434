"""Outcomes in clusters that share a subspace."""

from __future__ import annotations

from numbers import Integral
from typing import Any, ClassVar

import numpy as np

from skmtl._linalg import scale_singular_values, singular_values
from skmtl._params import RATIO, Interval
from skmtl._typing import Array
from skmtl.penalties._base import Penalty


class ClusteredTasks(Penalty):
    """Outcomes fall into at most ``n_clusters`` clusters, found with the fit.

    ½ min tr(W (a I + s M)⁻¹ W') over matrices 0 ⪯ M ⪯ I over tasks with tr M = n_clusters, where s is ``sharing`` and
    a = 1 - s: the convex relaxation of k-means on the columns of W (Jacob, Bach and Vert, NIPS 2008; Zhou, Chen and
    Ye, NIPS 2011, with eta = a / s and their penalty divided by 2 rho_1 eta; the same function of W as alternating
    structure optimisation, Chen, Tang, Liu and Ye, ICML 2009). M eliminated, it is a function of the singular values
    σ_i, ½ min Σ σ_i² / (a + s θ_i) over 0 <= θ <= 1 with Σ θ = n_clusters, whose value and prox come from sorting
    (McDonald, Pontil and Stamos, JMLR 17(155), 2016).

    ``sharing=0``, or as many clusters as outcomes, is ridge; ``n_clusters=1`` with ``sharing=1`` is `SquaredTraceNorm`.
    Clusters are directions and not means: outcomes with coefficients w and -w are in one. Not where clusters of equal
    coefficients are meant, and not for few outcomes; where the groups are known use `GraphRegularization`.

    Parameters
    ----------
    n_clusters : int, default 2
        At least 1.
    sharing : float in [0, 1], default 0.9
        How much cheaper directions in the clusters are than others: they cost 1 where others cost 1 / (1 - sharing).

    Examples
    --------
    >>> import numpy as np
    >>> from skmtl.penalties import ClusteredTasks
    >>> W = np.array([[2.0, 0.0, 0.0], [0.0, 0.0, 1.0]])
    >>> ClusteredTasks(n_clusters=1, sharing=1.0).value(W)
    4.5
    >>> ClusteredTasks(n_clusters=3, sharing=0.5).value(W)
    2.5
    """

    _parameter_constraints: ClassVar = {
        "n_clusters": [Interval(Integral, 1, float("inf"), closed="left")],
        "sharing": [RATIO],
    }

    def __init__(self, n_clusters: int = 2, sharing: float = 0.9):
        self.n_clusters = n_clusters
        self.sharing = sharing

    def value(self, W: Array) -> float:
        """½ Σ σ_i² / φ_i."""
        values = singular_values(W)
        return 0.5 * float((values * (values / self._divisors(values))).sum())

    def prox(self, W: Array, step: Array | float) -> Array:
        """Singular values times φ_i / (φ_i + step)."""

        def factors(values: Array) -> Array:
            divisors = self._divisors(values, float(step))
            return divisors / (divisors + float(step))

        return scale_singular_values(W, factors)

    def _divisors(self, values: Array, step: float = 0.0) -> Array:
        """The φ_i = a + s θ_i that minimise Σ σ_i² / (φ_i + step), for σ descending; 1 where σ is zero.

        They are clip(ν σ_i - step, a, 1), with ν such that the θ_i sum to the number of clusters. What lies above
        the floor a, as a function of ν, bends where a φ_i leaves the floor or arrives at 1; on the piece between two
        bends that holds the solution ν solves a linear equation.
        """
        a, s, k = 1.0 - self.sharing, self.sharing, self.n_clusters
        divisors = np.ones_like(values)
        # Below that a value has no square, and its bend no finite place.
        positive = int((values > 1e-150 * values.max(initial=0.0)).sum())
        if s == 0 or k >= positive:
            return divisors
        scaled = values[:positive] / values[0]
        leave, arrive = (a + step) / scaled, (1.0 + step) / scaled
        bends = np.sort(np.concatenate([leave, arrive]))
        # Sums of the smallest: differences of these lose less than those of sums of the largest.
        tails = np.append(np.cumsum(scaled[::-1])[::-1], 0.0)
        at_one = np.searchsorted(arrive, bends, side="right")
        off_floor = np.searchsorted(leave, bends, side="right")
        above = s * at_one + bends * (tails[at_one] - tails[off_floor]) - (a + step) * (off_floor - at_one)
        piece = max(int(np.searchsorted(above, s * k, side="right")) - 1, 0)
        full, free = at_one[piece], off_floor[piece]
        slope = tails[full] - tails[free]
        # On a flat piece the clusters are full and the next value is still on the floor; rounding may make one of a
        # piece that is nearly flat.
        nu = (s * (k - full) + (a + step) * (free - full)) / slope if slope > 0 else bends[piece]
        nu = min(max(nu, bends[piece]), bends[min(piece + 1, len(bends) - 1)])
        divisors[:positive] = np.clip(nu * scaled - step, a, 1.0)
        return divisors

    def alpha_max(self, gradient: Array) -> float:
        """Infinite, unless the gradient is zero: coefficients reach zero only in the limit."""
        return float("inf") if np.any(gradient) else 0.0

    def conjugate(self, Z: Array, alpha: float) -> float:
        """(a ‖Z‖² + s Σ of the n_clusters largest σ_i(Z)²) / (2 alpha)."""
        if alpha == 0:
            return float("inf") if np.any(Z) else 0.0
        squares = singular_values(Z) ** 2
        largest = squares[: self.n_clusters].sum()
        return float(((1 - self.sharing) * squares.sum() + self.sharing * largest) / (2 * alpha))

    def task_matrix_at(self, W: Array) -> Array:
        """The relaxed cluster matrix M at coefficients W, (C, C): 0 ⪯ M ⪯ I, tr M = min(n_clusters, C).

        Outcomes of one cluster have a large entry, of either sign. Directions that no outcome uses (singular values of
        zero) do not determine M: what the others leave of the trace is spread evenly over them. At ``sharing=0``, where
        M has no effect, it is the limit for small ones: the directions of the largest singular values.
        """
        n_tasks = W.shape[1]
        _, values, vectors = np.linalg.svd(W, full_matrices=False)
        used = values > max(W.shape) * np.finfo(float).eps * values.max(initial=0.0)
        values, vectors = values[used], vectors[used].T
        if self.sharing > 0:
            theta = np.clip((self._divisors(values) - (1 - self.sharing)) / self.sharing, 0.0, 1.0)
        else:
            theta = (np.arange(len(values)) < self.n_clusters).astype(float)
        M: Array = (vectors * theta) @ vectors.T
        unused = n_tasks - len(values)
        rest = min(self.n_clusters, n_tasks) - theta.sum()
        if unused > 0:
            M += rest / unused * (np.eye(n_tasks) - vectors @ vectors.T)
        return M

    def conic(self, W: Any) -> Any:
        """Half the sum over rows of w_j (a I + s M)⁻¹ w_j', with M as a variable."""
        import cvxpy

        n_tasks = W.shape[1]
        if self.sharing == 0 or self.n_clusters >= n_tasks:
            return 0.5 * cvxpy.sum_squares(W)
        M = cvxpy.Variable((n_tasks, n_tasks), PSD=True)
        within = (1 - self.sharing) * np.eye(n_tasks) + self.sharing * M
        rows = [cvxpy.matrix_frac(W[j, :], within) for j in range(W.shape[0])]
        return 0.5 * sum(rows), [np.eye(n_tasks) - M >> 0, cvxpy.trace(M) == self.n_clusters]
