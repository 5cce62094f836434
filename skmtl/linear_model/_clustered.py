"""Outcomes in groups that the fit finds."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from skmtl._convex import ConvexModel
from skmtl._params import POSITIVE_INT, RATIO, ArrayLike
from skmtl._typing import Array, IntArray
from skmtl.base import MultiTaskRegressorMixin
from skmtl.linear_model._cv import ConvexModelCV
from skmtl.linear_model._docs import documented
from skmtl.linear_model._logistic import BinaryOutcomes
from skmtl.penalties import ClusteredTasks, Penalty


def spectral_labels(matrix: Array, n_clusters: int) -> IntArray:
    """Groups of tasks that lie in one direction of the leading eigenvectors of a relaxed cluster matrix.

    Tasks with coefficients w and -w have eigenvector rows u and -u and belong together, so k-means goes over u u',
    which is the same for both. Labels are numbered by first appearance.
    """
    from sklearn.cluster import KMeans  # half a second to import

    n_clusters = min(n_clusters, len(matrix))
    rows = np.linalg.eigh(matrix)[1][:, -n_clusters:]
    length = np.linalg.norm(rows, axis=1, keepdims=True)
    rows = rows / np.where(length > 1e-12, length, 1.0)
    points = np.einsum("ti,tj->tij", rows, rows).reshape(len(rows), -1)
    # k-means warns where it is asked for more groups than there are points.
    n_points = len(np.unique(points.round(6), axis=0))
    found = KMeans(min(n_clusters, n_points), n_init=10, random_state=0).fit_predict(points)
    _, first, label = np.unique(found, return_index=True, return_inverse=True)
    return np.argsort(np.argsort(first))[label]


class _ClusteredTasks(ConvexModel):
    """Few groups of outcomes."""

    _parameter_constraints: ClassVar = {
        **ConvexModel._parameter_constraints,
        "n_clusters": [POSITIVE_INT],
        "sharing": [RATIO],
    }
    _texts: ClassVar = {
        "model": """\
with the minimum over matrices 0 ⪯ M ⪯ I of trace n_clusters, and s ``sharing``: directions of coefficients in the few
groups cost 1, others 1 / (1 - s). It is the convex relaxation of clustering the w_t. Sources: Jacob, Bach and Vert,
NIPS 2008; Zhou, Chen and Ye, NIPS 2011; the same function of W as alternating structure optimisation (Chen, Tang, Liu
and Ye, ICML 2009).

The groups are directions, not means: outcomes with coefficients w and -w are in one. Not for fewer than about five
outcomes; where the groups are known use `GraphRegularizedRidge`.""",
        "peer": """\
MALSAR's ``Least_CMTL`` on n complete rows is the same at ``rho2 = n * alpha / 2``, ``rho1 = rho2 * s / (1 - s)``,
without intercepts.""",
        "logistic_peer": """\
MALSAR's ``Logistic_CMTL`` is the same at ``rho2 = alpha / 2``, ``rho1 = rho2 * s / (1 - s)`` with
``task_weight="equal"``.""",
        "sharing": """\
sharing : float in [0, 1], default 0.9
    0: independent ridges, as with as many clusters as outcomes. 1: no direction outside the clusters.""",
        "found": """\
cluster_matrix_ : ndarray of shape (T, T)
    The minimising M: large, of either sign, between outcomes of one group.
