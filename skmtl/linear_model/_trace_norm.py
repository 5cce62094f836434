"""Coefficients of low rank: outcomes share a few directions."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from skmtl._convex import ConvexModel
from skmtl._typing import Array
from skmtl.base import MultiTaskRegressorMixin
from skmtl.linear_model._cv import ConvexModelCV
from skmtl.linear_model._docs import documented
from skmtl.linear_model._logistic import BinaryOutcomes
from skmtl.penalties import Penalty, TraceNorm


def rank(W: Array) -> int:
    """Number of singular values above 1e-6 of the largest, every column at length one.

    The prox leaves exact zeros up to rounding; units of the outcomes, which scale columns, do not matter.
    """
    length = np.linalg.norm(W, axis=0)
    singular = np.linalg.svd(W / np.where(length > 0, length, 1.0), compute_uv=False)
    return int((singular > 1e-6 * singular[0]).sum()) if singular[0] > 0 else 0


class _TraceNorm(ConvexModel):
    """Trace norm."""

    _texts: ClassVar = {
        "model": """\
with ‖W‖_* the sum of the singular values of the coefficients: it makes their rank small, as the absolute value makes
coefficients zero. Each outcome is then a mixture of a few combinations of features that all outcomes have in common.
Sources: Ji and Ye, ICML 2009; Pong, Tseng, Ji and Ye, SIAM J. Optim. 20:3465-3489, 2010.

Not for choosing features: all of them stay in. Not for two or three outcomes, whose rank has nowhere to go.""",
        "peer": """\
MALSAR's ``Least_Trace`` on n complete rows is the same at ``rho1 = n * alpha``, without intercepts.""",
        "logistic_peer": """\
MALSAR's ``Logistic_Trace`` is the same at ``rho1 = alpha`` with ``task_weight="equal"``.""",
        "found": """\
rank_ : int
    Rank of the coefficients: singular values above 1e-6 of the largest, every outcome's coefficients at length one.""",
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
        return TraceNorm()

    def _describe(self, penalty: Penalty, W: Array) -> None:
        self.rank_ = rank(W)


class _TraceNormCV(ConvexModelCV, _TraceNorm):
    """Trace norm, strength chosen by cross-validation."""

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
        return TraceNorm()


@documented
class TraceNormRegressor(MultiTaskRegressorMixin, _TraceNorm):
    """Regression of several outcomes with coefficients of low rank.

    {squared_objective}
            +  alpha ‖W‖_*,

    {model}

    {peer}

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
    >>> from skmtl.linear_model import TraceNormRegressor
    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(size=(60, 8))
    >>> severity = X @ rng.normal(size=8)  # one combination of features is behind all five outcomes
    >>> Y = severity[:, None] * [1.0, -0.5, 2.0, 1.5, -1.0] + 0.5 * rng.normal(size=(60, 5))
    >>> Y[rng.random(Y.shape) < 0.3] = np.nan
    >>> TraceNormRegressor(alpha=0.3).fit(X, Y).rank_
    1
    """


@documented
class TraceNormClassifier(BinaryOutcomes, _TraceNorm):
    """Logistic regression of several binary outcomes with coefficients of low rank.

    {logistic_objective}
            +  alpha ‖W‖_*,

    {model}

    {logistic_peer}

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
    >>> from skmtl.linear_model import TraceNormClassifier
    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(size=(200, 6))
    >>> severity = X @ rng.normal(size=6)  # one combination of features is behind all four events
    >>> Y = severity[:, None] * [1.0, 1.5, -1.0, 2.0] + rng.logistic(size=(200, 4)) > 0
    >>> TraceNormClassifier(alpha=0.15).fit(X, Y).rank_
    1
    """


@documented
class TraceNormRegressorCV(MultiTaskRegressorMixin, _TraceNormCV):
    """Regression with coefficients of low rank, strength chosen by cross-validation.

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
    >>> from skmtl.linear_model import TraceNormRegressorCV
    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(size=(60, 8))
    >>> severity = X @ rng.normal(size=8)
    >>> Y = severity[:, None] * [1.0, -0.5, 2.0, 1.5, -1.0] + 0.5 * rng.normal(size=(60, 5))
    >>> TraceNormRegressorCV(alphas=20, rule="1se").fit(X, Y).rank_
    1
    """


@documented
class TraceNormClassifierCV(BinaryOutcomes, _TraceNormCV):
    """Logistic regression with coefficients of low rank, strength chosen by cross-validation.

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
    >>> from skmtl.linear_model import TraceNormClassifierCV
    >>> rng = np.random.default_rng(1)
    >>> X = rng.normal(size=(200, 6))
    >>> severity = X @ rng.normal(size=6)
    >>> Y = severity[:, None] * [1.0, 1.5, -1.0, 2.0] + rng.logistic(size=(200, 4)) > 0
    >>> model = TraceNormClassifierCV(alphas=15, rule="1se").fit(X, Y)
    >>> model.deviance_path_.shape, model.rank_
    ((15, 5), 1)
    """
