"""Coupled ridge with strength and sharing chosen by cross-validation."""

from __future__ import annotations

from typing import Any, ClassVar

from skmtl._params import BOOLEAN, NONE, RATIO, ArrayLike, OneOf
from skmtl.base import MultiTaskRegressorMixin
from skmtl.linear_model._cv import ConvexModelCV
from skmtl.linear_model._docs import documented
from skmtl.penalties import GraphRegularization, MeanRegularization, Penalty

# Independent ridges at one end, a free common model at the other; sharing pays off close to 1.
_SHARING = (0.0, 0.5, 0.8, 0.95, 0.99, 1.0)


@documented
class MeanRegularizedRidgeCV(MultiTaskRegressorMixin, ConvexModelCV):
    """Mean-regularised ridge with strength and sharing chosen by cross-validation.

    {selection}

    Parameters
    ----------
    sharing : float or list of floats in [0, 1], default (0, 0.5, 0.8, 0.95, 0.99, 1)
        The ratio, or the ratios to choose from. 0: independent ridges.
    {share_intercept}
    {cv_parameters}
    {fit_parameters}

    Attributes
    ----------
    {cv_attributes}
    {attributes}

    Examples
    --------
    >>> import numpy as np
    >>> from skmtl.linear_model import MeanRegularizedRidgeCV
    >>> rng = np.random.default_rng(0)
    >>> site = np.repeat(np.arange(8), 12)
    >>> X = rng.normal(size=(96, 6))
    >>> y = X @ rng.normal(size=6) + rng.normal(size=96)  # the same model in every site
    >>> MeanRegularizedRidgeCV(alphas=20).fit(X, y, task=site).sharing_ > 0.5
    True
    """

    _mix: ClassVar[str | None] = "sharing"
    _parameter_constraints: ClassVar = {
        **ConvexModelCV._parameter_constraints,
        "sharing": [RATIO, ArrayLike()],
        "share_intercept": [BOOLEAN],
    }

    def __init__(
        self,
        sharing: Any = _SHARING,
        share_intercept: bool = False,
        alphas: Any = 30,
        eps: float = 1e-06,
        cv: Any = None,
        rule: str = "min",
        n_jobs: int | None = None,
        fit_intercept: bool = True,
        task_weight: Any = "entries",
        scale_targets: bool = False,
        solver: Any = "auto",
        bounds: Any = None,
        tol: float = 1e-6,
        max_iter: int = 10_000,
    ):
        self.sharing = sharing
        self.share_intercept = share_intercept
        self.alphas = alphas
        self.eps = eps
        self.cv = cv
        self.rule = rule
        self.n_jobs = n_jobs
        self.fit_intercept = fit_intercept
        self.task_weight = task_weight
        self.scale_targets = scale_targets
        self.solver = solver
        self.bounds = bounds
        self.tol = tol
        self.max_iter = max_iter

    def _penalty_at(self, choice: Any) -> Penalty:
        return MeanRegularization(choice)


@documented
class GraphRegularizedRidgeCV(MultiTaskRegressorMixin, ConvexModelCV):
    """Graph-regularised ridge with strength and sharing chosen by cross-validation.

    {selection}

    Parameters
    ----------
    sharing : float or list of floats in [0, 1], default (0, 0.5, 0.8, 0.95, 0.99, 1)
        The ratio, or the ratios to choose from. 0: independent ridges.
    graph : array-like or sparse matrix of shape (T, T), or (E, T) for incidence; None for the complete graph
        Links between tasks, in the order of ``task_names_`` (columns of ``y``; sorted task ids). The names on a frame
        have to be the same.
    graph_form : {"adjacency", "laplacian", "incidence"}, default "adjacency"
        What ``graph`` holds: symmetric weights of zero or more; a Laplacian; or one signed row per edge.
    {share_intercept}
    {cv_parameters}
    {fit_parameters}

    Attributes
    ----------
    {cv_attributes}
    {attributes}

    Examples
    --------
    >>> import numpy as np
    >>> from skmtl.linear_model import GraphRegularizedRidgeCV
    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(size=(40, 6))
    >>> visits = X @ rng.normal(size=(6, 1)) + 2 * rng.normal(size=(40, 4))  # one outcome at four visits
    >>> chain = np.diag(np.ones(3), 1) + np.diag(np.ones(3), -1)
    >>> GraphRegularizedRidgeCV(graph=chain, alphas=20).fit(X, visits).sharing_ > 0
    True
    """

    _mix: ClassVar[str | None] = "sharing"
    _parameter_constraints: ClassVar = {
        **ConvexModelCV._parameter_constraints,
        "sharing": [RATIO, ArrayLike()],
        "graph": [NONE, ArrayLike()],
        "graph_form": [OneOf(("adjacency", "laplacian", "incidence"))],
        "share_intercept": [BOOLEAN],
    }

    def __init__(
        self,
        sharing: Any = _SHARING,
        graph: Any = None,
        graph_form: str = "adjacency",
        share_intercept: bool = False,
        alphas: Any = 30,
        eps: float = 1e-06,
        cv: Any = None,
        rule: str = "min",
        n_jobs: int | None = None,
        fit_intercept: bool = True,
        task_weight: Any = "entries",
        scale_targets: bool = False,
        solver: Any = "auto",
        bounds: Any = None,
        tol: float = 1e-6,
        max_iter: int = 10_000,
    ):
        self.sharing = sharing
        self.graph = graph
        self.graph_form = graph_form
        self.share_intercept = share_intercept
        self.alphas = alphas
        self.eps = eps
        self.cv = cv
        self.rule = rule
        self.n_jobs = n_jobs
        self.fit_intercept = fit_intercept
        self.task_weight = task_weight
        self.scale_targets = scale_targets
        self.solver = solver
        self.bounds = bounds
        self.tol = tol
        self.max_iter = max_iter

    def _penalty_at(self, choice: Any) -> Penalty:
        return GraphRegularization(self.graph, choice, self.graph_form)
