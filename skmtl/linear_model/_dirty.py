"""Features selected together plus single entries: the dirty model."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from skmtl._params import OneOf
from skmtl._typing import Array
from skmtl.base import MultiTaskRegressorMixin
from skmtl.linear_model._docs import documented
from skmtl.linear_model._logistic import BinaryOutcomes
from skmtl.linear_model._two_part import TwoPartModel, TwoPartModelCV, two_part_texts
from skmtl.penalties import Penalty, SharedPlusSpecific

_NORMS = {"linf": "group_linf", "l2": "group_lasso"}


class _Dirty(TwoPartModel):
    """Joint selection plus L1."""

    _parameter_constraints: ClassVar = {**TwoPartModel._parameter_constraints, "shared_norm": [OneOf(tuple(_NORMS))]}
    _texts: ClassVar = two_part_texts(
        "Below 1/2 Q = 0: features are in or out for all outcomes. Above T/(1 + T) P = 0: one lasso per outcome; with\n"
        '    "l2" above √T/(1 + √T).',
        model="""\
with p_j the rows of P, features that all outcomes select, and Q the effects that outcomes have for themselves.
Sources: Jalali, Ravikumar, Sanghavi and Ruan, A dirty model for multi-task learning, NIPS 2010 ("linf"); Janati,
Cuturi and Gramfort, AISTATS 2019, and their package mutar ("l2").

Not where all outcomes select the same features (`MultiTaskLasso`), nor where what is shared is a combination of many
features (`SparseLowRankRegressor`).""",
        peer="""\
