"""Joint selection with the strength chosen by cross-validation."""

from __future__ import annotations

from typing import Any, ClassVar

from skmtl._params import RATIO, ArrayLike
from skmtl.base import MultiTaskRegressorMixin
from skmtl.linear_model._cv import ConvexModelCV
from skmtl.linear_model._docs import documented
from skmtl.penalties import GroupElasticNet, GroupLasso, Penalty, Ridge, SparseGroupLasso


@documented
class MultiTaskLassoCV(MultiTaskRegressorMixin, ConvexModelCV):
    """Multi-task lasso with the strength chosen by cross-validation.

    {selection}

    Parameters
    ----------
    {cv_parameters}
    {fit_parameters}

    Attributes
    ----------
    {cv_attributes}
    {attributes}

    Examples
    --------
    >>> import numpy as np
    >>> from skmtl.linear_model import MultiTaskLassoCV
    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(size=(80, 6))
    >>> Y = X[:, :2] @ rng.normal(size=(2, 3)) + rng.normal(size=(80, 3))
    >>> Y[rng.random(Y.shape) < 0.3] = np.nan
    >>> model = MultiTaskLassoCV(alphas=30, rule="1se").fit(X, Y)
    >>> (model.coef_ != 0).any(axis=0)
    array([ True,  True, False, False, False, False])
    """

    def __init__(
        self,
        alphas: Any = 100,
        eps: float = 0.001,
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
        return GroupLasso()


@documented
class MultiTaskElasticNetCV(MultiTaskRegressorMixin, ConvexModelCV):
    """Multi-task elastic net with strength and mixing ratio chosen by cross-validation.

    {selection}

    Parameters
    ----------
    l1_ratio : float or list of floats in [0, 1], default 0.5
        The ratio, or the ratios to choose from.
    {cv_parameters}
    {fit_parameters}

    Attributes
    ----------
    {cv_attributes}
    {attributes}

    Examples
    --------
    >>> import numpy as np
    >>> from skmtl.linear_model import MultiTaskElasticNetCV
    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(size=(80, 6))
    >>> Y = X[:, :2] @ rng.normal(size=(2, 3)) + rng.normal(size=(80, 3))
    >>> Y[rng.random(Y.shape) < 0.3] = np.nan
    >>> model = MultiTaskElasticNetCV(l1_ratio=[0.2, 0.8], alphas=20).fit(X, Y)
    >>> model.mse_path_.shape, model.l1_ratio_ in (0.2, 0.8)
    ((2, 20, 5), True)
    """

    _mix: ClassVar[str | None] = "l1_ratio"
    _parameter_constraints: ClassVar = {
        **ConvexModelCV._parameter_constraints,
        "l1_ratio": [RATIO, ArrayLike()],
    }

    def __init__(
        self,
        l1_ratio: Any = 0.5,
        alphas: Any = 100,
        eps: float | None = None,
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
        self.l1_ratio = l1_ratio
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
        # Without its norm the penalty is ridge, which has closed forms.
        return GroupElasticNet(choice) if choice > 0 else Ridge()


@documented
class MultiTaskSparseGroupLassoCV(MultiTaskRegressorMixin, ConvexModelCV):
    """Multi-task sparse group lasso with strength and mixing ratio chosen by cross-validation.

    {selection}

    Parameters
    ----------
    l1_ratio : float or list of floats in [0, 1], default 0.5
        The ratio, or the ratios to choose from.
    {cv_parameters}
    {fit_parameters}

    Attributes
    ----------
    {cv_attributes}
    {attributes}

    Examples
    --------
    >>> import numpy as np
    >>> from skmtl.linear_model import MultiTaskSparseGroupLassoCV
    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(size=(80, 6))
    >>> Y = X[:, :2] @ rng.normal(size=(2, 3)) + rng.normal(size=(80, 3))
    >>> Y[rng.random(Y.shape) < 0.3] = np.nan
    >>> model = MultiTaskSparseGroupLassoCV(l1_ratio=[0.2, 0.8], alphas=20).fit(X, Y)
    >>> model.alphas_.shape, model.l1_ratio_ in (0.2, 0.8)
    ((2, 20), True)
    """

    _mix: ClassVar[str | None] = "l1_ratio"
    _parameter_constraints: ClassVar = {
        **ConvexModelCV._parameter_constraints,
        "l1_ratio": [RATIO, ArrayLike()],
    }

    def __init__(
        self,
        l1_ratio: Any = 0.5,
        alphas: Any = 100,
        eps: float = 0.001,
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
        self.l1_ratio = l1_ratio
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
        return SparseGroupLasso(choice)
