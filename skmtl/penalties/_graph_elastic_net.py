"""Single coefficients selected, and alike where outcomes are linked in a graph."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from skmtl._params import RATIO
from skmtl._typing import Array, MatrixLike
from skmtl.penalties._base import Penalty
from skmtl.penalties._l1 import over_ratio
from skmtl.penalties._quadratic import GraphRegularization, matrix_eigen

EPS = float(np.finfo(float).eps)


class GraphElasticNet(Penalty):
    """L1 plus `GraphRegularization`: each outcome selects its features, linked outcomes have similar coefficients.

    l1_ratio ‖W‖₁ + ½ (1 - l1_ratio) tr(W M W') with M = (1 - sharing) I + sharing L and L the graph's Laplacian: sparse
    structure-regularised multi-task learning (SRMTL; Zhou, Chen and Ye, MALSAR manual, 2011), and over outcomes what
    network-constrained regularisation is over features (Li and Li, Bioinformatics 24:1175-1182, 2008). ``sharing=0`` is
    `ElasticNet`, ``l1_ratio=0`` `GraphRegularization`, ``l1_ratio=1`` `L1`. Linked outcomes select alike only as far as
    their coefficients are alike: not for joint selection, which is `GroupElasticNet`, nor where the graph is a guess.

    Parameters
    ----------
    graph : array-like or sparse matrix of shape (T, T), or (E, T) for incidence; None for the complete graph
        Edge weights between tasks, as in `GraphRegularization`. None links every pair with weight 1/T.
    sharing : float in [0, 1], default 0.5
        At 1 each connected part of the graph has a common model that pays L1 only.
    l1_ratio : float in [0, 1], default 0.5
    form : {"adjacency", "laplacian", "incidence"}, default "adjacency"
        What ``graph`` holds.

    Examples
    --------
    >>> import numpy as np
    >>> from skmtl.penalties import GraphElasticNet
    >>> chain = np.array([[0, 1, 0], [1, 0, 1], [0, 1, 0]])
    >>> penalty = GraphElasticNet(chain, sharing=1.0)
    >>> penalty.prox(np.array([[3.0, 1.0, 1.5], [2.0, -0.5, 0.0]]), 1.0)
    array([[2., 1., 1.],
           [1., 0., 0.]])
    """

    separable: ClassVar[str | None] = "row"
    _parameter_constraints: ClassVar = {**GraphRegularization._parameter_constraints, "l1_ratio": [RATIO]}

    def __init__(self, graph: MatrixLike = None, sharing: float = 0.5, l1_ratio: float = 0.5, form: str = "adjacency"):
        self.graph = graph
        self.sharing = sharing
        self.l1_ratio = l1_ratio
        self.form = form

    @property
    def _smooth(self) -> GraphRegularization:
        return GraphRegularization(self.graph, self.sharing, self.form)

    def value(self, W: Array) -> float:
        """l1_ratio ‖W‖₁ + ½ (1 - l1_ratio) tr(W M W')."""
        return float(self.l1_ratio * np.abs(W).sum() + (1 - self.l1_ratio) * self._smooth.value(W))

    def prox(self, W: Array, step: Array | float) -> Array:
        """Row by row, by block pivoting."""
        ridge = step * (1 - self.l1_ratio)
        if self.l1_ratio == 0:
            return self._smooth.prox(W, ridge)
        return l1_plus_quadratic(W, step * self.l1_ratio, self._smooth.task_matrix(W.shape[1]), ridge)

    def alpha_max(self, gradient: Array) -> float:
        """Largest absolute gradient over ``l1_ratio``; infinite at ``l1_ratio=0``."""
        return self.dual_norm(gradient)

    def dual_norm(self, Z: Array) -> float:
        """Largest |z_jt| over ``l1_ratio``."""
        return over_ratio(float(np.abs(Z).max(initial=0.0)), self.l1_ratio)

    def conjugate(self, Z: Array, alpha: float) -> float:
        """Σ_j min ½ (z_j - u)' M⁻¹ (z_j - u) / (alpha (1 - l1_ratio)) over |u| <= alpha l1_ratio.

        Infinite, which is only a bound, where M is singular (``sharing=1``). The exact one is infinite too at some
        duals however near to that of a row of equal signs: a gap would not close, so the residual judges the fit.
        """
        radius, ridge = alpha * self.l1_ratio, alpha * (1 - self.l1_ratio)
        if self.l1_ratio == 0:
            return self._smooth.conjugate(Z, alpha)
        if ridge == 0:
            return 0.0 if np.abs(Z).max(initial=0.0) <= radius * (1 + 1e-12) else float("inf")
        M = self._smooth.task_matrix(Z.shape[1])
        values, vectors = matrix_eigen(M)
        if values[0] <= 1e-12 * values[-1]:
            return float("inf")
        # z - u = ridge M v at the maximiser v. Any u in the box bounds the minimum from above: so does this one,
        # whatever rounding has done to v.
        u = np.clip(Z - ridge * (l1_plus_quadratic(Z, radius, M, ridge, identity=0.0) @ M), -radius, radius)
        return float((((Z - u) @ vectors) ** 2 / values).sum() / (2 * ridge))

    def conic(self, W: Any) -> Any:
        """L1 plus half the squared norm of W M^½."""
        import cvxpy

        return self.l1_ratio * cvxpy.sum(cvxpy.abs(W)) + (1 - self.l1_ratio) * self._smooth.conic(W)


def l1_plus_quadratic(W: Array, radius: Array | float, M: Array, scale: Array | float, identity: float = 1.0) -> Array:
    """argmin_v ½ v'Hv + radius ‖v‖₁ - w'v with H = identity I + scale M, for every row w of W, to rounding.

    Block pivoting (Kim and Park, AISTATS 2010): guess the sign of every coefficient, solve for those that are not
    zero, and exchange at once all that disagree, the wrong signs and the zeros with |w - Hv| > radius. Three rounds are
    usual, and what stands still is optimal. It may also cycle: rows left after some rounds go to a method that cannot.

    Parameters
    ----------
    W : ndarray of shape (p, T)
    radius, scale : float or ndarray of shape (p, 1), non-negative
    M : ndarray of shape (T, T)
        Symmetric and positive semi-definite; definite if ``identity`` is 0.
    identity : float, default 1
    """
    n_rows, n_tasks = W.shape
    radius, scale = (np.broadcast_to(np.asarray(number, dtype=float), (n_rows, 1)) for number in (radius, scale))
    bound = scale * np.abs(M).sum(axis=1).max(initial=0.0)
    # What is left of the identity next to a large M keeps H definite.
    ridge = np.maximum(identity, 50 * EPS * bound)
    V = np.zeros_like(W)
    signs = np.where(np.abs(W) <= radius, 0.0, np.sign(W))
    left = np.flatnonzero(signs.any(axis=1))
    for _ in range(10):
        if not left.size:
            break
        w, c, a, d, s = W[left], radius[left], scale[left], ridge[left], signs[left]
        on = s != 0
        H = (on[:, :, None] & on[:, None, :]) * (a[:, :, None] * M)
        H[:, np.arange(n_tasks), np.arange(n_tasks)] += np.where(on, d, 1.0)
        v = np.linalg.solve(H, np.where(on, w - c * s, 0.0)[:, :, None])[:, :, 0]
        pull = w - d * v - a * (v @ M)
        size = d + bound[left]
        rounding = 8 * EPS * (np.abs(w).max(axis=1, keepdims=True) + size * np.abs(v).max(axis=1, keepdims=True))
        wrong = np.where(on, size * s * v < -rounding, np.abs(pull) > c + rounding)
        V[left] = np.where(s * v <= 0, 0.0, v)
        signs[left] = np.where(wrong, np.where(on, 0.0, np.sign(pull)), s)
        left = left[wrong.any(axis=1)]
    for j in left:
        V[j] = _one_at_a_time(W[j], float(radius[j, 0]), ridge[j] * np.eye(n_tasks) + scale[j] * M)
    return V


def _one_at_a_time(w: Array, radius: float, H: Array) -> Array:
    """argmin_v ½ v'Hv + radius ‖v‖₁ - w'v, by the active sets of Lawson and Hanson (1974, ch. 23) in an orthant.

    One zero at a time gets the sign of its pull; on the way to the solution for these signs coefficients that arrive at
    zero stay there. The objective falls with each, so that no set of signs comes back.
    """
    v, signs = np.zeros_like(w), np.zeros_like(w)
    for _ in range(100 * len(w)):  # a few for each coefficient; only rounding could go on for ever
        pull = w - H @ v
        excess = np.where(signs == 0, np.abs(pull) - radius, -np.inf)
        enters = int(excess.argmax())
        if excess[enters] <= 8 * EPS * (np.abs(w).max() + np.abs(H).sum(axis=1).max() * np.abs(v).max()):
            break
        signs[enters] = np.sign(pull[enters])
        while True:
            on = np.flatnonzero(signs)
            goal = np.zeros_like(v)
            goal[on] = np.linalg.solve(H[np.ix_(on, on)], w[on] - radius * signs[on])
            crosses = np.flatnonzero(signs * goal < 0)
            if not crosses.size:
                break
            shares = np.abs(v[crosses]) / np.abs(v[crosses] - goal[crosses])
            if enters in crosses and v[enters] == 0:
                return v  # it does not leave zero: its pull was rounding
            v = v + shares.min() * (goal - v)
            stays = crosses[shares <= shares.min()]
            v[stays] = signs[stays] = 0.0
        v = goal
    return v


__all__ = ["GraphElasticNet"]