task_clusters_ : ndarray of int of shape (T,)
    Group of each outcome, by spectral clustering of ``cluster_matrix_``; numbered by first appearance.""",
    }

    def __init__(
        self,
        alpha: float = 0.1,
        n_clusters: int = 2,
        sharing: float = 0.9,
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
        self.n_clusters = n_clusters
        self.sharing = sharing
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
        return ClusteredTasks(self.n_clusters, self.sharing)

    def _describe(self, penalty: Penalty, W: Array) -> None:
        assert isinstance(penalty, ClusteredTasks)
        self.cluster_matrix_ = penalty.task_matrix_at(W)
        self.task_clusters_ = spectral_labels(self.cluster_matrix_, penalty.n_clusters)


class _ClusteredTasksCV(ConvexModelCV, _ClusteredTasks):
    """Few groups of outcomes, strength and number of groups chosen by cross-validation."""

    _mix: ClassVar[str | None] = "n_clusters"
    _parameter_constraints: ClassVar = {
        **ConvexModelCV._parameter_constraints,
        "n_clusters": [POSITIVE_INT, ArrayLike()],
        "sharing": [RATIO],
    }

    def __init__(
        self,
        n_clusters: Any = (1, 2, 3),
        sharing: float = 0.9,
        alphas: Any = 30,
        eps: float = 1e-6,
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
        self.n_clusters = n_clusters
        self.sharing = sharing
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
        return ClusteredTasks(choice, self.sharing)


@documented
class ClusteredTasksRegressor(MultiTaskRegressorMixin, _ClusteredTasks):
    """Regression of many outcomes that fall into a few groups, found with the fit.

    {squared_objective}
            +  alpha/2 min_M tr(W ((1 - s) I + s M)⁻¹ W'),

    {model}

    {peer}

    Parameters
    ----------
    alpha : float >= 0, default 0.1
        Strength of the penalty.
    n_clusters : int >= 1, default 2
        How many groups there are at most.
    {sharing}
    {fit_parameters}

    Attributes
    ----------
    {found}
    {attributes}

    Examples
    --------
    >>> import numpy as np
    >>> from skmtl.linear_model import ClusteredTasksRegressor
    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(size=(60, 10))
    >>> liver, kidney = rng.normal(size=(10, 1)), rng.normal(size=(10, 1))
    >>> W = np.hstack([liver * [1.0, -2.0, 1.5], kidney * [1.0, 1.5, -1.0]])  # two groups of three outcomes
    >>> Y = X @ W + rng.normal(size=(60, 6))
    >>> Y[rng.random(Y.shape) < 0.2] = np.nan
    >>> ClusteredTasksRegressor(alpha=0.5, n_clusters=2, sharing=0.9).fit(X, Y).task_clusters_
    array([0, 0, 0, 1, 1, 1])
    """


@documented
class ClusteredTasksClassifier(BinaryOutcomes, _ClusteredTasks):
    """Logistic regression of many binary outcomes that fall into a few groups, found with the fit.

    {logistic_objective}
            +  alpha/2 min_M tr(W ((1 - s) I + s M)⁻¹ W'),

    {model}

    {logistic_peer}

    Parameters
    ----------
    alpha : float >= 0, default 0.1
        Strength of the penalty.
    n_clusters : int >= 1, default 2
        How many groups there are at most.
    {sharing}
    {fit_parameters}

    Attributes
    ----------
    {classes}
    {found}
    {attributes}

    Examples
    --------
    >>> import numpy as np
    >>> from skmtl.linear_model import ClusteredTasksClassifier
    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(size=(200, 6))
    >>> liver, kidney = rng.normal(size=(6, 1)), rng.normal(size=(6, 1))
    >>> W = np.hstack([liver * [1.0, -2.0, 1.5], kidney * [1.0, 1.5, -1.0]])
    >>> Y = X @ W + rng.logistic(size=(200, 6)) > 0
    >>> ClusteredTasksClassifier(alpha=0.1, n_clusters=2, sharing=0.9).fit(X, Y).task_clusters_
    array([0, 0, 0, 1, 1, 1])
    """


@documented
class ClusteredTasksRegressorCV(MultiTaskRegressorMixin, _ClusteredTasksCV):
    """Regression of outcomes in a few groups, strength and number of groups chosen by cross-validation.

    {selection}

    Parameters
    ----------
    n_clusters : int or list of ints >= 1, default (1, 2, 3)
        The number of groups, or the numbers to choose from.
    {sharing}
    {cv_parameters}
    {fit_parameters}

    Attributes
    ----------
    {cv_attributes}
    {found}
    {attributes}

    Examples
    --------
    >>> import numpy as np
    >>> from skmtl.linear_model import ClusteredTasksRegressorCV
    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(size=(60, 10))
    >>> liver, kidney = rng.normal(size=(10, 1)), rng.normal(size=(10, 1))
    >>> W = np.hstack([liver * [1.0, -2.0, 1.5], kidney * [1.0, 1.5, -1.0]])
    >>> Y = X @ W + rng.normal(size=(60, 6))
    >>> model = ClusteredTasksRegressorCV(sharing=0.8, alphas=10).fit(X, Y)
    >>> model.n_clusters_, model.task_clusters_
    (2, array([0, 0, 0, 1, 1, 1]))
    """


@documented
class ClusteredTasksClassifierCV(BinaryOutcomes, _ClusteredTasksCV):
    """Logistic regression of outcomes in a few groups, strength and number of groups chosen by cross-validation.

    {selection}

    Parameters
    ----------
    n_clusters : int or list of ints >= 1, default (1, 2, 3)
        The number of groups, or the numbers to choose from.
    {sharing}
    {cv_parameters}
    {fit_parameters}

    Attributes
    ----------
    {classes}
    {cv_attributes}
    {found}
    {attributes}

    Examples
    --------
    >>> import numpy as np
    >>> from skmtl.linear_model import ClusteredTasksClassifierCV
    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(size=(200, 6))
    >>> liver, kidney = rng.normal(size=(6, 1)), rng.normal(size=(6, 1))
    >>> W = np.hstack([liver * [1.0, -2.0, 1.5], kidney * [1.0, 1.5, -1.0]])
    >>> Y = X @ W + rng.logistic(size=(200, 6)) > 0
    >>> model = ClusteredTasksClassifierCV(n_clusters=2, sharing=0.9, alphas=10).fit(X, Y)
    >>> model.deviance_path_.shape, model.task_clusters_
    ((10, 5), array([0, 0, 0, 1, 1, 1]))
    """