MALSAR's ``Least_Dirty`` on n complete rows is "linf" at ``rho1 = 2 * n * alpha * r``,
``rho2 = 2 * n * alpha * (1 - r)``, without intercepts; mutar's ``DirtyModel`` is "l2" at alpha r and alpha (1 - r).""",
        shared_norm="""\
shared_norm : {"linf", "l2"}, default "linf"
    ‖p_j‖ in the formula: the largest absolute value, for effects of like size, or the Euclidean norm.""",
        found="""\
selected_features_ : ndarray of bool of shape (p,)
    Features with a shared coefficient that is not zero.""",
    )

    def __init__(
        self,
        alpha: float = 0.1,
        shared_ratio: float | None = None,
        shared_norm: str = "linf",
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
        self.shared_ratio = shared_ratio
        self.shared_norm = shared_norm
        self.fit_intercept = fit_intercept
        self.task_weight = task_weight
        self.scale_targets = scale_targets
        self.solver = solver
        self.constraints = constraints
        self.bounds = bounds
        self.tol = tol
        self.max_iter = max_iter
        self.warm_start = warm_start

    def _parts(self, ratio: float | None) -> Penalty:
        return SharedPlusSpecific(_NORMS[self.shared_norm], "l1", ratio)

    def _describe(self, penalty: Penalty, W: Array) -> None:
        self.selected_features_ = (np.split(W, 2)[0] != 0).any(axis=1)


class _DirtyCV(TwoPartModelCV, _Dirty):
    """Joint selection plus L1, chosen by cross-validation."""

    _parameter_constraints: ClassVar = {
        **TwoPartModelCV._parameter_constraints,
        "shared_norm": [OneOf(tuple(_NORMS))],
    }

    def __init__(
        self,
        shared_ratio: Any = None,
        shared_norm: str = "linf",
        alphas: Any = 30,
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
        self.shared_ratio = shared_ratio
        self.shared_norm = shared_norm
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


@documented
class DirtyRegressor(MultiTaskRegressorMixin, _Dirty):
    """Dirty model: features that all outcomes select, and effects of single outcomes.

    {squared_objective}
            +  alpha min { r Σ_j ‖p_j‖ + (1 - r) ‖Q‖₁ : P + Q = W },

    {model}

    {peer}

    {identified}

    Parameters
    ----------
    alpha : float >= 0, default 0.1
        Strength of the penalty; from ``alpha_max`` on every coefficient is zero.
    {shared_ratio}
    {shared_norm}
    {fit_parameters}

    Attributes
    ----------
    {found}
    {parts}
    {attributes}

    Examples
    --------
    >>> import numpy as np
    >>> from skmtl.linear_model import DirtyRegressor
    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(size=(100, 5))
    >>> Y = X[:, [0]] * [1.0, -1.0, 1.0] + X[:, [1]] * [0.0, 2.0, 0.0] + 0.5 * rng.normal(size=(100, 3))
    >>> Y[rng.random(Y.shape) < 0.2] = np.nan
    >>> model = DirtyRegressor(alpha=0.5).fit(X, Y)
    >>> model.selected_features_  # by all outcomes together
    array([ True, False, False, False, False])
    >>> model.coef_ != 0  # the second feature serves the second outcome only
    array([[ True, False, False, False, False],
           [ True,  True, False, False, False],
           [ True, False, False, False, False]])
    """


@documented
class DirtyClassifier(BinaryOutcomes, _Dirty):
    """Logistic dirty model: features that all binary outcomes select, and effects of single outcomes.

    {logistic_objective}
            +  alpha min { r Σ_j ‖p_j‖ + (1 - r) ‖Q‖₁ : P + Q = W },

    {model}

    {identified}

    Parameters
    ----------
    alpha : float >= 0, default 0.1
        Strength of the penalty; from ``alpha_max`` on every coefficient is zero.
    {shared_ratio}
    {shared_norm}
    {fit_parameters}

    Attributes
    ----------
    {classes}
    {found}
    {parts}
    {attributes}

    Examples
    --------
    >>> import numpy as np
    >>> from skmtl.linear_model import DirtyClassifier
    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(size=(400, 5))
    >>> log_odds = X[:, [0]] * [2.0, -2.0, 2.0] + X[:, [1]] * [0.0, 3.0, 0.0]
    >>> Y = log_odds + rng.logistic(size=(400, 3)) > 0
    >>> model = DirtyClassifier(alpha=0.2).fit(X, Y)
    >>> model.coef_ != 0  # the second feature serves the second outcome only
    array([[ True, False, False, False, False],
           [ True,  True, False, False, False],
           [ True, False, False, False, False]])
    """


@documented
class DirtyRegressorCV(MultiTaskRegressorMixin, _DirtyCV):
    """Dirty model, strength and ratio chosen by cross-validation.

    {selection}

    {identified}

    Parameters
    ----------
    {shared_ratios}
    {shared_norm}
    {cv_parameters}
    {fit_parameters}

    Attributes
    ----------
    {cv_attributes}
    {found}
    {parts}
    {attributes}

    Examples
    --------
    >>> import numpy as np
    >>> from skmtl.linear_model import DirtyRegressorCV
    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(size=(100, 5))
    >>> Y = X[:, [0]] * [1.0, -1.0, 1.0] + X[:, [1]] * [0.0, 2.0, 0.0] + 0.5 * rng.normal(size=(100, 3))
    >>> model = DirtyRegressorCV(alphas=8, eps=0.02, cv=3, rule="1se").fit(X, Y)
    >>> np.abs(model.coef_) > 0.5
    array([[ True, False, False, False, False],
           [ True,  True, False, False, False],
           [ True, False, False, False, False]])
    """


@documented
class DirtyClassifierCV(BinaryOutcomes, _DirtyCV):
    """Logistic dirty model, strength and ratio chosen by cross-validation.

    {selection}

    {identified}

    Parameters
    ----------
    {shared_ratios}
    {shared_norm}
    {cv_parameters}
    {fit_parameters}

    Attributes
    ----------
    {classes}
    {cv_attributes}
    {found}
    {parts}
    {attributes}

    Examples
    --------
    >>> import numpy as np
    >>> from skmtl.linear_model import DirtyClassifierCV
    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(size=(400, 5))
    >>> log_odds = X[:, [0]] * [2.0, -2.0, 2.0] + X[:, [1]] * [0.0, 3.0, 0.0]
    >>> Y = log_odds + rng.logistic(size=(400, 3)) > 0
    >>> model = DirtyClassifierCV(alphas=8, eps=0.02, cv=3, rule="1se").fit(X, Y)
    >>> np.abs(model.coef_) > 0.5
    array([[ True, False, False, False, False],
           [ True,  True, False, False, False],
           [ True, False, False, False, False]])
    """
