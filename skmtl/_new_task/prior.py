"""What each penalty says of one more task once its shared part is known.

Every penalty that couples tasks can be written as a minimum over a *shared part* u of penalties that do not couple
them, P(W) = min_u Σ_t g(w_t; u) + h(u): a common model, sizes of the features, a metric over features (Argyriou,
Evgeniou and Pontil, Mach. Learn. 73:243-272, 2008; Bach, Jenatton, Mairal and Obozinski, Found. Trends Mach. Learn.
4:1-106, 2012, section 1.4). At a fit the shared part is known in closed form, and g(w; u) is what one more task is
penalised by. A task that took part in the fit gets its own coefficients back: they are the best ones given the shared
part.

=====================  ===============================  =====================================================
penalty                shared part u                    g(w; u)
=====================  ===============================  =====================================================
mean                   c = sharing w̄                    ½ ‖w - c‖²
graph, links a         neighbours                       ½ d ‖w - c‖², d = 1 - sharing + sharing Σ a_s,
                                                        c = sharing Σ a_s w_s / d
group lasso            γ_j = ‖w_j‖                      ½ Σ_j w_j² / γ_j
group elastic net      γ_j = ‖w_j‖                      ½ Σ_j (l1_ratio / γ_j + 1 - l1_ratio) w_j²
sparse group lasso     γ_j = ‖w_j‖                      Σ_j l1_ratio |w_j| + ½ (1 - l1_ratio) w_j² / γ_j
group L∞               u_j = max_t |w_jt|               0 where |w_j| <= u_j, else infinite
trace norm             D = (W W')^½                     ½ w' D⁺ w in the range of D, else infinite
squared trace norm     D = (W W')^½ / ‖W‖_*             ½ w' D⁺ w in the range of D, else infinite
common L1              β                                0 where w = β, else infinite
shared plus specific   that of P                        min r g(p; u) + (1 - r) g_specific(q), p + q = w
=====================  ===============================  =====================================================
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import singledispatch

import numpy as np

from skmtl._typing import Array, IntArray
from skmtl.exceptions import TaskDataError
from skmtl.penalties import (
    L1,
    CommonL1,
    GraphRegularization,
    GroupElasticNet,
    GroupLasso,
    GroupLInf,
    MeanRegularization,
    Penalty,
    SharedPlusSpecific,
    SparseGroupLasso,
    SquaredTraceNorm,
    TaskGroupLasso,
    TraceNorm,
)

# Singular values below this part of the largest are rounding: the subspace does not have them.
_RANK = 1e-10


@dataclass(frozen=True)
class TaskPrior:
    """g(w; u): w = mean + basis v + q with ½ ridge ‖v‖² + Σ_k l1_k |v_k| + specific(q), and |v_k| <= bound_k.

    Parameters
    ----------
    mean : ndarray of shape (p,)
        Coefficients of a task of which nothing is known.
    basis : ndarray of shape (p, k), or None for the identity
        Directions in which tasks differ, scaled so that ``ridge`` is one for all.
    ridge : float, default 1.0
    l1 : ndarray of shape (k,), or None
    bound : ndarray of shape (k,), or None
    specific : {"l1", "norm"} or None
        Whether a task has a part q of its own, and what it is penalised by: absolute values or the Euclidean norm.
    weight : float, default 0.0
        Strength of the penalty on q.
    """

    mean: Array
    basis: Array | None = None
    ridge: float = 1.0
    l1: Array | None = None
    bound: Array | None = None
    specific: str | None = None
    weight: float = 0.0


@singledispatch
def prior_of(penalty: Penalty, W: Array, links: Array | None = None) -> TaskPrior:
    """What the fitted coefficients W, (p, T), say of one more task, given the penalty of the fit.

    Parameters
    ----------
    penalty : Penalty
    W : ndarray of shape (p, T)
        Coefficients, or those of the shared part where the penalty has two.
    links : ndarray of shape (T,), optional
        Edge weights between the new task and the known ones; only for a graph.

    Returns
    -------
    TaskPrior

    Raises
    ------
    TaskDataError
        The penalty has no shared part.
    """
    raise TaskDataError(
        f"{type(penalty).__name__} has no shared part that would say something of a new task: use mean or graph "
        "regularisation, joint selection, low rank or a sum of a shared and a specific part, or fit the new task "
        "by itself."
    )


@prior_of.register
def _(penalty: MeanRegularization, W: Array, links: Array | None = None) -> TaskPrior:
    return TaskPrior(penalty.sharing * W.mean(axis=1))


@prior_of.register
def _(penalty: GraphRegularization, W: Array, links: Array | None = None) -> TaskPrior:
    links, stiffness = linked(penalty, W.shape[1], links)
    basis = None if stiffness == 1.0 else np.eye(len(W)) / np.sqrt(stiffness)
    return TaskPrior(penalty.sharing * (W @ links) / stiffness, basis)


def linked(penalty: GraphRegularization, n_tasks: int, links: Array | None) -> tuple[Array, float]:
    """The links of a new task, to every task alike where none are given, and the diagonal entry they make in M."""
    links = np.full(n_tasks, 1.0 / n_tasks) if links is None else links
    stiffness = float(1.0 - penalty.sharing + penalty.sharing * links.sum())
    if stiffness <= 0:
        raise TaskDataError("links are all zero and sharing=1, so nothing holds the new task: link it to one at least.")
    return links, stiffness


def _sizes(penalty: Penalty, W: Array) -> tuple[Array, Array]:
    """Row norms of W, and the weights of the rows."""
    if penalty.free(W.shape) is not None:
        raise TaskDataError(
            f"{type(penalty).__name__} has weights of 0, features without a penalty, of which it learns nothing for a "
            "new task: use positive weights."
        )
    weights = penalty._weights(W.shape)
    return np.linalg.norm(W, axis=1), np.ones(len(W)) if weights is None else np.ravel(weights)


def _scaled(p: int, rows: IntArray, variance: Array) -> Array:
    basis = np.zeros((p, len(rows)))
    basis[rows, np.arange(len(rows))] = np.sqrt(variance)
    return basis


@prior_of.register
def _(penalty: GroupLasso, W: Array, links: Array | None = None) -> TaskPrior:
    sizes, weights = _sizes(penalty, W)
    rows = np.flatnonzero(sizes)
    return TaskPrior(np.zeros(len(W)), _scaled(len(W), rows, sizes[rows] / weights[rows]))


@prior_of.register
def _(penalty: GroupElasticNet, W: Array, links: Array | None = None) -> TaskPrior:
    sizes, weights = _sizes(penalty, W)
    if penalty.l1_ratio == 0:
        raise TaskDataError("GroupElasticNet at l1_ratio=0 is ridge, and shares nothing: use l1_ratio > 0.")
    rows = np.flatnonzero(sizes)
    precision = weights[rows] * (penalty.l1_ratio / sizes[rows] + 1 - penalty.l1_ratio)
    return TaskPrior(np.zeros(len(W)), _scaled(len(W), rows, 1 / precision))


@prior_of.register
def _(penalty: SparseGroupLasso, W: Array, links: Array | None = None) -> TaskPrior:
    sizes, weights = _sizes(penalty, W)
    if penalty.l1_ratio == 1:
        raise TaskDataError("SparseGroupLasso at l1_ratio=1 is L1, and shares nothing: use l1_ratio < 1.")
    rows = np.flatnonzero(sizes)
    variance = sizes[rows] / (weights[rows] * (1 - penalty.l1_ratio))
    l1 = penalty.l1_ratio * weights[rows] * np.sqrt(variance)
    return TaskPrior(np.zeros(len(W)), _scaled(len(W), rows, variance), l1=l1)


@prior_of.register
def _(penalty: GroupLInf, W: Array, links: Array | None = None) -> TaskPrior:
    _sizes(penalty, W)
    largest = np.abs(W).max(axis=1)
    rows = np.flatnonzero(largest)
    # In units of the bound, which makes it one for all.
    return TaskPrior(np.zeros(len(W)), _scaled(len(W), rows, largest[rows] ** 2), ridge=0.0, bound=np.ones(len(rows)))


@prior_of.register
def _(penalty: TraceNorm, W: Array, links: Array | None = None) -> TaskPrior:
    U, S = _left(W)
    return TaskPrior(np.zeros(len(W)), U * np.sqrt(S))


@prior_of.register
def _(penalty: SquaredTraceNorm, W: Array, links: Array | None = None) -> TaskPrior:
    U, S = _left(W)
    return TaskPrior(np.zeros(len(W)), U * np.sqrt(S / max(S.sum(), np.finfo(float).tiny)))


def _left(W: Array) -> tuple[Array, Array]:
    U, S, _ = np.linalg.svd(W, full_matrices=False)
    kept = S > _RANK * max(S[0], np.finfo(float).tiny)
    return U[:, kept], S[kept]


@prior_of.register
def _(penalty: CommonL1, W: Array, links: Array | None = None) -> TaskPrior:
    return TaskPrior(W.mean(axis=1), np.zeros((len(W), 0)))


@prior_of.register
def _(penalty: SharedPlusSpecific, W: Array, links: Array | None = None) -> TaskPrior:
    ratio = penalty.ratio(W.shape)
    shared, specific = penalty._penalties()
    prior = prior_of(shared, W, links)
    if (
        prior.l1 is not None
        or not isinstance(specific, L1 | TaskGroupLasso)
        or getattr(specific, "weights", None) is not None
    ):
        raise TaskDataError(
            f"A sum of {type(shared).__name__} and {type(specific).__name__} with these parameters is not known for a "
            "new task: use L1 or TaskGroupLasso without weights as the specific part."
        )
    name = "l1" if isinstance(specific, L1) else "norm"
    return replace(prior, ridge=ratio * prior.ridge, specific=name, weight=1 - ratio)


__all__ = ["TaskPrior", "linked", "prior_of"]
