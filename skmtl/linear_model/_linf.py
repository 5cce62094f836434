"""Joint feature selection by the largest coefficient of a feature."""

from __future__ import annotations

from typing import Any, ClassVar

from skmtl._convex import ConvexModel
from skmtl._typing import Array
from skmtl.base import MultiTaskRegressorMixin
from skmtl.linear_model._cv import ConvexModelCV
from skmtl.linear_model._docs import documented
from skmtl.linear_model._logistic import BinaryOutcomes
from skmtl.penalties import GroupLInf, Penalty


class _LInfLasso(ConvexModel):
    """L1,∞ norm."""

    _texts: ClassVar = {
        "model": """\
with a feature paid for by its largest coefficient: once it is in for one outcome it is free, up to that size, for all.
Sources: Turlach, Venables and Wright, Technometrics 47:349-363, 2005; Quattoni, Carreras, Collins and Darrell,
ICML 2009.

Not where the sizes of a feature's effects differ between outcomes: they clump at the largest, and `MultiTaskLasso` is
less biased. The outcomes need one unit, or ``scale_targets``.""",
        "found": """\
selected_features_ : ndarray of bool of shape (p,)
    Features with a coefficient that is not zero.""",
    }

    def __init__(
        self,
        alpha: float = 0.1,
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
        return GroupLInf()

    def _describe(self, penalty: Penalty, W: Array) -> None:
        self.selected_features_ = (W != 0).any(axis=1)


class _LInfLassoCV(ConvexModelCV, _LInfLasso):
    """L1,∞ norm, strength chosen by cross-validation."""

    def __init__(
        self,
        alphas: Any = 50,
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
        return GroupLInf()


@documented
class LInfLassoRegressor(MultiTaskRegressorMixin, _LInfLasso):
    """Multi-task lasso by the largest coefficient: features selected together, effects of like size.

    {squared_objective}
            +  alpha Σ_j max_t |w_jt|,

    {model}

    Parameters
    ----------
    alpha : float >= 0, default 0.1
        Strength of the penalty; from ``alpha_max`` on every coefficient is zero.
    {fit_parameters}

    Attributes
    ----------
    {found}
    {attributes}

    Examples
    --------
    >>> import numpy as np
    >>> from skmtl.linear_model import LInfLassoRegressor
    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(size=(80, 5))
    >>> Y = X[:, [0]] * [1.0, -1.0, 1.0] + 0.5 * rng.normal(size=(80, 3))
    >>> Y[rng.random(Y.shape) < 0.3] = np.nan
    >>> model = LInfLassoRegressor(alpha=0.5).fit(X, Y)
    >>> model.selected_features_
    array([ True, False, False, False, False])
    >>> bool(np.ptp(np.abs(model.coef_[:, 0])) < 1e-3)  # one size for all outcomes
    True
    """


@documented
class LInfLassoClassifier(BinaryOutcomes, _LInfLasso):
    """Logistic regression of several binary outcomes that select features together, by the largest coefficient.

    {logistic_objective}
            +  alpha Σ_j max_t |w_jt|,

    {model}

    Parameters
    ----------
    alpha : float >= 0, default 0.1
        Strength of the penalty; from ``alpha_max`` on every coefficient is zero.
    {fit_parameters}

    Attributes
    ----------
    {classes}
    {found}
    {attributes}

    Examples
    --------
    >>> import numpy as np
    >>> from skmtl.linear_model import LInfLassoClassifier
    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(size=(200, 5))
    >>> Y = X[:, [0]] * [2.0, -2.0, 2.0] + rng.logistic(size=(200, 3)) > 0
    >>> LInfLassoClassifier(alpha=0.3).fit(X, Y).selected_features_
    array([ True, False, False, False, False])
    """


@documented
class LInfLassoRegressorCV(MultiTaskRegressorMixin, _LInfLassoCV):
    """Multi-task lasso by the largest coefficient, strength chosen by cross-validation.

    {selection}

    Parameters
    ----------
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
    >>> from skmtl.linear_model import LInfLassoRegressorCV
    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(size=(80, 5))
    >>> Y = X[:, [0]] * [1.0, -1.0, 1.0] + 0.5 * rng.normal(size=(80, 3))
    >>> LInfLassoRegressorCV(alphas=20, rule="1se").fit(X, Y).selected_features_
    array([ True, False, False, False, False])
    """


@documented
class LInfLassoClassifierCV(BinaryOutcomes, _LInfLassoCV):
    """Logistic regression with joint selection by the largest coefficient, strength chosen by cross-validation.

    {selection}

    Parameters
    ----------
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
    >>> from skmtl.linear_model import LInfLassoClassifierCV
    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(size=(200, 5))
    >>> Y = X[:, [0]] * [2.0, -2.0, 2.0] + rng.logistic(size=(200, 3)) > 0
    >>> LInfLassoClassifierCV(alphas=15, rule="1se").fit(X, Y).selected_features_
    array([ True, False, False, False, False])
    """
