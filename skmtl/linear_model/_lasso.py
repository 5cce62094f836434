"""Joint feature selection: multi-task lasso, elastic net and sparse group lasso."""

from __future__ import annotations

from typing import Any, ClassVar

from skmtl._convex import ConvexModel
from skmtl._params import RATIO
from skmtl.base import MultiTaskRegressorMixin
from skmtl.linear_model._docs import documented
from skmtl.penalties import GroupElasticNet, GroupLasso, Penalty, Ridge, SparseGroupLasso


@documented
class MultiTaskLasso(MultiTaskRegressorMixin, ConvexModel):
    """Multi-task lasso: outcomes select features together.

    With n̄ = Σ s / T and squared loss the objective is

        (1 / n̄) Σ_t ω_t Σ_{i observed for t} ½ s_it (y_it - x_i·w_t - b_t)²
            +  alpha Σ_j ‖w_j‖₂,

    with w_j the coefficients of feature j in all tasks: a feature is in for every outcome or out for every
    outcome. On complete data it equals ``sklearn.linear_model.MultiTaskLasso`` at the same ``alpha``; here
    outcomes may be missing. Source: Obozinski, Taskar and Jordan, Stat. Comput. 20:231-252, 2010.

    Not where outcomes depend on different features (`MultiTaskSparseGroupLasso` drops single entries), and
    not without ``scale_targets`` or standardised targets where units differ.

    Parameters
    ----------
    alpha : float >= 0, default 1.0
        Strength of the penalty; from ``alpha_max`` on every coefficient is zero.
    {fit_parameters}

    Attributes
    ----------
    {attributes}

    Examples
    --------
    >>> import numpy as np
    >>> from skmtl.linear_model import MultiTaskLasso
    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(size=(60, 4))
    >>> Y = X[:, [0]] * [1.0, 2.0, -1.0] + 0.1 * rng.normal(size=(60, 3))
    >>> Y[rng.random(Y.shape) < 0.3] = np.nan  # a third of the outcomes were not measured
    >>> model = MultiTaskLasso(alpha=0.2).fit(X, Y)
    >>> (model.coef_ != 0).any(axis=0)  # one feature, found by all three outcomes together
    array([ True, False, False, False])
    """

    def __init__(
        self,
        alpha: float = 1.0,
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
        return GroupLasso()


@documented
class MultiTaskElasticNet(MultiTaskRegressorMixin, ConvexModel):
    """Multi-task elastic net: joint selection that keeps correlated features together.

    With n̄ = Σ s / T and squared loss the objective is

        (1 / n̄) Σ_t ω_t Σ_{i observed for t} ½ s_it (y_it - x_i·w_t - b_t)²
            +  alpha [ l1_ratio Σ_j ‖w_j‖₂ + ½ (1 - l1_ratio) ‖W‖² ].

    On complete data it equals ``sklearn.linear_model.MultiTaskElasticNet`` at the same parameters. Source:
    Zou and Hastie, JRSS-B 67:301-320, 2005, with the row norm of Obozinski, Taskar and Jordan, 2010.

    Not where outcomes depend on different features: use `MultiTaskSparseGroupLasso`.

    Parameters
    ----------
    alpha : float >= 0, default 1.0
        Strength of the penalty.
    l1_ratio : float in [0, 1], default 0.5
        1 is `MultiTaskLasso`, 0 is `MultiTaskRidge`.
    {fit_parameters}

    Attributes
    ----------
    {attributes}

    Examples
    --------
    >>> import numpy as np
    >>> from skmtl.linear_model import MultiTaskElasticNet
    >>> rng = np.random.default_rng(0)
    >>> x = rng.normal(size=(60, 1))
    >>> X = np.hstack([x, x + 0.01 * rng.normal(size=(60, 1)), rng.normal(size=(60, 2))])
    >>> Y = x * [1.0, 2.0, -1.0]
    >>> model = MultiTaskElasticNet(alpha=0.2, l1_ratio=0.5).fit(X, Y)
    >>> (model.coef_ != 0).any(axis=0)  # both copies of the feature are kept
    array([ True,  True, False, False])
    """

    _parameter_constraints: ClassVar = {**ConvexModel._parameter_constraints, "l1_ratio": [RATIO]}

    def __init__(
        self,
        alpha: float = 1.0,
        l1_ratio: float = 0.5,
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
        self.l1_ratio = l1_ratio
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
        # Without its norm the penalty is ridge, which has closed forms.
        return GroupElasticNet(self.l1_ratio) if self.l1_ratio > 0 else Ridge()


@documented
class MultiTaskSparseGroupLasso(MultiTaskRegressorMixin, ConvexModel):
    """Multi-task sparse group lasso: shared features, and single outcomes dropped from them.

    With n̄ = Σ s / T and squared loss the objective is

        (1 / n̄) Σ_t ω_t Σ_{i observed for t} ½ s_it (y_it - x_i·w_t - b_t)²
            +  alpha [ l1_ratio ‖W‖₁ + (1 - l1_ratio) Σ_j ‖w_j‖₂ ].

    Sources: Peng et al., Ann. Appl. Stat. 4:53-77, 2010 ("remMap"); Simon et al., JCGS 22:231-245, 2013.

    Not worth its second parameter where outcomes share their features: use `MultiTaskLasso`.

    Parameters
    ----------
    alpha : float >= 0, default 1.0
        Strength of the penalty.
    l1_ratio : float in [0, 1], default 0.5
        1 is one lasso per outcome, 0 is `MultiTaskLasso`.
    {fit_parameters}

    Attributes
    ----------
    {attributes}

    Examples
    --------
    >>> import numpy as np
    >>> from skmtl.linear_model import MultiTaskSparseGroupLasso
    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(size=(80, 4))
    >>> Y = X[:, [0]] * [1.0, 2.0, -1.0] + X[:, [1]] * [0.0, 1.0, 0.0]
    >>> model = MultiTaskSparseGroupLasso(alpha=0.1, l1_ratio=0.7).fit(X, Y)
    >>> model.coef_ != 0  # the second feature serves the second outcome only
    array([[ True, False, False, False],
           [ True,  True, False, False],
           [ True, False, False, False]])
    """

    _parameter_constraints: ClassVar = {**ConvexModel._parameter_constraints, "l1_ratio": [RATIO]}

    def __init__(
        self,
        alpha: float = 1.0,
        l1_ratio: float = 0.5,
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
        self.l1_ratio = l1_ratio
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
        return SparseGroupLasso(self.l1_ratio)
