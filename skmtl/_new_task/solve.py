"""One more task given the shared part: a small problem for the solvers that the whole fit has."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
from scipy import sparse
from sklearn.exceptions import ConvergenceWarning

from skmtl._new_task.prior import TaskPrior
from skmtl._typing import Array, IntArray
from skmtl.data import TaskData, as_task_data
from skmtl.losses import Loss, PerTaskLoss
from skmtl.losses._base import SeparableLoss
from skmtl.penalties import Penalty, Ridge
from skmtl.problem import DataTerm, Problem
from skmtl.solvers import SolveResult, choose


class OffsetLoss(SeparableLoss):
    """A loss of linear predictors to which known numbers are added, entry by entry."""

    def __init__(self, loss: Any = None, offset: Any = None):
        self.loss = loss
        self.offset = offset

    @property
    def lipschitz(self) -> bool:  # type: ignore[override]
        """Whether the loss is."""
        return self.loss.lipschitz

    @property
    def target_kind(self) -> str:  # type: ignore[override]
        """That of the loss."""
        return self.loss.target_kind

    def value(self, y: Array, eta: Array, weight: Array) -> float:
        """Weighted loss."""
        return self.loss.value(y, eta + self.offset, weight)

    def gradient(self, y: Array, eta: Array, weight: Array) -> Array:
        """Derivative in ``eta``."""
        return self.loss.gradient(y, eta + self.offset, weight)

    def hessian(self, y: Array, eta: Array, weight: Array) -> Array:
        """Second derivative in ``eta``."""
        return self.loss.hessian(y, eta + self.offset, weight)

    def conjugate(self, y: Array, theta: Array, weight: Array) -> float:
        """That of the loss, minus theta times the offset."""
        return self.loss.conjugate(y, theta, weight) - float(theta @ self.offset)

    def curvature(self, y: Array, weight: Array) -> float:
        """That of the loss."""
        return self.loss.curvature(y, weight)

    def recenter_groups(self, y: Array, eta: Array, weight: Array, group: IntArray, n_groups: int) -> Array:
        """The constants of least loss beside the offset."""
        return self.loss.recenter_groups(y, eta + self.offset, weight, group, n_groups)

    def mean(self, eta: Array) -> Array:
        """Expected target, the offset included."""
        return self.loss.mean(eta + self.offset)

    def conic(self, y: Array, eta: Any, weight: Array) -> Any:
        """The loss as an expression."""
        return self.loss.conic(y, eta + self.offset, weight)


class EntryTerms(Penalty):
    """½ ridge_k v_k² + l1_k |v_k| within |v_k| <= bound_k; or norm times ‖q‖₂, q the entries from ``start`` on.

    With a norm these last entries have no other term: the prox of a sum would be none of the two in turn.
    """

    absolute = True

    def __init__(
        self, ridge: Any = None, l1: Any = None, bound: Any = None, norm: float = 0.0, start: int | None = None
    ):
        self.ridge = ridge
        self.l1 = l1
        self.bound = bound
        self.norm_weight = norm
        self.start = start

    @property
    def separable(self) -> str | None:  # type: ignore[override]
        """Entry by entry, but for a norm of several."""
        return "entry" if self.norm_weight == 0 else None

    def value(self, W: Array) -> float:
        """The sum; infinite outside the bounds."""
        v = W[:, 0]
        if (np.abs(v) > self.bound * (1 + 1e-12)).any():
            return float("inf")
        own = self.norm_weight * float(np.linalg.norm(v[self.start :])) if self.norm_weight else 0.0
        return float(0.5 * self.ridge @ v**2 + self.l1 @ np.abs(v)) + own

    def prox(self, W: Array, step: Array | float) -> Array:
        """Threshold, shrink, clip; the norm shrinks the last ones together."""
        ridge, l1, bound = self.ridge[:, None], self.l1[:, None], self.bound[:, None]
        v = np.sign(W) * np.maximum(np.abs(W) - step * l1, 0.0) / (1 + step * ridge)
        v = np.clip(v, -bound, bound)
        if self.norm_weight:
            size = float(np.linalg.norm(v[self.start :]))
            v[self.start :] *= max(0.0, 1 - float(step) * self.norm_weight / size) if size > 0 else 0.0
        return v

    def alpha_max(self, gradient: Array) -> float:
        """Infinite: some coefficients have a smooth penalty or none."""
        return float("inf")

    def conic(self, W: Any) -> Any:
        """The sum, with the bounds as an indicator."""
        import cvxpy

        v = W[:, 0]
        total = 0.5 * cvxpy.sum(cvxpy.multiply(self.ridge, cvxpy.square(v))) + self.l1 @ cvxpy.abs(v)
        if self.norm_weight:
            total += self.norm_weight * cvxpy.norm(v[self.start :], 2)
        held = np.isfinite(self.bound)
        if held.any():
            total += cvxpy.transforms.indicator([cvxpy.abs(v[held]) <= self.bound[held]])
        return total


def solve_task(
    X: Any,
    data: TaskData,
    loss: Loss,
    prior: TaskPrior,
    *,
    alpha: float,
    intercept: tuple[float, float] | None,
    fit_intercept: bool,
    tol: float,
    max_iter: int,
    name: str,
) -> tuple[Array, Array, float, SolveResult]:
    """Shared and specific coefficients, (p,) each, and the intercept of one task.

    Minimises (1 / Σ s) Σ_i s_i loss(y_i, x_i·w + b) + alpha g(w), plus alpha κ/2 (b - b₀)² where ``intercept`` is
    (b₀, κ).
    """
    n_features = X.shape[1]
    basis = prior.basis
    blocks = [X if basis is None else np.asarray(X @ basis)]
    k = blocks[0].shape[1]
    offset = np.asarray(X @ prior.mean, dtype=float)
    if prior.specific is not None:
        blocks.append(X)
    if intercept is not None:
        # A feature 1 with a ridge of its own, as shared intercepts are penalised in the fit.
        blocks.insert(0, np.full((X.shape[0], 1), 1.0 / np.sqrt(intercept[1])))
        offset = offset + intercept[0]
    lead = int(intercept is not None)
    plain = prior.ridge == 1.0 and prior.l1 is None and prior.bound is None and prior.specific is None
    penalty: Penalty = Ridge() if plain else _terms(prior, lead, k, n_features)
    if sum(block.shape[1] for block in blocks) == 0:  # nothing was selected: an intercept is all there is
        blocks = [np.zeros((X.shape[0], 1))]
    F = sparse.hstack(blocks, format="csr") if any(sparse.issparse(one) for one in blocks) else np.hstack(blocks)
    y = data.y.astype(np.float64)
    if loss.quadratic:
        y, used = y - offset, loss
    else:
        used = OffsetLoss(loss, offset)
    small = as_task_data(F, y, sample_weight=np.array(data.weight))
    free = fit_intercept and intercept is None
    problem = Problem(DataTerm(small, PerTaskLoss([used], small.layout), fit_intercept=free), penalty, alpha)
    result = choose(problem, "auto" if plain else "fista", tol=tol, max_iter=max_iter).solve(problem)
    if not result.converged:
        warnings.warn(
            f"{name}: {result.message} To change it: increase max_iter, loosen tol, or scale the features.",
            ConvergenceWarning,
            stacklevel=4,
        )
    v = result.coefficients.W[:, 0]
    b = float(result.coefficients.b[0]) if intercept is None else intercept[0] + v[0] / np.sqrt(intercept[1])
    v = v[lead:]
    shared = prior.mean + (v[:n_features] if basis is None else basis @ v[:k])
    own = v[k : k + n_features] if prior.specific is not None else np.zeros(n_features)
    return shared, own, b, result


def _terms(prior: TaskPrior, lead: int, k: int, p: int) -> EntryTerms:
    """The penalty of an intercept (``lead``), k coefficients of the shared part and those of the specific one."""
    own = p if prior.specific is not None else 0
    parts = np.repeat([0, 1, 2], [lead, k, own])
    ridge = np.array([1.0, prior.ridge, 0.0])[parts]
    l1 = np.where(parts == 2, prior.weight if prior.specific == "l1" else 0.0, 0.0)
    bound = np.full(len(parts), np.inf)
    if prior.l1 is not None:
        l1[parts == 1] = prior.l1
    if prior.bound is not None:
        bound[parts == 1] = prior.bound
    norm = prior.weight if prior.specific == "norm" else 0.0
    return EntryTerms(ridge, l1, bound, norm, lead + k)


__all__ = ["EntryTerms", "OffsetLoss", "solve_task"]
