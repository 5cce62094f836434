"""Ridge regression with coefficients pulled towards each other."""

from __future__ import annotations

from typing import Any, ClassVar

from skmtl._convex import ConvexModel
from skmtl._params import BOOLEAN, NONE, RATIO, ArrayLike, OneOf
from skmtl.base import MultiTaskRegressorMixin
from skmtl.linear_model._docs import documented
from skmtl.penalties import GraphRegularization, MeanRegularization, Penalty


@documented
class MeanRegularizedRidge(MultiTaskRegressorMixin, ConvexModel):
    """Ridge regression with every task's coefficients pulled towards their mean.

    With n̄ = Σ s / T and squared loss the objective is

        (1 / n̄) Σ_t ω_t Σ_{i observed for t} ½ s_it (y_it - x_i·w_t - b_t)²
            +  alpha/2 [ Σ_t ‖w_t - w̄‖² + (1 - sharing) T ‖w̄‖² ],

    with w̄ the mean of the w_t: each task has a model of its own, close to a common one as far as its data do
    not say otherwise. ``sharing=0`` is one ridge per task; at ``sharing=1`` only the deviations are penalised,
    and a large ``alpha`` gives the pooled least-squares fit. With ``share_intercept`` the term
    alpha/2 Σ_t (b_t - b̄)² is added. Source: Evgeniou and Pontil, KDD 2004.

    For one outcome in several places (``fit(X, y, task=hospital)``) or outcomes of one unit and direction. Not for
    outcomes whose effects have different signs or scales: their mean means nothing.

    Parameters
    ----------
    alpha : float >= 0, default 1.0
        Strength of the penalty.
    sharing : float in [0, 1], default 0.5
        0: independent ridges. 1: only deviations from the common model are penalised.
    {share_intercept}
    {fit_parameters}

    Attributes
    ----------
    {attributes}

    Examples
    --------
    >>> import numpy as np
    >>> from skmtl.linear_model import MeanRegularizedRidge
    >>> rng = np.random.default_rng(0)
    >>> hospital = np.repeat(["A", "B", "C"], [40, 40, 4])  # C has four rows for three coefficients
    >>> X = rng.normal(size=(84, 3))
    >>> y = X @ [1.0, -1.0, 0.5] + rng.normal(size=84)
    >>> alone = MeanRegularizedRidge(alpha=0.1, sharing=0.0).fit(X, y, task=hospital)
    >>> shared = MeanRegularizedRidge(alpha=0.1, sharing=0.95).fit(X, y, task=hospital)
    >>> error = [np.linalg.norm(m.coef_[2] - [1.0, -1.0, 0.5]) for m in (alone, shared)]
    >>> bool(error[1] < error[0])  # C borrows from A and B
    True
    """

    _parameter_constraints: ClassVar = {
        **ConvexModel._parameter_constraints,
        "sharing": [RATIO],
        "share_intercept": [BOOLEAN],
    }

    def __init__(
        self,
        alpha: float = 1.0,
        sharing: float = 0.5,
        share_intercept: bool = False,
        fit_intercept: bool = True,
        task_weight: Any = "entries",
        scale_targets: bool = False,
        solver: Any = "auto",
        constraints: Any = None,
        bounds: Any = None,
        tol: float = 1e-6,
        max_iter: int = 10_000,
        warm_start: bool = False,
    ):
        self.alpha = alpha
        self.sharing = sharing
        self.share_intercept = share_intercept
        self.fit_intercept = fit_intercept
        self.task_weight = task_weight
        self.scale_targets = scale_targets
        self.solver = solver
        self.constraints = constraints
        self.bounds = bounds
        self.tol = tol
        self.max_iter = max_iter
        self.warm_start = warm_start

    def _make_penalty(self) -> Penalty:
        return MeanRegularization(self.sharing)


@documented
class GraphRegularizedRidge(MultiTaskRegressorMixin, ConvexModel):
    """Ridge regression with the coefficients of linked tasks pulled towards each other.

    With n̄ = Σ s / T and squared loss the objective is

        (1 / n̄) Σ_t ω_t Σ_{i observed for t} ½ s_it (y_it - x_i·w_t - b_t)²
            +  alpha/2 tr(W M W'),   M = (1 - sharing) I + sharing L,

    with L the Laplacian of a graph between tasks: tr(W L W') = Σ over its edges of a_st ‖w_s - w_t‖².
    ``sharing=0`` is one ridge per task. The complete graph with weights 1/T gives `MeanRegularizedRidge`. With
    ``share_intercept`` the intercepts add alpha/2 b' C M C b, C = I - 11'/T. Source: Evgeniou, Micchelli and
    Pontil, JMLR 6:615-637, 2005.

    Not where the links are a guess: a wrong edge pulls two outcomes together all the same.

    Parameters
    ----------
    alpha : float >= 0, default 1.0
        Strength of the penalty.
    sharing : float in [0, 1], default 0.5
        0: independent ridges. 1: only differences along edges are penalised.
    graph : array-like or sparse matrix of shape (T, T), or (E, T) for incidence; None for the complete graph
        Links between tasks, in the order of ``task_names_`` (columns of ``y``; sorted task ids). The names on a frame
        have to be the same.
    graph_form : {"adjacency", "laplacian", "incidence"}, default "adjacency"
        What ``graph`` holds: symmetric weights of zero or more; a Laplacian; or one signed row per edge.
    {share_intercept}
    {fit_parameters}

    Attributes
    ----------
    {attributes}

    Examples
    --------
    >>> import numpy as np
    >>> from skmtl.linear_model import GraphRegularizedRidge
    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(size=(30, 4))
    >>> visits = X @ rng.normal(size=(4, 1)) + rng.normal(size=(30, 3))  # one outcome at three visits
    >>> chain = np.array([[0, 1, 0], [1, 0, 1], [0, 1, 0]])
    >>> loose = GraphRegularizedRidge(alpha=1.0, sharing=0.0, graph=chain).fit(X, visits)
    >>> tight = GraphRegularizedRidge(alpha=10.0, sharing=1.0, graph=chain).fit(X, visits)
    >>> bool(np.ptp(tight.coef_, axis=0).max() < np.ptp(loose.coef_, axis=0).max())
    True
    """

    _parameter_constraints: ClassVar = {
        **ConvexModel._parameter_constraints,
        "sharing": [RATIO],
        "graph": [NONE, ArrayLike()],
        "graph_form": [OneOf(("adjacency", "laplacian", "incidence"))],
        "share_intercept": [BOOLEAN],
    }

    def __init__(
        self,
        alpha: float = 1.0,
        sharing: float = 0.5,
        graph: Any = None,
        graph_form: str = "adjacency",
        share_intercept: bool = False,
        fit_intercept: bool = True,
        task_weight: Any = "entries",
        scale_targets: bool = False,
        solver: Any = "auto",
        constraints: Any = None,
        bounds: Any = None,
        tol: float = 1e-6,
        max_iter: int = 10_000,
        warm_start: bool = False,
    ):
        self.alpha = alpha
        self.sharing = sharing
        self.graph = graph
        self.graph_form = graph_form
        self.share_intercept = share_intercept
        self.fit_intercept = fit_intercept
        self.task_weight = task_weight
        self.scale_targets = scale_targets
        self.solver = solver
        self.constraints = constraints
        self.bounds = bounds
        self.tol = tol
        self.max_iter = max_iter
        self.warm_start = warm_start

    def _make_penalty(self) -> Penalty:
        return GraphRegularization(self.graph, self.sharing, self.graph_form)
